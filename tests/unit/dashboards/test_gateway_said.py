"""What a gateway says to people is English; the page has all of it in Chinese."""

import ast
import json
import re
from collections.abc import Iterator

from gateway.drivers.modbus_client import Failure
from tests.servers import ROOT

TABLE = json.loads((ROOT / "dashboards/web/src/i18n/gatewaySaid.json").read_text(encoding="utf-8"))
PATTERNS = [re.compile(".+".join(map(re.escape, row["en"].split("{}")))) for row in TABLE]
GAP = "7"
REFUSALS = {"DecodeError", "ValueRefusedError"}


def refusals() -> Iterator[str]:
    """Every reason that is written out where it arises, its gaps filled in."""
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = 0 if called in REFUSALS else 1 if called == "count" and len(node.args) == 3 else None
            if place is not None and node.args:
                said = node.args[place]
                if text := text_of(constants.get(said.id, said) if isinstance(said, ast.Name) else said):
                    yield text


def text_of(node: ast.expr) -> str | None:
    """A literal, or one with gaps; None for what is worked out."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
    return None


def test_every_reason_is_in_the_table() -> None:
    said = {*refusals(), *(failure.value for failure in Failure)}
    assert len(said) > 40
    # gateway/measures.py fills in what came and what should have come
    said.remove(f"{GAP} where {GAP} is expected")
    came, expected = ("a text", "a list", "an object"), ("a number", "true or false")
    said |= {f"{one} where {other} is expected" for one in came for other in expected}
    said.discard(f"{GAP}: {GAP}")
    unknown = [text for text in said if not any(known.fullmatch(text.removeprefix(f"{GAP}: ")) for known in PATTERNS)]
    assert not unknown, "say them in dashboards/web/src/i18n/gatewaySaid.json too"
