"""The kept state is that of the last commit, exactly, whatever was being written when the process was killed."""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backbone.database.checkpoints import checkpoint_names, load_checkpoint, save_checkpoint
from backbone.database.database import Database
from rules.detect.checkpoint import CheckpointError
from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch
from rules.detect.retelling import Told
from rules.kept_state import MANY_CALLS, KeptState, Step
from rules.writer import Writer
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site
from tests.waiting import until

RULES: list[dict[str, Any]] = [
    {"id": "limit", "select": {"measure": "x"}, "when": {"above": 2}, "for": 3},
    {"id": "mean", "select": {"measure": "x"}, "when": {"mean": {"over": 20, "above": 1.5}}},
    {"id": "silent", "select": {"measure": "x"}, "when": {"stale": {"for": "3x"}}},
]
POINTS = {"a.x": {"every": 4}, "b.x": {"every": 4}}
COMPILED = compile_rules(make_site(POINTS, RULES))
CHANGED = compile_rules(make_site({"new.x": {}, **POINTS}, RULES[:2]))
"""A version of the site file in which points have other places."""
PIECE_BYTES = 100
SITES = count()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = new_database(tmp_path_factory.mktemp("kept") / "anju.db")
    yield database
    database.close()


class Service:
    """What the rules service does with the state, one step at a time, and its being killed in between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.site = f"s{next(SITES)}"
        self._now = 1_790_000_000_000
        self._writer = Writer(database, asyncio.Event())
        self._compiled = COMPILED
        self.committed = b""
        self.begin()

    def begin(self) -> None:
        """Start, or start again after a kill."""
        self.kept, detector = self._restored()
        with self._database.begin() as c:
            self.kept.begin(c, detector)
        self.told = Told(detector)
        self.writing: Iterator[Step] = iter(())
        self.committed = detector.state()

    def judge(self, x: float) -> None:
        """Readings, time, and now and then a new connection; nothing of it is committed."""
        self._now += 1_700
        self.told.evaluate(Batch(np.arange(2), np.full(2, self._now), np.array([x, 3 - x]), np.zeros(2, np.uint8)))
        self.told.tick(self._now, None)
        if x == 1:
            self.told.listen(self._now)

    def commit(self, *, whole: bool) -> None:
        """What was judged; `whole`: the whole state begins to be written, though the last may not have been."""
        calls = self.told.take()
        snapshot = self.told.detector.snapshot()
        with self._database.begin() as c:
            self.kept.tell(c, calls)
        self.kept.told(calls)
        if whole:
            self.writing = self.kept.writing(snapshot)
        self.committed = snapshot.encoded

    def write(self) -> None:
        """One step of it."""
        step = next(self.writing, None)
        if step is not None:
            with self._database.begin(durable=step.durable) as c:
                step.work(c)

    def change_site(self) -> None:
        """Another detector takes over; what was being written of the old one goes on."""
        self._compiled = CHANGED if self._compiled is COMPILED else COMPILED
        detector = Detector(self._compiled)
        detector.take_over(self.told.detector, self._now)
        with self._database.begin() as c:
            self.kept.begin(c, detector)
        self.told = Told(detector)
        self.committed = detector.state()

    def kept_bytes(self) -> bytes:
        """What a process that starts now goes on from."""
        return self._restored()[1].state()

    def _restored(self) -> tuple[KeptState, Detector]:
        kept, detector = KeptState(self.site, self._database, self._writer, PIECE_BYTES), Detector(self._compiled)
        if self.committed:
            with self._database.read() as c:
                kept.restore(c, detector)
        return kept, detector


steps = st.lists(
    st.one_of(
        st.tuples(st.just("judge"), st.sampled_from([0.0, 1.0, 2.0, 3.0, float("nan")])),
        st.tuples(st.just("commit"), st.booleans()),
        st.tuples(st.just("write"), st.integers(1, 20)),
        st.tuples(st.sampled_from(["change site", "kill"]), st.none()),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps)
@example([("judge", 3.0), ("commit", True), ("change site", None), ("judge", 1.0), ("commit", False), ("write", 20)])
def test_a_kill_at_any_moment_finds_the_state_of_the_last_commit(
    database: Database, steps: list[tuple[str, object]]
) -> None:
    service = Service(database)
    for name, what in steps:
        match name, what:
            case "judge", float(x):
                service.judge(x)
            case "commit", bool(whole):
                service.commit(whole=whole)
            case "write", int(times):
                for _ in range(times):
                    service.write()
                    assert service.kept_bytes() == service.committed
            case "change site", _:
                service.change_site()
            case _:
                service.begin()
        assert service.kept_bytes() == service.committed


def test_what_nobody_goes_on_from_is_deleted(database: Database) -> None:
    service = Service(database)
    for _ in range(30):
        service.judge(2.5)
        service.commit(whole=False)
    service.commit(whole=True)
    for _ in range(100):
        service.write()
    with database.read() as c:
        names = checkpoint_names(c, f"rules:{service.site}:")
    assert [name for name in names if ":told:" in name] == []
    assert len({name.split(":")[3] for name in names if ":whole:" in name}) == 1


def test_a_state_as_earlier_versions_kept_it_is_gone_on_from(database: Database) -> None:
    before = Detector(COMPILED)
    before.evaluate(Batch(np.arange(1), np.full(1, 1000), np.full(1, 2.5), np.zeros(1, np.uint8)))
    with database.begin() as c:
        save_checkpoint(c, "rules:old:state", before.state())
        save_checkpoint(c, "rules:old:layout", before.layout)
        kept, after = KeptState("old", database, Writer(database, asyncio.Event())), Detector(COMPILED)
        kept.restore(c, after)
        kept.begin(c, after)
        assert load_checkpoint(c, "rules:old:state") is None
    assert after.state() == before.state()


def test_what_cannot_be_read_is_said(database: Database) -> None:
    service = Service(database)
    with database.begin() as c:
        save_checkpoint(c, f"rules:{service.site}:head", b"damaged")
    with pytest.raises(CheckpointError):
        service.kept_bytes()


async def test_it_is_written_once_much_was_told(tmp_path: Path) -> None:
    database = new_database(tmp_path / "anju.db")
    async with Writer(database, asyncio.Event()) as writer:
        kept, told = KeptState("s", database, writer), Told(Detector(COMPILED))
        await writer.do(lambda c: kept.begin(c, told.detector))
        for place in range(MANY_CALLS):
            assert not kept.wants_whole
            told.tick(place, None)
            calls = told.take()
            await writer.do(lambda c, calls=calls: kept.tell(c, calls))  # type: ignore[misc]
            kept.told(calls)
        assert kept.wants_whole
        kept.renew(told.detector.snapshot())
        assert not kept.wants_whole

        def told_rows() -> list[str]:
            with database.read() as c:
                return checkpoint_names(c, "rules:s:told")

        await until(lambda: not told_rows(), "the records to go")
        await kept.stop()
    database.close()
