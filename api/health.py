"""For machines that watch: alive, ready, and the counters."""

import asyncio

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.platform import Platform, PlatformDep

router = APIRouter(tags=["health"])
CHECK_S = 2.0


class Health(BaseModel):
    """What is well, and why not."""

    status: str
    reasons: list[str] = []


@router.get("/healthz")
async def get_health() -> Health:
    """The process is alive."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Health, "description": "Not ready; the reasons say why"}})
async def get_readiness(platform: PlatformDep) -> JSONResponse:
    """The stores answer and the broker is connected."""
    reasons = await _reasons(platform)
    health = Health(status="not ready" if reasons else "ready", reasons=reasons)
    return JSONResponse(health.model_dump(), 503 if reasons else 200, headers={"Cache-Control": "no-store"})


@router.get("/metrics", response_class=Response)
async def get_metrics() -> Response:
    """Counters in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _reasons(platform: Platform) -> list[str]:
    checks = {
        "the database does not answer": asyncio.to_thread(platform.database.ask),
        "the historian does not answer": asyncio.to_thread(platform.historian.positions),
    }
    results = await asyncio.gather(
        *(asyncio.wait_for(check, CHECK_S) for check in checks.values()), return_exceptions=True
    )
    reasons = [reason for reason, result in zip(checks, results, strict=True) if isinstance(result, BaseException)]
    return reasons if platform.bus_connected() else [*reasons, "the broker is not connected"]
