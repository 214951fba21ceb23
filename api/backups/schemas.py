"""Backups as shown."""

from pydantic import BaseModel, Field

from api.times import Timestamp


class BackupOut(BaseModel):
    """A backup on the platform's machine."""

    folder: str = Field(description="where it is on the platform's machine")
    made_at: Timestamp
    size: int = Field(description="bytes")
    elsewhere: list[str] = Field(description="stores on servers, which are saved with their own tools: history, state")
