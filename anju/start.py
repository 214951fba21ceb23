"""Where `anju` begins.

`anju gateway` runs without the command line's libraries (typer, rich): they would take a tenth of the memory that an
edge box has for it. Everything else, `anju gateway --help` too, is anju/main.py.
"""

import sys

from pydantic import ValidationError

from anju.exits import BAD_SETTINGS, UnusableSettings
from community.site.problems import SiteErrors


def main() -> None:
    """Entry point; exit codes: 0 done, 1 the input or the service is at fault, 2 the settings or the call are."""
    try:
        if sys.argv[1:] == ["gateway"]:
            _gateway()
        else:
            from anju.main import cli

            cli()
    except ValidationError as error:
        for problem in error.errors():
            name = "ANJU_" + "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        raise SystemExit(BAD_SETTINGS) from None
    except UnusableSettings as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(BAD_SETTINGS) from None


def _gateway() -> None:
    # structlog takes it where it is installed, and does without where it is not (docs.python.org, 5.3.1: None blocks)
    sys.modules["rich"] = None  # type: ignore[assignment]
    from anju import process, services
    from backbone.settings import Settings

    try:
        process.run("gateway", Settings(), services.gateway)
    except SiteErrors as error:
        sys.exit(str(error))  # code 1
