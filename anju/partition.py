"""`--partition k/n`, the same as ANJU_PARTITION: which share of a folder's sites a worker takes."""

import os
from typing import Annotated

import typer

Partition = Annotated[
    str | None, typer.Option(help="k/n: take the k-th of n shares of a folder's sites; ANJU_PARTITION if unset")
]


def take_share(partition: str | None) -> None:
    """Have the settings of this process say so."""
    if partition is not None:
        os.environ["ANJU_PARTITION"] = partition
