"""Every route takes a right, and the server asks for it: the whole matrix of routes and roles."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.app import bare_app
from api.security.access import Require
from community.people import RIGHTS, Action, Role
from tests.unit.api.house import House

OPEN = {"/healthz", "/readyz", "/metrics"}
OWN_SESSION = {("POST", "/api/v1/session"), ("GET", "/api/v1/session"), ("DELETE", "/api/v1/session")}


def routes() -> Iterator[tuple[str, str, APIRoute]]:
    document = bare_app().openapi()
    operations = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    for name, route in _api_routes().items():
        method, path = operations[name]
        yield method, path, route


def _api_routes() -> dict[str, APIRoute]:
    found: dict[str, APIRoute] = {}
    waiting = list(bare_app().routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute) and route.include_in_schema:
            found[route.name] = route
        waiting.extend(getattr(getattr(route, "original_router", route), "routes", []))
    return found


def right_of(dependant: Dependant) -> Action | None:
    waiting = [dependant]
    while waiting:
        one = waiting.pop()
        if isinstance(one.call, Require):
            return one.call.action
        waiting.extend(one.dependencies)
    return None


MATRIX = [
    (method, path, right_of(route.dependant))
    for method, path, route in routes()
    if path not in OPEN and (method, path) not in OWN_SESSION
]


def test_the_routes_were_found() -> None:
    assert len(MATRIX) >= 30
    # who may isolate is asked beside the right to shelve, where fire detection is concerned: test_suppressions.py
    assert {action for *_, action in MATRIX} >= set(Action) - {Action.VIEW, Action.ISOLATE}


@pytest.mark.parametrize(("method", "path", "action"), MATRIX)
async def test_a_route_lets_in_exactly_the_roles_that_have_its_right(
    shared_house: House, method: str, path: str, action: Action | None
) -> None:
    assert action is not None, "the route asks for no right"
    if method != "GET":
        assert action is not Action.VIEW, "a write asks for more than to look"
    address = path.removeprefix("/api/v1")
    for name in ("point_id", "alarm_id", "ticket_id", "plan_id", "activation_id", "step_id", "username"):
        address = address.replace("{" + name + "}", "nothing")
    shared_house.clock.turn(1)  # so many requests in one moment would be refused for their number
    async with shared_house.client() as nobody:
        assert (await nobody.request(method, address, json={})).status_code == 401
    for role in Role:
        async with shared_house.as_(role) as client:
            answer = await client.request(method, address, json={})
        refused = action not in RIGHTS[role]
        assert (answer.status_code == 403) == refused, f"{role}: {answer.status_code} {answer.text}"
        if refused:
            assert answer.headers["content-type"] == "application/problem+json"
