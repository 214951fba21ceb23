"""How a broker is reached: at which of several addresses, with which proofs, and what it is told at the greeting."""

import asyncio
import ssl
import uuid
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import gmqtt
from gmqtt.mqtt.constants import MQTTv311

from backbone.broker_address import BrokerAddress, in_words
from backbone.mqtt_wire import WireClient

CONNECT_S = 5.0
KEEPALIVE_S = 15
_NEVER = -2  # gmqtt is not to reconnect by itself: -1 means for ever, 0 once


@dataclass(frozen=True, slots=True)
class Message:
    """A message to publish: the will, mostly."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class BrokerAccess:
    """To one broker, or to one after another of a cluster."""

    def __init__(
        self,
        url: str,
        client_id: str,
        *,
        ca: Path | None,
        cert: Path | None,
        key: Path | None,
        will: Message | None,
        session: bool,
    ) -> None:
        """As `backbone.bus.Bus`.

        Raises:
            BusUrlError: an address that cannot be used.
        """
        self._addresses = deque(BrokerAddress.all_of(url))
        self._name = client_id
        self._ca = ca
        self._cert = cert
        self._key = key
        self._will = will
        self._session = session

    @property
    def address(self) -> BrokerAddress:
        """Where it is tried now."""
        return self._addresses[0]

    def turn_to_next(self) -> None:
        """From now on it is tried at the next address."""
        self._addresses.rotate(-1)

    def why(self, error: Exception) -> str:
        """Why there is no connection."""
        return in_words(error, tls=self.address.tls, has_cert=self._cert is not None)

    def new_client(self) -> WireClient:
        """A client that was never connected: nothing of an old one is replayed behind our back."""
        will = self._will
        client = WireClient(
            f"{self._name}-{uuid.uuid4().hex[:8]}" if not self._session else self._name,
            clean_session=not self._session,
            will_message=gmqtt.Message(will.topic, will.payload, qos=will.qos, retain=will.retain) if will else None,
        )
        client.set_config({"reconnect_retries": _NEVER})
        if self.address.username:
            client.set_auth_credentials(self.address.username, self.address.password)
        return client

    async def connect(self, client: WireClient, lost: asyncio.Event) -> None:
        """Connect; a broker that hangs up instead of answering is not waited for.

        Raises:
            OSError, MQTTConnectError: there is no broker, or it does not want us.
        """
        address = self.address
        context = self._trust() if address.tls else False
        connecting = asyncio.ensure_future(
            client.connect(address.host, address.port, ssl=context, keepalive=KEEPALIVE_S, version=MQTTv311)
        )
        losing = asyncio.ensure_future(lost.wait())
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.wait({connecting, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                raise ConnectionResetError("the broker hung up")
            await connecting
        finally:
            connecting.cancel()
            losing.cancel()
            await asyncio.gather(connecting, losing, return_exceptions=True)

    def _trust(self) -> ssl.SSLContext:
        """The broker is verified, by name too; it may verify us."""
        context = ssl.create_default_context(cafile=str(self._ca) if self._ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._cert is not None:
            context.load_cert_chain(self._cert, self._key)
        return context
