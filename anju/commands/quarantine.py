"""`anju quarantine`: what was refused, and trying it again."""

import time
from typing import Annotated

import typer
from rich.table import Table

from anju.commands.terminal import fail, out, saying
from backbone.database.errors import DatabaseError
from backbone.steady import wall_ms
from community.site.problems import SiteErrors

quarantine = typer.Typer(help="What was refused, and trying it again.", no_args_is_help=True)


@quarantine.command("list", epilog="Example: anju quarantine list --most 20")
def quarantine_list(most: Annotated[int, typer.Option(min=1, help="entries, the latest first")] = 100) -> None:
    """What was refused: by whom, of what, why, how often, how much of it is set aside, and one of them."""
    from anju.quarantine import entries

    with saying(SiteErrors, DatabaseError, ValueError, OSError):
        found = entries(most)
    table = Table("by", "source", "reason", "count", "set aside", "last", "sample")
    for one in found:
        last = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(one.last / 1000))
        table.add_row(one.consumer, one.source, one.reason, str(one.count), str(one.kept), last, one.sample[:80])
    out.print(table if found else "the quarantine is empty")


@quarantine.command("retry", epilog="Example: anju quarantine retry")
def quarantine_retry(wait: Annotated[float, typer.Option(min=0, help="seconds to wait for the outcome")] = 30) -> None:
    """Have what is set aside stored now, as after the site file or a clock was mended; ingest does it."""
    from anju.quarantine import retry

    with saying(SiteErrors, DatabaseError, ValueError, OSError), out.status("trying again"):
        asked, left = retry(wall_ms(), wait)
    if left is None:
        raise fail(f"{asked} entries are to be tried again, but nobody has done so yet: does ingest run?")
    if asked:
        out.print(f"{asked} entries tried again; {left} readings and events are still refused")
    else:
        out.print("nothing is set aside")
