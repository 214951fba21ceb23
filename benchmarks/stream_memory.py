"""Memory of ingest and API, the one process they are with the embedded historian, at full rate for minutes.

Run `python -m benchmarks.stream_memory [SECONDS]`. As `benchmarks.stream`, with the API in the process that keeps the
readings. DuckDB keeps blocks of its file in memory, 2.3 MB a million readings, and lets them go at its limit (256 MB,
backbone/historian/duckdb_file.py): the memory is a saw whose teeth take 110 million readings. So it is flat when the
second half's highest is no higher than the first's, provided that the first reached the limit; how many readings it had
stands beside it.
"""

import json
import sys
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.stream import flow

AIM_MB, GROWTH_AIM_MB = 600, 30
SECONDS = 240.0
EACH_S = 10


def figures(seconds: float = SECONDS) -> Iterator[Figure]:
    """The highest, and by how much the second half's highest is above the first's."""
    found = flow("compact", seconds, "api", "--with-ingest")
    memory, half = found.memory_mb, len(found.memory_mb) // 2
    more = {
        **found.more,
        "stream_readings_per_s": round(found.per_s),
        f"each_{EACH_S}_s_mb": [max(memory[n : n + EACH_S]) for n in range(0, len(memory), EACH_S)],
    }
    yield Figure("stream.ingest_api_memory_mb", max(memory), "MB", found.readings, AIM_MB, lower=True, more=more)
    growth = max(memory[half:]) - max(memory[:half])
    more = {"first_half_readings": found.readings // 2}
    yield Figure(
        "stream.ingest_api_memory_growth_mb", growth, "MB", found.readings, GROWTH_AIM_MB, lower=True, more=more
    )


if __name__ == "__main__":
    for one in figures(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS):
        print(json.dumps(one.row()))
