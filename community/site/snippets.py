"""One rule's own lines in a site file: taken out for somebody to edit, and put back; all else stays as it was."""

from dataclasses import dataclass

from community.site.yaml_text import Document, parse


class SnippetError(ValueError):
    """The rule's lines cannot be told apart; the message says what to do."""


def rule_text(text: str, rule: str) -> str | None:
    """The lines of a rule, as if it stood alone; None where the file has none, or not in lines of its own."""
    found = _lines_of(text, rule)
    if found is None:
        return None
    first, last, indent = found
    lines = text.splitlines()[first:last]
    return "\n".join([lines[0][indent:], *(line[indent:] if not line[:indent].strip() else line for line in lines[1:])])


@dataclass(frozen=True, slots=True)
class Changed:
    """A text with other lines for a rule, and where these stand in it (lines from 0, and how far in)."""

    text: str
    first: int
    lines: int
    indent: int

    def place(self, line: int, column: int) -> tuple[int, int] | None:
        """A place of the text (from 1) as one of the rule's own lines; None: it is elsewhere."""
        own = line - self.first
        return (own, max(column - self.indent, 1)) if 1 <= own <= self.lines else None


def with_rule(text: str, rule: str, snippet: str) -> Changed:
    """The text with other lines for a rule; a rule the file does not have is added behind the last.

    Raises:
        SnippetError: the file's rules do not stand in lines of their own.
    """
    lines = text.splitlines()
    found = _lines_of(text, rule)
    if found is None:
        last_rule = _last(parse(text))
        found = None if last_rule is None else _lines_of(text, last_rule)
        if found is None or rule_is_there(text, rule):
            raise SnippetError("the rules of this file do not stand in lines of their own; change the whole file")
        _, end, indent = found
        before, after, dash = lines[:end], lines[end:], lines[found[0]][:indent]
    else:
        first, end, indent = found
        before, after, dash = lines[:first], lines[end:], lines[first][:indent]
    rows = [line.rstrip() for line in snippet.strip("\n").splitlines()]
    own = [dash + rows[0], *(f"{' ' * indent}{row}" if row else "" for row in rows[1:])]
    return Changed("\n".join([*before, *own, *after]) + "\n", len(before), len(own), indent)


def rule_is_there(text: str, rule: str) -> bool:
    """Whether the file has a rule of this id."""
    return rule in _ids(parse(text))


def _ids(document: Document) -> list[str]:
    rules = document.data.get("rules") if isinstance(document.data, dict) else None
    return [str(row.get("id")) if isinstance(row, dict) else "" for row in rules] if isinstance(rules, list) else []


def _last(document: Document) -> str | None:
    ids = _ids(document)
    return ids[-1] if ids else None


def _lines_of(text: str, rule: str) -> tuple[int, int, int] | None:
    """First line, the line behind the last, and how far in the row begins (behind its dash); from 0."""
    document = parse(text)
    ids = _ids(document)
    if rule not in ids:
        return None
    lines, number = text.splitlines(), ids.index(rule)
    place = document.places["rules", number]
    first, indent = place.line - 1, place.column - 1
    if lines[first][:indent].strip() != "-":
        return None  # several in one line
    following = document.places.get(("rules", number + 1))
    after = [key.line for path, key in document.keys.items() if len(path) == 1 and key.line > place.line]
    last = following.line - 1 if following is not None else min(after, default=len(lines) + 1) - 1
    while last > first + 1 and (not lines[last - 1].strip() or _is_comment(lines[last - 1], indent)):
        last -= 1
    return first, last, indent


def _is_comment(line: str, indent: int) -> bool:
    """A comment that stands further out than the row belongs to what follows."""
    bare = line.lstrip()
    return bare.startswith("#") and len(line) - len(bare) < indent
