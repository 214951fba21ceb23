"""What is lost is on record: by device, how many, why; told upstream until it is safe there."""

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.frames import FrameBuilder, decode
from backbone.losses import loss_event, loss_of
from community.losses import Loss, LossReason
from community.site.profile import Lane
from gateway.decoders.decoded import Decoded
from gateway.device_reader import reader_of
from gateway.event_time import ClockLimits
from gateway.loss_ledger import GOES_ON_MS, LONGEST_REPORT_MS, MOST_EVENTS, REPORT_AGAIN_MS, LossLedger, keep
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.spool import Spool
from tests.gateway_site import mqtt_device, site_of
from tests.unit.gateway.sink import Remembered

NOW = 1_790_000_000_000
DAY = 86_400_000


def told(ledger: LossLedger, now: int = NOW) -> list[Loss]:
    return [loss_of(event, "gw-1") for event, _ in ledger.reports("gw-1", now)]


def spool_in(folder: Path, **more: int) -> Spool:
    limits = {"max_bytes": 10**9, "max_age_ms": 14 * DAY} | more
    return Spool.open(folder, now=NOW, **limits)


def put(spool: Spool, lane: Lane, device: str, count: int, now: int) -> None:
    builder = FrameBuilder()
    for number in range(count):
        builder.add(f"{device}.m", now + number, 1.0, 0)
    spool.put(lane, builder, now)
    spool.flush(now)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 40), st.sampled_from(list(Lane))), max_size=60
    )
)
@settings(max_examples=30, deadline=None)
def test_a_full_spool_tells_of_each_reading_it_dropped(
    tmp_path_factory: object, rows: list[tuple[str, int, Lane]]
) -> None:
    """What is left and what the ledger says is what was put, device by device."""
    folder = tmp_path_factory.mktemp("spool")  # type: ignore[attr-defined]
    spool = spool_in(folder, max_bytes=5_000)
    sent: Counter[str] = Counter()
    for number, (device, count, lane) in enumerate(rows):
        put(spool, lane, device, count, NOW + number * 1000)
        sent[device] += count
    kept: Counter[str] = Counter()
    for lane in Lane:
        at = 0
        while (row := spool.after(lane, at)) is not None:
            kept[decode(spool.wire(row, at)).points[0].removesuffix(".m")] += row.readings
            at = row.seq
    spool.close(NOW)
    again = spool_in(folder)
    lost: Counter[str] = Counter()
    for loss in told(again.losses):
        assert loss.device is not None
        assert (loss.reason, loss.first <= loss.last) == (LossReason.SPOOL_FULL, True)
        lost[loss.device] += loss.count
    again.close(NOW)
    assert kept + lost == sent


def test_frames_nobody_took_in_time_are_told(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, max_age_ms=DAY)
    put(spool, Lane.BULK, "a", 3, NOW)
    put(spool, Lane.BULK, "b", 2, NOW + DAY)
    spool.tidy(NOW + DAY + 1, by_age=False)
    assert told(spool.losses) == [], "not by a clock nobody confirms"
    spool.tidy(NOW + DAY + 1)
    assert told(spool.losses) == [
        Loss("gw-1", "a", "bulk", LossReason.TOO_OLD, NOW + DAY + 1, NOW, NOW + 2, 3),
    ]
    spool.close(NOW)


def test_a_loss_that_goes_on_is_one_loss_told_seldomer_each_time() -> None:
    ledger = LossLedger()
    tellings = []
    for minute in range(24 * 60):
        now = NOW + minute * 60_000
        ledger.note(LossReason.SILENT, first=NOW, last=now, count=1, now=now, device="a")
        if due := ledger.reports("gw-1", now):
            tellings.append(loss_of(due[0][0], "gw-1"))
            ledger.told([name for _, name in due], minute + 1, now)
    assert {loss.began for loss in tellings} == {NOW}
    assert tellings[-1].count > 22 * 60
    assert len(tellings) < 40
    assert LONGEST_REPORT_MS >= REPORT_AGAIN_MS
    later = now + GOES_ON_MS + 1
    ledger.note(LossReason.SILENT, first=later, last=later, count=1, now=later, device="a")
    assert {loss_of(event, "gw-1").began for event, _ in ledger.reports("gw-1", later)} >= {later}


def test_an_entry_is_told_again_until_its_frame_is_committed(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for number in range(MOST_EVENTS + 10):
        spool.losses.note(LossReason.SEQUENCE_GAP, first=NOW, last=NOW, count=1, now=NOW, device=f"d{number}")
    first = spool.losses.reports("gw-1", NOW)
    assert len(first) == MOST_EVENTS, "in pieces a frame can hold"
    spool.losses.told([name for _, name in first], 7, NOW)
    assert len(spool.losses.reports("gw-1", NOW)) == 10
    spool.losses.frames_gone(7)
    assert len(spool.losses.reports("gw-1", NOW)) == MOST_EVENTS, "the frame was dropped"
    keep(spool.losses, spool.file)
    spool.close(NOW)
    again = spool_in(tmp_path)
    due = [name for _, name in again.losses.reports("gw-1", NOW)]
    again.losses.told(due, 9, NOW)
    assert again.losses.committed(8, NOW + DAY) == []
    assert len(again.losses.committed(9, NOW + DAY)) == MOST_EVENTS
    assert len(told(again.losses, NOW + DAY)) == 10
    again.close(NOW)


def test_numbers_a_device_skips_are_messages_it_lost() -> None:
    site = site_of([mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate")])
    ledger, reader = LossLedger(), reader_of(site, site.devices["climate"])
    pipeline = Pipeline(Remembered(), Refusals(), Pseudonyms(b"k" * 32), ClockLimits(60_000, DAY), ledger)
    for minute, number in enumerate([10, 11, 11, 15, 14, 16, 0, 1, 3]):
        pipeline.accept(reader, Decoded({"temperature": 1.0}, sequence=number), "x", NOW + minute * 60_000)
    (loss,) = told(ledger, NOW + DAY)
    assert (loss.device, loss.reason, loss.count) == ("climate", LossReason.SEQUENCE_GAP, 3)
    assert (loss.first, loss.last) == (NOW + 2 * 60_000, NOW + 3 * 60_000)


@given(
    st.builds(
        Loss,
        st.just("gw-1"),
        st.none() | st.from_regex(r"[a-z0-9-]{1,63}", fullmatch=True),
        st.none() | st.sampled_from(["bulk", "urgent"]),
        st.sampled_from(LossReason),
        st.integers(0, 2**50),
        st.just(NOW),
        st.integers(NOW, NOW + DAY),
        st.integers(0, 2**50),
    )
)
def test_what_is_told_is_what_is_heard(loss: Loss) -> None:
    assert loss_of(loss_event(loss), "gw-1") == loss
