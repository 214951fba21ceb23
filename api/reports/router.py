"""Evaluation reports (月度、季度、年度评估): as a page, a PDF file, or a table for spreadsheets."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from api.kpis.router import both
from api.paper.file import pdf
from api.paper.html import html
from api.platform import PlatformDep
from api.reports.report import Evaluation
from api.security.access import Viewer

router = APIRouter(prefix="/reports", tags=["evaluation"])


@router.get(
    "/{period}",
    response_class=HTMLResponse,
    responses={
        200: {
            "content": {
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
                "text/csv": {"schema": {"type": "string"}},
            }
        }
    },
)
async def get_evaluation_report(
    period: str,
    platform: PlatformDep,
    _: Viewer,
    language: Annotated[Literal["zh", "en"], Query(description="of the report")] = "zh",
    file: Annotated[Literal["html", "pdf", "csv"], Query(description="a page, a file, or a table")] = "html",
) -> Response:
    """The report of a month (2026-11), a quarter (2026-Q4) or a year (2026)."""
    report = Evaluation(platform, *await both(platform, period), language)
    if file == "html":
        return HTMLResponse(html(report))
    name = {"Content-Disposition": f'attachment; filename="evaluation-{period}.{file}"'}
    if file == "csv":
        return Response(report.csv(), media_type="text/csv; charset=utf-8", headers=name)
    return Response(await asyncio.to_thread(pdf, report), media_type="application/pdf", headers=name)
