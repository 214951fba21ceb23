"""Services as shown."""

from pydantic import BaseModel, Field

from api.live.services import ServiceState
from api.times import Timestamp


class ServiceOut(BaseModel):
    """A process of this installation."""

    name: str
    state: str = Field(examples=["running"], description="starting, running, restarting or stopped")
    restarts: int
    since: Timestamp | None
    reason: str = Field(description="why it last ended")
    next_try: Timestamp | None


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
