"""A sink that remembers."""

from dataclasses import dataclass, field

from backbone.frames import FrameEvent


@dataclass
class Remembered:
    """What the pipeline gave."""

    readings: list[tuple[str, int, float, int, bool]] = field(default_factory=list)
    events: list[tuple[FrameEvent, bool]] = field(default_factory=list)
    ends: int = 0

    def add(self, point: str, t: int, x: float, q: int, urgent: bool) -> None:
        self.readings.append((point, t, x, q, urgent))

    def add_event(self, event: FrameEvent, urgent: bool) -> None:
        self.events.append((event, urgent))

    def end(self, _now: int) -> None:
        self.ends += 1
