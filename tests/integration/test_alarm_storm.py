"""Many detectors at once: one alarm and one ticket each, all given to somebody, and nobody's phone rings for each."""

from pathlib import Path

from benchmarks.alarm_storm import MOST_MESSAGES, storm

N = 100


async def test_a_storm_of_alarms_is_one_ticket_each_and_few_messages(tmp_path: Path) -> None:
    found = await storm(tmp_path, N)
    assert (found.alarms, found.tickets) == (N, N)
    assert 1 <= sum(found.messages.values()) <= MOST_MESSAGES, found.messages
