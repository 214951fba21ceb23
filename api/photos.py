"""Photos of tickets, responses and rounds: taken, stored and shown in one way."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from starlette.responses import Response

from api import uploads
from api.platform import Platform
from api.problems import not_found
from api.writing import Change


class Kept(NamedTuple):
    """A photo in the store, as the objects that have photos note it."""

    id: str
    media_type: str
    size: int
    at: int
    by: str


class Shot(Protocol):
    """A photo of any object."""

    @property
    def id(self) -> str:
        """Where it is in the store."""
        ...

    @property
    def media_type(self) -> str:
        """JPEG or PNG."""
        ...


class HasPhotos(Protocol):
    """A ticket, an activation or a round."""

    @property
    def site(self) -> str:
        """The site it is of."""
        ...

    @property
    def photos(self) -> Sequence[Shot]:
        """Its photos."""
        ...


class Taken(NamedTuple):
    """A photo that was sent, without what the camera wrote into it; nothing is stored yet."""

    content: bytes
    media_type: str

    def keep(self, platform: Platform, change: Change) -> Kept:
        """Put it into the store."""
        identifier = uploads.keep(platform.files, self.content, self.media_type)
        return Kept(identifier, self.media_type, len(self.content), change.now, change.by)


def taken(content: bytes) -> Taken:
    """A photo from the body of a request.

    Raises:
        Problem: 415, it is no JPEG and no PNG, or cannot be read.
    """
    return Taken(*uploads.taken(content, uploads.PHOTOS))


def answer(platform: Platform, found: HasPhotos | None, photo_id: str) -> Response:
    """The bytes of a photo of an object of this site.

    Raises:
        Problem: 404, there is none; 410, its file is gone.
    """
    photos = found.photos if found is not None and found.site == platform.site.id else ()
    photo = next((photo for photo in photos if photo.id == photo_id), None)
    if photo is None:
        raise not_found("photo", photo_id)
    return uploads.answer(platform.files, photo.id, photo.media_type)
