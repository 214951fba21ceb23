"""Which commands are carried out: a pure judgement, row by row."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.commands import Command, Outcome, Reply
from community.site.site import Point
from gateway.command_log import CommandLog
from gateway.interlocks import Hold
from gateway.judgement import SIMULATED, STRANGERS, Verdict, judge, releases
from gateway.settings import GatewaySettings
from gateway.spool import Spool
from tests.gateway_site import modbus_device, site_of

NOW = 1_790_000_000_000
OUTPUTS = ", outputs: {relay-1: {kind: egress-lock, safe: 0}, relay-2: {kind: siren, safe: 0}}"
POINTS = site_of([modbus_device("doors", "waveshare-relay-8", 15020, 1, OUTPUTS)]).points
LOCK, SIREN, SPARE = POINTS["doors.relay-1"], POINTS["doors.relay-2"], POINTS["doors.relay-3"]
UNLOCK = Command(point=LOCK.id, value=0, expires=NOW + 1, cause="activation:a")
RELOCK = replace(UNLOCK, value=1)


@pytest.mark.parametrize(
    ("command", "point", "released_by", "outcome", "reason"),
    [
        (UNLOCK, LOCK, None, None, ""),
        (RELOCK, LOCK, None, None, ""),
        (RELOCK, LOCK, "activation:a", Outcome.REFUSED, "life safety: released by activation:a, until stood down"),
        (replace(RELOCK, drill=True), LOCK, "activation:a", Outcome.REFUSED, "life safety"),
        (replace(RELOCK, cause="stand-down:a"), LOCK, "activation:a", None, ""),
        (UNLOCK, LOCK, "activation:a", None, ""),
        (replace(RELOCK, point=SIREN.id), SIREN, "activation:a", None, ""),
        (replace(UNLOCK, expires=NOW), LOCK, None, Outcome.EXPIRED, "expired 0 ms ago"),
        (replace(UNLOCK, expires=NOW - 70), LOCK, None, Outcome.EXPIRED, "expired 70 ms ago"),
        (UNLOCK, None, None, Outcome.REFUSED, "no point doors.relay-1 on this gateway"),
        (replace(UNLOCK, point=SPARE.id), SPARE, None, Outcome.REFUSED, "not among its device's outputs"),
        (replace(UNLOCK, value=2), LOCK, None, Outcome.REFUSED, "value 2; an output takes 0 or 1"),
        (replace(UNLOCK, value=float("nan")), LOCK, None, Outcome.REFUSED, "an output takes 0 or 1"),
        (replace(UNLOCK, drill=True), LOCK, None, Outcome.DONE, SIMULATED),
        (replace(UNLOCK, drill=True, expires=0), LOCK, None, Outcome.EXPIRED, "expired"),
    ],
)
def test_judgement(
    command: Command, point: Point | None, released_by: str | None, outcome: Outcome | None, reason: str
) -> None:
    verdict = judge(command, point, NOW, released_by=released_by)
    assert verdict.outcome is outcome
    assert reason in verdict.reason


@pytest.mark.parametrize("cause", ["stand-down:a", "person:wang", "activation:b"])
def test_nobody_commands_against_a_tripped_interlock(cause: str) -> None:
    hold = Hold(0, "b3-release")
    verdict = judge(replace(RELOCK, cause=cause), LOCK, NOW, hold=hold)
    assert verdict == Verdict(Outcome.REFUSED, "life safety: held by interlock b3-release, until a person resets it")
    assert judge(replace(UNLOCK, cause=cause), LOCK, NOW, hold=hold) == Verdict(None)


@pytest.mark.parametrize(
    ("change", "retained", "outcome", "reason"),
    [
        ({}, False, None, ""),
        ({}, True, Outcome.REFUSED, "retained"),
        ({"expires": NOW}, False, Outcome.EXPIRED, "expired 0 ms ago"),
        ({"value": 1}, False, Outcome.REFUSED, "reset by 0 and tripped by its causes"),
        ({"cause": "stand-down:a"}, False, Outcome.REFUSED, "only a person resets an interlock"),
        ({"drill": True}, False, Outcome.DONE, SIMULATED),
    ],
)
def test_who_resets_an_interlock(
    change: dict[str, object], retained: bool, outcome: Outcome | None, reason: str
) -> None:
    command = Command(point="interlock:b3-release", value=0, expires=NOW + 1, cause="person:wang-wei")
    verdict = judge(replace(command, **change), None, NOW, retained=retained)  # type: ignore[arg-type]
    assert verdict.outcome is outcome
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({}, None, ""),
        ({"value": 3}, Outcome.REFUSED, "a mode is 0 (normal), 1 (test) or 2 (disabled)"),
        ({"cause": "activation:a"}, Outcome.REFUSED, "only a person takes a device out of service"),
        ({"expires": 0}, Outcome.EXPIRED, "expired"),
        ({"drill": True}, Outcome.DONE, SIMULATED),
    ],
)
def test_who_takes_a_device_out_of_service(change: dict[str, object], outcome: Outcome | None, reason: str) -> None:
    command = Command(point="mode:smoke-1", value=2, expires=NOW + 1, cause="person:wang-wei")
    verdict = judge(replace(command, **change), None, NOW)  # type: ignore[arg-type]
    assert verdict.outcome is outcome
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("command", "point", "outcome"),
    [
        (UNLOCK, LOCK, None),
        (replace(UNLOCK, point=SIREN.id), SIREN, Outcome.REFUSED),
        (RELOCK, LOCK, Outcome.REFUSED),
        (replace(RELOCK, cause="stand-down:a"), LOCK, Outcome.REFUSED),
        (replace(RELOCK, cause="person:wang"), LOCK, Outcome.REFUSED),
        (replace(RELOCK, point="interlock:b3-release", value=0, cause="person:wang"), None, Outcome.REFUSED),
        (replace(RELOCK, point="mode:smoke-1", value=2, cause="person:wang"), None, Outcome.REFUSED),
    ],
)
def test_where_strangers_can_speak_a_command_opens_escape_doors_and_does_nothing_else(
    command: Command, point: Point | None, outcome: Outcome | None
) -> None:
    verdict = judge(command, point, NOW, trusted=False)
    assert verdict == Verdict(outcome, STRANGERS if outcome else "")
    assert judge(command, point, NOW) == Verdict(None)


@pytest.mark.parametrize(
    ("url", "more", "kept_out"),
    [
        ("mqtt://127.0.0.1:1883", {}, True),
        ("mqtt://[::1]:1883,mqtt://localhost", {}, True),
        ("mqtt://10.0.0.5:1883", {}, False),
        ("mqtt://gw:secret@10.0.0.5", {}, False),  # pragma: allowlist secret
        ("mqtt://127.0.0.1,mqtt://10.0.0.5", {}, False),
        ("mqtts://broker", {}, False),
        ("mqtts://gw:secret@broker", {}, True),  # pragma: allowlist secret
        ("mqtts://broker", {"mqtt_cert": Path(__file__)}, True),
        ("mqtt://10.0.0.5", {"mqtt_private": True}, True),
    ],
)
def test_which_brokers_keep_strangers_out(url: str, more: dict[str, object], kept_out: bool) -> None:
    assert GatewaySettings(mqtt_url=url, **more).strangers_kept_out is kept_out  # type: ignore[arg-type]


@given(
    point=st.sampled_from([LOCK, SIREN, SPARE, None]),
    name=st.one_of(st.text(), st.sampled_from([LOCK.id, "interlock:", "mode:", "interlock:a", "mode:b"])),
    value=st.floats(),
    expires=st.integers(),
    cause=st.one_of(st.text(), st.sampled_from(["person:", "stand-down:a", "activation:a"])),
    hold=st.sampled_from([None, Hold(0, "b3")]),
    trusted=st.booleans(),
)
def test_whatever_is_commanded_gets_a_reason_and_nothing_locks_what_an_interlock_holds(
    point: Point | None, name: str, value: float, expires: int, cause: str, hold: Hold | None, trusted: bool
) -> None:
    command = Command(point=name, value=value, expires=expires, cause=cause)
    verdict = judge(command, point, NOW, released_by="activation:a", hold=hold, trusted=trusted)
    assert (verdict.outcome is None) != bool(verdict.reason)
    if verdict.outcome is None and not name.startswith(("interlock:", "mode:")):
        assert hold is None or value == hold.value
        assert value == 0 or point is SIREN or cause.startswith("stand-down:")


def test_what_the_broker_kept_is_no_command() -> None:
    assert judge(UNLOCK, LOCK, NOW, retained=True) == Verdict(
        Outcome.REFUSED, "retained: a command is for the moment it is sent"
    )


@pytest.mark.parametrize(
    ("command", "point", "stays"),
    [
        (UNLOCK, LOCK, True),
        (replace(UNLOCK, cause="interlock:b3"), LOCK, True),
        (replace(UNLOCK, cause="person:wang"), LOCK, False),
        (replace(UNLOCK, cause="stand-down:a"), LOCK, False),
        (replace(UNLOCK, drill=True), LOCK, False),
        (RELOCK, LOCK, False),
        (replace(UNLOCK, point=SIREN.id), SIREN, False),
    ],
)
def test_which_commands_release_a_lock_for_good(command: Command, point: Point, stays: bool) -> None:
    assert releases(command, point) is stays


def reopened(folder: Path) -> tuple[Spool, CommandLog]:
    spool = Spool.open(folder, max_bytes=10**9, max_age_ms=10**9, now=NOW)
    return spool, CommandLog(spool)


def test_the_record_survives_a_restart(tmp_path: Path) -> None:
    spool, record = reopened(tmp_path)
    reply = Reply(outcome=Outcome.DONE, point=LOCK.id, at=NOW, read_back=0.0)
    record.begin("one", UNLOCK, NOW)
    record.finish("one", reply)
    record.begin("two", RELOCK, NOW)
    record.release(LOCK.id, "activation:a", NOW)
    spool.close(NOW)

    spool, record = reopened(tmp_path)
    assert record.known("one")
    assert record.reply_to("one") == reply
    assert not record.known("three")
    assert record.unfinished() == [("two", RELOCK)]
    assert record.released_by(LOCK.id) == "activation:a"
    record.stand_down(LOCK.id)
    spool.close(NOW)

    spool, record = reopened(tmp_path)
    assert record.released_by(LOCK.id) is None
    spool.close(NOW)


def test_the_record_is_kept_in_memory_while_the_disk_refuses(tmp_path: Path) -> None:
    spool, record = reopened(tmp_path)
    spool.file.execute("PRAGMA query_only=ON")
    record.begin("one", UNLOCK, NOW)
    record.release(LOCK.id, "activation:a", NOW)
    assert record.known("one")
    assert record.released_by(LOCK.id) == "activation:a"
    spool.file.execute("PRAGMA query_only=OFF")
    spool.close(NOW)


def test_the_record_goes_into_a_spool_begun_anew(tmp_path: Path) -> None:
    spool, record = reopened(tmp_path)
    record.begin("one", UNLOCK, NOW)
    record.release(LOCK.id, "activation:a", NOW)
    spool.file.execute("DELETE FROM released")
    spool.file.execute("DELETE FROM commands")
    record.write_again(NOW)
    spool.close(NOW)
    spool, record = reopened(tmp_path)
    assert record.known("one")
    assert record.released_by(LOCK.id) == "activation:a"
    spool.close(NOW)


def test_commands_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    spool, record = reopened(tmp_path)
    record.begin("one", UNLOCK, NOW)
    record.finish("one", Reply(outcome=Outcome.DONE, point=LOCK.id, at=NOW))
    record.prune(NOW + 10 * 86_400_000)
    assert spool.file.execute("SELECT count(*) FROM commands") == [(1,)]
    record.prune(NOW + 40 * 86_400_000)
    assert spool.file.execute("SELECT count(*) FROM commands") == [(0,)]
    spool.close(NOW)
