"""The post-incident report: one page of HTML that prints, with everything that is on record of a response."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from api.activations.chart import chart
from api.activations.report_words import word
from api.activations.review import review_ticket
from api.platform import Platform
from backbone.database.alarms import get_alarm
from backbone.database.tickets import get_ticket
from backbone.historian.port import HistorianError
from community.activations import SYSTEM, Activation
from community.alarms import Alarm
from community.drills import score
from community.site.profile import ValueKind
from community.tickets import Ticket

BEFORE_MS, AFTER_MS = 600_000, 300_000
LONGEST_MS = 86_400_000
MOST_CHARTS = 8
BUCKETS = 240
STYLE = """
body{font:14px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;color:#111;
max-width:52rem;margin:1.5rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;border-bottom:1px solid #999;margin-top:1.6rem;break-after:avoid}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;
vertical-align:top;overflow-wrap:anywhere}th{background:#f1f1f1}tr,figure{break-inside:avoid}
.drill{color:#5b3488;font-weight:700}.bad{color:#a8141a;font-weight:600}.quiet{color:#555}
time{font-variant-numeric:tabular-nums;white-space:nowrap}figure{margin:.6rem 0}figcaption{font-weight:600}
svg{width:100%;height:auto}text{font-size:10px;fill:#444}.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:#ddd}.mean{fill:none;stroke:#1f4e8c;stroke-width:1.5}.range{fill:#1f4e8c;opacity:.18}.dot{fill:#1f4e8c}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:#555}dd{margin:0}
@page{margin:16mm}@media print{.screen{display:none}body{margin:0;max-width:none}}
"""


class Report:
    """The report of one response, in one language."""

    def __init__(self, platform: Platform, activation: Activation, language: str) -> None:
        self._platform = platform
        self._site = platform.site
        self._one = activation
        self._language = language
        self._timezone = self._site.file.site.timezone
        self._zone = ZoneInfo(self._timezone)
        self._people = {person.id: person.name for person in self._site.file.people}

    def html(self) -> str:
        """The whole page."""
        with self._platform.database.read() as c:
            alarms = [alarm for name in self._one.alarms if (alarm := get_alarm(c, name)) is not None]
            ticket = get_ticket(c, review_ticket(self._one))
        mark = f'<span class="drill">{self._w("drill")}</span> ' if self._one.drill else ""
        title = self._w("drill_title" if self._one.drill else "title")
        name = escape(self._one.plan_name.in_language(self._language))
        parts = [
            f'<!doctype html><html lang="{"zh-CN" if self._language == "zh" else "en"}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{self._w('drill') if self._one.drill else ''}{title} · {name}</title>",
            f"<style>{STYLE}</style></head><body>",
            f'<p class="screen quiet">{self._w("print")}</p>',
            f"<h1>{mark}{title} · {name}</h1>",
            self._facts(ticket),
            self._alarms(alarms),
            self._steps(),
            self._actions(),
            self._charts(alarms),
            self._timeline(),
            self._review(),
            "</body></html>",
        ]
        return "".join(parts)

    def _facts(self, ticket: Ticket | None) -> str:
        one = self._one
        rows = [
            (
                self._w("plan"),
                f"{one.plan_name.in_language(self._language)} · {self._w('version', n=one.plan_version)}",
            ),
            (self._w("level"), self._w(f"grade.{one.level}")),
            (self._w("place"), self._place(one.zone)),
            (self._w("cause"), self._name(one.cause) if one.cause.startswith("person:") else self._w("alarms")),
            (self._w("reason"), self._half(one.reason)),
            (self._w("activated"), self._time(one.activated_at, day=True)),
        ]
        if one.stood_down_at is not None:
            rows += [
                (self._w("stood_down"), self._time(one.stood_down_at, day=True)),
                (self._w("lasted"), self._span(one.stood_down_at - one.activated_at)),
            ]
        if one.pauses_ms:
            rows.append((self._w("paused"), self._span(one.pauses_ms)))
        rows.append((self._w("state"), self._w(f"state.{one.state.value}")))
        if ticket is not None:
            rows.append((self._w("ticket"), f"{ticket.id} · {ticket.state.value}"))
        rows.append((self._w("written"), self._time(self._platform.now(), day=True)))
        listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows)
        return f"<h2>{self._w('facts')}</h2><dl>{listed}</dl>"

    def _alarms(self, alarms: Sequence[Alarm]) -> str:
        if not alarms:
            return ""
        head = [self._w(key) for key in ("alarms", "place", "raised", "acknowledged", "cleared")]
        rows = [
            [
                escape(alarm.message.in_language(self._language)),
                escape(self._place(alarm.zone)),
                escape(self._time(alarm.raised_at)),
                escape(
                    f"{self._time(alarm.acknowledged_at)} {self._name(alarm.acknowledged_by)}"
                    if alarm.acknowledged_at and alarm.acknowledged_by
                    else "—"
                ),
                escape(self._time(alarm.cleared_at) if alarm.cleared_at else "—"),
            ]
            for alarm in alarms
        ]
        return f"<h2>{self._w('alarms')}</h2>{_table(head, rows)}"

    def _steps(self) -> str:
        found = score(self._one)
        steps = {step.id: step for step in self._one.steps}
        head = [self._w(key) for key in ("step", "who", "allowed", "took", "proof")]
        rows = []
        for row in found.steps:
            word_ = "in_time" if row.in_time else "late" if row.took_ms is not None else "not_done"
            took = self._span(row.took_ms) if row.took_ms is not None else ""
            verdict = f'<span class="{"quiet" if row.in_time else "bad"}">{self._w(word_)}</span>'
            rows.append(
                [
                    escape(row.name.in_language(self._language)),
                    escape(self._name(row.done_by) if row.done_by else "—"),
                    escape(self._span(row.allowed_ms)),
                    f"{escape(took)} {verdict}",
                    escape(self._half(steps[row.id].note or "")),
                ]
            )
        said = f"{self._w('score', n=found.percent)} · "
        said += self._w("told", told=found.people_told, missed=found.people_missed)
        return f"<h2>{self._w('steps')}</h2><p>{said}</p>{_table(head, rows)}"

    def _actions(self) -> str:
        actions = [action for step in self._one.steps for action in step.actions] + list(self._one.restoring)
        if not actions:
            return ""
        head = [self._w(key) for key in ("device", "command", "outcome", "read_back", "answered")]
        rows = [
            [
                escape(f"{self._point_name(action.point)} ({action.point})"),
                escape(self._value(action.point, action.value)),
                escape(
                    self._w(f"outcome.{action.outcome or 'waiting'}") + (f": {action.reason}" if action.reason else "")
                ),
                escape(self._value(action.point, action.read_back) if action.read_back is not None else "—"),
                escape(self._time(action.answered_at) if action.answered_at else "—"),
            ]
            for action in actions
        ]
        return f"<h2>{self._w('machine')}</h2>{_table(head, rows)}"

    def _charts(self, alarms: Sequence[Alarm]) -> str:
        one = self._one
        start = one.activated_at - BEFORE_MS
        end = min((one.stood_down_at or self._platform.now()) + AFTER_MS, start + LONGEST_MS)
        moments = [(one.activated_at, "#a8141a"), *([(one.stood_down_at, "#2d6a33")] if one.stood_down_at else [])]
        drawn = []
        try:
            for name in self._points(alarms):
                series = self._platform.historian.series(self._site.id, name, start, end, BUCKETS)
                if series.buckets:
                    shown = f"{self._point_name(name)} · {self._place(self._site.points[name].zone)}"
                    drawn.append(chart(series, shown, self._site.points[name].unit, moments, self._timezone))
        except HistorianError:
            drawn.append(f"<p>{self._w('no_history')}</p>")
        return f"<h2>{self._w('charts')}</h2>{''.join(drawn) or '<p>' + self._w('no_readings') + '</p>'}"

    def _points(self, alarms: Sequence[Alarm]) -> list[str]:
        """The points that raised the alarms, then the other numbers measured there."""
        points = self._site.points
        found = [name for alarm in alarms for name in alarm.points if name in points]
        places = {self._one.zone, *(points[name].zone for name in found)}
        there = [p for p in points.values() if places & set(self._site.zone_path(p.zone))]
        found += [p.id for p in there if p.kind is ValueKind.NUMBER and p.unit != "%"]
        return list(dict.fromkeys(found))[:MOST_CHARTS]

    def _timeline(self) -> str:
        names = {step.id: step.name.in_language(self._language) for step in self._one.steps}
        rows = []
        for entry in self._one.timeline:
            first, colon, rest = self._half(entry.detail).partition(":")
            detail = f"{names[first]}{colon}{rest}" if first in names else f"{first}{colon}{rest}"
            after = (entry.at - self._one.activated_at) / 1000
            rows.append(
                [
                    f"<time>{escape(self._time(entry.at))}</time>",
                    f"{after:+.3f} s",
                    escape(self._w(f"activation.{entry.what}")),
                    escape(self._name(entry.by)),
                    escape(detail),
                ]
            )
        return f"<h2>{self._w('timeline')}</h2>{_table([], rows)}"

    def _review(self) -> str:
        written = [entry for entry in self._one.timeline if entry.what == "review"]
        text = escape(written[-1].detail) if written else self._w("open_review")
        return f"<h2>{self._w('review')}</h2><p>{text}</p>"

    def _w(self, key: str, **values: object) -> str:
        return word(key, self._language, **values)

    def _time(self, at: int, *, day: bool = False) -> str:
        moment = datetime.fromtimestamp(at / 1000, self._zone)
        clock = f"{moment:%H:%M:%S}.{at % 1000:03}"
        return f"{moment:%Y-%m-%d} {clock}" if day else clock

    def _span(self, ms: int) -> str:
        return f"{ms / 1000:.3f} s" if ms < 60_000 else self._w("minutes", m=ms // 60_000, s=ms // 1000 % 60)

    def _name(self, by: str) -> str:
        person = by.removeprefix("person:")
        return self._w("system") if person == SYSTEM else self._people.get(person, person)

    def _half(self, text: str) -> str:
        """Of what was written in both languages, `中文 / English`, the one asked for."""
        zh, slash, en = text.partition(" / ")
        return text if not slash else en if self._language == "en" else zh

    def _place(self, zone: str) -> str:
        if zone not in self._site.zones:
            return zone
        names = [self._site.zones[z].name.in_language(self._language) for z in self._site.zone_path(zone)]
        return " ".join(reversed(names)) if self._language == "zh" else ", ".join(names)

    def _point_name(self, name: str) -> str:
        point = self._site.points.get(name)
        return point.name.in_language(self._language) if point is not None else name

    def _value(self, name: str, value: float) -> str:
        point = self._site.points.get(name)
        state = point.states.get(f"{value:g}") if point is not None else None
        return state.in_language(self._language) if state is not None else f"{value:g}"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already."""
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{heads}</tr></thead>' if heads else ''}<tbody>{body}</tbody></table>"
