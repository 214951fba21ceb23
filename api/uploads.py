"""Files people send: the body of a request as it is, of a kind that is told by its first bytes, never by its name."""

from typing import Any

from starlette.responses import Response

from api.problems import Problem
from backbone.files import Files

_SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}
_SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
PHOTOS = ("image/jpeg", "image/png")
DOCUMENTS = (*PHOTOS, "application/pdf")


def body_of(kinds: tuple[str, ...]) -> dict[str, Any]:
    """The description of such a body, for OpenAPI."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


def kind_of(content: bytes, kinds: tuple[str, ...]) -> str:
    """The media type of a file.

    Raises:
        Problem: 415, it is of none of `kinds`.
    """
    found = next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), None)
    if found not in kinds:
        raise Problem(415, f"this is none of {', '.join(kinds)}", kind="bad-input")
    assert found is not None
    return found


def keep(files: Files, content: bytes, kind: str) -> str:
    """Put it into the store; its id."""
    return files.put(content, f"file{_SUFFIX[kind]}")


def answer(files: Files, identifier: str, kind: str) -> Response:
    """The bytes of a kept file.

    Raises:
        Problem: 410, the database knows it and the folder does not.
    """
    try:
        with files.open(identifier) as file:
            content = file.read()
    except FileNotFoundError:
        raise Problem(410, "the file is gone; look for it in a backup") from None
    return Response(content, media_type=kind, headers={"Cache-Control": "private, max-age=31536000"})
