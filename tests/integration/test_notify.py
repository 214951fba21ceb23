"""People are told: by mail and by webhook, in the right words, once each, whatever the channels and the process do."""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backbone.database.activations import list_activations, save_activation
from backbone.database.alarms import get_alarm, save_alarm
from backbone.database.database import Database
from backbone.database.documents import plain
from backbone.database.notifications import escalations_of, list_notifications
from backbone.database.outbox import append
from backbone.settings import Settings
from backbone.site_files import read_site
from community.activations import Activation, StepState
from community.alarms import acknowledge
from community.commanding import take
from community.escalations import EscalationState
from community.evaluation import Period
from community.incident_command import CommandState
from community.notifications import NotificationState
from community.quality import Quality
from community.site.site import Site
from rules.respond.report_notices import tell_report
from rules.settings import RulesSettings
from tests.receivers import Mails, Receiver, mail_server, receiver
from tests.rules_rig import Edge, edge, judging, now_ms, open_database
from tests.servers import ROOT, Broker, Process, wait_until
from tests.waiting import until

PEOPLE = ("wang-wei", "li-na", "zhang-min", "chen-gang", "liu-yang", "zhao-lei", "sun-hong")
OFFICERS = ("li-na", "wang-wei")
SMOKE_A, SMOKE_B = "smoke-b3-f1-a.smoke", "smoke-b3-f1-b.smoke"
QUICK = {
    "{after: 2m, all: [safety-officer, manager]}": "{after: 1s, all: [safety-officer, manager]}",
    "retry: {attempts: 3, first: 2s, longest: 30s}": "retry: {attempts: 3, first: 300ms, longest: 1s}",
    "grouping: {window: 5s, digest: 10m}": "grouping: {window: 2s, digest: 10m}",
    "  timeout: 10s\n": "  timeout: 1s\n",
}


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as running:
        yield running


def environment(hook: Receiver, mails: Mails | None = None) -> dict[str, str]:
    """Everybody has a webhook for SMS; the safety officers and the supervisor have mail."""
    found = {"ANJU_SMS_URL": f"json://127.0.0.1:{hook.port}/sms/{{to}}"}
    found |= {f"{_upper(person)}_PHONE": person for person in PEOPLE}
    return found | (by_mail(mails) if mails is not None else {})


def by_mail(mails: Mails) -> dict[str, str]:
    """Everybody has an address; the site file says of three that they read there."""
    found = {f"{_upper(person)}_EMAIL": f"{person}@example.com" for person in PEOPLE}
    return found | {"ANJU_EMAIL_URL": f"mailto://127.0.0.1:{mails.port}?from=anju@example.com&to={{to}}"}


def _upper(person: str) -> str:
    return person.replace("-", "_").upper()


def quick_site(folder: Path, **more: str) -> Site:
    text = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
    for before, after in {**QUICK, **more}.items():
        assert before in text, before
        text = text.replace(before, after)
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return read_site(Settings(site=folder / "site.yaml"))


@contextlib.asynccontextmanager
async def rules(broker: Broker, site: Site, database: Database, **settings: object) -> AsyncIterator[Edge]:
    """The service and a gateway."""
    made = RulesSettings(mqtt_url=broker.url, public_url="https://anju.example", **settings)  # type: ignore[arg-type]
    async with judging(made, site, database), edge(broker.url, site, "gw-east") as east:
        yield east


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = open_database(tmp_path)
    yield found
    found.close()


def states(database: Database, site: Site) -> Counter[NotificationState]:
    with database.read() as c:
        return Counter(n.state for n in list_notifications(c, site.id, limit=10_000))


