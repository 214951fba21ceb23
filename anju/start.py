"""Where `anju` begins.

A service runs without the command line's libraries (typer, rich): they would be a quarter of a second of every start,
and a tenth of the memory that an edge box has for its gateway. Everything else, `anju gateway --help` too, is
anju/main.py.
"""

import sys

from pydantic import ValidationError

from anju.exits import BAD_SETTINGS, UnusableSettings
from community.site.problems import SiteErrors

SERVICES = frozenset(
    {("gateway",), ("rules",), ("ingest",), ("api",), ("api", "--with-ingest"), ("simulate",), ("broker",)}
)
"""The arguments that run one, and say nothing else: the keys of `anju.services.RUN`."""


def main() -> None:
    """Entry point; exit codes: 0 done, 1 the input or the service is at fault, 2 the settings or the call are."""
    try:
        if (arguments := tuple(sys.argv[1:])) in SERVICES:
            _serve(arguments)
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


def _serve(arguments: tuple[str, ...]) -> None:
    # structlog takes it where it is installed, and does without where it is not (docs.python.org, 5.3.1: None blocks)
    sys.modules["rich"] = None  # type: ignore[assignment]
    from anju.services import RUN

    try:
        RUN[arguments]()
    except SiteErrors as error:
        sys.exit(str(error))  # code 1
