"""A loss as it travels: an event in a frame, at the gateway instead of a point."""

from typing import Any

import msgspec

from backbone.frames import FrameEvent
from community.losses import Loss, LossReason

EVENT_TYPE = "gateway.loss"


class LossError(ValueError):
    """An event that is no loss; the message says why."""


class _Data(msgspec.Struct):
    reason: LossReason
    began: int
    first: int
    count: int
    device: str | None = None
    lane: str | None = None


def loss_event(loss: Loss) -> FrameEvent:
    """The event that tells of a loss."""
    data: dict[str, Any] = {"reason": loss.reason.value, "began": loss.began, "first": loss.first, "count": loss.count}
    data |= {key: value for key, value in (("device", loss.device), ("lane", loss.lane)) if value is not None}
    return FrameEvent(loss.gateway, loss.last, EVENT_TYPE, data)


def loss_of(event: FrameEvent, gateway: str) -> Loss:
    """The loss an event of this gateway's frame tells of.

    Raises:
        LossError: it is another gateway's, or not as `loss_event` makes it.
    """
    if event.point != gateway:
        raise LossError("a loss of another gateway")
    try:
        data = msgspec.convert(event.data, _Data)
    except msgspec.ValidationError as error:
        raise LossError(f"no loss: {error}") from error
    if (
        data.began < 0
        or data.first < 0
        or data.first > event.t
        or data.count < 0
        or len(data.device or "") > 63
        or len(data.lane or "") > 10
    ):
        raise LossError("no loss: it cannot be")
    return Loss(gateway, data.device, data.lane, data.reason, data.began, data.first, event.t, data.count)
