"""Figures as shown."""

from datetime import date

from pydantic import BaseModel, Field


class FigureOut(BaseModel):
    """One figure of a period."""

    id: str = Field(examples=["response"])
    unit: str = Field(description="% or ms; empty: a number of things")
    value: float | None = Field(description="null: there was nothing to measure")
    n: int = Field(description="of how many things it is")
    goal: float | None = Field(description="the guide's; null: it sets none")
    lower: bool = Field(description="whether less is better")
    met: bool | None
    before: float | None = Field(description="the same figure of the period before")


class PartyOut(BaseModel):
    """What became of one responsible party's tickets."""

    party: str
    tickets: int
    answer_ms: float | None = Field(description="median to a first answer")
    completed: float | None = Field(description="percent of those due that were put right in time")


class RuleCountOut(BaseModel):
    """How often a rule alarmed."""

    rule: str
    grade: str
    count: int


class EvaluationOut(BaseModel):
    """A month, a quarter or a year."""

    period: str = Field(examples=["2026-11", "2026-Q4", "2026"])
    begin: date
    end: date = Field(description="the first day after it")
    complete: bool = Field(description="whether it is over")
    previous: str
    figures: list[FigureOut]
    parties: list[PartyOut]
    rules: list[RuleCountOut]
