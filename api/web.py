"""The web page: built files with caching that suits each, and the page itself for every address it routes."""

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from api.problems import Problem

_IMMUTABLE = "public, max-age=31536000, immutable"
_ASSETS = "assets/"
_FILES = {".js", ".css", ".map", ".svg", ".png", ".ico", ".woff2", ".json", ".txt", ".webmanifest", ".html", ".php"}
"""A missing one is missing; any other address with a dot in it may be a point's page."""
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Anju 安居</title>
<body><h1>安居 Anju</h1><p>The API runs; the web page was not built into this installation.</p>
<p>Build it with <code>make page</code> (or <code>python dashboards/build_web.py</code>) and load this page again.</p>
<p>网页尚未构建：运行 <code>make page</code> 后刷新本页。</p></body></html>"""


def install(app: FastAPI, dist: Path) -> None:
    """Serve `dist` at `/`. Registered last: what is no file and no API path is the page's own to route."""

    async def web_page(request: Request, path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise Problem(404, f"there is no /{path}")
        file = _file(dist, path)
        if file is not None and path:
            return FileResponse(file, headers={"Cache-Control": _caching(path)})
        if path.startswith(_ASSETS) or Path(path).suffix in _FILES:
            raise Problem(404, f"there is no /{path}")
        index = dist / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, 200 if not path else 404, headers={"Cache-Control": "no-store"})
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    app.add_api_route("/{path:path}", web_page, methods=["GET", "HEAD"], include_in_schema=False)


def _caching(path: str) -> str:
    return _IMMUTABLE if path.startswith(_ASSETS) else "no-cache"


def _file(dist: Path, path: str) -> Path | None:
    """The file of that path inside `dist`; None for anything outside, hidden, or no file."""
    if "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    root = dist.resolve()
    file = (root / path).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
