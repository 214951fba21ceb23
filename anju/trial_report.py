"""What came out of a trial of rules, for people in Chinese or English, and for other programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from anju.trials import Trial
from community.alarm_difference import Difference, Moved
from community.alarm_load import FLOOD, STEADY, Episode, Load
from community.site.cases import Given
from community.site.condition_words import span
from community.text import Text
from rules.trial.cases import Verdict

_HOUR_S, _DAY_S = 3_600, 86_400
SHOWN = 20
NOTABLE = 100
"""A rule that needs less than so small a part of the trial before it can judge is not worth a word."""
_TEXTS: Mapping[str, tuple[str, str]] = {
    "read": (
        "{n:,} 条读数，{begin} 至 {end}，用时 {seconds:.1f} 秒（每秒 {rate:,.0f} 条）",
        "{n:,} readings, {begin} to {end}, in {seconds:.1f} s ({rate:,.0f}/s)",
    ),
    "warm": (
        "{begin} 之前的读数自 {warm} 起只供学习，不计入",
        "readings from {warm} on, before {begin}, were learnt from and not counted",
    ),
    "cold": (
        "开始时历史不足，以下规则起初判断不了：{rules}",
        "too little history at the beginning, so these could not judge at first: {rules}",
    ),
    "comma": ("、", ", "),
    "needs": ("{rule}（需 {needs}）", "{rule} (needs {needs})"),
    "standing": ("开始时已存在，不计入：{n}", "stood already at the beginning, not counted: {n}"),
    "unknown": (
        "略去：社区文件中没有的 {n} 个点位：{some}",
        "left out: readings of {n} points this site file does not have: {some}",
    ),
    "unheard": (
        "本站 {n} 个点位没有任何读数，无法判断其规则",
        "{n} points of this site have no reading at all: what watches them was not tried",
    ),
    "nothing": ("没有规则会触发", "no rule would have done anything"),
    "columns": (
        "规则|等级|次数|持续|最长|未恢复",
        "rule|risk|times|standing|longest|open",
    ),
    "worst": ("最多处 {worst}", "most often {worst}"),
    "chatters": ("{n} 处抖动", "chatters at {n}"),
    "load": (
        "{alarms} 条报警，{tickets} 张工单；平均每 10 分钟 {mean:.2f} 条，最多 {peak} 条：{verdict} EEMUA 191"
        "（{steady:g} 与 {flood}）",
        "{alarms} alarms and {tickets} tickets; {mean:.2f} alarms in 10 min on average, {peak} at most: {verdict} "
        "EEMUA 191 ({steady:g} and {flood})",
    ),
    "within": ("符合", "within"),
    "beyond": ("超出", "beyond"),
    "share": (
        "{share}（建议 高 5 %，中 15 %，低 80 %）；{floods} 次泛滥；最多的十处占 {top} %；{stale} 条超过一天",
        "{share} (good practice: high 5 %, medium 15 %, low 80 %); {floods} floods; ten places made {top} %; "
        "{stale} stood over a day",
    ),
    "high": ("高", "high"),
    "medium": ("中", "medium"),
    "low": ("低", "low"),
    "difference": (
        "与现行规则相比：相同 {both}，提前 {earlier}，推迟 {later}，仅新规则 {new}，仅现行规则 {old}",
        "beside the rules in force: {both} the same, {earlier} earlier and {later} later, {new} only by the new rules, "
        "{old} only by those in force",
    ),
    "earlier": ("提前 {span}", "{span} earlier"),
    "later": ("推迟 {span}", "{span} later"),
    "more": ("另有 {n} 条", "{n} more"),
    "right": ("正确", "ok   "),
    "wrong": ("错误", "WRONG"),
    "missing": ("缺少：{rule} 应在 {at:g} 秒{becomes}，{scope}", "missing: {rule} {becomes} at {at:g}s at {scope}"),
    "surplus": ("多出：{rule} 在 {at:g} 秒{becomes}，{scope}", "too much: {rule} {becomes} at {at:g}s at {scope}"),
    "raised": ("触发", "raised"),
    "cleared": ("恢复", "cleared"),
    "state": (
        "{rule} 在 {at:g} 秒应为 {state}，实为 {instead}，{scope}",
        "at {at:g}s {rule} should be {state} and is {instead} at {scope}",
    ),
    "refused": ("{at:g} 秒{act} {rule} 被拒：{why}，{scope}", "{act} {rule} at {at:g}s is refused at {scope}: {why}"),
    "done": ("{at:g} 秒{act} {rule} 应被拒而未拒，{scope}", "{act} {rule} at {at:g}s should be refused at {scope}"),
    "acknowledge": ("确认", "acknowledge"),
    "reset": ("复位", "reset"),
    "cases": ("{n} 个案例中 {right} 个正确", "{right} of {n} cases are right"),
}
"""Chinese and English."""


class Report:
    """Tells results in a language, `zh` or `en`."""

    def __init__(self, out: Console, language: str) -> None:
        self._out = out
        self._language = language

    def trial(self, trial: Trial) -> None:
        """What came out of a trial on readings."""
        zone = ZoneInfo(trial.site.file.site.timezone)
        begin = _at(trial.begin, zone)
        rate = trial.readings / trial.seconds if trial.seconds else 0
        self._say("read", n=trial.readings, begin=begin, end=_at(trial.end, zone), seconds=trial.seconds, rate=rate)
        if trial.warm_from < trial.begin:
            self._say("warm", begin=begin, warm=_at(trial.warm_from, zone))
        span_s = (trial.end - trial.begin) / 1000
        cold = {rule: needs for rule, needs in trial.cold.items() if needs * NOTABLE >= span_s}
        if cold:
            longest_first = sorted(cold.items(), key=lambda row: (-row[1], row[0]))
            self._say("cold", rules=self._text("comma").join(_first([self._needs(*row) for row in longest_first], 8)))
        if trial.unheard:
            self._say("unheard", n=trial.unheard)
        if trial.unknown:
            self._say("unknown", n=len(trial.unknown), some=", ".join(_first(trial.unknown, 5)))
        self._rules(trial)
        if trial.standing:
            self._say("standing", n=len(trial.standing))
            self._episodes(" ", trial.standing, zone)
        self._load(trial)
        if trial.difference is not None:
            self._difference(trial.difference, zone)

    def cases(self, verdicts: list[Verdict]) -> bool:
        """Each case, and what was otherwise; whether all are right."""
        for verdict in verdicts:
            sign = self._text("right" if verdict.right else "wrong")
            name = verdict.case.name.in_language(self._language)
            self._out.print(f"{sign} {verdict.case.id}  {name}", markup=False)
            for line in self._otherwise(verdict):
                self._out.print(f"      {line}", markup=False)
        right = sum(verdict.right for verdict in verdicts)
        self._say("cases", n=len(verdicts), right=right)
        return right == len(verdicts)

    def _otherwise(self, verdict: Verdict) -> list[str]:
        lines = []
        for sign, rows in (("missing", verdict.missing), ("surplus", verdict.surplus)):
            lines += [
                self._text(sign, rule=row.rule, at=row.at, scope=row.scope, becomes=self._text(row.becomes))
                for row in rows
            ]
        lines += [
            self._text("state", rule=row.rule, at=row.at, scope=row.scope, state=row.state.value, instead=state.value)
            for row, state in verdict.states
        ]
        for given, why in verdict.refused:
            rule, act = _act(given)
            sign = "done" if why is None else "refused"
            lines.append(self._text(sign, act=self._text(act), rule=rule, at=given.at, scope=given.scope, why=why))
        return lines

    def _rules(self, trial: Trial) -> None:
        if not trial.rules:
            self._say("nothing")
            return
        messages = {rule.id: rule.message for rule in trial.site.file.rules}
        first, *others = self._text("columns").split("|")
        table = Table(Column(first, overflow="fold"), *(Column(name, no_wrap=True) for name in others))
        for row in trial.rules:
            more = [_words(messages.get(row.rule), self._language), self._text("worst", worst=row.worst)]
            if row.chattering:
                more.append(self._text("chatters", n=row.chattering))
            table.add_row(
                "\n".join([row.rule, *(f"[dim]{escape(line)}[/]" for line in more)]),
                self._text(row.grade),
                str(row.count),
                _span(row.standing_ms, self._language),
                _span(row.longest_ms, self._language),
                str(row.open),
            )
        self._out.print(table)

    def _load(self, trial: Trial) -> None:
        load = trial.load
        self._say(
            "load",
            alarms=load.alarms,
            tickets=load.tickets,
            mean=load.per_10_min,
            peak=load.peak_10_min,
            verdict=self._text("within" if load.acceptable else "beyond"),
            steady=STEADY,
            flood=FLOOD,
        )
        if load.alarms:
            share = ", ".join(f"{self._text(grade)} {percent} %" for grade, percent in load.share.items())
            self._say("share", share=share, floods=load.floods, top=load.top_ten_share, stale=load.stale)

    def _difference(self, found: Difference, zone: ZoneInfo) -> None:
        later = sum(moved.later_ms > 0 for moved in found.moved)
        earlier, new, old = len(found.moved) - later, len(found.only_new), len(found.only_old)
        self._say("difference", both=found.both, earlier=earlier, later=later, new=new, old=old)
        self._episodes("+", found.only_new, zone)
        self._episodes("-", found.only_old, zone)
        self._episodes("~", [moved.new for moved in found.moved], zone, [self._shift(moved) for moved in found.moved])

    def _episodes(self, sign: str, episodes: Sequence[Episode], zone: ZoneInfo, more: Sequence[str] = ()) -> None:
        for place, episode in enumerate(episodes[:SHOWN]):
            words = more[place] if more else ""
            value = "" if episode.value is None else f" ({episode.value:g})"
            line = f"  {sign} {_at(episode.raised_at, zone)} {episode.rule} {episode.scope}{value}  {words}".rstrip()
            self._out.print(line, markup=False)
        if len(episodes) > SHOWN:
            self._out.print(f"  {sign} … {self._text('more', n=len(episodes) - SHOWN)}")

    def _shift(self, moved: Moved) -> str:
        size = _span(abs(moved.later_ms), self._language)
        return self._text("later" if moved.later_ms > 0 else "earlier", span=size)

    def _needs(self, rule: str, needs_s: float) -> str:
        rounded = needs_s if needs_s < _DAY_S else round(needs_s / _HOUR_S) * _HOUR_S
        return self._text("needs", rule=rule, needs=span(rounded, self._language))

    def _say(self, name: str, **values: Any) -> None:
        self._out.print(self._text(name, **values), markup=False)

    def _text(self, name: str, **values: Any) -> str:
        chinese, english = _TEXTS[name]
        return (chinese if self._language == "zh" else english).format(**values)


def as_json(trial: Trial) -> str:
    """The whole result for other programs; times Unix ms."""
    told: dict[str, Any] = {
        "site": trial.site.id,
        "warm_from": trial.warm_from,
        "begin": trial.begin,
        "end": trial.end,
        "readings": trial.readings,
        "unknown_points": trial.unknown,
        "cold": trial.cold,
        "unheard_points": trial.unheard,
        "standing": [asdict(episode) for episode in trial.standing],
        "load": _load(trial.load),
        "load_before": None if trial.load_before is None else _load(trial.load_before),
        "rules": [asdict(rule) for rule in trial.rules],
        "difference": asdict(trial.difference) if trial.difference else None,
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def _load(load: Load) -> dict[str, Any]:
    return {**asdict(load), "acceptable": load.acceptable}


def cases_as_json(verdicts: list[Verdict]) -> str:
    """The whole result of cases for other programs; times in seconds from a case's beginning."""
    told = [
        {
            "id": verdict.case.id,
            "name": verdict.case.name.model_dump(),
            "right": verdict.right,
            "missing": [row.model_dump() for row in verdict.missing],
            "surplus": [row.model_dump() for row in verdict.surplus],
            "states": [{**row.model_dump(), "instead": state} for row, state in verdict.states],
            "refused": [
                {"at": given.at, "act": _act(given)[1], "rule": _act(given)[0], "scope": given.scope, "why": why}
                for given, why in verdict.refused
            ],
        }
        for verdict in verdicts
    ]
    return json.dumps({"cases": told}, ensure_ascii=False, indent=1)


def _act(given: Given) -> tuple[str, str]:
    """The rule whose alarm is answered, and how."""
    return (given.acknowledge, "acknowledge") if given.acknowledge is not None else (given.reset or "", "reset")


def _first(rows: Sequence[str], most: int) -> list[str]:
    return [*rows[:most], *(["…"] if len(rows) > most else [])]


def _words(text: Text | None, language: str) -> str:
    return "" if text is None else text.in_language(language)


def _at(ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


def _span(ms: int, language: str) -> str:
    seconds = ms // 1000
    hours, rest = divmod(seconds, 3600)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} 天 {hours_left} 小时" if language == "zh" else f"{days} d {hours_left} h"
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