async def test_a_fire_is_told_by_mail_and_webhook_until_it_is_acknowledged(
    embedded_broker: Broker,
    tmp_path: Path,
    database: Database,
    hook: Receiver,
    mails: Mails,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(hook, mails).items():
        monkeypatch.setenv(name, value)
    hook.refused = frozenset({"wang-wei", "li-na"})  # their phones do not work: mail does
    site = quick_site(tmp_path)
    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0), q=Quality.SIMULATED)
        await until(lambda: len({to for tos, _, _ in mails.got for to in tos}) == 2, "mail to both officers")

        def call_state() -> StepState | None:
            with database.read() as c:
                found = list_activations(c, site.id)
            return next((s.state for a in found for s in a.steps if s.id == "call"), None)

        await until(lambda: call_state() is StepState.DONE, "the step that calls everybody")
        with database.read() as c:
            (activation,) = list_activations(c, site.id)
            (alarm_id,) = activation.alarms
            alarm = get_alarm(c, alarm_id)
        assert alarm is not None
        # as the API does
        with database.begin() as c:
            after = acknowledge(alarm, "wang-wei", "", now_ms())
            save_alarm(c, after)
            append(c, "rules", site.id, "alarm", "acknowledged", after.id, plain(after), now_ms())

        def ended() -> EscalationState:
            with database.read() as c:
                return escalations_of(c, site.id, alarm_id)[0].state

        await until(lambda: ended() is EscalationState.ACKNOWLEDGED, "the escalation's end")

    text = next(t for t in hook.to("zhang-min") + hook.to("chen-gang") + hook.to("zhao-lei") if "火情确认" in t)
    assert "【模拟】高风险报警：火情确认" in text
    assert "[SIMULATED] HIGH alarm: Fire confirmed" in text
    assert "3号楼 一层走廊" in text
    assert "1F corridor, Building 3" in text
    assert "https://anju.example/n/" in text
    told = [entry.detail for entry in activation.timeline if entry.what == "told"]
    assert any("email: handed over" in detail for detail in told), told
    assert any("sms: handed over" in detail for detail in told), told


