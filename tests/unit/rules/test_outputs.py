"""Which outputs a step commands."""

from community.activations import Switching
from rules.respond.outputs import outputs_of
from tests.unit.rules.sites import make_site

LOCK = {"kind": "egress-lock", "safe": 0}
SITE = make_site(
    {
        "door-1.relay": {"zone": "b3-f1", "output": LOCK},
        "door-2.relay": {"zone": "b3-f2", "output": LOCK},
        "door-3.relay": {"zone": "b4-f1", "output": LOCK},
        "siren-1.relay": {"zone": "b3-f1", "output": {"kind": "siren", "safe": 1}},
        "t-1.temperature": {"zone": "b3-f1"},
    },
    [],
    parents={"b3-f1": "b3", "b3-f2": "b3", "b4-f1": "b4"},
)


def test_a_kind_is_all_of_it_in_the_building() -> None:
    found = outputs_of(SITE, Switching(set="egress-lock", to="safe"), "b3-f1")
    assert found == (("door-1.relay", 0.0), ("door-2.relay", 0.0))


def test_a_point_is_itself_wherever_it_is() -> None:
    assert outputs_of(SITE, Switching(set="door-3.relay", to=1), "b3-f1") == (("door-3.relay", 1.0),)


def test_safe_is_the_outputs_own() -> None:
    assert outputs_of(SITE, Switching(set="siren", to="safe"), "b3") == (("siren-1.relay", 1.0),)


def test_what_is_no_output_is_not_commanded() -> None:
    assert outputs_of(SITE, Switching(set="t-1.temperature", to=1), "b3-f1") == ()
    assert outputs_of(SITE, None, "b3-f1") == ()
