from ingest.clock import ForwardClock, wall_ms


def test_the_clock_goes_forward_only() -> None:
    times = iter([100, 200, 50, 199, 300])
    clock = ForwardClock(lambda: next(times))
    assert [clock() for _ in range(5)] == [100, 200, 200, 200, 300]


def test_it_starts_from_the_wall() -> None:
    before = wall_ms()
    assert before <= ForwardClock()() <= wall_ms()
