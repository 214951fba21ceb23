"""What open pages are told: everything once, in order, and never more than they can take."""

import asyncio
import json
from typing import Any

import numpy as np
import pytest

from api.live.client import MOST_WAITING, Client
from api.live.messages import RESYNC, event_message
from api.live.shown import EventError, parse_event, shown_event
from backbone.database.documents import plain
from community.people import Role
from tests.unit.api.house import NOW, SMOKE, House, take
from tests.unit.api.test_drills import DRILL


def said(client: Client) -> list[dict[str, Any]]:
    return [json.loads(message) for message in client.take()]


def numbers(client: Client) -> list[int]:
    return [message["event"] for message in said(client)]


def event(number: int) -> bytes:
    return event_message("alarm", number, "raised", b'{"id":"x"}')


def test_an_event_reaches_every_page_once(house: House) -> None:
    hub = house.platform.hub
    one, two = hub.add("a", "s1"), hub.add("b", "s2")
    for _ in range(2):
        hub.event("alarm", 7, "raised", b'{"id":"x"}')
    assert said(one) == [{"type": "alarm", "event": 7, "change": "raised", "object": {"id": "x"}}]
    assert numbers(two) == [7]
    assert hub.last_event == 7
    hub.remove(one)
    hub.event("alarm", 8, "raised", b"{}")
    assert numbers(one) == []
    assert len(hub) == 1


def test_events_committed_out_of_order_are_all_told(house: House) -> None:
    hub = house.platform.hub
    hub.event("alarm", 10, "raised", b"{}")
    page = hub.add("a", "s")
    hub.event("alarm", 9, "raised", b"{}")
    assert numbers(page) == [9]


def test_what_was_missed_comes_before_what_happens(house: House) -> None:
    page = house.platform.hub.add("a", "s")
    page.event(5, event(5))
    page.catch_up([(n, event(n)) for n in (3, 4, 5)])
    page.event(6, event(6))
    page.event(4, event(4))
    assert numbers(page) == [3, 4, 5, 6]


def test_a_page_that_is_too_slow_is_told_to_load_anew(house: House) -> None:
    page = house.platform.hub.add("a", "s")
    for number in range(MOST_WAITING + 5):
        page.event(number, event(number))
    messages = page.take()
    assert messages[0] == RESYNC
    assert len(messages) < 10
    for _ in range(50):
        page.message(b"x" * 200_000)
    assert sum(len(message) for message in page.take()) < 4_200_000


def test_readings_do_not_queue(house: House) -> None:
    latest = house.platform.latest
    page = house.platform.hub.add("a", "s")
    mask_a, mask_b = np.zeros(len(latest.ids), np.bool_), np.zeros(len(latest.ids), np.bool_)
    mask_a[0], mask_b[1] = True, True
    page.readings(mask_a, b'{"type":"readings","values":["prepared"]}')
    assert said(page) == [{"type": "readings", "values": ["prepared"]}]
    for _ in range(1000):
        page.readings(mask_a, b"{}")
        page.readings(mask_b, b"{}")
    (message,) = said(page)
    assert [row[0] for row in message["values"]] == list(latest.ids[:2])


async def test_readings_are_gathered(house: House) -> None:
    hub = house.platform.hub
    page = hub.add("a", "s")
    sending = asyncio.create_task(hub.send_readings())
    for n in range(100):
        take(house, (SMOKE, NOW + n, float(n % 2), 0))
        hub.readings_arrived()
    await page.wait(5)
    (message,) = said(page)
    assert message == {"type": "readings", "values": [[SMOKE, NOW + 99, 1.0, 0]]}
    sending.cancel()


async def test_a_page_waits_no_longer_than_it_is_told_to(house: House) -> None:
    page = house.platform.hub.add("a", "s")
    await page.wait(-1)
    assert page.take() == []
    page.end("signed out")
    await page.wait(60)
    assert page.close_reason == "signed out"


def test_an_event_shows_the_object_as_rest_does(house: House) -> None:
    alarm = house.raise_alarm()
    payload = json.dumps({**plain(alarm), "event": 3, "change": "raised", "at": NOW}).encode()
    shown = parse_event("alarm", payload)
    body = json.loads(shown.body)
    assert (shown.number, shown.change) == (3, "raised")
    assert body["raised_at"] == "2026-09-21T14:13:20.000Z"
    assert set(body) == set(plain(alarm))


async def test_a_drill_is_told_of_as_rest_shows_it(house: House) -> None:
    async with house.as_(Role.SAFETY_OFFICER) as officer:
        planned = (await officer.post("/drills", json=DRILL)).json()
    (row,) = house.events()
    assert json.loads(shown_event(row.kind, row.id, row.change, row.document).body) == planned


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b'{"event":"1","change":"x"}', b'{"event":1,"change":"raised"}', b"\xff", b'{"event":1}'],
)
def test_garbage_on_the_bus_is_no_event(payload: bytes) -> None:
    with pytest.raises(EventError):
        parse_event("alarm", payload)
