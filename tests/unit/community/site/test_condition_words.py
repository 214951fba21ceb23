"""Conditions as sentences: every kind has one, in both languages, with durations people say."""

import pytest

from community.site.condition_words import sentence, span
from community.site.conditions import ALL_KINDS, Condition
from community.text import Text

SAID = {
    "above": ({"above": 40, "deadband": 2}, "高于 40（回差 2）", "above 40 (deadband 2)"),
    "below": ({"below": 0.15}, "低于 0.15", "below 0.15"),
    "equals": ({"equals": 1}, "等于 1", "is 1"),
    "band": ({"band": {"low": 198, "high": 235.4}}, "超出 198 至 235.4", "outside 198 to 235.4"),
    "bit": ({"bit": {"bit": 3}}, "第 3 位为 1", "bit 3 is 1"),
    "stale": ({"stale": {"for": "3x"}}, "3 个上报周期没有数据", "silent for 3 expected intervals"),
    "stuck": ({"stuck": {"for": "6h"}}, "6 小时内变化不超过 0", "moved by no more than 0 in 6 h"),
    "mean": ({"mean": {"over": "1h", "above": 1000}}, "1 小时平均值高于 1000", "mean over 1 h above 1000"),
    "rate": (
        {"rate": {"over": "30m", "above": 1, "below": -1}},
        "30 分钟内变化率（每1 小时）高于 1 或低于 -1",
        "slope over 30 min, per 1 h, above 1 or below -1",
    ),
    "dose": (
        {"dose": {"limit": 8000, "over": "8h"}},
        "8 小时内累积量超过 8000（按1 小时计）",
        "dose over 8 h beyond 8000 (value times 1 h)",
    ),
    "deviation": (
        {"deviation": {}},
        "与最近 7 天的常态相差超过 3.5 倍离散度，或1 天平均值与最近 28 天的同类均值相差如此之多",
        "further than 3.5 spreads from what the last 7 d were like, or its mean over 1 d from such means of 28 d",
    ),
    "forecast": (
        {"forecast": {"reaches": 90, "within": "6h", "over": "12h"}},
        "按最近 12 小时的趋势，6 小时内将达到 90",
        "by the trend of 12 h it reaches 90 within 6 h",
    ),
    "changes": ({"changes": {"count": 10, "within": "10m"}}, "10 分钟内变化 10 次", "changes 10 times within 10 min"),
    "vote": (
        {"vote": {"at_least": 2, "within": "1m"}},
        "同一区域 2 台设备在 1 分钟内同时为真",
        "2 devices of a zone agree within 1 min",
    ),
    "sequence": (
        {"sequence": {"unless": "access.granted", "within": "3s"}},
        "变为 1，而此前 3 秒内没有 放行",
        "becomes 1 with no access granted in the 3 s before",
    ),
    "event": (
        {"event": {"type": "access.denied", "count": 5}},
        "1 分钟内发生 5 次 拒绝通行",
        "access denied, 5 times within 1 min",
    ),
    "all": (
        {"all": [{"below": 100, "select": {"measure": "voltage"}}, {"any": [{"above": 2}, {"equals": 1}]}]},
        "以下全部成立：voltage 低于 100；（以下任一成立：高于 2；等于 1）",
        "all of: voltage below 100; (any of: above 2; is 1)",
    ),
    "any": ({"any": [{"above": 2}, {"equals": 1}]}, "以下任一成立：高于 2；等于 1", "any of: above 2; is 1"),
    "not": (
        {"not": {"alarm": "smoke"}},
        "以下确知不成立：规则 smoke 的报警存在",
        "known not to be: the alarm of smoke stands",
    ),
    "alarm": ({"alarm": "smoke"}, "规则 smoke 的报警存在", "the alarm of smoke stands"),
}


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_of_condition_is_said_in_both_languages(kind: str) -> None:
    given, zh, en = SAID[kind]
    said = sentence(Condition.model_validate(given))
    assert (said.zh, said.en) == (zh, en)


def test_what_a_kind_may_be_otherwise_is_said_otherwise() -> None:
    inside = Condition.model_validate({"band": {"low": 1, "high": 2, "inside": True, "deadband": 0.1}})
    assert sentence(inside).en == "within 1 to 2 (deadband 0.1)"
    seasonal = Condition.model_validate({"deviation": {"baseline": "seasonal"}})
    assert sentence(seasonal).zh == "与近四周同一时段的常态相差超过 3.5 倍离散度"
    anywhere = Condition.model_validate({"vote": {"at_least": 2, "within": "90s", "per": "site"}})
    assert sentence(anywhere).en == "2 devices agree within 90 s"
    parts = Condition.model_validate({"any": [{"below": 100, "select": {"measure": "voltage"}}, {"alarm": "smoke"}]})
    names = {"voltage": Text(zh="电压", en="Voltage"), "smoke": Text(zh="烟雾报警", en="Smoke detected")}
    assert sentence(parts, names).zh == "以下任一成立：电压 低于 100；规则 烟雾报警 的报警存在"
    states = {"smoke 1": Text(zh="有烟", en="Smoke"), "heat 1": Text(zh="高温", en="Hot")}
    is_on = Condition.model_validate({"equals": 1})
    assert sentence(is_on, states, ["smoke"]) == Text(zh="为“有烟”", en="is “Smoke”")
    assert sentence(is_on, states, ["smoke", "heat"]).en == "is 1", "one state, two names"
    forced = Condition.model_validate({"sequence": {"unless": "access.granted", "within": "3s"}})
    open_ = {"contact 1": Text(zh="开", en="Open")}
    assert sentence(forced, open_, ["contact"]).en == "becomes “Open” with no access granted in the 3 s before"
    both = Condition.model_validate({"all": [{"equals": 1, "select": {"measure": "heat"}}, {"equals": 1}]})
    assert sentence(both, states, ["smoke"]).zh == "以下全部成立：heat 为“高温”；为“有烟”"
    assert (span(5400, "zh"), span(0, "en")) == ("90 分钟", "0 s")
