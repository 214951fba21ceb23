"""The API's description without starting anything: `python -m api.openapi > openapi.json`."""

import json
import sys

from api.app import bare_app


def document() -> str:
    """The OpenAPI document, the same bytes for the same routes."""
    return json.dumps(bare_app().openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
