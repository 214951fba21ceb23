"""How commands speak to who typed them, and what they ask."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from anju.exits import BAD_INPUT

PRINTED_WIDTH = 240
"""Of a table that goes to a file or another program."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Username = Annotated[str, typer.Option(help="whose password is asked for, should the platform run ($ANJU_PASSWORD)")]


def fail(message: str) -> typer.Exit:
    """Say why on stderr; to be raised."""
    err.print(message, markup=False)
    return typer.Exit(BAD_INPUT)


@contextmanager
def saying(*faults: type[Exception]) -> Iterator[None]:
    """Say these as a sentence, and end with code 1."""
    try:
        yield
    except faults as error:
        raise fail(str(error)) from error


def asks(username: str, status: Status) -> Callable[[], tuple[str, str]]:
    """Asks for the person's password, once it is needed."""

    def ask() -> tuple[str, str]:
        known = os.environ.get("ANJU_PASSWORD")
        if not known:
            status.stop()
        return username, known or typer.prompt(f"password of {username}", hide_input=True)

    return ask
