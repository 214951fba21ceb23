"""Every table of transitions leads from its beginning to each state, and its published diagram is current."""

from enum import StrEnum

import pytest

from community.alarms import AlarmState
from community.state_tables import DIAGRAMS, beginnings, page
from community.tickets import TicketEvent
from tests.servers import ROOT


def test_the_published_diagrams_are_up_to_date() -> None:
    made = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert made == page(), "run: python -m community.state_tables > docs/states.md"


@pytest.mark.parametrize("number", range(len(DIAGRAMS)))
def test_every_state_is_reached_and_nothing_leads_on_from_an_end_but_reopening(number: int) -> None:
    _, _, table, first, last = DIAGRAMS[number]
    reached: set[StrEnum] = {*beginnings(table, first), AlarmState.LATCHED}
    while more := {after for (before, _), after in table.items() if before in reached} - reached:
        reached |= more
    assert reached >= {state for state, _ in table}
    assert reached >= last
    assert {event for state, event in table if state in last} <= {TicketEvent.REOPEN}
