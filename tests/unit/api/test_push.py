"""Subscribing a browser: only at a known push service, only one's own, and its address is shown to nobody."""

from typing import Any

from backbone.database.notifications import save_push_key
from community.people import Role
from tests.push_service import Browser
from tests.unit.api.house import PASSWORD, House

FCM = "https://fcm.googleapis.com/fcm/send/abc"


def asked(endpoint: str, **more: Any) -> dict[str, Any]:
    return {**Browser(endpoint).subscription, "label": "值班手机", **more}


async def test_a_browser_is_subscribed_reached_and_given_up(house: House) -> None:
    house.add_user("wang-wei", Role.SAFETY_OFFICER)
    with house.database.begin() as c:
        save_push_key(c, house.site.id, "the-key")
    async with house.client() as client:
        answer = await client.post("/session", json={"username": "wang-wei", "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        assert (await client.get("/notifications/push")).json() == {"key": "the-key", "browsers": []}
        await client.post("/notifications/push", json=asked(FCM))
        again = await client.post("/notifications/push", json=asked(FCM))
        (row,) = again.json()["browsers"]
        assert row["label"] == "值班手机"
        assert FCM not in again.text
        reach = {one["person"]: one for one in (await client.get("/notifications/reach")).json()}
        assert reach["wang-wei"]["channels"]["webpush"] == ""
        chosen = await client.put("/notifications/mine", json={"channels": {"medium": ["webpush"]}})
        assert chosen.json()["channels"] == {"medium": ["webpush"]}
        assert (await client.delete(f"/notifications/push/{row['id']}")).json()["browsers"] == []
        assert (await client.delete(f"/notifications/push/{row['id']}")).status_code == 404


async def test_the_platform_sends_to_push_services_only(house: House) -> None:
    house.add_user("wang-wei", Role.SAFETY_OFFICER)
    async with house.client() as client:
        answer = await client.post("/session", json={"username": "wang-wei", "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        for endpoint in (
            "http://127.0.0.1:8086/write",
            "http://fcm.googleapis.com/fcm/send/abc",
            "https://fcm.googleapis.com@evil.test/x",
            "https://fcm.googleapis.com:8443/x",
            "https://evil.test/.push.apple.com",
            "https://[/",
        ):
            refused = await client.post("/notifications/push", json=asked(endpoint))
            assert refused.status_code == 422, endpoint
            assert "ANJU_PUSH_SERVICES" in refused.text
        short = await client.post("/notifications/push", json=asked(FCM, keys={"p256dh": "AA", "auth": "AA"}))
        assert short.status_code == 422
