"""Choosing how one is told: by kind and grade, with quiet hours of their own where duty leaves room for them."""

from typing import Any

import pytest

from community.people import Role
from tests.unit.api.house import PASSWORD, House

EVENINGS = {"about": "ticket", "grade": "low", "channels": ["email"], "quiet_from": "18:00", "quiet_to": "09:00"}
ALWAYS: dict[str, Any] = {"about": "alarm", "grade": "medium", "channels": [], "quiet_from": None, "quiet_to": None}


async def put(house: House, **chosen: Any) -> Any:
    house.add_user("wang-wei", Role.SAFETY_OFFICER)
    async with house.client() as client:
        answer = await client.post("/session", json={"username": "wang-wei", "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        return await client.put("/notifications/mine", json=chosen), (await client.get("/notifications/mine")).json()


async def test_choices_are_kept_and_what_can_be_chosen_is_said(house: House) -> None:
    answer, after = await put(
        house, channels={"medium": ["sms"]}, quiet_from="22:00", quiet_to="07:00", own=[EVENINGS, ALWAYS]
    )
    assert answer.status_code == 200, answer.text
    assert after["own"] == [EVENINGS, ALWAYS]
    choosable = {(one["about"], one["grade"]): one["quiet"] for one in after["choosable"]}
    assert (choosable["alarm", "high"], choosable["plan", "medium"], choosable["ticket", "low"]) == (False, False, True)


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ([EVENINGS, EVENINGS], "one choice"),
        ([{**EVENINGS, "grade": "high"}], "at any hour"),
        ([{**EVENINGS, "about": "plan", "grade": "medium"}], "at any hour"),
        ([{**ALWAYS, "grade": "low"}], "nobody is told"),
        ([{**EVENINGS, "quiet_to": None}], "beginning and an end"),
        ([{**EVENINGS, "channels": ["pigeon"]}], "pigeon"),
        ([{**EVENINGS, "about": "weather"}], "about"),
    ],
)
async def test_what_duty_leaves_no_room_for_is_refused(house: House, own: list[dict[str, Any]], why: str) -> None:
    answer, after = await put(house, own=own)
    assert answer.status_code == 422
    assert why in answer.text
    assert after["own"] == []
