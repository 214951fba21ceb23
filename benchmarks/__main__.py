"""`python -m benchmarks [NAME…]`: measure, print one table, write bench.json."""

import importlib
import json
import logging
import sys
import time
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, machine, versions

PROGRAMS = {
    "rules_engine": "the rules engine alone",
    "nab": "the deviation rule on a labelled series",
    "rules_trial": "rules tried on recorded readings",
    "rules_start": "how long the rules take to begin",
    "stream": "frames through rules and into DuckDB",
    "stream_memory": "the memory of what keeps the readings, and that it does not grow",
    "stream_backlog": "the end of an outage, and alarms meanwhile",
    "gateway": "single sensor messages through the gateway",
    "mqtt_clients": "MQTT clients as the gateway's ear",
    "spool": "a week of outage in the gateway's spool, and its end",
    "peers": "what others do with the same sensors on the same machine",
    "modbus": "Modbus through the gateway",
    "alarms": "from a sensor's message to the alarm",
    "alarm_storm": "a thousand alarms at once",
    "notify": "from an alarm to somebody's phone",
    "first_told": "the same, five hundred times",
    "historian": "the historians",
    "history_queries": "questions to 50 million readings",
    "memory": "memory of the demo, and of the broker under load",
}
RESULTS = Path("bench.json")


def main(names: list[str]) -> int:
    """Run the programs named, all when none is; 1 when one of them could not be measured."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    unknown = set(names) - set(PROGRAMS)
    if unknown:
        console.print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(PROGRAMS)}")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    machine()
    began, found, failed = time.monotonic(), list[Figure](), list[str]()
    for name in names or PROGRAMS:
        console.print(f"{time.monotonic() - began:4.0f} s  {PROGRAMS[name]}")
        try:
            found += importlib.import_module(f"benchmarks.{name}").figures()
        except Exception as error:
            # The other figures are still worth having.
            failed.append(f"{name}: {error}")
    console.print(table(found))
    RESULTS.write_text(json.dumps([figure.row() for figure in found], indent=1, ensure_ascii=False) + "\n")
    console.print(f"{len(found)} figures in {time.monotonic() - began:.0f} s, written to {RESULTS}")
    for line in failed:
        console.print(f"[red]not measured[/] {line}")
    return 1 if failed else 0


def table(found: list[Figure]) -> Table:
    """The figures as a person reads them."""
    here = machine()
    title = f"{here['cpu']}, {here['cores']} cores, {here['memory_gb']} GB, {here['kernel']}, load {here['load']}"
    rows = Table(title=title, caption=", ".join(f"{name} {number}" for name, number in versions().items()))
    rows.add_column("figure", no_wrap=True)
    for heading in ("value", "unit", "aim", "n"):
        rows.add_column(heading, justify="left" if heading == "unit" else "right")
    rows.add_column("")
    for figure in found:
        aim = "" if figure.aim is None else f"{'≤' if figure.lower else '≥'} {figure.aim:,.10g}"
        verdict = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[figure.met]
        value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.4g}"
        rows.add_row(figure.name, value, figure.unit, aim, f"{figure.n:,}", verdict)
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
