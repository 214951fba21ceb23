from pathlib import Path

from backbone.steady import wall_ms
from ingest.clock import ForwardClock


def test_the_clock_goes_forward_only() -> None:
    times = iter([100, 200, 50, 199, 300])
    clock = ForwardClock(lambda: next(times))
    assert [clock() for _ in range(5)] == [100, 200, 200, 200, 300]


def test_it_starts_from_the_wall() -> None:
    before = wall_ms()
    assert before <= ForwardClock()() <= wall_ms()


def test_a_restart_does_not_make_it_forget_two_hours_and_a_year_is_not_believed(tmp_path: Path) -> None:
    hour, wall = 3_600_000, [1_790_000_000_000]
    file = tmp_path / "clock"
    ForwardClock(lambda: wall[0], file).save()
    clock = ForwardClock(lambda: wall[0], file)
    clock()
    clock.save()
    wall[0] -= 2 * hour
    assert ForwardClock(lambda: wall[0], file)() == 1_790_000_000_000
    wall[0] -= 365 * 24 * hour
    assert ForwardClock(lambda: wall[0], file)() == wall[0]
    wall[0] = 12 * hour
    assert ForwardClock(lambda: wall[0], file)() == 1_790_000_000_000, "a clock that is not set yet"
    file.write_text("nonsense")
    assert ForwardClock(lambda: wall[0], file)() == wall[0]
