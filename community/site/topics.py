"""Topics with `+` for a level that may be any: which of many one overlaps, found level by level."""

from typing import Any, Generic, TypeVar

T = TypeVar("T")
_END = None
"""Stands for the end of a topic in a tree of levels; no level is None."""


class Topics(Generic[T]):
    """Topics and what each belongs to. `+` stands for one level."""

    def __init__(self) -> None:
        self._tree: dict[str | None, Any] = {}
        self._number = 0

    def add(self, topic: str, belongs_to: T) -> None:
        """One more; of the same topic the first counts."""
        node = self._tree
        for level in topic.split("/"):
            node = node.setdefault(level, {})
        node.setdefault(_END, (self._number, topic, belongs_to))
        self._number += 1

    def overlapping(self, topic: str) -> tuple[str, T] | None:
        """The first that was added of those a message on `topic` could also be on, and what it belongs to."""
        nodes = [self._tree]
        for level in topic.split("/"):
            if level == "+":
                nodes = [inner for node in nodes for name, inner in node.items() if name is not _END]
            else:
                nodes = [node[name] for node in nodes for name in (level, "+") if name in node]
        found = [node[_END] for node in nodes if _END in node]
        return min(found)[1:] if found else None
