"""Rules: what watches a point, and what nothing watches."""

import asyncio

from fastapi import APIRouter

from api.paging import Page
from api.platform import PlatformDep
from api.problems import not_found
from api.rules.schemas import RuleCoverage, RuleOfPoint, show, show_coverage
from api.security.access import Viewer
from community.site.explain import coverage, rules_of

router = APIRouter(tags=["rules"])


@router.get("/points/{point_id}/rules")
async def list_rules_of_point(point_id: str, platform: PlatformDep, _: Viewer) -> Page[RuleOfPoint]:
    """The rules that watch a point, with what is different there."""
    if point_id not in platform.site.points:
        raise not_found("point", point_id)
    found = await asyncio.to_thread(rules_of, platform.site, point_id)
    return Page(items=[show(by) for by in found])


@router.get("/rules/coverage")
async def get_rule_coverage(platform: PlatformDep, _: Viewer) -> RuleCoverage:
    """Which points no rule watches."""
    found = await asyncio.to_thread(coverage, platform.site)
    return show_coverage(found, len(platform.site.file.rules))
