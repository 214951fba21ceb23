"""Who may do what."""

import pytest

from community.people import RIGHTS, Action, Role, may


def test_every_role_has_its_rights_and_sees() -> None:
    assert set(RIGHTS) == set(Role)
    assert all(Action.VIEW in rights for rights in RIGHTS.values())


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        (Role.SAFETY_OFFICER, Action.ACTIVATE_PLAN, True),
        (Role.SAFETY_OFFICER, Action.STAND_DOWN_PLAN, True),
        (Role.ADMINISTRATOR, Action.ACTIVATE_PLAN, False),
        (Role.ADMINISTRATOR, Action.MANAGE_USERS, True),
        (Role.CREW, Action.WORK_TICKET, True),
        (Role.CREW, Action.INSPECT_TICKET, False),
        (Role.SUPERVISOR, Action.ACKNOWLEDGE_ALARM, False),
        (Role.SUPERVISOR, Action.INSPECT_TICKET, True),
    ],
)
def test_rights(role: Role, action: Action, allowed: bool) -> None:
    assert may(frozenset({role}), action) is allowed


def test_no_role_may_do_nothing() -> None:
    assert not may(frozenset(), Action.VIEW)
