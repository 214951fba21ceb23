"""InfluxQL text: names and values quoted, times as literals (https://docs.influxdata.com/influxdb/v1/query_language/spec/)."""

from collections.abc import Iterable

from community.quality import UNUSABLE, Quality

EVENT = "event"
"""The measurement of events. Readings are in the measurement of their measure's name."""
MEASUREMENTS = "SHOW MEASUREMENTS"
_UNUSABLE = int(UNUSABLE)


def identifier(name: str) -> str:
    """A measurement, tag, field or database name."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def literal(value: str) -> str:
    """A string value."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def where(start: int, end: int | None, *, devices: Iterable[str] = (), **tags: str) -> str:
    """A condition: `start <= time < end`, tags equal, the device one of `devices` when there are any."""
    terms = [f"time >= {start}ms"]
    if end is not None:
        terms.append(f"time < {end}ms")
    terms += [f"{identifier(tag)} = {literal(value)}" for tag, value in tags.items()]
    if devices:
        terms.append("(" + " OR ".join(f'"device" = {literal(device)}' for device in devices) + ")")
    return " AND ".join(terms)


def sources(measures: Iterable[str]) -> str:
    """What a query reads from."""
    return ", ".join(identifier(measure) for measure in measures)


def latest(measures: Iterable[str], condition: str) -> str:
    """The newest reading of each device and measure."""
    return f'SELECT last("quality") AS q, "value" AS x FROM {sources(measures)} WHERE {condition} GROUP BY "device"'


def delete(measurement: str, condition: str) -> str:
    """What a condition of time and tags names goes."""
    return f"DELETE FROM {identifier(measurement)} WHERE {condition}"


def newest_of_series(measures: Iterable[str], condition: str) -> str:
    """When each series, of whatever tags, had its newest reading."""
    return f'SELECT last("quality") FROM {sources(measures)} WHERE {condition} GROUP BY *'


def times_of_series(measure: str, condition: str) -> str:
    """The times of all readings of each series, of whatever tags."""
    return f'SELECT "quality" FROM {identifier(measure)} WHERE {condition} GROUP BY *'


def devices(measures: Iterable[str], condition: str) -> str:
    """How many readings each device has of each measure."""
    return f'SELECT count("quality") FROM {sources(measures)} WHERE {condition} GROUP BY "device"'


def count(measures: Iterable[str], condition: str) -> str:
    """The number of readings of each measure."""
    return f'SELECT count("quality") AS n FROM {sources(measures)} WHERE {condition}'


def first(measures: Iterable[str], condition: str) -> str:
    """The oldest reading of each measure."""
    return f'SELECT first("value") FROM {sources(measures)} WHERE {condition}'


def last(measures: Iterable[str], condition: str) -> str:
    """The newest reading of each measure."""
    return f'SELECT last("value") FROM {sources(measures)} WHERE {condition}'


def readings(measures: Iterable[str], condition: str) -> str:
    """All readings of each device and measure."""
    return f'SELECT "value", "quality" FROM {sources(measures)} WHERE {condition} GROUP BY "device"'


def usable_values(measure: str, condition: str, step_ms: int) -> str:
    """First, last, extremes, sum and count of the usable readings by device and bucket."""
    return (
        'SELECT first("value"), last("value"), min("value"), max("value"), sum("value"), count("value") '
        f'FROM {identifier(measure)} WHERE {condition} AND "quality" & {_UNUSABLE} = 0 '
        f'GROUP BY time({step_ms}ms), "device" fill(none)'
    )


def usable_end(which: str, measure: str, condition: str) -> str:
    """The `first` or the `last` usable reading by device, with its time."""
    return (
        f'SELECT {which}("value") FROM {identifier(measure)} WHERE {condition} AND "quality" & {_UNUSABLE} = 0 '
        'GROUP BY "device"'
    )


def qualities(measure: str, condition: str, step_ms: int) -> str:
    """Count, least and greatest quality of all readings by device and bucket."""
    return (
        f'SELECT count("quality"), min("quality"), max("quality") FROM {identifier(measure)} WHERE {condition} '
        f'GROUP BY time({step_ms}ms), "device" fill(none)'
    )


def quality_bits(measure: str, condition: str, times: str, by: str) -> str:
    """For each quality bit the greatest value it had: InfluxQL can test bits, but not or them.

    `times` is the part of the condition that is about time: around a subquery, other tags are out of sight.
    """
    bits = [int(bit) for bit in Quality if bit]
    inner = ", ".join(f'"quality" & {bit} AS b{bit}' for bit in bits)
    outer = ", ".join(f"max(b{bit})" for bit in bits)
    return (
        f"SELECT {outer} FROM (SELECT {inner} FROM {identifier(measure)} WHERE {condition}) WHERE {times} "
        f"GROUP BY {by} fill(none)"
    )


def events(condition: str, limit: int) -> str:
    """The newest events."""
    return (
        f'SELECT "type", "data", "device", "measure" FROM {identifier(EVENT)} WHERE {condition} '
        f"ORDER BY time DESC LIMIT {limit}"
    )
