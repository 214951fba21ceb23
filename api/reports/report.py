"""The evaluation report of a period (评估报告), in one language, in parts to be laid out."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from api.kpis.record import Known
from api.kpis.router import figures
from api.kpis.schemas import FigureOut
from api.paper.parts import Cell, Facts, Part, Said, Table
from api.platform import Platform
from api.reports.words import word
from community.evaluation import by_party, by_rule
from community.reminders import KINDS

MOST_RULES = 15
_SPANS = (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000))


class Evaluation:
    """The report of one period."""

    def __init__(self, platform: Platform, this: Known, before: Known, language: str) -> None:
        self._platform = platform
        self._file = platform.site.file
        self._this = this
        self._figures = figures(this, before)
        self.language = language
        self.mark = ""

    @property
    def title(self) -> str:
        """What it is a report of."""
        return f"{self._w('title')} · {self._this.period.name}"

    def parts(self) -> Iterator[Part]:
        """All of it, in order."""
        yield self._facts()
        head = [self._w(key) for key in ("figure", "value", "goal", "verdict", "before", "of")]
        yield Table(self._w("figures"), head, [self._row(one) for one in self._figures])
        yield self._parties()
        yield self._rules()
        yield self._drills()
        yield self._trainings()

    def csv(self) -> str:
        """The figures as a table for spreadsheets: raw values, milliseconds and percent."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["period", "id", "figure", "value", "unit", "goal", "met", "before", "n"])
        for one in self._figures:
            name = self._w(f"kpi.{one.id}")
            row = [self._this.period.name, one.id, name, one.value, one.unit, one.goal, one.met, one.before, one.n]
            writer.writerow([_plain(cell) for cell in row])
        return "\ufeff" + out.getvalue()

    def _facts(self) -> Facts:
        period = self._this.period
        last = datetime.fromordinal(period.end.toordinal() - 1).date()
        rows = [
            (self._w("community"), self._file.site.name.in_language(self.language)),
            (self._w("period"), f"{period.begin} – {last}"),
        ]
        if period.span(self._file.site.timezone)[1] > self._platform.now():
            rows.append(("", self._w("running", time=self._time(self._platform.now()))))
        rows.append((self._w("written"), self._time(self._platform.now())))
        return Facts(self._w("facts"), rows)

    def _row(self, one: FigureOut) -> list[Cell]:
        verdict = "none" if one.met is None else "met" if one.met else "missed"
        goal = "—" if one.goal is None else f"{'≤' if one.lower else '≥'} {self._value(one.goal, one.unit)}"
        return [
            Cell(self._w(f"kpi.{one.id}")),
            Cell(self._value(one.value, one.unit)),
            Cell(goal),
            Cell(self._w(verdict), "bad" if one.met is False else ""),
            Cell(self._value(one.before, one.unit)),
            Cell(str(one.n)),
        ]

    def _parties(self) -> Table:
        names = {party.id: party.name for party in self._file.parties}
        rows = [
            [
                Cell(names[row.party].in_language(self.language) if row.party in names else row.party),
                Cell(str(row.tickets)),
                Cell(self._value(row.answer_ms, "ms")),
                Cell(self._value(row.completed, "%")),
            ]
            for row in by_party(self._this.record)
        ]
        return Table(self._w("parties"), [self._w(key) for key in ("party", "tickets", "answer", "completed")], rows)

    def _rules(self) -> Table:
        names = {rule.id: rule.message for rule in self._file.rules}
        rows = [
            [
                Cell(names[rule].in_language(self.language) if rule in names else rule),
                Cell(self._w(f"grade.{grade}")),
                Cell(str(count)),
            ]
            for rule, grade, count in by_rule(self._this.record)[:MOST_RULES]
        ]
        return Table(self._w("rules"), [self._w(key) for key in ("rule", "grade", "count")], rows)

    def _drills(self) -> Table | Said:
        if not self._this.drills:
            return Said(self._w("drills"), self._w("no_drills"))
        rows = [
            [
                Cell(self._time(drill.ended_at or drill.planned_at)[:10]),
                Cell(KINDS[drill.kind].in_language(self.language)),
                Cell(drill.plan_name.in_language(self.language)),
                Cell(str(len(drill.findings))),
            ]
            for drill in self._this.drills
        ]
        return Table(self._w("drills"), [self._w(key) for key in ("day", "kind", "plan", "findings")], rows)

    def _trainings(self) -> Table | Said:
        if not self._this.trainings:
            return Said(self._w("trainings"), self._w("no_trainings"))
        people = {person.id: person.name for person in self._file.people}
        what = {row.id: row.name for row in self._file.qualifications}
        rows = [
            [
                Cell(str(row.on)),
                Cell(people.get(row.person, row.person)),
                Cell(what[row.qualification].in_language(self.language) if row.qualification in what else ""),
                Cell(str(row.expires)),
            ]
            for row in self._this.trainings
        ]
        return Table(self._w("trainings"), [self._w(key) for key in ("day", "person", "what", "until")], rows)

    def _value(self, value: float | None, unit: str) -> str:
        if value is None:
            return "—"
        if unit == "%":
            return f"{value:g} %"
        return self._span(value) if unit == "ms" else f"{value:g}"

    def _span(self, ms: float) -> str:
        """In the largest unit that makes at least two, and one figure behind the point."""
        name, length = next(((n, size) for n, size in _SPANS if ms >= 2 * size), _SPANS[-1])
        return self._w(name, n=f"{ms / length:.3g}")

    def _time(self, ms: int) -> str:
        return f"{datetime.fromtimestamp(ms / 1000, ZoneInfo(self._file.site.timezone)):%Y-%m-%d %H:%M}"

    def _w(self, key: str, **filled: object) -> str:
        return word(key, self.language, **filled)


def _plain(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return "" if cell is None else cell
