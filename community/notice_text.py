"""The words of notifications: what happened, where, when, what to do, and where to look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from zoneinfo import ZoneInfo

from community.site.duty import Templates
from community.text import Text

FIELDS = (
    "mark",
    "grade",
    "message",
    "place",
    "value",
    "time",
    "cause",
    "consequence",
    "action",
    "link",
    "count",
    "places",
    "ref",
)
GRADES = {
    "high": Text(zh="高风险", en="HIGH"),
    "medium": Text(zh="中风险", en="MEDIUM"),
    "low": Text(zh="低风险", en="LOW"),
}
DRILL = Text(zh="【演练】", en="[DRILL] ")
SIMULATED = Text(zh="【模拟】", en="[SIMULATED] ")
_OURS = {
    "alarm": Text(
        zh="{mark}{grade}报警：{message}\n地点：{place}\n数值：{value}\n时间：{time}\n处置：{action}\n可能原因：{cause}\n"
        "可能后果：{consequence}\n确认：{link}\n编号：{ref}",
        en="{mark}{grade} alarm: {message}\nPlace: {place}\nValue: {value}\nTime: {time}\nAction: {action}\n"
        "Likely cause: {cause}\nMay lead to: {consequence}\nAcknowledge: {link}\nReference: {ref}",
    ),
    "unrecorded": Text(
        zh="{mark}{grade}报警：{message}\n地点：{place}\n数值：{value}\n时间：{time}\n处置：{action}\n"
        "注意：平台目前无法保存数据，此报警没有工单、预案和确认，请直接处置并电话告知同事。\n{link}",
        en="{mark}{grade} alarm: {message}\nPlace: {place}\nValue: {value}\nTime: {time}\nAction: {action}\n"
        "Note: the platform cannot save anything now. There is no ticket, plan or acknowledgement: act, and call "
        "your colleagues.\n{link}",
    ),
    "group": Text(
        zh="{mark}{count}条报警：{places}\n最近：{message}\n时间：{time}\n查看：{link}\n编号：{ref}",
        en="{mark}{count} alarms: {places}\nLatest: {message}\nTime: {time}\nSee: {link}\nReference: {ref}",
    ),
    "several": Text(
        zh="{mark}{count}条消息：{places}\n最近：{message}\n时间：{time}\n查看：{link}\n编号：{ref}",
        en="{mark}{count} messages: {places}\nLatest: {message}\nTime: {time}\nSee: {link}\nReference: {ref}",
    ),
    "ticket": Text(
        zh="{mark}工单：{message}\n地点：{place}\n期限：{action}\n查看：{link}\n编号：{ref}",
        en="{mark}Ticket for you: {message}\nPlace: {place}\nDue: {action}\nSee: {link}\nReference: {ref}",
    ),
    "overdue": Text(
        zh="{mark}工单超时：{message}\n地点：{place}\n时间：{time}\n超时：{action}\n查看：{link}\n编号：{ref}",
        en="{mark}Ticket is late: {message}\nPlace: {place}\nTime: {time}\nLate: {action}\nSee: {link}\n"
        "Reference: {ref}",
    ),
    "report": Text(
        zh="{mark}{message}\n小区：{place}\n期间：{action}\n阅读与下载（网页、PDF、CSV）：{link}\n编号：{ref}",
        en="{mark}{message}\nCommunity: {place}\nPeriod: {action}\nRead and download (page, PDF, CSV): {link}\n"
        "Reference: {ref}",
    ),
    "step": Text(
        zh="{mark}应急预案：{message}\n地点：{place}\n时间：{time}\n任务：{action}\n确认：{link}\n编号：{ref}",
        en="{mark}Emergency plan: {message}\nPlace: {place}\nTime: {time}\nTask: {action}\nAcknowledge: {link}\n"
        "Reference: {ref}",
    ),
    "late": Text(
        zh="{mark}预案步骤超时：{message}\n地点：{place}\n时间：{time}\n步骤：{action}\n确认：{link}\n编号：{ref}",
        en="{mark}Plan step is late: {message}\nPlace: {place}\nTime: {time}\nStep: {action}\nAcknowledge: {link}\n"
        "Reference: {ref}",
    ),
    "command": Text(
        zh="{mark}请您担任总指挥：{message}\n地点：{place}\n时间：{time}\n{action}\n接受指挥：{link}\n编号：{ref}",
        en="{mark}You are asked to command: {message}\nPlace: {place}\nTime: {time}\n{action}\nTake command: {link}\n"
        "Reference: {ref}",
    ),
    "suspended": Text(
        zh="真实警情，不是演练！演练中止：{action}\n应急预案：{message}\n地点：{place}\n时间：{time}\n确认：{link}\n编号：{ref}",
        en="REAL EMERGENCY, NOT A DRILL. The drill stops: {action}\nEmergency plan: {message}\nPlace: {place}\n"
        "Time: {time}\nAcknowledge: {link}\nReference: {ref}",
    ),
}
_BESIDE = {
    "unrecorded": Text(zh="另有报警：{message}，{place}", en="Another alarm: {message}, {place}"),
    "alarm": Text(zh="另有报警：{message}，{place}", en="Another alarm: {message}, {place}"),
    "step": Text(zh="预案任务：{action}（{message}）", en="Task of the plan: {action} ({message})"),
    "late": Text(zh="步骤超时：{action}（{message}）", en="Step is late: {action} ({message})"),
    "command": Text(
        zh="请您担任总指挥：{message}；{action}；用上面的链接接受",
        en="You are asked to command: {message}; {action}; the link above takes it",
    ),
    "suspended": Text(zh="演练中止：{action}", en="The drill stops: {action}"),
}
"""A line below the first of several facts that are told in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message says, whoever gets it."""

    kind: str
    """`alarm`, `step`, `late`, `command`, `suspended`, `ticket`, `overdue`, `report` or `unrecorded`: the template."""
    grade: str
    message: Text
    action: Text | None
    place: Text
    """The names of the zone's path, outermost first."""
    building: Text
    at: int
    value: str = ""
    cause: Text | None = None
    consequence: Text | None = None
    page: str = "/"
    """The page's path."""
    drill: bool = False
    simulated: bool = False
    at_once: bool = False
    """Told in quiet hours too, as what is high always is."""
    gathered: bool = False
    """Said before and still so: grouping bounds how often, whatever its grade."""


