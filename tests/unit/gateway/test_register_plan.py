"""Read plans: every point read, never more requests than points, never over the limits."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.register_plan import GAP_REGISTERS, MAX_BITS, MAX_REGISTERS, Request, Span, plan, split


def spans(draw_function: st.SearchStrategy[int]) -> st.SearchStrategy[list[Span]]:
    row = st.tuples(draw_function, st.integers(0, 2000), st.sampled_from([1, 2, 4]))
    return st.lists(row, max_size=60).map(lambda rows: [Span(f, a, n, key) for key, (f, a, n) in enumerate(rows)])


def check(request: Request) -> None:
    assert 1 <= request.size <= (MAX_BITS if request.function in (1, 2) else MAX_REGISTERS)
    for span in request.spans:
        assert span.function == request.function
        assert request.address <= span.address
        assert span.end <= request.address + request.size


@given(spans(st.integers(1, 4)))
def test_a_plan_reads_every_point_within_the_limits(rows: list[Span]) -> None:
    requests = plan(rows)
    assert sorted(span.key for request in requests for span in request.spans) == list(range(len(rows)))
    assert len(requests) <= len(rows)
    for request in requests:
        check(request)
        assert request.address == min(span.address for span in request.spans)
        assert request.address + request.size == max(span.end for span in request.spans)


@given(spans(st.just(3)))
def test_splitting_ends_with_a_request_a_point(rows: list[Span]) -> None:
    todo, done = list(plan(rows)), []
    while todo:
        parts = split(todo.pop())
        for part in parts:
            check(part)
        if len(parts) == 1:
            done.append(parts[0])
        else:
            todo += parts
    assert sorted(request.spans[0].key for request in done) == list(range(len(rows)))
    assert all(len(request.spans) == 1 for request in done)


def test_neighbours_share_a_request_and_distant_ones_do_not() -> None:
    near = plan([Span(4, 1, 1, 0), Span(4, 2, 1, 1), Span(4, 3 + GAP_REGISTERS, 2, 2)])
    assert [(r.address, r.size) for r in near] == [(1, 4 + GAP_REGISTERS)]
    far = plan([Span(4, 1, 1, 0), Span(4, 3 + GAP_REGISTERS, 2, 1)])
    assert [(r.address, r.size) for r in far] == [(1, 1), (3 + GAP_REGISTERS, 2)]


def test_a_request_is_parted_at_its_widest_gap() -> None:
    (request,) = plan([Span(3, 0, 1, 0), Span(3, 1, 1, 1), Span(3, 10, 1, 2)])
    assert [(r.address, r.size) for r in split(request)] == [(0, 2), (10, 1)]


def test_flags_of_one_register_are_read_together() -> None:
    (request,) = plan([Span(3, 5, 1, key) for key in range(16)])
    assert (request.address, request.size, len(request.spans)) == (5, 1, 16)
