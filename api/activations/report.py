"""The post-incident report: everything that is on record of a response, in one language, in parts to be laid out."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from api.activations.record_words import RecordWords
from api.activations.report_words import word
from api.paper.chart import chart
from api.paper.parts import Cell, Charts, Facts, Part, Said, Shot, Shots, Table
from api.platform import Platform
from backbone.database.alarms import get_alarm
from backbone.database.tickets import get_ticket
from backbone.historian.port import HistorianError
from community.activations import SYSTEM, Activation, MachineAction
from community.drills import score
from community.site.profile import ValueKind

BEFORE_MS, AFTER_MS = 600_000, 300_000
LONGEST_MS = 86_400_000
MOST_CHARTS = 8
MOST_SHOTS = 30
BUCKETS = 240


class Report:
    """The report of one response, in one language."""

    def __init__(self, platform: Platform, activation: Activation, language: str) -> None:
        self._platform = platform
        self._site = platform.site
        self._one = activation
        self.language = language
        self._timezone = self._site.file.site.timezone
        self._zone = ZoneInfo(self._timezone)
        self._people = {person.id: person.name for person in self._site.file.people}
        with platform.database.read() as c:
            self._alarms = [alarm for name in activation.alarms if (alarm := get_alarm(c, name)) is not None]
            self._ticket = get_ticket(c, activation.review_ticket or "")
        messages = {alarm.id: alarm.message for alarm in self._alarms}
        self._said = RecordWords(self._site, activation.steps, messages, language)

    @property
    def mark(self) -> str:
        """What tells a drill from the real thing; empty of the real thing."""
        return self._w("drill") if self._one.drill else ""

    @property
    def title(self) -> str:
        """What it is a report of."""
        name = self._one.plan_name.in_language(self.language)
        return f"{self._w('drill_title' if self._one.drill else 'title')} · {name}"

    def parts(self) -> Iterator[Part]:
        """All of it, in order."""
        yield self._facts()
        if self._alarms:
            yield self._alarm_table()
        yield self._steps()
        if actions := [*(a for step in self._one.steps for a in step.actions), *self._one.restoring]:
            yield self._actions(actions)
        if self._one.photos:
            yield self._photos()
        yield self._charts()
        yield self._timeline()
        yield self._review()

    def _facts(self) -> Facts:
        one = self._one
        rows = [
            (
                self._w("plan"),
                f"{one.plan_name.in_language(self.language)} · {self._w('version', n=one.plan_version)}",
            ),
            (self._w("level"), self._w(f"grade.{one.level}")),
            (self._w("place"), self._place(one.zone)),
            (self._w("cause"), self._name(one.cause) if one.cause.startswith("person:") else self._w("alarms")),
            (self._w("reason"), self._said.half(one.reason)),
            (self._w("activated"), self._time(one.activated_at, day=True)),
            (self._w("commander"), self._name(one.command.person) if one.command.person else self._w("nobody")),
        ]
        if one.stood_down_at is not None:
            rows += [
                (self._w("stood_down"), self._time(one.stood_down_at, day=True)),
                (self._w("lasted"), self._span(one.stood_down_at - one.activated_at)),
            ]
        if one.pauses_ms:
            rows.append((self._w("paused"), self._span(one.pauses_ms)))
        rows.append((self._w("state"), self._w(f"state.{one.state.value}")))
        if self._ticket is not None:
            rows.append((self._w("ticket"), f"{self._ticket.id} · {self._w(f'ticket.{self._ticket.state.value}')}"))
        rows.append((self._w("written"), self._time(self._platform.now(), day=True)))
        return Facts(self._w("facts"), rows)

    def _alarm_table(self) -> Table:
        head = [self._w(key) for key in ("alarms", "place", "raised", "acknowledged", "cleared")]
        rows = [
            [
                Cell(alarm.message.in_language(self.language)),
                Cell(self._place(alarm.zone)),
                Cell(self._time(alarm.raised_at), "time"),
                Cell(
                    f"{self._time(alarm.acknowledged_at)} {self._name(alarm.acknowledged_by)}"
                    if alarm.acknowledged_at and alarm.acknowledged_by
                    else "—"
                ),
                Cell(self._time(alarm.cleared_at) if alarm.cleared_at else "—", "time"),
            ]
            for alarm in self._alarms
        ]
        return Table(self._w("alarms"), head, rows)

    def _steps(self) -> Table:
        found = score(self._one)
        steps = {step.id: step for step in self._one.steps}
        head = [self._w(key) for key in ("step", "who", "allowed", "took", "proof")]
        rows = []
        runs = self._one.stood_down_at is None
        for row in found.steps:
            waits = runs and row.took_ms is None and steps[row.id].due_at > self._platform.now()
            verdict = "in_time" if row.in_time else "late" if row.took_ms is not None else "not_done"
            took = self._span(row.took_ms) if row.took_ms is not None else ""
            rows.append(
                [
                    Cell(row.name.in_language(self.language)),
                    Cell(self._name(row.done_by) if row.done_by else "—"),
                    Cell(self._span(row.allowed_ms)),
                    Cell(
                        f"{took} {self._w('not_due' if waits else verdict)}".strip(),
                        "" if row.in_time or waits else "bad",
                    ),
                    Cell(self._said.outcome(steps[row.id].note or "")),
                ]
            )
        so_far = self._w("so_far", done=found.in_time, total=len(found.steps))
        said = f"{so_far if runs else self._w('score', n=found.percent)} · "
        said += self._w("told", told=found.people_told, missed=found.people_missed)
        return Table(self._w("steps"), head, rows, said)

    def _actions(self, actions: Sequence[MachineAction]) -> Table:
        head = [self._w(key) for key in ("device", "command", "outcome", "read_back", "answered")]
        rows = [
            [
                Cell(self._point_in_place(action.point)),
                Cell(self._value(action.point, action.value)),
                Cell(self._outcome(action)),
                Cell(self._value(action.point, action.read_back) if action.read_back is not None else "—"),
                Cell(self._time(action.answered_at) if action.answered_at else "—", "time"),
            ]
            for action in actions
        ]
        return Table(self._w("machine"), head, rows)

    def _outcome(self, action: MachineAction) -> str:
        outcome = self._w(f"outcome.{action.outcome or 'waiting'}")
        return f"{outcome} · {self._said.sentence(action.reason)}" if action.reason else outcome

    def _photos(self) -> Shots:
        """Each with the step it proves; of a file that is gone nothing but its words."""
        of_step = {p: s.name for s in self._one.steps for proof in s.evidence for p in proof.photos}
        shots = []
        for photo in self._one.photos[:MOST_SHOTS]:
            name = of_step.get(photo.id)
            words = f"{self._time(photo.at)} {self._name(photo.by)}"
            if name is not None:
                words = f"{name.in_language(self.language)} · {words}"
            try:
                with self._platform.files.open(photo.id) as file:
                    shots.append(Shot(words, photo.media_type, file.read()))
            except FileNotFoundError:
                shots.append(Shot(f"{words} · {self._w('gone')}", photo.media_type, b""))
        return Shots(self._w("photos"), shots)

    def _charts(self) -> Charts | Said:
        one = self._one
        start = one.activated_at - BEFORE_MS
        end = min((one.stood_down_at or self._platform.now()) + AFTER_MS, start + LONGEST_MS)
        moments = [(one.activated_at, "#a8141a"), *([(one.stood_down_at, "#2d6a33")] if one.stood_down_at else [])]
        drawn = []
        try:
            for name in self._points():
                series = self._platform.historian.series(self._site.id, name, start, end, BUCKETS)
                if series.buckets:
                    drawn.append(
                        chart(series, self._point_in_place(name), self._site.points[name].unit, moments, self._timezone)
                    )
        except HistorianError:
            return Said(self._w("charts"), self._w("no_history"))
        return Charts(self._w("charts"), drawn) if drawn else Said(self._w("charts"), self._w("no_readings"))

    def _points(self) -> list[str]:
        """The points that raised the alarms, then the other numbers measured there."""
        points = self._site.points
        found = [name for alarm in self._alarms for name in alarm.points if name in points]
        places = {self._one.zone, *(points[name].zone for name in found)}
        there = [p for p in points.values() if places & set(self._site.zone_path(p.zone))]
        found += [p.id for p in there if p.kind is ValueKind.NUMBER and p.unit != "%"]
        return list(dict.fromkeys(found))[:MOST_CHARTS]

    def _timeline(self) -> Table:
        rows = []
        for entry in self._one.timeline:
            after = (entry.at - self._one.activated_at) / 1000
            rows.append(
                [
                    Cell(self._time(entry.at), "time"),
                    Cell(f"{after:+.3f} s", "time"),
                    Cell(self._w(f"activation.{entry.what}")),
                    Cell(self._name(entry.by)),
                    Cell(self._said.line(entry.what, entry.detail)),
                ]
            )
        return Table(self._w("timeline"), [], rows)

    def _review(self) -> Said:
        written = [entry for entry in self._one.timeline if entry.what == "review"]
        return Said(self._w("review"), written[-1].detail if written else self._w("open_review"))

    def _w(self, key: str, **values: object) -> str:
        return word(key, self.language, **values)

    def _time(self, at: int, *, day: bool = False) -> str:
        moment = datetime.fromtimestamp(at / 1000, self._zone)
        clock = f"{moment:%H:%M:%S}.{at % 1000:03}"
        return f"{moment:%Y-%m-%d} {clock}" if day else clock

    def _span(self, ms: int) -> str:
        return f"{ms / 1000:.3f} s" if ms < 60_000 else self._w("minutes", m=ms // 60_000, s=ms // 1000 % 60)

    def _name(self, by: str) -> str:
        person = by.removeprefix("person:")
        return self._w("system") if person == SYSTEM else self._people.get(person, person)

    def _place(self, zone: str) -> str:
        if zone not in self._site.zones:
            return zone
        names = [self._site.zones[z].name.in_language(self.language) for z in self._site.zone_path(zone)]
        return " ".join(reversed(names)) if self.language == "zh" else ", ".join(names)

    def _point_in_place(self, name: str) -> str:
        point = self._site.points.get(name)
        return f"{point.name.in_language(self.language)} · {self._place(point.zone)}" if point is not None else name

    def _value(self, name: str, value: float) -> str:
        point = self._site.points.get(name)
        state = point.states.get(f"{value:g}") if point is not None else None
        return state.in_language(self.language) if state is not None else f"{value:g}"
