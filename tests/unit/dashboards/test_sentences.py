"""What people are told is English where it arises; the page's table has each such sentence in Chinese, and no other."""

import ast
import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from community.activations import ActivationEvent
from community.tickets import TicketEvent
from gateway.drivers.modbus_client import Failure
from tests.servers import ROOT

ROWS: dict[str, str] = json.loads((ROOT / "api/sentences.json").read_text(encoding="utf-8"))
GAP = "{}"

ARGUMENTS = {
    "community": {"TransitionRefused": 0, "_need": 1, "noted": 4, "_failed": 2, "SnippetError": 0},
    "api": {"Jobs": 9, "conflict": 0, "Problem": 1, "PasswordRefused": 0, "refuse": 0, "ExchangeError": 0},
    "api/rules/trials.py": {"_failed": 1, "replace": 9},
    "backbone/historian/bringing_in.py": {"BadLine": 1, "ExchangeError": 0},
    "backbone/historian/exchange_read.py": {"BadLine": 1, "_NoReadingError": 0, "ExchangeError": 0},
    "rules": {"come_into_force": 2, "Reply": 0, "nobody_told": 2, "end": 1},
    "gateway": {
        "DecodeError": 0,
        "message": 2,
        "ValueRefusedError": 0,
        "SwitchError": 0,
        "SiteRefused": 0,
        "RecordError": 0,
        "Verdict": 1,
        "Reply": 0,
        "_reply": 2,
        "_fail": 1,
        "count": 1,
        "failed": 0,
    },
}
"""By folder, what is called with a sentence and its place among the arguments; or it is named `reason` or `problem`."""
SHOWN = {400, 409, 410, 413, 415, 422, 429}
"""The statuses whose words the page shows (src/api/useRequest.ts)."""
RETURNED = {
    "gateway/interlock_guard.py": {"reset"},
    "gateway/interlock_outputs.py": {"_write"},
    "gateway/device_modes.py": {"command"},
    "gateway/clock.py": {"problem"},
    "gateway/namesake.py": {"problem"},
    "gateway/supervision.py": {"problems", "_run_once"},
    "gateway/status.py": {"_problems"},
    "gateway/parts.py": {"_troubles"},
    "gateway/finder.py": {"deaf"},
    "gateway/refusals.py": {"count"},
    "gateway/decoders/sparkplug_b.py": {"_born", "_known"},
    "gateway/decoders/chirpstack.py": {"decode_log"},
    "backbone/bus.py": {"deaf"},
    "backbone/room.py": {"lacking"},
    "backbone/historian/exchange_read.py": {"_parquet"},
    "community/evaluation.py": {"parse"},
}
"""Functions whose strings are sentences, wherever they stand in them; words for the log aside."""


def test_every_sentence_has_its_row_and_every_row_is_still_said() -> None:
    said = {_alone(sentence) for file in _files() for sentence in file.sentences()}
    said = {sentence for sentence in said if re.search("[a-z]{2}", sentence)} | {failure.value for failure in Failure}
    assert len(said) > 250
    assert sorted(said - set(ROWS)) == [], "add them to api/sentences.json"
    assert sorted(set(ROWS) - said) == [], "nobody says these any more"


def test_every_line_of_a_timeline_has_its_title() -> None:
    kinds = {"noted": (3, "plans", ActivationEvent), "add_note": (2, "tickets", TicketEvent)}
    for called, (place, words, events) in kinds.items():
        titles = (ROOT / f"dashboards/web/src/i18n/zh/{words}.ts").read_text(encoding="utf-8")
        codes = {code for folder in ("community", "rules", "api") for code in _codes(folder, called, place)}
        codes |= {event.value for event in events}
        patterns = {code.replace(GAP, "[a-z-]+") for code in codes}
        assert sorted(code for code in patterns if not re.search(rf"'?\b{code}'?: '", titles)) == []


def _codes(folder: str, called: str, place: int) -> Iterator[str]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield from File(path, {called: place}).sentences()


def _alone(sentence: str) -> str:
    """Without whose it is, which stands in front on the page as well; a host and its port are one gap."""
    return re.sub("^({}: )+", "", sentence.replace("{}:{}", GAP)).rstrip()


def _files() -> Iterator["File"]:
    for folder, arguments in ARGUMENTS.items():
        for path in sorted((ROOT / folder).rglob("*.py")) or [ROOT / folder]:
            yield File(path, arguments, RETURNED.get(path.relative_to(ROOT).as_posix(), set()))
    for name, returned in RETURNED.items():
        if not name.startswith(tuple(ARGUMENTS)):
            yield File(ROOT / name, {}, returned)


