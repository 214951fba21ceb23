"""Exports and imports as shown."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from api.times import Timestamp


class Format(StrEnum):
    """Of a file of readings."""

    CSV = "csv"
    PARQUET = "parquet"
    LINES = "lines"


class CountOut(BaseModel):
    """How much there is."""

    readings: int


class BadLineOut(BaseModel):
    """A line that is no reading."""

    line: int = Field(description="counted from 1; of Parquet the row; 0: the history's server refused readings")
    reason: str


class ImportOut(BaseModel):
    """An import."""

    id: str
    at: Timestamp
    by: str
    size: int = Field(description="bytes of the file")
    state: Literal["running", "done", "failed"]
    readings: int = Field(description="stored so far")
    refused: int = Field(description="lines that are no readings")
    lines: list[BadLineOut] = Field(description="the first hundred of them")
    unknown: list[str] = Field(description="points the site file does not have; their readings are stored")
    problem: str = Field(description="why it failed; what is stored stays")
