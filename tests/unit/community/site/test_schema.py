"""The published JSON Schemas are those of the code, and take what the loader takes."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from community.site.schema import SCHEMAS, schema_of, schema_text
from community.site.yaml_text import parse

ROOT = Path(__file__).parents[4]
GOOD = (ROOT / "tests" / "data" / "site" / "good.yaml").read_text(encoding="utf-8")
SITE = Draft202012Validator(schema_of("site"))
PROFILE = Draft202012Validator(schema_of("profile"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_up_to_date(name: str) -> None:
    published = ROOT / "docs" / f"{name}.schema.json"
    make = f"python -m community.site.schema {name} > docs/{name}.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text(name), f"run: {make}"


def test_the_demo_and_the_shipped_profiles_fit() -> None:
    Draft202012Validator.check_schema(schema_of("site"))
    assert errors_of(SITE, (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")) == []
    for path in sorted((ROOT / "gateway" / "profiles").glob("*.yaml")):
        assert errors_of(PROFILE, path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("every: 2s", "every: two"),
        ("id: b1-f1", "id: B1_F1"),
        ("risk: high", "risk: hihg"),
        ("when: {equals: 1}", "when: {equals: 1, above: 2}"),
        ("when: {equals: 1}", "when: {}"),
        ("who: guide", "who: guide, notify: [guide]"),
        ("rules:", "ruels:"),
        ("party: property, inst", "inst"),
    ],
)
def test_an_editor_sees_mistakes_of_shape(before: str, after: str) -> None:
    assert errors_of(SITE, GOOD) == []
    assert errors_of(SITE, GOOD.replace(before, after, 1))


def errors_of(validator: Any, text: str) -> list[str]:
    return [error.message for error in validator.iter_errors(parse(text).data)]
