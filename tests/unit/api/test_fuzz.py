"""Whatever is sent to any route, the answer is a proper one: never a fault of ours, always a problem when refused."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import bare_app
from community.people import Role
from tests.unit.api.house import SMOKE, House, token_of

_DESCRIBED = bare_app().openapi()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in _DESCRIBED["paths"].items()
    for method, operation in methods.items()
    if path.startswith("/api/") and (method, path) != ("delete", "/api/v1/session")
]
KNOWN = ["fire", "b3-f1", "high", "crew", "smoke", SMOKE, "true", "1", "2026-09-21T14:13:20Z", "raised_at"]
TEXTS = st.one_of(st.sampled_from(KNOWN), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def _fields(operation: dict[str, Any]) -> list[str]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = _DESCRIBED["components"]["schemas"].get(body.get("$ref", "").rsplit("/", 1)[-1], {})
    return list(schema.get("properties", {}))


def _parameters(operation: dict[str, Any], where: str) -> list[str]:
    return [row["name"] for row in operation.get("parameters", []) if row["in"] == where]


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
async def test_nothing_that_is_sent_breaks_it(shared_house: House, data: st.DataObject) -> None:
    method, path, operation = data.draw(st.sampled_from(OPERATIONS))
    for name in _parameters(operation, "path"):
        path = path.replace("{" + name + "}", quote(data.draw(TEXTS), safe="") or "x")
    query = {name: data.draw(TEXTS) for name in _parameters(operation, "query") if data.draw(st.booleans())}
    fields = _fields(operation)
    body = data.draw(VALUES if not fields else st.fixed_dictionaries({}, optional=dict.fromkeys(fields, VALUES)))
    role = data.draw(st.sampled_from(Role))
    address = f"10.{data.draw(st.integers(0, 255))}.{data.draw(st.integers(0, 255))}.1"
    headers = {"Authorization": f"Bearer {token_of(role)}", "Content-Type": "application/json"}
    async with shared_house.client(address) as client:
        content = None if method == "GET" else _json(body)
        answer = await client.request(method, f"http://anju.test{path}", params=query, content=content, headers=headers)
    assert answer.status_code < 500, f"{method} {path} {query} {body}: {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()
