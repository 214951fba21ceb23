"""The tables of transitions as diagrams: `python -m community.state_tables > docs/states.md` (a test compares them)."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from community import (
    activations,
    alarms,
    drills,
    escalations,
    headcount,
    incident_command,
    inspections,
    notifications,
    suppression,
    tickets,
)

_HEAD = """# State machines

Every life cycle is a table of transitions; these diagrams are made from the tables
(`python -m community.state_tables > docs/states.md`). What the tables do not name is refused.
"""
_Table = Mapping[tuple[Any, Any], Any]
DIAGRAMS: tuple[tuple[str, str, _Table, StrEnum, frozenset[StrEnum]], ...] = (
    (
        "Tickets (工单)",
        "`community/tickets.py`. Whoever put it right does not re-inspect it; while a sensor still sees the problem it "
        "is closed or cancelled only by a signed reason.",
        tickets.TRANSITIONS,
        tickets.TicketState.REPORTED,
        frozenset(tickets.TicketState) - tickets.OPEN,
    ),
    (
        "Alarms (报警)",
        "`community/alarms.py`, after IEC 62682. A latched alarm ends in `latched` where the table says `normal`, and "
        "waits for its reset.",
        alarms.TRANSITIONS,
        alarms.AlarmState.NORMAL,
        frozenset(),
    ),
    (
        "Activations of emergency plans (预案启动)",
        "`community/activations.py`. Nothing about an activation is ever deleted.",
        activations.TRANSITIONS,
        activations.ActivationState.ACTIVATED,
        frozenset({activations.ActivationState.REVIEWED}),
    ),
    (
        "Command of an activation (指挥)",
        "`community/incident_command.py`. Whoever hands it over commands until the other has taken it.",
        incident_command.TRANSITIONS,
        incident_command.CommandState.VACANT,
        frozenset(),
    ),
    (
        "Steps of an activation (步骤)",
        "`community/activations.py`. A machine step that fails is at once the commander's; a level that does without a "
        "step drops it only while nothing of it has begun.",
        activations.STEP_TRANSITIONS,
        activations.StepState.WAITING,
        frozenset({activations.StepState.DONE}),
    ),
    (
        "Drills (演练)",
        "`community/drills.py`. A real emergency suspends every drill that runs.",
        drills.TRANSITIONS,
        drills.DrillState.PLANNED,
        frozenset({drills.DrillState.EVALUATED, drills.DrillState.CANCELLED}),
    ),
    (
        "Rounds of inspection (巡检)",
        "`community/inspections.py`.",
        inspections.TRANSITIONS,
        inspections.RoundState.PLANNED,
        frozenset({inspections.RoundState.DONE}),
    ),
    (
        "Escalations (逐级通知)",
        "`community/escalations.py`. Whoever acknowledges ends the calling.",
        escalations.TRANSITIONS,
        escalations.EscalationState.CALLING,
        frozenset({escalations.EscalationState.ACKNOWLEDGED, escalations.EscalationState.OVER}),
    ),
    (
        "Notifications (通知)",
        "`community/notifications.py`. One to one person; what failed for us may still have arrived.",
        notifications.TRANSITIONS,
        notifications.NotificationState.QUEUED,
        frozenset({notifications.NotificationState.ACKNOWLEDGED, notifications.NotificationState.WITHDRAWN}),
    ),
    (
        "Headcounts (清点)",
        "`community/headcount.py`. The two confirmations are of two people, and of the same list.",
        headcount.TRANSITIONS,
        headcount.HeadcountState.COUNTING,
        frozenset(),
    ),
    (
        "Suppressions (屏蔽)",
        "`community/suppression.py`. What stands under one that ends calls before it is over.",
        suppression.TRANSITIONS,
        suppression.SuppressionState.ACTIVE,
        frozenset({suppression.SuppressionState.OVER}),
    ),
)


def page() -> str:
    """The page `docs/states.md`."""
    return _HEAD + "".join(
        f"\n## {title}\n\n{said}\n\n```mermaid\n{diagram(table, first, last)}\n```\n"
        for title, said, table, first, last in DIAGRAMS
    )


def diagram(table: _Table, first: StrEnum, last: frozenset[StrEnum]) -> str:
    """A Mermaid state diagram of a table; transitions between the same two states are one arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), following in table.items():
        arrows.setdefault((state.value, following.value), []).append(event.value)
    names = dict.fromkeys(name for pair in arrows for name in pair)
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{name}" as {_word(name)}' for name in names if _word(name) != name]
    lines += [f"    [*] --> {_word(state.value)}" for state in beginnings(table, first)]
    lines += [f"    {_word(a)} --> {_word(b)}: {', '.join(events)}" for (a, b), events in arrows.items()]
    lines += [f"    {_word(state.value)} --> [*]" for state in sorted(last)]
    return "\n".join(lines)


def beginnings(table: _Table, first: StrEnum) -> list[StrEnum]:
    """`first`, and what nothing leads to; an alarm gets to `latched` by another way than the table's."""
    others = {state for state, _ in table} - set(table.values()) - {first, alarms.AlarmState.LATCHED}
    return [first, *sorted(others)]


def _word(name: str) -> str:
    return name.replace("-", "_")


if __name__ == "__main__":
    sys.stdout.write(page())
