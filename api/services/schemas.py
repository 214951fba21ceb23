"""Services as shown."""

from pydantic import BaseModel, Field

from api.live.services import ServiceState
from api.times import Timestamp


class ServiceOut(BaseModel):
    """A process of this installation; its historian while that does not answer, its disk while it lacks room."""

    name: str
    state: str = Field(
        examples=["running"],
        description="starting, running, restarting or stopped; of the historian away or damaged, of the disk short",
    )
    restarts: int
    since: Timestamp | None
    reason: str = Field(description="why it last ended, or does not answer")
    next_try: Timestamp | None


class SiteFileOut(BaseModel):
    """Which site file a service runs, and why the one that stands there is refused."""

    service: str
    since: Timestamp = Field(description="when the file it runs came into force")
    problems: list[str] = Field(description="why the file as it stands is not in force; empty: it is")
    shown_here: bool = Field(description="this API shows the same version; otherwise it has to be started again")


def show(state: ServiceState) -> ServiceOut:
    """The service as answers and the live channel show it."""
    return ServiceOut(
        name=state.name,
        state=state.state,
        restarts=state.restarts,
        since=state.since,
        reason=state.reason,
        next_try=state.next_try,
    )
