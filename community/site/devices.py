"""The rows of a site file that say what a gateway reads, and what it does by itself."""

from enum import StrEnum
from typing import Literal, NamedTuple, get_args

from pydantic import ConfigDict, Field

from community.site.fields import Duration, Id, OneOrMore, Row
from community.text import Text


class MqttSource(Row):
    """The topic a device speaks on; `+` stands for one level."""

    topic: str


class Line(NamedTuple):
    """What several Modbus units share: one connection, on which they are asked in turn."""

    kind: Literal["tcp", "rtu", "rtu_tcp"]
    address: str
    """`host:port`, or a serial port."""
    baud: int
    parity: str
    stop_bits: int


class ModbusSource(Row):
    """The unit behind a Modbus TCP address, a serial port, or a converter that passes RTU frames over TCP."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in ("tcp", "rtu", "rtu_tcp")]})

    tcp: str | None = Field(default=None, description="host:port")
    rtu: str | None = Field(default=None, description="a serial port such as /dev/ttyUSB0")
    rtu_tcp: str | None = Field(default=None, description="host:port of a converter to a serial line")
    unit: int = Field(default=1, ge=0, le=255)
    baud: int = Field(default=9600, ge=300, le=4_000_000, description="of the serial port")
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1

    @property
    def line(self) -> Line:
        """The connection it shares with others; a serial port's settings count for serial ports only."""
        if self.rtu is not None:
            return Line("rtu", self.rtu, self.baud, self.parity, self.stop_bits)
        if self.rtu_tcp is not None:
            return Line("rtu_tcp", self.rtu_tcp, 0, "", 0)
        return Line("tcp", self.tcp or "", 0, "", 0)


OutputKind = Literal["egress-lock", "siren", "pump", "fan", "barrier", "lift", "light", "valve", "other"]


OUTPUT_KINDS: tuple[str, ...] = get_args(OutputKind)


class Output(Row):
    """An actuator's kind and its safe state; an egress lock's safe state is unlocked."""

    kind: OutputKind
    safe: Literal[0, 1]
    name: Text | None = None


class Bin(Row):
    """A bin's inside, by which a distance becomes a fill level (%)."""

    depth_mm: float = Field(gt=0)
    dead_zone_mm: float = Field(default=0, ge=0)


class DeviceMode(StrEnum):
    """Whether what a device says is meant."""

    NORMAL = "normal"
    TEST = "test"
    DISABLED = "disabled"


class Device(Row):
    """One device in a zone, of a profile, behind a gateway."""

    id: Id
    profile: Id
    zone: Id
    name: Text | None = None
    mqtt: MqttSource | None = None
    modbus: ModbusSource | None = None
    every: Duration | None = None
    mode: DeviceMode = Field(
        default=DeviceMode.NORMAL, description="test: its values raise nothing; disabled: they count for nothing"
    )
    outputs: dict[Id, Output] = Field(default_factory=dict, description="by measure: what may be commanded")
    names: dict[Id, Text] = Field(
        default_factory=dict, description="a name by measure, where the profile's will not do"
    )
    zones: dict[Id, Id] = Field(
        default_factory=dict, description="a zone by measure, for a panel whose points are elsewhere"
    )
    bin: Bin | None = None
    leads_to: Id | None = Field(
        default=None, description="of a card reader: the zone one is in after it, or `outside`; unset: its own zone"
    )
    tags: tuple[str, ...] = ()


class LocalMqtt(Row):
    """The broker sensors speak to; unset: the platform's own."""

    url: str


class InterlockCause(Row):
    """`at_least` different devices of a zone (and all in it) are 1 within a window.

    Two by default: linkage takes two independent detectors, or a detector and a call point (GB 50116-2013, 4.1.6).
    """

    of: OneOrMore[Id] = Field(description="the measures that count, such as smoke or [smoke, heat, call-point]")
    zone: Id
    at_least: int = Field(default=2, ge=1)
    within: Duration = 60


class InterlockEffect(Row):
    """Outputs and the state they are set to; `safe` is each output's own."""

    set: OneOrMore[str] = Field(description="`device.measure` of outputs of the same gateway")
    to: Literal["safe", 0, 1] = "safe"


class Interlock(Row):
    """A row of the cause-and-effect table that the gateway carries out by itself, with no server and no network."""

    id: Id
    name: Text | None = None
    when: OneOrMore[InterlockCause] = Field(description="any one of these trips it")
    then: OneOrMore[InterlockEffect]
    latch: bool = Field(default=True, description="always: it stays tripped until a person resets it")


class Gateway(Row):
    """An edge box and the devices it reads."""

    id: Id
    name: Text | None = None
    mqtt: LocalMqtt | None = None
    devices: tuple[Device, ...]
    interlocks: tuple[Interlock, ...] = ()
