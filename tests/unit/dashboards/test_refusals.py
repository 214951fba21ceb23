"""Whatever the domain or the API refuses a person has its sentence in Chinese on the page."""

import ast
import json
from collections.abc import Iterator

from tests.servers import ROOT

ROWS = json.loads((ROOT / "dashboards/web/src/i18n/zh/refusals.json").read_text(encoding="utf-8"))
REFUSALS = {"TransitionRefused", "conflict"}


def test_every_refusal_has_its_row() -> None:
    said = {template for folder in ("community", "api") for template in _refusals(folder)}
    assert len(said) > 80
    assert sorted(said - set(ROWS)) == [], "add them to dashboards/web/src/i18n/zh/refusals.json"


def _refusals(folder: str) -> Iterator[str]:
    """The sentences of all refusals written where they are raised, `{}` for what is filled in."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in REFUSALS
                and node.args
            ):
                yield from _template(node.args[0])


def _template(said: ast.expr) -> Iterator[str]:
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield said.value
    elif isinstance(said, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in said.values)
