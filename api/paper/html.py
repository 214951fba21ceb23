"""A report as one page of HTML that prints: no script, no file beside it."""

from base64 import b64encode
from html import escape

from api.paper.chart import HEIGHT, WIDTH, Chart, Curve, Label, Line, Place
from api.paper.parts import Charts, Facts, Part, Printable, Said, Shot, Shots, Table

STYLE = """
body{font:14px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;color:#111;
max-width:52rem;margin:1.5rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;border-bottom:1px solid #999;margin-top:1.6rem;break-after:avoid}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;
vertical-align:top;overflow-wrap:anywhere}th{background:#f1f1f1}tr,figure{break-inside:avoid}
.drill{color:#5b3488;font-weight:700}.bad{color:#a8141a;font-weight:600}
.time{font-variant-numeric:tabular-nums;white-space:nowrap}figure{margin:.6rem 0}figcaption{font-weight:600}
img{max-width:100%;max-height:24rem}svg{width:100%;height:auto}text{font-size:10px;fill:#444}
.mean{fill:none;stroke:#1f4e8c;stroke-width:1.5}.range{fill:#1f4e8c;opacity:.18}.dot{fill:#1f4e8c}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:#555}dd{margin:0}
@page{margin:16mm}@media print{body{margin:0;max-width:none}}
"""


def html(report: Printable) -> str:
    """The whole page."""
    mark = f'<span class="drill">{escape(report.mark)}</span> ' if report.mark else ""
    return "".join(
        [
            f'<!doctype html><html lang="{"zh-CN" if report.language == "zh" else "en"}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(report.mark)}{escape(report.title)}</title>",
            f"<style>{STYLE}</style></head><body><h1>{mark}{escape(report.title)}</h1>",
            *(f"<h2>{escape(part.title)}</h2>{_part(part)}" for part in report.parts()),
            "</body></html>",
        ]
    )


def _part(part: Part) -> str:
    match part:
        case Facts():
            return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(v)}</dd>' for k, v in part.rows)}</dl>"
        case Table():
            return (f"<p>{escape(part.said)}</p>" if part.said else "") + _table(part)
        case Charts():
            return "".join(_figure(one) for one in part.charts)
        case Shots():
            return "".join(_photo(one) for one in part.shots)
        case Said():
            return f"<p>{escape(part.text)}</p>"


def _table(part: Table) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in part.head)
    body = "".join(
        f"<tr>{''.join(f'<td{_class(cell.kind)}>{escape(cell.text)}</td>' for cell in row)}</tr>" for row in part.rows
    )
    return f"<table>{f'<thead><tr>{heads}</tr></thead>' if heads else ''}<tbody>{body}</tbody></table>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _figure(one: Chart) -> str:
    shapes = "".join(_shape(shape) for shape in one.shapes)
    picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(one.title)}">{shapes}</svg>'
    return f"<figure><figcaption>{escape(one.title)}</figcaption>{picture}</figure>"


def _photo(shot: Shot) -> str:
    source = f"data:{shot.media_type};base64,{b64encode(shot.content).decode()}"
    picture = f'<img src="{source}" alt="{escape(shot.words)}">' if shot.content else ""
    return f"<figure><figcaption>{escape(shot.words)}</figcaption>{picture}</figure>"


def _shape(shape: Line | Label | Curve) -> str:
    match shape:
        case Line(start, end, colour):
            (x1, y1), (x2, y2) = start, end
            return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'
        case Label((x, y), text, anchor):
            return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        case Curve(mean, area):
            drawn = (
                f'<polygon points="{_points(area)}" class="range"/><polyline points="{_points(mean)}" class="mean"/>'
            )
            if len(mean) == 1:
                drawn += f'<circle cx="{mean[0][0]:.1f}" cy="{mean[0][1]:.1f}" r="2" class="dot"/>'
            return drawn


def _points(places: tuple[Place, ...]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
