"""The rows of a site file about safety management (guide 5.1): the committee, and documents with their reviews."""

from typing import Literal

from pydantic import Field

from community.site.fields import Day, Id, Row
from community.text import Text


class Member(Row):
    """Somebody on the safety committee (安全责任人、安全监督员、安全检查员)."""

    person: Id
    role: Literal["chair", "supervisor", "inspector", "member"]
    answers_for: Text | None = Field(default=None, description="what they answer for")


class SafetyDocument(Row):
    """A rule, a procedure or a record, and when it is reviewed."""

    id: Id
    name: Text
    kind: Literal["rule", "procedure", "responsibility", "license", "record"]
    owner: Id
    reviewed: Day | None = Field(default=None, description="when it last was")
    review: Day = Field(description="the next review; people are reminded 30 days before")
    kept: Text | None = Field(default=None, description="where it is kept")


class Safety(Row):
    """How safety is managed: by whom, and by what."""

    committee: tuple[Member, ...] = ()
    documents: tuple[SafetyDocument, ...] = ()
