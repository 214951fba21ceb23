"""Modbus programs that are not ours: a device on libmodbus, `mbpoll`, and serial lines made by `socat`."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers import ROOT, Process, free_port, listening

SOURCE = ROOT / "tests" / "data" / "modbus" / "server.c"


def built(folder: Path) -> Path:
    """The device, compiled into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "libmodbus-device"
    if not program.exists():
        command = ["gcc", "-Wall", "-Werror", "-I/usr/include/modbus", "-o", str(program), str(SOURCE), "-lmodbus"]
        subprocess.run(command, check=True, timeout=60)
    return program


@contextlib.contextmanager
def tcp_device(folder: Path) -> Iterator[tuple[int, Process]]:
    """Listening on a free port; it answers for every unit, with one memory."""
    port = free_port()
    process = Process("libmodbus-tcp", [str(built(folder)), "tcp", str(port)], folder)
    process.start(lambda: listening(port))
    try:
        yield port, process
    finally:
        process.stop()


def mbpoll(port: int, unit: int, coil: int, count: int = 1) -> list[str]:
    """Coils as an outside program sees them; numbered from 0."""
    where = ["-m", "tcp", "-p", str(port), "-a", str(unit), "-t", "0", "-r", str(coil + 1), "-c", str(count)]
    answer = subprocess.run(
        ["mbpoll", *where, "-1", "-q", "127.0.0.1"], capture_output=True, text=True, check=True, timeout=10
    )
    return [line.split()[1] for line in answer.stdout.splitlines() if line.startswith("[")]


def set_coils(port: int, unit: int, coil: int, values: list[int]) -> None:
    """What another master does; numbered from 0."""
    where = ["-m", "tcp", "-p", str(port), "-a", str(unit), "-t", "0", "-r", str(coil + 1)]
    command = ["mbpoll", *where, "-q", "127.0.0.1", *map(str, values)]
    subprocess.run(command, capture_output=True, check=True, timeout=10)


class SerialLine:
    """Two ends of a serial line, made by `socat`; `port` for the gateway, `far` for the device."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.far = folder / "tty-gateway", folder / "tty-device"
        self._wire = Process(
            "socat", ["socat", *(f"pty,raw,echo=0,link={end}" for end in (self.port, self.far))], folder
        )
        self._device = Process("libmodbus-rtu", [str(built(folder)), "rtu", str(self.far), "1"], folder)

    def plug(self) -> None:
        """Both ends are there, and unit 1 answers."""
        self._wire.start(lambda: self.port.exists() and self.far.exists())
        self._device.log.unlink(missing_ok=True)
        self._device.start(lambda: "ready" in self._device.output())

    def unplug(self) -> None:
        """The adapter is pulled out: its port is gone."""
        self._device.stop()
        self._wire.stop()

    @contextlib.contextmanager
    def converter(self) -> Iterator[int]:
        """A converter in place of the gateway's end: the port it listens on passes bytes to the line.

        It serves one connection after the other, as the boxes do: two at a time would take each other's answers.
        """
        port = free_port()
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,max-children=1"
        process = Process("socat-tcp", ["socat", "-t", "0.01", listen, f"FILE:{self.port},raw,echo=0"], self.folder)
        process.start(lambda: listening(port))
        try:
            yield port
        finally:
            process.stop()