class File:
    """The sentences of one file, `{}` for what is filled in."""

    def __init__(self, path: Path, arguments: dict[str, int], returned: Collection[str] = ()) -> None:
        self._arguments = arguments
        self._returned = returned
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self._nodes = list(ast.walk(tree))
        self._functions = {
            node.name: node for node in self._nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self._assigned = _assignments(tree.body)

    def sentences(self) -> Iterator[str]:
        within = {call: f for f in self._functions.values() for call in ast.walk(f)}
        for node in self._nodes:
            function = within.get(node)
            if isinstance(node, ast.Call):
                for place in self._places(node):
                    yield from self._templates(place, function)
            elif isinstance(node, ast.Assign) and _is_problem(node.targets[0]):
                yield from self._templates(node.value, function)
        for name in self._returned:
            yield from (
                text for part in _words(self._functions[name]) for text in self._templates(part, self._functions[name])
            )

    def _places(self, call: ast.Call) -> Iterator[ast.expr]:
        called = _name(call.func)
        place = self._arguments.get(called)
        if place is None or (called == "count" and len(call.args) != 3):
            return
        if called == "Problem" and not (isinstance(call.args[0], ast.Constant) and call.args[0].value in SHOWN):
            return
        yield from call.args[place : place + 1]
        yield from (keyword.value for keyword in call.keywords if keyword.arg in {"reason", "problem"})

    def _templates(self, said: ast.expr, function: ast.AST | None) -> set[str]:
        """All an expression may say; nothing of what is worked out elsewhere."""
        match said:
            case ast.Constant(value=str(text)):
                return {text} if text else set()
            case ast.JoinedStr(values=parts):
                return self._joined(parts, function)
            case ast.IfExp(body=one, orelse=other):
                return self._templates(one, function) | self._templates(other, function)
            case ast.BoolOp(values=values):
                return {text for value in values for text in self._templates(value, function)}
            case ast.Dict(values=values):
                return {text for value in values for text in self._templates(value, function)}
            case ast.Subscript(value=ast.Name() as table):
                return self._templates(table, None)
            case ast.NamedExpr(value=value):
                return self._templates(value, function)
            case ast.Call(func=called) if _name(called) in self._functions:
                asked = self._functions[_name(called)]
                returned = (node.value for node in ast.walk(asked) if isinstance(node, ast.Return) and node.value)
                return {text for value in returned for text in self._templates(value, asked)}
            case ast.Name(id=name):
                known = _assignments(ast.walk(function)) if function is not None else {}
                values = known.get(name) or self._assigned.get(name, [])
                return {
                    text for value in values for text in self._templates(value, function if name in known else None)
                }
        return set()

    def _joined(self, parts: list[ast.expr], function: ast.AST | None) -> set[str]:
        texts = {""}
        for part in parts:
            here = {str(part.value)} if isinstance(part, ast.Constant) else self._gap(part, function)
            texts = {text + more for text in texts for more in here}
        return texts

    def _gap(self, part: ast.expr, function: ast.AST | None) -> set[str]:
        """What stands in a gap where that is one of some words; else the gap."""
        value = part.value if isinstance(part, ast.FormattedValue) else part
        choice = value
        if isinstance(value, ast.Name) and function is not None:
            known = _assignments(ast.walk(function)).get(value.id, [])
            choice = known[0] if len(known) == 1 else value
        if not isinstance(choice, ast.IfExp):
            return {GAP}
        empty = any(isinstance(node, ast.Constant) and node.value == "" for node in (choice.body, choice.orelse))
        return self._templates(choice, function) | ({""} if empty else set())


def _assignments(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.NamedExpr(target=ast.Name(id=name), value=value)
            ):
                found.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for one, value in zip(names, values, strict=False):
                    if isinstance(one, ast.Name):
                        found.setdefault(one.id, []).append(value)
    return found


def _is_problem(target: ast.expr) -> bool:
    """`values["problem"] = …`, `self.problem = …`, `self.error = …`."""
    match target:
        case ast.Subscript(slice=ast.Constant(value="problem")):
            return True
        case ast.Attribute(attr="problem" | "error"):
            return True
    return False


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _words(node: ast.AST) -> Iterator[ast.expr]:
    """The strings of a function that are more than a word; its docstring, what it logs and names left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and " " in str(child.value)):
            yield child
        elif not _is_aside(child):
            yield from _words(child)


def _is_aside(node: ast.AST) -> bool:
    match node:
        case (
            ast.Expr(value=ast.Constant())
            | ast.keyword(arg="name")
            | ast.Call(func=ast.Attribute(value=ast.Name(id="log")))
        ):
            return True
        case ast.Assign(value=ast.IfExp()):  # a choice of words within a sentence
            return True
    return False
