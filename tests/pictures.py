"""Photos as phones make them: with the place, the time and the camera in them."""

from io import BytesIO

from PIL import Image

GPS, ORIENTATION, MAKE, LATITUDE = 0x8825, 0x0112, 0x010F, 2


def photo(kind: str = "JPEG", size: tuple[int, int] = (40, 20)) -> bytes:
    """Held upright, and lying on its side in the file."""
    picture = Image.new("RGB", size, (200, 30, 30))
    exif = picture.getexif()
    exif[ORIENTATION], exif[MAKE] = 6, "TELLTALE"
    exif.get_ifd(GPS)[LATITUDE] = (39.0, 54.0, 27.0)
    written = BytesIO()
    picture.save(written, kind, exif=exif)
    return written.getvalue()
