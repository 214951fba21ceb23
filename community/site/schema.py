"""JSON Schemas of the site file, of device profiles and of cases, for editors and for other programs.

They describe the shape; what holds between rows (`anju check` tells all of it) no schema can say.
"""

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from community.site.cases import CaseFile
from community.site.model import SiteFile
from community.site.profile import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: dict[str, tuple[type[BaseModel], str]] = {
    "site": (SiteFile, "Anju site file"),
    "profile": (Profile, "Anju device profile"),
    "cases": (CaseFile, "Anju rule cases"),
}


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(name: str) -> dict[str, Any]:
    """The schema of `site`, `profile` or `cases`, with the keys as they are written."""
    model, title = SCHEMAS[name]
    made = model.model_json_schema(by_alias=True, mode="validation", schema_generator=_Plain)
    return {"$schema": DIALECT, **made, "title": title}


def schema_text(name: str) -> str:
    """The schema as the published file has it."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":  # python -m community.site.schema site > docs/site.schema.json
    sys.stdout.write(schema_text(sys.argv[1]))
