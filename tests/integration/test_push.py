"""Web push: subscribed on the page, encrypted for one browser, handed over for an alarm, and gone when it is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backbone.database.notifications import browsers_of, list_notifications, push_key, save_browsers
from community.notifications import NotificationState
from community.push import CHANNEL, Browsers, browser_id, subscribed
from community.push import Browser as Known
from tests.integration.test_notify import SMOKE_A, SMOKE_B, environment, quick_site, rules
from tests.push_service import Browser, PushService, claims, push_service
from tests.receivers import receiver
from tests.rules_rig import now_ms, open_database
from tests.servers import Broker
from tests.waiting import until


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


def known(browser: Browser) -> Known:
    keys = browser.subscription["keys"]
    return Known(id=browser_id(browser.endpoint), endpoint=browser.endpoint, label="", at=now_ms(), **keys)


async def test_an_alarm_reaches_a_browser_and_a_lost_one_is_forgotten(
    embedded_broker: Broker, tmp_path: Path, service: PushService
) -> None:
    site, database = quick_site(tmp_path), open_database(tmp_path)
    phone, lost = Browser(f"{service.origin}/push/phone"), Browser(f"{service.origin}/push/lost")
    service.gone = {"/push/lost"}
    mine = subscribed(subscribed(Browsers(person="wang-wei"), known(lost)), known(phone))
    with database.begin() as c:
        save_browsers(c, site.id, mine)
        save_browsers(c, site.id, subscribed(Browsers(person="li-na"), known(lost)))

    async with rules(embedded_broker, site, database, data_dir=tmp_path) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: any("火情确认" in phone.open(body)["title"] for _, _, body in service.got), "the push")

        def forgotten() -> bool:
            with database.read() as c:
                left = [row.id for who in ("wang-wei", "li-na") for row in browsers_of(c, site.id, who).rows]
            return left == [browser_id(phone.endpoint)]

        await until(forgotten, "the lost browser to be forgotten")
        with database.read() as c:
            key = push_key(c, site.id)
            told = [n for n in list_notifications(c, site.id, limit=1000) if n.person == "wang-wei"]
    path, headers, body = service.got[0]
    message = phone.open(body)
    assert path == "/push/phone"
    assert message["link"].startswith("https://anju.example/n/")
    assert message["link"] in message["body"]
    assert (message["urgent"], headers["urgency"], headers["content-encoding"]) == (True, "high", "aes128gcm")
    assert int(headers["ttl"]) > 3600, "a phone that is off gets it later"
    assert key is not None
    said = claims(headers["authorization"], key)
    assert (said["sub"], said["exp"] > now_ms() / 1000) == ("mailto:postmaster@anju.example", True)
    assert any(n.state is NotificationState.HANDED_OVER and n.tries[-1].channel == CHANNEL for n in told)
    assert (tmp_path / "push-key.pem").stat().st_mode & 0o077 == 0
    async with rules(embedded_broker, site, database, data_dir=tmp_path):
        with database.read() as c:
            assert push_key(c, site.id) == key, "browsers stay subscribed over a restart"
            assert browsers_of(c, site.id, "wang-wei").rows
    (tmp_path / "push-key.pem").unlink()
    async with rules(embedded_broker, site, database, data_dir=tmp_path):

        def page_says() -> bool:
            with database.read() as c:
                return push_key(c, site.id) != key and not browsers_of(c, site.id, "wang-wei").rows

        await until(page_says, "the page to say that nobody is subscribed with the new key")
    database.close()


async def test_with_a_key_that_cannot_be_read_people_are_told_by_their_other_ways(
    embedded_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, database = quick_site(tmp_path), open_database(tmp_path)
    with database.begin() as c:
        phone = known(Browser("http://127.0.0.1:9/push/phone"))
        save_browsers(c, site.id, subscribed(Browsers(person="wang-wei"), phone))
    (tmp_path / "push-key.pem").write_text("damaged")
    with receiver() as hook:
        for name, value in environment(hook).items():
            monkeypatch.setenv(name, value)
        async with rules(embedded_broker, site, database, data_dir=tmp_path) as east:
            east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
            await until(lambda: any("火情确认" in text for text in hook.to("wang-wei")), "the message by the webhook")
            with database.read() as c:
                assert push_key(c, site.id) is None, "nobody can subscribe"
                assert browsers_of(c, site.id, "wang-wei").rows, "and nobody is forgotten"
    database.close()
