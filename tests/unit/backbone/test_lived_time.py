"""What is deleted by age is old by time that was lived through: a clock that leaps costs no history."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backbone.lived_time import BELIEVED_AFTER_MS, LEAP_MS, LivedTime, lived_until

DAY = 86_400_000
TRUE = 1_790_000_000_000


class Machine:
    """A clock that is set, and one that is not."""

    def __init__(self, folder: Path) -> None:
        self.true = TRUE
        self.ahead = 0
        self.boot = "first"
        self.newest: int | None = TRUE - 1_000
        self.file = folder / "lived"
        self.start()

    def start(self) -> None:
        self.time = LivedTime(
            self.file,
            lambda: self.newest,
            wall=lambda: self.true + self.ahead,
            steady=lambda: self.true - TRUE,
            boot=self.boot,
        )

    def after(self, ms: int) -> int:
        self.true += ms
        return self.time()


def test_a_clock_three_years_ahead_is_believed_after_a_week_and_set_back_meanwhile_at_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.after(0) == TRUE
    machine.ahead = 3 * 365 * DAY
    assert machine.after(3_600_000) == machine.true, "as much as was lived through, and no more"
    machine.start()
    assert machine.after(3_600_000) == machine.true, "a restart of the program proves nothing"
    machine.boot = "second"
    machine.start()
    assert machine.after(3_600_000) <= machine.true, "nor one of the machine"
    machine.ahead = -3_600_000
    assert machine.after(1_000) == machine.true - 3_600_000
    machine.ahead = 3 * 365 * DAY
    for _ in range(7 * 24):
        assert machine.after(3_600_000) <= machine.true
    machine.after(2 * 3_600_000)
    assert machine.after(3_600_000) == machine.true + machine.ahead, "nobody has put it right in a week"


def test_a_machine_that_was_off_for_a_night_is_believed_and_the_first_start_goes_by_what_is_kept(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    machine.ahead = 2 * 365 * DAY
    assert machine.after(0) == TRUE - 1_000, "a clock that was wrong from the start: the newest reading is proof"
    machine.file.unlink()
    machine.ahead, machine.newest = 0, None
    machine.start()
    assert machine.after(0) == machine.true
    machine.boot = "second"
    machine.start()
    assert machine.after(12 * 3_600_000) == machine.true


STEPS = st.lists(
    st.tuples(st.integers(0, 2 * DAY), st.integers(-4 * 365 * DAY, 4 * 365 * DAY), st.booleans()), max_size=30
)


@given(STEPS)
def test_however_the_clock_is_set_no_more_is_old_than_was_lived_through_and_a_day(
    steps: list[tuple[int, int, bool]],
) -> None:
    """Of each leap a day at most; the week after which it is believed is the only way to more."""
    true, boots = 0, 0
    known = lived_until(None, "0", 0, TRUE, TRUE)
    for passed, ahead, restarted in steps:
        true, boots = true + passed, boots + restarted
        before = known
        known = lived_until(before, str(boots), true, TRUE + true + ahead, None)
        assert known.at <= TRUE + true + ahead or known.leapt_ms == 0
        believed_at_last = before.leapt_ms + passed >= BELIEVED_AFTER_MS
        if known.at > before.at + passed + LEAP_MS:
            assert believed_at_last
        assert known.at <= max(before.at + passed + LEAP_MS, TRUE + true + ahead)


def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.file.write_bytes(b"{")
    machine.ahead = 365 * DAY
    assert machine.after(0) == TRUE - 1_000
