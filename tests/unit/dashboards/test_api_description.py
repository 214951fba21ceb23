"""The page's types are generated from a copy of the API's description: the copy must be today's."""

from api.openapi import document
from dashboards import WEB_DIST

COPY = WEB_DIST.parent / "src" / "api" / "openapi.json"


def test_the_page_was_written_for_this_api() -> None:
    """When this fails: `make types` and look at what vue-tsc says."""
    assert COPY.read_text(encoding="utf-8") == document()
