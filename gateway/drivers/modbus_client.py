"""One Modbus TCP connection: requests one after another, each with a time-out, and every failure a named one."""

import asyncio
import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import ModbusPDU

# Its messages repeat at every request of a dead unit; ours are said once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

CONNECT_S = 3.0


class Failure(StrEnum):
    """Why a request brought nothing."""

    NO_CONNECTION = "no connection"
    NO_ANSWER = "no answer in time"
    GARBAGE = "an answer that is none"
    ILLEGAL_FUNCTION = "refused: function not supported"
    ILLEGAL_ADDRESS = "refused: no such address"
    ILLEGAL_VALUE = "refused: value"
    DEVICE_FAILURE = "the device failed"
    BUSY = "the device is busy"
    PATH_UNAVAILABLE = "the gateway has no path to the unit"
    TARGET_SILENT = "the unit behind the gateway does not answer"
    OTHER = "refused"


_EXCEPTIONS = {
    1: Failure.ILLEGAL_FUNCTION,
    2: Failure.ILLEGAL_ADDRESS,
    3: Failure.ILLEGAL_VALUE,
    4: Failure.DEVICE_FAILURE,
    6: Failure.BUSY,
    10: Failure.PATH_UNAVAILABLE,
    11: Failure.TARGET_SILENT,
}
OF_CONNECTION = frozenset({Failure.NO_CONNECTION})
OF_UNIT = frozenset({Failure.NO_ANSWER, Failure.GARBAGE, Failure.PATH_UNAVAILABLE, Failure.TARGET_SILENT})


class ModbusError(Exception):
    """A request that brought nothing."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class _Framer(FramerSocket):
    """Drops what is no Modbus; the library would let it end the connection with a traceback."""

    def handleFrame(self, data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, ModbusPDU | None]:  # noqa: N802
        if len(data) > 2 * self.MAX_SIZE:
            return len(data), None
        try:
            used, answer = super().handleFrame(data, exp_devid, exp_tid)
        except Exception:  # whatever a broken device sends, in a library's callback
            return len(data), None
        return used, answer


class ModbusConnection:
    """A server's address and the connection to it; made when first needed, and again after it was lost."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._client: Any = None

    async def read(self, unit: int, function: int, address: int, count: int) -> Sequence[int] | Sequence[bool]:
        """`count` registers or bits.

        Raises:
            ModbusError: with the reason.
        """
        client = await self._connected()
        reads = {
            1: client.read_coils,
            2: client.read_discrete_inputs,
            3: client.read_holding_registers,
            4: client.read_input_registers,
        }
        answer = await self._answer(reads[function](address, count=count, device_id=unit))
        raw: Sequence[int] = answer.bits if function in {1, 2} else answer.registers
        if len(raw) < count:
            raise ModbusError(Failure.GARBAGE)
        return raw

    async def write(self, unit: int, function: int, address: int, value: int) -> None:
        """Set one coil (function 1) or holding register (function 3).

        Raises:
            ModbusError: with the reason.
        """
        client = await self._connected()
        if function == 1:
            await self._answer(client.write_coil(address, bool(value), device_id=unit))
        else:
            await self._answer(client.write_register(address, value, device_id=unit))

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> Any:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        host, _, port = self.address.rpartition(":")
        client: Any = AsyncModbusTcpClient(
            host.strip("[]"), port=int(port), timeout=CONNECT_S, retries=0, reconnect_delay=0
        )
        client.ctx.framer = _Framer(client.ctx.framer.decoder)
        client.set_max_no_responses(1_000_000)
        try:
            async with asyncio.timeout(CONNECT_S):
                made = await client.connect()
        except (OSError, TimeoutError, ModbusException) as error:
            client.close()
            raise ModbusError(Failure.NO_CONNECTION) from error
        if not made:
            client.close()
            raise ModbusError(Failure.NO_CONNECTION)
        self._client = client
        return client

    async def _answer(self, request: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await request
        except TimeoutError as error:
            raise ModbusError(Failure.NO_ANSWER) from error
        except (ModbusException, OSError) as error:
            connected = self._client is not None and self._client.connected
            raise ModbusError(Failure.NO_ANSWER if connected else Failure.NO_CONNECTION) from error
        if answer.isError():
            raise ModbusError(_EXCEPTIONS.get(getattr(answer, "exception_code", 0), Failure.OTHER))
        return answer
