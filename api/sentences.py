"""What the platform says to people in English, in either language. The page reads the same table, in the same way
(`dashboards/web/src/i18n/sentences.ts`).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

NameOf = Callable[[str], str]
_GAP = "{}"
_NUMBERED = re.compile(r"\{(\d)\}")
_WHOSE = re.compile(r"([\w.:/-]+): (.+)", re.ASCII | re.DOTALL)
"""As in `co2: not a finite number`: whose value it is."""


def sentence(said: str, language: str, name_of: NameOf) -> str:
    """A sentence in a language (zh, en). What fills its gaps may be sentences, or ids, which `name_of` names; what
    nobody translated stays as it is.
    """
    chinese = language != "en"
    colon, semicolon, comma = ("：", "；", "、") if chinese else (": ", "; ", ", ")

    def in_words(text: str) -> str:
        for pattern, en, zh in _table():
            if found := pattern.fullmatch(text):
                filled = dict(enumerate(map(in_words, found.groups()), 1))
                return _fill(zh if chinese else en, filled)
        if whose := _WHOSE.fullmatch(text):
            return joined(whose.groups(), ": ", colon, in_words)
        if "; " in text:
            return joined(text.split("; "), "; ", semicolon, in_words)
        return joined(text.split(", "), ", ", comma, name_of)

    def joined(parts: Sequence[str], by: str, now: str, how: NameOf) -> str:
        """Parts that say something each; a text none of whose parts is known was somebody's own words."""
        known = [how(part) for part in parts]
        return by.join(parts) if known == list(parts) else now.join(known)

    return in_words(said)


@cache
def _table() -> list[tuple[re.Pattern[str], str, str]]:
    """Pattern, English and Chinese with numbered gaps. Gaps take whatever stands there, so the sentence that says most
    itself comes first.
    """
    rows: dict[str, str] = json.loads((files("api") / "sentences.json").read_text(encoding="utf-8"))
    said = sorted(rows.items(), key=lambda row: -len(row[0].replace(_GAP, "")))
    return [(re.compile("(.+?)".join(map(re.escape, en.split(_GAP))), re.DOTALL), _number(en), zh) for en, zh in said]


def _fill(template: str, filled: Mapping[int, str]) -> str:
    return _NUMBERED.sub(lambda gap: filled[int(gap[1])], template)


def _number(template: str) -> str:
    first, *others = template.split(_GAP)
    return first + "".join(f"{{{n}}}{part}" for n, part in enumerate(others, 1))
