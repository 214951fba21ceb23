"""Many detectors at once while plans come into force: an alarm and a ticket each, and no phone rings for each."""

from pathlib import Path

import pytest

from backbone.database.database import Database
from benchmarks.alarm_storm import FIRES, MOST_HIGH, MOST_MESSAGES, PEOPLE, storm

N = 100


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_storm_of_alarms_is_one_ticket_each_and_few_messages(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    found = await storm(tmp_path, N, Database.open(url))
    assert (found.alarms, found.tickets) == (N + len(FIRES), N)
    assert found.activations == len(FIRES)
    assert found.high == MOST_HIGH, "a confirmed fire is told by itself, to each once"
    assert set(found.messages) <= set(PEOPLE)
    assert 1 <= max(found.messages.values()) <= MOST_MESSAGES, found.messages
