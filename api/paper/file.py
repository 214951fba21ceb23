"""A report as a file; what draws it is loaded for the first one, for the page must not wait for it at a start."""

from api.paper.parts import Printable


def pdf(report: Printable) -> bytes:
    """The whole file."""
    from api.paper import pdf as drawing  # noqa: PLC0415

    return drawing.pdf(report)
