"""Whatever stands in a site file, it is refused in words: no crash, no hang, every place inside the text."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.site_files import read_profiles
from community.site.load import SiteErrors, check_text, load_profiles
from community.site.yaml_text import parse

GOOD = (Path(__file__).parents[3] / "data" / "site" / "good.yaml").read_text(encoding="utf-8")
PROFILES = read_profiles(None)
LINES = GOOD.splitlines()

_JUNK = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["\t", "{", "]", "*a", "&a", "!!binary", "---", "? ", "²x", "1e999", "9" * 400, "null", "\u2028", "<<"]
    ),
)
_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def check_is_in_words(text: str) -> None:
    lines = text.splitlines() or [""]
    for problem in check_text(text, PROFILES):
        assert problem.message
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.column >= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "site: 1",
        "\x00",
        "{",
        "a: &x [*x]",
        "site: !!python/object:os.system x",
        "[" * 100_000 + "]" * 100_000,
        "a: " + "9" * 6_000,
        "&a [x]: 1",
        "x" * 8_000_001,
    ],
    ids=range(11),
)
def test_garbage_is_refused(text: str) -> None:
    assert check_text(text, PROFILES)
    check_is_in_words(text)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    text = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *rows])
    assert any("parts" in problem.message for problem in check_text(text, PROFILES))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 30), _JUNK)
def test_a_damaged_text_is_refused_or_loads(at: int, cut: int, junk: str) -> None:
    check_is_in_words(GOOD[:at] + junk + GOOD[at + cut :])


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_refused_or_loads(data: st.DataObject) -> None:
    document = parse(GOOD).data
    node: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        inner = node[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            node[key] = data.draw(_VALUES)
            break
        node = inner
    check_is_in_words(yaml.safe_dump(document, allow_unicode=True))


@settings(max_examples=50, deadline=None)
@given(_VALUES)
def test_any_profile_is_refused_or_loads(value: object) -> None:
    with contextlib.suppress(SiteErrors):
        load_profiles({"p.yaml": yaml.safe_dump(value, allow_unicode=True)})
