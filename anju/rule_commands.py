"""`anju rules`: alone it runs the service; its commands say what the rules of a site file do."""

import typer
from rich.console import Console

from anju import process

rules = typer.Typer(
    help="Detection and response, and what the rules of a site do.", epilog="Example: anju rules coverage"
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@rules.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Without a command: run detection and response (alarms, tickets, plans)."""
    if context.invoked_subcommand is not None:
        return
    from anju import services
    from backbone.settings import Settings
    from community.site.load import SiteErrors

    try:
        process.run("rules", Settings(), services.rules)
    except SiteErrors as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from error
