"""A rule's condition as a sentence a person reads, in Chinese and English; one row a kind."""

from collections.abc import Iterable, Mapping, Sequence

from community.site.conditions import Condition, Part
from community.site.rules import Rule
from community.site.site import Point, Site
from community.text import Text

_DEADBAND = Text(zh="（回差 {deadband}）", en=" (deadband {deadband})")
_ABOVE, _BELOW = Text(zh="高于 {above}", en="above {above}"), Text(zh="低于 {below}", en="below {below}")
_SENTENCES: Mapping[str, Text] = {
    "above": _ABOVE,
    "below": _BELOW,
    "equals": Text(zh="等于 {equals}", en="is {equals}"),
    "equals named": Text(zh="为{equals}", en="is {equals}"),
    "band": Text(zh="超出 {low} 至 {high}", en="outside {low} to {high}"),
    "band inside": Text(zh="介于 {low} 与 {high} 之间", en="within {low} to {high}"),
    "bit": Text(zh="第 {bit} 位为 {is}", en="bit {bit} is {is}"),
    "stale": Text(zh="{for}没有数据", en="silent for {for}"),
    "stuck": Text(zh="{for}内变化不超过 {epsilon}", en="moved by no more than {epsilon} in {for}"),
    "mean": Text(zh="{over}平均值{limit}", en="mean over {over} {limit}"),
    "rate": Text(zh="{over}内变化率（每{per}）{limit}", en="slope over {over}, per {per}, {limit}"),
    "dose": Text(
        zh="{over}内累积量超过 {limit}（按{per}计）", en="dose over {over} beyond {limit} (value times {per})"
    ),
    "deviation": Text(
        zh="与最近 {over}的常态相差超过 {z} 倍离散度", en="further than {z} spreads from what the last {over} were like"
    ),
    "deviation lasting": Text(
        zh="与最近 {over}的常态相差超过 {z} 倍离散度，或{day}平均值与最近 {weeks}的同类均值相差如此之多",
        en="further than {z} spreads from what the last {over} were like, "
        "or its mean over {day} from such means of {weeks}",
    ),
    "deviation seasonal": Text(
        zh="与近四周同一时段的常态相差超过 {z} 倍离散度",
        en="further than {z} spreads from what this hour of the week was like in four weeks",
    ),
    "forecast": Text(
        zh="按最近 {over}的趋势，{within}内将达到 {reaches}",
        en="by the trend of {over} it reaches {reaches} within {within}",
    ),
    "changes": Text(zh="{within}内变化 {count} 次", en="changes {count} times within {within}"),
    "vote": Text(
        zh="同一区域 {at_least} 台设备在 {within}内同时为真", en="{at_least} devices of a zone agree within {within}"
    ),
    "vote site": Text(zh="{at_least} 台设备在 {within}内同时为真", en="{at_least} devices agree within {within}"),
    "sequence": Text(
        zh="变为 {state}，而此前 {within}内没有 {unless}", en="becomes {state} with no {unless} in the {within} before"
    ),
    "event": Text(zh="{within}内发生 {count} 次 {type}", en="{type}, {count} times within {within}"),
    "all": Text(zh="以下全部成立：{parts}", en="all of: {parts}"),
    "any": Text(zh="以下任一成立：{parts}", en="any of: {parts}"),
    "not": Text(zh="以下确知不成立：{parts}", en="known not to be: {parts}"),
    "alarm": Text(zh="规则 {alarm} 的报警存在", en="the alarm of {alarm} stands"),
}
_EVENTS = {
    "access.granted": Text(zh="放行", en="access granted"),
    "access.denied": Text(zh="拒绝通行", en="access denied"),
    "door.held-open": Text(zh="门长时间未关", en="door held open"),
}
_UNITS = ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"), (1, "秒", "s"))
_SPANS = frozenset({"over", "within", "per", "for"})


def names_of(site: Site) -> dict[str, Text]:
    """What conditions name: measures whose points all bear one name, states all of them have (`smoke 1`), and rules.

    Outputs bear names of their own: `relay-1` is a lock here and a pump there.
    """
    return _agreed(site.points.values()) | {rule.id: rule.message for rule in site.file.rules}


def _agreed(points: Iterable[Point]) -> dict[str, Text]:
    names: dict[str, Text | None] = {}
    for point in points:
        states = {f"{point.measure} {value}": name for value, name in point.states.items()}
        for key, name in {point.measure: point.name, **states}.items():
            if names.setdefault(key, name) != name:
                names[key] = None
    return {key: name for key, name in names.items() if name is not None}


