"""A point's readings from a server: roll-ups where they say all there is to say, sums of raw readings elsewhere."""

from datetime import UTC, tzinfo

from backbone.historian import influx_marks, influx_rows, influxql, levels
from backbone.historian.buckets import DAY_MS, HOUR_MS, MINUTE_MS, Grid
from backbone.historian.influx_rows import ROLLED
from backbone.historian.influx_sums import Query, columns, sums
from backbone.historian.levels import Level, Span, apart, forgotten, kept, level_of, merged, pieces, within
from backbone.historian.line_protocol import split
from backbone.historian.partials import Partials, together

MOST_PIECES = 6
"""More pieces of raw readings than this are read as one: each is a question of its own."""


def raw(query: Query, site: str, point: str, span: Span, step_ms: int) -> Partials:
    """A row for each `step_ms` in which there are readings."""
    device, measure = split(point)
    condition = influxql.where(*span, devices=[device], site=site)
    return columns(sums(query, measure, condition, influxql.where(*span), step_ms).get(device, ()))


def partials(query: Query, site: str, point: str, span: Span, grid: Grid, zone: tzinfo) -> Partials:
    """All rows of a point in a span from which the grid's buckets can be made."""
    level = _level(grid, zone)
    if level is None:
        return raw(query, site, point, span, unit_of(grid))
    whole = level.whole(span)
    state, rolled, sparse = _known(query, site, point, level, whole)
    late = [Span(level.around(hour).begin, level.around(hour + HOUR_MS - 1).end) for hour in state.changed]
    new = Span(level.around(state.until or 0).begin, span.end)  # a day that is not over is not summed up
    parts = pieces(level, span, [*late, new], MOST_PIECES)
    if level.unit_ms == MINUTE_MS:
        hours = [Span(max(hour, span.begin), min(hour + HOUR_MS, span.end)) for hour in sparse]
        parts = merged([*parts, *hours], MOST_PIECES)
    read = [raw(query, site, point, part, min(level.unit_ms, HOUR_MS)) for part in parts]
    known = together(read) if read else columns(())
    gone = forgotten(level, rolled, parts, known.t, known.number)
    return together([kept(rolled, ~within(rolled.t, apart(parts, gone))), kept(known, ~within(known.t, gone))])


def unit_of(grid: Grid) -> int:
    """What the server is asked for: it knows nothing of the site's clock, so days are put together of hours here."""
    if grid.step_ms < HOUR_MS:
        return grid.step_ms
    return HOUR_MS if not (grid.edges % HOUR_MS).any() else 15 * MINUTE_MS


def _level(grid: Grid, zone: tzinfo) -> Level | None:
    """Days that begin within an hour of UTC are not summed up; they are put together of minutes."""
    level = level_of(grid, zone)
    if level is not None and level.unit_ms == DAY_MS and (grid.edges % HOUR_MS).any():
        return Level("minutes", MINUTE_MS, UTC)
    return level


def _known(
    query: Query, site: str, point: str, level: Level, span: Span
) -> tuple[influx_marks.Rolled, Partials, list[int]]:
    """What is rolled up of a span, the rows there are, and hours of which no minutes are."""
    if span.begin >= span.end:
        return influx_marks.Rolled(None, ()), columns(()), []
    device, measure = split(point)
    rows_of = influxql.where(*span, devices=[device], site=site, measure=measure)
    hours_of = influxql.where(span.begin // HOUR_MS * HOUR_MS, span.end, devices=[device], site=site, measure=measure)
    until, changed, rows, hours = query(
        *influx_marks.question(site, span),
        influx_rows.select(ROLLED[level.name], rows_of),
        influx_rows.select(ROLLED["hours"], f'{hours_of} AND "count" <= {levels.DENSE}'),
    )
    rolled = columns(row.sum for row in influx_rows.read(rows))
    sparse = [row.sum.t for row in influx_rows.read(hours)] if level.unit_ms == MINUTE_MS else []
    return influx_marks.answer((until, changed)), rolled, sparse
