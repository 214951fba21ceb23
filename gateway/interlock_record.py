"""What interlocks must not forget: a small file of its own, replaced as a whole, independent of the spool."""

from pathlib import Path

import msgspec

from backbone import small_file
from gateway.interlocks import Latch

FILE = "interlocks.json"


class Record(msgspec.Struct, frozen=True):
    """Tripped rows by id, and the points that stood at 1 or still voted."""

    v: int
    latched: dict[str, Latch]
    voices: tuple[str, ...]


class RecordError(Exception):
    """The file cannot be read, so what was tripped is unknown."""


_decoder = msgspec.json.Decoder(Record)


def read(folder: Path) -> Record:
    """The record in `folder`; an empty one before the first.

    Raises:
        RecordError: it is there and cannot be read.
    """
    path = folder / FILE
    try:
        record = _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return Record(1, {}, ())
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    if record.v != 1:
        raise RecordError(f"{path} was written by another version ({record.v})")
    return record


def write(folder: Path, record: Record) -> None:
    """Replace the record; it is on the disk afterwards. Blocks: for a thread.

    Raises:
        OSError: the disk refuses; the old record stands.
    """
    small_file.replace(folder / FILE, msgspec.json.encode(record))