async def test_who_is_to_command_gets_one_message_and_nobody_is_left_in_peace_until_somebody_commands(
    embedded_broker: Broker, tmp_path: Path, database: Database, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail to all; nobody answers two rounds, then all are told as often as grouping allows, until one takes it."""
    for name, value in by_mail(mails).items():
        monkeypatch.setenv(name, value)
    fire = "  - id: fire\n"
    text = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
    organisation = text[text.index("    organisation:", text.index(fire, text.index("plans:"))) :].partition("\n")[0]
    quick = "take_within: 700ms, rounds: 2, ask_all_every: 500ms, commander"
    site = quick_site(
        tmp_path,
        **{
            organisation: organisation.replace("commander", quick, 1),
            "grouping: {window: 5s, digest: 10m}": "grouping: {window: 1s, digest: 2s}",
        },
    )

    def asked(what: str) -> list[str]:
        return [to.partition("@")[0] for tos, _, body in list(mails.got) if what in body for to in tos]

    def activation() -> Activation:
        with database.read() as c:
            return list_activations(c, site.id)[0]

    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: len(asked("You are asked to command")) >= 1, "the first to be asked")
        first = asked("You are asked to command")[0]
        opening, *later = [body for tos, _, body in mails.got if tos == [f"{first}@example.com"] and "火灾" in body]
        for said in ("HIGH alarm: Fire confirmed", "Task of the plan", "You are asked to command"):
            assert said in opening, "one message"
        assert not any("HIGH alarm: Fire confirmed" in body or "Task of the plan" in body for body in later)
        await until(lambda: activation().command.state is CommandState.UNANSWERED, "the rounds to end")
        one = activation()
        entries = [(e.what, e.detail) for e in one.timeline if e.what.startswith("command-asked")]
        line = [person for what, person in entries if what == "command-asked"]

        def all_asked() -> Counter[str]:
            return Counter(asked("nobody commands yet") + asked("messages"))  # several at once are a digest

        for _again in range(2):
            before = all_asked()
            await until(lambda before=before: all(all_asked()[p] > before[p] for p in OFFICERS), "all to be told")  # type: ignore[misc]
        assert entries == [("command-asked", p) for p in line] + [("command-asked-again", p) for p in line]
        assert line[0] == first
        with database.begin() as c:  # as the API does
            taken = take(activation(), first, "", now_ms())
            save_activation(c, taken)
            append(c, "rules", site.id, "plan", "command-taken", taken.id, plain(taken), now_ms())

        def open_asks() -> int:
            with database.read() as c:
                of_plan = escalations_of(c, site.id, taken.id)
            return sum(e.kind == "command" and e.ended_at is None for e in of_plan)

        await until(lambda: open_asks() == 0, "the asking to end")
        with database.read() as c:
            waiting = [n for n in list_notifications(c, site.id, limit=1_000) if n.state is NotificationState.QUEUED]
        assert not [n for n in waiting if n.occasion == taken.id], "withdrawn"


async def test_a_report_comes_by_mail_to_everybody_it_is_for_and_once(
    embedded_broker: Broker,
    tmp_path: Path,
    database: Database,
    mails: Mails,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in by_mail(mails).items():
        monkeypatch.setenv(name, value)
    site = quick_site(tmp_path)
    told: set[str] = set()
    for role, people in (("supervisor", ("sun-hong",)), ("safety-officer", OFFICERS)):
        told |= {f"{person}@example.com" for person in people}
        with database.begin() as c:  # the supervisor a second time, before those whose mails are waited for
            for one in ("supervisor", role):
                tell_report(c, site, Period.parse("2026-10"), one, now_ms())
        async with rules(embedded_broker, site, database):
            got = lambda wanted=frozenset(told): {to for tos, _, _ in mails.got for to in tos} >= wanted  # noqa: E731
            await until(got, f"the mails of {role}")
            await until(lambda: states(database, site)[NotificationState.QUEUED] == 0, "everybody to be told")
    assert sorted(to for tos, _, _ in mails.got for to in tos) == sorted(told), "each once"
    for _, _, text in mails.got:
        assert "评估报告 2026-10" in text
        assert "Evaluation report 2026-10" in text
        assert "https://anju.example/n/" in text


async def test_a_receiver_that_fails_hangs_and_recovers(
    embedded_broker: Broker, tmp_path: Path, database: Database, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(hook).items():
        monkeypatch.setenv(name, value)
    site = quick_site(tmp_path)
    hook.status = 500
    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: len(hook.got) >= 3, "the first tries")
        hook.status = 200
        await until(lambda: states(database, site)[NotificationState.HANDED_OVER] >= 3, "hand-over after recovery")
        # a receiver that hangs delays its own messages only
        hook.hangs = frozenset({"chen-gang", "liu-yang", "zhao-lei"})
        before = len(hook.to("li-na")) + len(hook.to("wang-wei"))
        east.send(("smoke-b2-f1-a.smoke", 1.0), ("smoke-b2-f1-b.smoke", 1.0))
        await until(lambda: len(hook.to("li-na")) + len(hook.to("wang-wei")) > before, "those whose phones work")
        await until(lambda: states(database, site)[NotificationState.FAILED] > 0, "the hanging phone to be given up")
        hook.released.set()


async def test_a_thousand_alarms_are_two_messages_a_person(
    embedded_broker: Broker, tmp_path: Path, database: Database, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(hook).items():
        monkeypatch.setenv(name, value)
    site = quick_site(tmp_path)
    points = [p.id for p in site.points.values() if p.measure == "smoke" and p.gateway == "gw-east"]
    async with rules(embedded_broker, site, database) as east:
        begun = now_ms()
        alarms = 1_000
        _insert_alarms(database, site, points, alarms, begun)
        east.send((points[0], 1.0))  # and one as they come, which wakes the notifier

        def counted() -> int:
            texts = [text for person in PEOPLE for text in hook.to(person)]
            return sum(_count(text) for text in texts)

        told_all = lambda: counted() >= alarms  # noqa: E731
        await asyncio.to_thread(wait_until, told_all, 60, "whoever is on duty told of every alarm")
    per_person = Counter(path for path, _ in hook.got)
    assert max(per_person.values()) <= 2, per_person


def _count(text: str) -> int:
    first = text.partition("\n")[0]
    digits = first.partition("条报警")[0]
    return int(digits) if digits.isdigit() else 1


def _insert_alarms(database: Database, site: Site, points: list[str], count: int, at: int) -> None:
    from community.alarms import raise_alarm  # noqa: PLC0415
    from rules.respond.notices import tell_alarm  # noqa: PLC0415

    rule = next(r for r in site.file.rules if r.id == "smoke")
    with database.begin() as c:
        for number in range(count):
            point = points[number % len(points)]
            alarm = raise_alarm(
                site=site.id,
                rule=rule,
                scope=point,
                zone=site.points[point].zone,
                at=at - number,
                value=1.0,
                points=(point,),
            )
            save_alarm(c, alarm)
            tell_alarm(c, site, alarm, at)


async def test_nobody_can_be_reached_is_said_and_the_step_becomes_the_commanders(
    embedded_broker: Broker, tmp_path: Path, database: Database
) -> None:
    site = quick_site(tmp_path)
    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))

        def call() -> tuple[str, StepState] | None:
            with database.read() as c:
                found = list_activations(c, site.id)
            return next(((s.kind, s.state) for a in found for s in a.steps if s.id == "call"), None)

        await until(lambda: call() in {("person", StepState.FAILED), ("person", StepState.LATE)}, "the failed step")
    with database.read() as c:
        notifications = list_notifications(c, site.id, limit=1000)
    assert {n.state for n in notifications} == {NotificationState.FAILED}
    assert any("unset:WANG_WEI_PHONE" in n.why for n in notifications)


async def test_the_heart_stops_with_the_rules(
    embedded_broker: Broker, tmp_path: Path, database: Database, hook: Receiver
) -> None:
    site = quick_site(tmp_path)
    url = f"http://127.0.0.1:{hook.port}/heart"
    async with rules(embedded_broker, site, database, heartbeat_url=url, heartbeat_every_s=0.1):
        await until(lambda: len(hook.gets) > 3, "the heart to beat")
    beats = len(hook.gets)
    await asyncio.sleep(0.5)  # there is nothing to wait for but time
    assert len(hook.gets) == beats


async def test_killed_between_raising_and_telling(
    embedded_broker: Broker, tmp_path: Path, database: Database, hook: Receiver
) -> None:
    """kill -9 while a receiver holds the message: told again after the restart, with the same reference."""
    quick_site(tmp_path)
    site = read_site(Settings(site=tmp_path / "site.yaml"))
    process = Process(
        "rules",
        [sys.executable, "-m", "anju", "rules"],
        tmp_path,
        env={
            "ANJU_SITE": str(tmp_path / "site.yaml"),
            "ANJU_DATA_DIR": str(tmp_path),
            "ANJU_MQTT_URL": embedded_broker.url,
            "PYTHONPATH": str(ROOT),
            **environment(hook),
        },
    )
    hook.hangs = frozenset({"sms"})
    async with edge(embedded_broker.url, site, "gw-east") as east:
        process.start()
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        waiting = lambda: states(database, site)[NotificationState.QUEUED] > 0  # noqa: E731
        await asyncio.to_thread(wait_until, waiting, 60, "somebody to be told")
        process.kill()
        hook.hangs = frozenset()
        process.start()
        # the program starts once more, which takes long where others are at work
        told = lambda: states(database, site)[NotificationState.HANDED_OVER] >= 3  # noqa: E731
        await asyncio.to_thread(wait_until, told, 60, "everybody told")
        await asyncio.to_thread(process.stop)
    with database.read() as c:
        rows = list_notifications(c, site.id, limit=1000)
    handed = {n.message or "" for n in rows if n.state is NotificationState.HANDED_OVER}
    texts = [text for person in PEOPLE for text in hook.to(person)]
    assert all(any(identifier in text for text in texts) for identifier in handed)
    assert len({(n.escalation, n.person) for n in rows}) == len(rows)
