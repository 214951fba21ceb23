"""One Modbus connection: requests one after another, each with a time-out, and every failure a named one."""

import asyncio
import logging
import termios
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU, FramerSocket, FramerType
from pymodbus.pdu import ModbusPDU

from community.site.devices import Line
from gateway.switch import SwitchError

# Its messages repeat at every request of a dead unit; ours are said once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

CONNECT_S = 3.0
MAKE_WAY_S = 0.05
"""A request that is under way is given this long when a command waits."""
QUIET_S = 0.05
"""On a serial line nothing tells a late answer from the next one: after a silence it is given time to pass."""
_PARITY = {"none": "N", "even": "E", "odd": "O"}


class Failure(StrEnum):
    """Why a request brought nothing."""

    NO_CONNECTION = "no connection"
    NO_ANSWER = "no answer in time"
    GARBAGE = "an answer that is none"
    MADE_WAY = "broken off for a command"
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


class ModbusError(SwitchError):
    """A request that brought nothing."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


Frames = Callable[[bytes, int, int], tuple[int, ModbusPDU | None]]


def _tolerant(handle: Frames, longest: int, data: bytes, unit: int, transaction: int) -> tuple[int, ModbusPDU | None]:
    """Drop what is no Modbus; the library would let it end the connection with a traceback."""
    if len(data) > 2 * longest:
        return len(data), None
    try:
        return handle(data, unit, transaction)
    except Exception:  # whatever a broken device sends, in a library's callback
        return len(data), None


class _SocketFramer(FramerSocket):
    def handleFrame(self, data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, ModbusPDU | None]:  # noqa: N802
        return _tolerant(super().handleFrame, self.MAX_SIZE, data, exp_devid, exp_tid)


class _SerialFramer(FramerRTU):
    def handleFrame(self, data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, ModbusPDU | None]:  # noqa: N802
        return _tolerant(super().handleFrame, self.MAX_SIZE, data, exp_devid, exp_tid)


class ModbusConnection:
    """A line and the connection to it; made when first needed, and again after it was lost."""

    def __init__(self, line: Line, timeout_s: float) -> None:
        self._line = line
        self._timeout_s = timeout_s
        self._client: Any = None
        self._under_way: asyncio.Timeout | None = None
        self._makes_way = False

    async def read(self, unit: int, function: int, address: int, count: int) -> Sequence[int] | Sequence[bool]:
        """`count` registers or bits.

        Raises:
            ModbusError: with the reason.
        """
        client = self._client if self._client is not None and self._client.connected else await self._connected()
        if function == 3:
            request = client.read_holding_registers(address, count=count, device_id=unit)
        elif function == 4:
            request = client.read_input_registers(address, count=count, device_id=unit)
        elif function == 1:
            request = client.read_coils(address, count=count, device_id=unit)
        else:
            request = client.read_discrete_inputs(address, count=count, device_id=unit)
        answer = await self._answer(request)
        if function in {1, 2}:
            bits: Sequence[bool] = getattr(answer, "bits", ())
            if (len(bits) + 7) // 8 != (count + 7) // 8:
                raise ModbusError(Failure.GARBAGE)
            return bits
        registers: Sequence[int] = getattr(answer, "registers", ())
        if len(registers) != count:
            raise ModbusError(Failure.GARBAGE)
        return registers

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

    def make_way(self) -> None:
        """A command waits: break off what is under way, unless an answer comes soon.

        A late answer is told by its transaction number. On a serial line there is none, and two would collide.
        """
        if self._under_way is not None and self._line.kind == "tcp" and not self._makes_way:
            soon = asyncio.get_running_loop().time() + MAKE_WAY_S
            if (end := self._under_way.when()) is not None and end > soon:
                self._makes_way = True
                self._under_way.reschedule(soon)

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> Any:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        client = self._new_client()
        client.set_max_no_responses(1_000_000)
        try:
            async with asyncio.timeout(CONNECT_S):
                made = await client.connect()
        except (OSError, TimeoutError, ValueError, termios.error, ModbusException) as error:
            client.close()
            raise ModbusError(Failure.NO_CONNECTION) from error
        if not made:
            client.close()
            raise ModbusError(Failure.NO_CONNECTION)
        self._client = client
        return client

    def _new_client(self) -> Any:
        line, patience_s = self._line, max(CONNECT_S, self._timeout_s + 1)  # ours ends first
        client: Any
        if line.kind == "rtu":
            client = AsyncModbusSerialClient(
                line.address,
                baudrate=line.baud,
                parity=_PARITY[line.parity],
                stopbits=line.stop_bits,
                timeout=patience_s,
                retries=0,
                reconnect_delay=0,
            )
        else:
            host, _, port = line.address.rpartition(":")
            framer = FramerType.SOCKET if line.kind == "tcp" else FramerType.RTU
            client = AsyncModbusTcpClient(
                host.strip("[]"), port=int(port), framer=framer, timeout=patience_s, retries=0, reconnect_delay=0
            )
        make = _SocketFramer if line.kind == "tcp" else _SerialFramer
        client.ctx.framer = make(client.ctx.framer.decoder)
        return client

    async def _answer(self, request: Awaitable[Any]) -> Any:
        self._makes_way = False
        try:
            async with asyncio.timeout(self._timeout_s) as self._under_way:
                answer = await request
        except TimeoutError as error:
            if self._makes_way:
                raise ModbusError(Failure.MADE_WAY) from error
            if self._line.kind != "tcp":
                await asyncio.sleep(QUIET_S)
            raise ModbusError(Failure.NO_ANSWER) from error
        except (ModbusException, OSError) as error:
            connected = self._client is not None and self._client.connected
            raise ModbusError(Failure.NO_ANSWER if connected else Failure.NO_CONNECTION) from error
        finally:
            self._under_way = None
        if (task := asyncio.current_task()) is not None and task.cancelling():
            # The library waits by asyncio.wait_for, which before Python 3.12 loses a cancellation to an answer that
            # comes at the same moment (python/cpython#86296).
            raise asyncio.CancelledError
        if answer.isError():
            raise ModbusError(_EXCEPTIONS.get(getattr(answer, "exception_code", 0), Failure.OTHER))
        return answer