@dataclass(frozen=True, slots=True)
class Message:
    """A title of one line, and the whole text."""

    title: str
    body: str
    link: str
    ref: str
    urgent: bool
    """Of a high alarm or an emergency plan."""


def unknown_fields(template: str) -> list[str]:
    """Names in a template that no message can fill in; a broken one names itself."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError:
        return [template]
    return [name for name in names if name not in FIELDS]


def render(
    facts: Sequence[Facts],
    *,
    language: str,
    timezone: str,
    link: str,
    ref: str,
    templates: Templates,
    in_full: bool = False,
) -> Message:
    """One message of one or of several facts, the newest last; in `zh`, `en` or `both`.

    Args:
        in_full: nothing is summed up: all of the first, and a line of each other.
    """
    languages = ("zh", "en") if language == "both" else (language,)
    texts = []
    for spoken in languages:
        if in_full:
            beside = [_beside(fact, spoken) for fact in facts[1:]]
            texts.append("\n".join([_one(facts[:1], spoken, timezone, link, ref, templates), *beside]))
        else:
            texts.append(_one(facts, spoken, timezone, link, ref, templates))
    urgent = any(fact.grade == "high" for fact in facts)
    return Message(texts[0].partition("\n")[0], "\n\n".join(texts), link, ref, urgent)


def _one(facts: Sequence[Facts], language: str, timezone: str, link: str, ref: str, templates: Templates) -> str:
    last = facts[-1]
    kind = last.kind if len(facts) == 1 else "group" if all(f.kind == "alarm" for f in facts) else "several"
    own: Text | None = getattr(templates, kind, None)
    template = own.in_language(language) if own else _without_gaps(_OURS[kind].in_language(language), last)
    return template.format_map(
        {
            "mark": _mark(facts, language),
            "grade": GRADES[last.grade].in_language(language),
            "message": last.message.in_language(language),
            "place": last.place.in_language(language),
            "value": last.value or "—",
            "time": datetime.fromtimestamp(last.at / 1000, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S"),
            "cause": last.cause.in_language(language) if last.cause is not None else "—",
            "consequence": last.consequence.in_language(language) if last.consequence is not None else "—",
            "action": last.action.in_language(language) if last.action is not None else "—",
            "link": link,
            "count": len(facts),
            "places": _places(facts, language),
            "ref": ref,
        }
    )


def _beside(fact: Facts, language: str) -> str:
    said = {"message": fact.message, "place": fact.place, "action": fact.action or fact.message}
    words = {name: text.in_language(language) for name, text in said.items()}
    return _mark([fact], language) + _BESIDE[fact.kind].in_language(language).format_map(words)


def _without_gaps(template: str, fact: Facts) -> str:
    """Our own words leave out the lines the rule says nothing for."""
    unsaid = [f"{{{name}}}" for name in ("cause", "consequence") if getattr(fact, name) is None]
    return "\n".join(line for line in template.split("\n") if not any(field in line for field in unsaid))


def _mark(facts: Sequence[Facts], language: str) -> str:
    """A drill or a simulation is said when it is all of it: one real alarm among them makes the message real."""
    marks = ""
    if all(fact.drill for fact in facts):
        marks += DRILL.in_language(language)
    if all(fact.simulated for fact in facts):
        marks += SIMULATED.in_language(language)
    return marks


def _places(facts: Sequence[Facts], language: str) -> str:
    counts = Counter(fact.building.in_language(language) for fact in facts)
    separator = "，" if language == "zh" else ", "
    return separator.join(f"{place} {count}" for place, count in counts.most_common())
