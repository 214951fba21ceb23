"""A report as a PDF file, to be kept and sent: the same parts as the page.

Chinese is set in STSong-Light, one of the fonts every PDF reader brings or replaces (Adobe-GB1): a reader needs no
font in the file, and the text can be searched and copied (docs/decisions/0019-reports-as-pdf.md).
"""

from functools import cache
from html import escape
from io import BytesIO

from reportlab.graphics.shapes import Circle, Drawing, Polygon, PolyLine, String
from reportlab.graphics.shapes import Line as DrawnLine
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as DrawnTable

from api.paper.chart import HEIGHT, WIDTH, Chart, Curve, Label, Line, Place
from api.paper.parts import Charts, Facts, Part, Printable, Said, Shot, Shots, Table

FONT = "STSong-Light"
MARGIN = 16 * mm
ACROSS = A4[0] - 2 * MARGIN
TALLEST = 90 * mm
"""A photo: two and their words fit a page."""
INK, BAD, BLUE, PALE = HexColor("#111111"), HexColor("#a8141a"), HexColor("#1f4e8c"), HexColor("#d6dfea")
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.4, HexColor("#bbbbbb")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


@cache
def _style(kind: str) -> ParagraphStyle:
    """Lines break between any two Chinese characters."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    size = {"title": 17, "head": 12}.get(kind, 9)
    return ParagraphStyle(
        kind,
        fontName=FONT,
        fontSize=size,
        leading=size * 1.4,
        textColor=BAD if kind == "bad" else INK,
        wordWrap="CJK",
        spaceBefore=10 if kind == "head" else 0,
        spaceAfter=4 if kind in {"title", "head"} else 0,
    )


def pdf(report: Printable) -> bytes:
    """The whole file."""
    title = f"{report.mark}{report.title}"
    story: list[Flowable] = [_words(title, "title")]
    for part in report.parts():
        head, *rest = [_words(part.title, "head"), *_part(part)]
        story += [KeepTogether([head, *rest[:1]]), *rest[1:]]
    written = BytesIO()
    document = SimpleDocTemplate(
        written, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN, title=title
    )

    def foot(canvas: Canvas, page: SimpleDocTemplate) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(MARGIN, 9 * mm, title)
        canvas.drawRightString(A4[0] - MARGIN, 9 * mm, str(page.page))

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return written.getvalue()


def _words(text: str, kind: str = "") -> Paragraph:
    return Paragraph(escape(text), _style(kind))


def _part(part: Part) -> list[Flowable]:
    match part:
        case Facts():
            rows = [[_words(key), _words(value)] for key, value in part.rows]
            return [DrawnTable(rows, [32 * mm, ACROSS - 32 * mm], style=GRID[1:])]
        case Table():
            said = [_words(part.said), Spacer(1, 3)] if part.said else []
            return [*said, *_table(part)]
        case Charts():
            return [KeepTogether([_words(one.title), _drawing(one)]) for one in part.charts]
        case Shots():
            return [_photo(one) for one in part.shots]
        case Said():
            return [_words(line) for line in part.text.splitlines() or [""]]


def _photo(shot: Shot) -> Flowable:
    if not shot.content:
        return _words(shot.words)
    width, height = ImageReader(BytesIO(shot.content)).getSize()
    scale = min(ACROSS / width, TALLEST / height)
    return KeepTogether([_words(shot.words), Image(BytesIO(shot.content), width * scale, height * scale)])


def _table(part: Table) -> list[Flowable]:
    rows = [[_words(cell.text, cell.kind) for cell in row] for row in part.rows]
    if part.head:
        rows = [[_words(cell) for cell in part.head], *rows]
    if not rows:
        return []
    longest = [max(len(row[n].text) for row in part_rows) for part_rows in [rows] for n in range(len(rows[0]))]
    shares = [min(max(length, 8), 30) for length in longest]
    widths = [ACROSS * share / sum(shares) for share in shares]
    shade = [("BACKGROUND", (0, 0), (-1, 0), HexColor("#f1f1f1"))] if part.head else []
    return [DrawnTable(rows, widths, repeatRows=1 if part.head else 0, style=[*GRID, *shade])]


def _drawing(one: Chart) -> Drawing:
    scale = ACROSS / WIDTH
    drawing = Drawing(ACROSS, HEIGHT * scale)

    def at(place: Place) -> tuple[float, float]:
        return place[0] * scale, (HEIGHT - place[1]) * scale

    def flat(places: tuple[Place, ...]) -> list[float]:
        return [figure for place in places for figure in at(place)]

    for shape in one.shapes:
        match shape:
            case Line(start, end, colour):
                drawing.add(DrawnLine(*at(start), *at(end), strokeColor=HexColor(colour), strokeWidth=0.8))
            case Label(place, text, anchor):
                drawing.add(String(*at(place), text, fontName="Helvetica", fontSize=7, textAnchor=anchor))
            case Curve(mean, area):
                drawing.add(Polygon(flat(area), fillColor=PALE, strokeColor=None))
                drawing.add(PolyLine(flat(mean), strokeColor=BLUE, strokeWidth=1))
                if len(mean) == 1:
                    drawing.add(Circle(*at(mean[0]), 1.5, fillColor=BLUE, strokeColor=None))
    return drawing
