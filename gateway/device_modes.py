"""Devices a person put in test or out of service by a command; until one puts them back, the site file's word waits."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from backbone import small_file
from community.site.devices import DeviceMode
from gateway.device_reader import DeviceReader
from gateway.readings import Pipeline

FILE = "modes.json"
_decoder = msgspec.json.Decoder(dict[str, DeviceMode])

log = structlog.get_logger()


class DeviceModes:
    """The modes of one gateway's devices, durable in a small file."""

    def __init__(
        self,
        folder: Path,
        readers: Mapping[str, DeviceReader],
        modes: Mapping[str, DeviceMode],
        pipeline: Pipeline,
        now: Callable[[], int],
    ) -> None:
        """`modes`: of the site file, by device."""
        self._path = folder / FILE
        self._readers = readers
        self._of_site = modes
        self._pipeline = pipeline
        self._now = now
        self._commanded: dict[str, DeviceMode] = {}

    def load(self) -> None:
        """Take up what was commanded before; without a readable record the site file's modes hold."""
        try:
            self._commanded = _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            log.error("the record of device modes cannot be read; the site file's hold", error=str(error))  # noqa: TRY400
            return
        self.apply()

    def apply(self) -> None:
        """Put the devices in the modes that were commanded: at start, and for readers that are new."""
        for device, mode in self._commanded.items():
            if device in self._readers:
                self._pipeline.set_mode(self._readers[device], mode, self._now())

    def command(self, device: str, mode: DeviceMode) -> str | None:
        """Put a device in a mode, `normal` meaning what the site file says; why not, when it cannot be."""
        if device not in self._readers:
            return f"no device {device} at this gateway"
        if mode is DeviceMode.NORMAL:
            self._commanded.pop(device, None)
        else:
            self._commanded[device] = mode
        self._pipeline.set_mode(self._readers[device], self._commanded.get(device, self._of_site[device]), self._now())
        with contextlib.suppress(OSError):  # it holds until a restart, which a full disk does not make worse
            small_file.replace(self._path, msgspec.json.encode(self._commanded))
        return None

    def commanded(self, device: str) -> DeviceMode:
        """What a person put it in; `normal` when the site file's word holds."""
        return self._commanded.get(device, DeviceMode.NORMAL)
