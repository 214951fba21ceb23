"""What a line of a response's record says, in one language: steps, devices, places, people and outcomes have names."""

import re
from collections.abc import Callable, Iterable, Mapping

from api.activations.report_words import WORDS, word
from api.sentences import sentence
from community.activations import StepProgress
from community.site.site import Site
from community.text import Text

_ID = re.compile(r"[\w:.-]+", re.ASCII)
_ANSWER = re.compile(r"([\w-]+\.[\w-]+): ([a-z-]+)(?:, (.*?))?(; now the commander's)?", re.ASCII | re.DOTALL)
"""`doors-b3.relay-1: refused, a fire stands`"""
_TOLD = re.compile(r"(\S+) \(([\w:-]+(?:, [\w:-]+)*)\), (?:([\w-]+): (handed over)?)?", re.ASCII)
"""`赵磊 (first-aid), sms: unset:ZHAO_LEI_PHONE`"""
_WHY_NOT = re.compile(r"\b(unset|no-sender|no-address):([\w-]+)", re.ASCII)
_CHANNEL = re.compile(r"(^|; )([\w-]+): ", re.ASCII)
_CHINESE = re.compile("[\u4e00-\u9fff]")
_LEVEL = re.compile(r"(\w+) -> (\w+): (.*)", re.DOTALL)


class RecordWords:
    """The words of one response's record, as the page has them (`useTimelineWords.ts`)."""

    def __init__(self, site: Site, steps: Iterable[StepProgress], alarms: Mapping[str, Text], language: str) -> None:
        self._site = site
        self._steps = {step.id: step.name for step in steps}
        self._people = {person.id: person.name for person in site.file.people}
        self._parties = {f"party:{party.id}": party for party in site.file.parties}
        interlocks = (row for gateway in site.gateways.values() for row in gateway.interlocks)
        self._interlocks = {row.id: row.name for row in interlocks if row.name is not None}
        self._language = language
        chinese = language != "en"
        self._colon, self._comma = ("：", "、") if chinese else (": ", ", ")
        self._lines: Mapping[str, Callable[[str], str]] = {
            "commanded": self._listed,
            "telling": self._listed,
            "called-again": self._of_place,
            "headcount-begun": self._of_place,
            "level-up": self._level,
            "level-down": self._level,
            "alarm-joined": lambda alarm: alarms[alarm].in_language(language) if alarm in alarms else alarm,
        }

    def line(self, what: str, detail: str) -> str:
        """The detail of a line of the timeline; what has no row is a step or people with words, or words alone."""
        return self._lines.get(what, self._named)(detail)

    def outcome(self, text: str) -> str:
        """What became of a step: what its devices answered, whom telling reached, or what somebody wrote."""
        answer = _ANSWER.fullmatch(text)
        if answer is None or f"outcome.{answer[2]}" not in WORDS:
            return self._told(self.sentence(text))
        said = self._comma.join(filter(None, (self._w(f"outcome.{answer[2]}"), self.sentence(answer[3] or ""))))
        theirs = sentence(f"{said}{answer[4]}", self._language, self.name) if answer[4] else said
        return self.name(answer[1]) + self._colon + theirs

    def sentence(self, text: str) -> str:
        """A sentence of the platform's, in the language; of what was written in both, that half."""
        return sentence(self.half(text), self._language, self.name)

    def name(self, one: str) -> str:
        """What an id is called: a step, a point, an interlock, a person, or a role of the plan."""
        if not _ID.fullmatch(one):
            return one
        if one in self._steps:
            return self._steps[one].in_language(self._language)
        if point := self._site.points.get(one):
            return point.name.in_language(self._language)
        if one in self._interlocks:
            return self._interlocks[one].in_language(self._language)
        return self._people.get(one) or self._role(one)

    def half(self, text: str) -> str:
        """Of what was written in both languages, `中文 / English`, the one asked for."""
        return "\n".join(map(self._half, text.split("\n")))

    def _half(self, line: str) -> str:
        zh, slash, en = line.partition(" / ")
        if not slash or " / " in en or not _CHINESE.search(zh) or _CHINESE.search(en):
            return line  # somebody's own words
        return en if self._language == "en" else zh

    def _listed(self, text: str) -> str:
        step, _, ids = text.partition(":")
        return self._join(self.name(step), self._names(ids.strip()))

    def _of_place(self, text: str) -> str:
        place, _, rest = text.partition(":")
        zone = self._site.zones.get(place)
        return self._join(zone.name.in_language(self._language) if zone else place, self.half(rest.strip()))

    def _level(self, text: str) -> str:
        found = _LEVEL.fullmatch(text)
        if found is None:
            return self.half(text)
        before, after = (self._w(f"grade.{grade}") for grade in found.groups()[:2])
        return self._join(f"{before} → {after}", self.half(found[3]))

    def _named(self, text: str) -> str:
        first, _, rest = text.partition(":")
        if all(one in self._steps or one in self._people for one in first.split(", ")):
            return self._join(self._names(first), self.outcome(rest.strip()))
        return self.outcome(text)

    def _told(self, text: str) -> str:
        text = _WHY_NOT.sub(self._why_not, _TOLD.sub(self._one_told, text, count=1))
        return _CHANNEL.sub(
            lambda found: f"{found[1] and self._w('then')}{self._w(f'channel.{found[2]}')}{self._colon}", text
        )

    def _one_told(self, found: re.Match[str]) -> str:
        name, roles, channel, given = found.groups()
        who = self._w("as_role", name=name, roles=self._names(roles))
        by = {"channel": self._w(f"channel.{channel}")}
        return who + (self._w("handed_over" if given else "by_channel", **by) if channel else "")

    def _why_not(self, found: re.Match[str]) -> str:
        name = found[2] if found[1] == "unset" else self._w(f"channel.{found[2]}")
        return self._w(f"why_not.{found[1]}", name=name)

    def _role(self, role: str) -> str:
        party = self._parties.get(role)
        if party is not None:
            return party.name.in_language(self._language)
        return self._w(f"role.{role}") if f"role.{role}" in WORDS else role

    def _names(self, ids: str) -> str:
        return self._comma.join(self.name(one) for one in ids.split(", "))

    def _join(self, first: str, rest: str) -> str:
        return first + self._colon + rest if rest else first

    def _w(self, key: str, **values: object) -> str:
        return word(key, self._language, **values)