def rule_sentence(rule: Rule, points: Sequence[Point], names: Mapping[str, Text]) -> Text:
    """A rule's condition in one line; `points` are those it selects, which agree on more names than the whole site."""
    measures = rule.select.measure or tuple(dict.fromkeys(point.measure for point in points))
    return sentence(rule.when, {**names, **_agreed(points)}, measures)


def sentence(when: Condition, names: Mapping[str, Text] | None = None, measures: Sequence[str] = ()) -> Text:
    """The condition in one line, of points of these measures. A part says the measure it watches; `names` has words for
    measures, their states and rules.
    """
    return Text(zh=_in(when, "zh", names or {}, measures), en=_in(when, "en", names or {}, measures))


def _in(when: Condition, language: str, names: Mapping[str, Text], measures: Sequence[str]) -> str:
    kind = when.kind
    given = when.part(kind)
    rows = {kind: given} if isinstance(given, (int, float, str)) or when.parts else given.model_dump(by_alias=True)
    values = {key: _value(key, value, language) for key, value in rows.items() if not isinstance(value, (tuple, dict))}
    if when.parts:
        values["parts"] = ("；" if language == "zh" else "; ").join(
            _bracketed(part, language, names, measures) for part in when.parts
        )
    variant = _variant(kind, rows)
    for key in {"equals", "state"} & rows.keys():
        if state := _state(rows[key], language, names, measures):
            values[key] = state
            variant = f"{kind} named" if kind == "equals" else variant
    if kind == "alarm":
        values["alarm"] = _named(str(given), language, names)
    if kind == "deviation":
        values["day"], values["weeks"] = span(_rounded(given.day_s), language), span(given.weeks_s, language)
    if kind in {"mean", "rate"}:
        limits = [_ABOVE] * (given.above is not None) + [_BELOW] * (given.below is not None)
        values["limit"] = (" 或" if language == "zh" else " or ").join(
            text.in_language(language).format_map(values) for text in limits
        )
    words = _SENTENCES[variant].in_language(language).format_map(values)
    deadband = when.deadband if kind in {"above", "below"} else 0 if kind == "deviation" else rows.get("deadband", 0)
    return words + (_DEADBAND.in_language(language).format(deadband=f"{deadband:g}") if deadband else "")


def _rounded(seconds: float) -> float:
    """To hours, or what is shorter to seconds."""
    return round(seconds / 3600) * 3600 if seconds >= 3600 else round(seconds)


def _named(identifier: str, language: str, names: Mapping[str, Text]) -> str:
    return names[identifier].in_language(language) if identifier in names else identifier


def _state(value: object, language: str, names: Mapping[str, Text], measures: Sequence[str]) -> str:
    """The name all these measures have for a value; empty where they have none, or several."""
    found = {names.get(f"{measure} {value:g}") for measure in measures} if isinstance(value, int | float) else set()
    name = found.pop() if len(found) == 1 else None
    return f"“{name.in_language(language)}”" if name is not None else ""


def _bracketed(part: Part, language: str, names: Mapping[str, Text], measures: Sequence[str]) -> str:
    selected = part.select.measure if part.select is not None else ()
    own = ("、" if language == "zh" else ", ").join(_named(measure, language, names) for measure in selected)
    words = f"{own} {_in(part, language, names, selected or measures)}".strip()
    return f"（{words}）" if language == "zh" and part.parts else f"({words})" if part.parts else words


def _variant(kind: str, rows: Mapping[str, object]) -> str:
    if kind == "band" and rows["inside"]:
        return "band inside"
    if kind == "deviation" and rows["baseline"] == "seasonal":
        return "deviation seasonal"
    if kind == "deviation" and rows["lasting"]:
        return "deviation lasting"
    if kind == "vote" and rows["per"] == "site":
        return "vote site"
    return kind


def _value(key: str, value: object, language: str) -> str:
    if key in _SPANS:
        return _times(value, language) if isinstance(value, str) else span(value, language)
    if key in {"type", "unless"} and value in _EVENTS:
        return _EVENTS[str(value)].in_language(language)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _times(value: str, language: str) -> str:
    """`3x`: so many of the point's expected intervals."""
    if value.endswith("x"):
        return f"{value[:-1]} 个上报周期" if language == "zh" else f"{value[:-1]} expected intervals"
    return value


def span(seconds: object, language: str) -> str:
    """A duration (s) in its largest whole unit."""
    s = float(str(seconds))
    for size, zh, en in _UNITS:
        if s >= size and s % size == 0:
            return f"{s / size:g} {zh if language == 'zh' else en}"
    return f"{s:g} {'秒' if language == 'zh' else 's'}"
