"""Reminders as shown."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from community.text import Text


class ReminderOut(BaseModel):
    """Something that is due: a drill, the revision of a plan, a training."""

    model_config = ConfigDict(from_attributes=True)

    source: str
    title: Text
    due: date
    overdue: bool
