"""Device profiles: what one product measures and how its bytes say it. One YAML file a product."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from community.site.fields import Duration, Id, Row
from community.text import Text


class Family(StrEnum):
    """The sensor families of the guide, and the platform's own equipment."""

    ACCESS = "access"
    ENVIRONMENT = "environment"
    FIRE = "fire"
    WASTE = "waste"
    SYSTEM = "system"


class Lane(StrEnum):
    """Urgent frames go at once and first; bulk frames are batched."""

    URGENT = "urgent"
    BULK = "bulk"


class ValueKind(StrEnum):
    """What a point's value is. Booleans are 0/1; a credential point carries events and no value."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    EVENT = "event"


DECODERS = (
    "modbus",
    "chirpstack",
    "esp_rfid",
    "json",
    "shelly",
    "sparkplug_b",
    "tasmota",
    "things_stack",
    "zigbee2mqtt",
)
"""What a profile may name as `decoder`: Modbus, and the formats of gateway.decoders."""
CODECS = (
    "dragino-ldds75",
    "dragino-lds02",
    "dragino-lht65",
    "milesight-am103",
    "milesight-em300-mcs",
    "milesight-em300-th",
    "milesight-em300-zld",
    "milesight-em310-udl",
    "milesight-em400-mud",
    "milesight-em500-co2",
    "milesight-ws301",
)
"""What it may name as `codec`; the payloads gateway.codecs reads."""
CODEC_DECODERS = ("chirpstack", "things_stack")
COIL_FUNCTIONS = (1, 2)
"""Modbus functions that read single bits."""
WRITABLE_FUNCTIONS = (1, 3)
"""Modbus functions that read what can be written too."""


class Register(Row):
    """Where a measure stands in a Modbus device (addresses 0-based; see the device's own manual)."""

    function: int = Field(ge=1, le=4, description="1 coils, 2 discrete inputs, 3 holding, 4 input registers")
    address: int = Field(ge=0, le=65535)
    type: str = Field(
        default="uint16",
        pattern="^(bool|bit|u?int(16|32|64)|float(32|64)|bcd(16|32)|ascii)$",
        description="bit takes `bit`, ascii (digits as text) takes `length`; others take `word_order` and `byte_order`",
    )
    bit: int | None = Field(default=None, ge=0, le=15, description="the lowest bit of the field")
    bits: int = Field(default=1, ge=1, le=16, description="how many bits the field has")
    length: int | None = Field(default=None, ge=1, le=32, description="registers of an ascii text")
    equals: int | None = Field(default=None, description="the value is 1 while the register or field says this, else 0")
    word_order: str = Field(default="big", pattern="^(big|little)$")
    byte_order: str = Field(default="big", pattern="^(big|little)$", description="within a register")
    scale: float = 1.0
    offset: float = 0.0
    invalid: tuple[int, ...] = Field(default=(), description="raw values that mean: no value")


PLACES = {"tasmota": ("topic", "cmnd")}
"""What may stand in braces in the commands of a decoder's devices; of others `{topic}` only."""


class MqttSaying(Row):
    """A message to a device.

    `{topic}` stands for the device's topic in the site file; `{cmnd}`, of Tasmota, for that with cmnd in place of tele.
    """

    topic: str = Field(description="as in {topic}/get or {cmnd}/POWER", pattern=r"^[^+#]+$")
    payload: str


class MqttCommand(Row):
    """How a device that speaks MQTT is told what to do, and asked what it is; its state message is the read-back."""

    topic: str = Field(description="where it listens, as in {topic}/set or {cmnd}/POWER", pattern=r"^[^+#]+$")
    say: dict[Literal["0", "1"], str] = Field(description="the payloads for 0 and 1, keys '0' and '1'", min_length=2)
    ask: MqttSaying = Field(description="makes it say its state, which is the read-back")


class Measure(Row):
    """One point a device of this profile has."""

    name: Text
    unit: str = ""
    family: Family | None = None
    kind: ValueKind = ValueKind.NUMBER
    lane: Lane = Lane.BULK
    low: float | None = Field(default=None, description="below is implausible: quality out-of-range")
    high: float | None = Field(default=None, description="above is implausible: quality out-of-range")
    every: Duration | None = Field(default=None, description="expected interval; the profile's if unset")
    stuck_after: Duration | None = Field(
        default=None, description="exactly the same for so long is implausible: quality uncertain"
    )
    path: str | None = Field(default=None, description="where the value stands in a decoder's message")
    invert: bool = Field(default=False, description="the device says false for what the platform calls 1")
    modbus: Register | None = None
    words: dict[str, Literal[0, 1]] = Field(
        default_factory=dict, description="what the device says for 0 and 1, where it says words such as ON and OFF"
    )
    command: MqttCommand | None = Field(default=None, description="of a writable measure of a device that speaks MQTT")
    writable: bool = False
    tags: tuple[str, ...] = Field(default=(), description="what rules may select it by, beside the device's tags")
    states: dict[str, Text] = Field(default_factory=dict, description="words for 0 and 1, keys '0' and '1'")


NUMBER = "{n}"
"""Stands for the number in the ids and names of what is repeated."""


class Repeat(Row):
    """Measures a product has many times over, such as the detectors of a loop: `{n}` runs from `first` to `last`."""

    first: int = Field(default=1, ge=0)
    last: int = Field(ge=0, le=2000)
    step: int = Field(default=1, ge=1, le=1000, description="addresses from one to the next")
    measures: dict[str, Measure] = Field(min_length=1, description="of the first; ids and names have {n} in them")


class Profile(Row):
    """One product: decoder (MQTT) or register map (Modbus), and its points."""

    id: Id
    product: str
    maker: str
    source: str = Field(description="the document the figures come from")
    family: Family
    decoder: str = Field(description="a module of gateway.decoders, or `modbus`")
    codec: str | None = Field(default=None, description="the payload codec of a LoRaWAN device")
    every: Duration = Field(description="expected interval between reports")
    models: tuple[str, ...] = Field(
        default=(), description="what the product calls itself when it is announced, such as EM310-UDL"
    )
    fits: tuple[str, ...] = Field(
        default=(), description="paths by which it is proposed for a device that no profile is made for"
    )
    measures: dict[Id, Measure] = Field(default_factory=dict)
    repeat: tuple[Repeat, ...] = ()
