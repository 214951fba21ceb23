"""Files people send: the body of a request as it is, of a kind that is told by its first bytes, never by its name."""

from io import BytesIO
from typing import Any

from PIL import Image, ImageOps
from starlette.responses import Response

from api.problems import Problem
from backbone.files import Files

_SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}
MOST_PIXELS = 16_000_000
"""Requests are small, so that a photo of this size does not fit in one; a flat picture made to fill memory does."""
JPEG_QUALITY = 88
_SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
PHOTOS = ("image/jpeg", "image/png")
DOCUMENTS = (*PHOTOS, "application/pdf")


def body_of(kinds: tuple[str, ...]) -> dict[str, Any]:
    """The description of such a body, for OpenAPI."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


def taken(content: bytes, kinds: tuple[str, ...]) -> tuple[bytes, str]:
    """A file and its media type; a picture without what the camera wrote into it: place, time, owner (GB/T 35273).

    Raises:
        Problem: 415, it is of none of `kinds`, or a picture that cannot be read.
    """
    found = next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), None)
    if found is None or found not in kinds:
        raise Problem(415, f"this is none of {', '.join(kinds)}", kind="bad-input")
    return (content if found not in _FORMATS else _pixels(content, found)), found


def _pixels(content: bytes, kind: str) -> bytes:
    """The picture alone, the way up it was taken."""
    try:
        with Image.open(BytesIO(content), formats=[_FORMATS[kind]]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Problem(415, f"a picture has at most {MOST_PIXELS // 1_000_000} million pixels; make it smaller")
            upright = ImageOps.exif_transpose(picture)
            if kind == "image/jpeg":
                upright = upright.convert("RGB")
            bare = Image.frombytes(upright.mode, upright.size, upright.tobytes())
            if upright.mode == "P" and (palette := upright.getpalette()) is not None:
                bare.putpalette(palette)
            written = BytesIO()
            bare.save(written, _FORMATS[kind], quality=JPEG_QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Problem(415, "the picture cannot be read: it is damaged", kind="bad-input") from error
    return written.getvalue()


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
