"""What switches an output, whatever it speaks."""

from typing import Protocol


class SwitchError(Exception):
    """An output that was not set or not read; the message is the reason."""


class Switch(Protocol):
    """Sets outputs and reads them back."""

    async def write(self, device: str, point: str, value: int) -> float:
        """Set, and what it is afterwards. Raises SwitchError."""
        ...

    async def read_back(self, device: str, point: str) -> float:
        """What it is. Raises SwitchError."""
        ...
