"""Another gateway that goes by this one's id: a copied disk, a container started twice, a site file on two boxes.

Consumers take both for one. As long as both number differently nothing is lost: each numbers anew when it hears how far
the other is, and sends again. A copy numbers alike: what it says is taken for a repeat of ours, or ours for its.
So whoever hears a namesake with the same numbering begins another, and puts on record what may be gone until then.
"""

import random
import uuid
from collections.abc import Callable

import msgspec
import structlog

from backbone import topics
from backbone.bus import Bus
from community.losses import LossReason
from gateway.loss_ledger import keep
from gateway.spool import Spool

HEARD = 2
"""So many statuses of it, for the last one of an earlier run may still be under way."""
GONE_MS = 60_000
APART = 1_000
"""Both may begin another numbering: far apart, by chance."""
log = structlog.get_logger()


class _Status(msgspec.Struct):
    online: bool
    instance: str = ""
    epoch: int = 0
    since: int = 0


_decoder = msgspec.json.Decoder(_Status)


class Namesake:
    """Listens to what is said in this gateway's name."""

    def __init__(
        self,
        bus: Bus,
        site: str,
        gateway: str,
        spool: Spool,
        renumber: Callable[[int], None],
        now: Callable[[], int],
    ) -> None:
        """`renumber` has the frames numbered under an epoch higher than the one it is given."""
        self._bus = bus
        self._topic = topics.status(site, gateway)
        self._gateway = gateway
        self._spool = spool
        self._renumber = renumber
        self._now = now
        self._since = now()
        self._heard: dict[str, int] = {}
        self._heard_at: int | None = None
        self.instance = uuid.uuid4().hex[:12]
        """Who says what this process says."""

    def start(self) -> None:
        """Subscribe."""
        self._bus.subscribe(self._topic, self._on_status)

    @property
    def problem(self) -> str | None:
        """What a person has to mend, while another is heard."""
        if self._heard_at is None or not 0 <= self._now() - self._heard_at < GONE_MS:
            return None
        return f"another gateway says that it is {self._gateway} too: stop it, or give it an id of its own"

    def _on_status(self, _topic: str, payload: bytes) -> None:
        if self._bus.retained:
            return
        try:
            said = _decoder.decode(payload)
        except msgspec.MsgspecError:
            return  # whoever shows it says so
        if not said.online or said.instance in {"", self.instance}:
            return
        now = self._now()
        self._heard = {said.instance: self._heard.get(said.instance, 0) + 1}
        if self._heard[said.instance] < HEARD:
            return
        if self.problem is None:
            log.error("another gateway goes by this id", gateway=self._gateway, its_epoch=said.epoch)
        self._heard_at = now
        if said.epoch == self._spool.epoch:
            first = min(max(said.since, self._since), now)
            self._spool.losses.note(LossReason.TWO_GATEWAYS, first=first, last=now, count=0, now=now)
            keep(self._spool.losses, self._spool.file)
            self._renumber(said.epoch + random.randrange(APART))  # noqa: S311
