"""A corridor fire reaches a phone; the link in the message is pressed, and nobody else is called."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.program import Program
from tests.receivers import Receiver, receiver
from tests.servers import wait_until

OFFICERS = ("wang-wei", "li-na")


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def test_the_link_in_a_message_acknowledges_and_ends_the_escalation(tmp_path: Path, hook: Receiver) -> None:
    environment = {"ANJU_SMS_URL": f"json://127.0.0.1:{hook.port}/sms/{{to}}"}
    people = ("wang-wei", "li-na", "zhang-min", "chen-gang", "liu-yang", "zhao-lei")
    environment |= {f"{person.replace('-', '_').upper()}_PHONE": person for person in people}
    program = Program(tmp_path, simulate=False, environment=environment)
    program.process.environment["ANJU_PUBLIC_URL"] = program.url
    program.start()
    try:
        with program.outside() as outside:
            for device in ("smoke-b3-f1-a", "smoke-b3-f1-b"):
                outside.publish(f"zigbee2mqtt/{device}", {"smoke": True, "battery": 90, "linkquality": 90})
        confirmed = "高风险报警：火情确认"

        def message() -> str | None:
            return next((t for person in OFFICERS for t in hook.to(person) if confirmed in t), None)

        wait_until(lambda: message() is not None, 20, "the officer's message")
        text = message() or ""
        assert "3号楼 一层走廊" in text
        assert "1F corridor, Building 3" in text
        (link, *_) = re.findall(r"http://\S+/n/\S+", text)
        shown = httpx.get(link)
        assert shown.status_code == 200
        assert "火情确认" in shown.text
        with program.client() as client:
            alarm = next(a for a in client.get("/alarms").json()["items"] if a["rule"] == "fire-confirmed")
            assert alarm["state"] == "unacknowledged", "looking at the link is not acknowledging"
            assert "已确认" in httpx.post(link).text
            alarm = client.get(f"/alarms/{alarm['id']}").json()
            assert alarm["acknowledged_by"] in OFFICERS
            (escalation,) = client.get("/notifications/of", params={"cause": alarm["id"]}).json()
            assert escalation["state"] == "acknowledged"
            assert any(n["state"] == "acknowledged" for n in escalation["notifications"])
            assert httpx.get(f"{program.url}/n/not-a-token").status_code == 404
            now = {row["duty"]: row["people"] for row in client.get("/rosters").json()["now"]}
            assert set(now) == {"commander", "duty-manager", "maintenance"}
            assert all(now.values())
    finally:
        program.stop()
