"""How the community is run, in figures: of a month, a quarter or a year, against the goals and the period before."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from api.kpis.record import Known, known, parse
from api.kpis.schemas import EvaluationOut, FigureOut, PartyOut, RuleCountOut
from api.platform import Platform, PlatformDep
from api.security.access import Viewer
from community.evaluation import KPIS, by_party, by_rule

router = APIRouter(prefix="/kpis", tags=["evaluation"])
Named = Annotated[str | None, Query(description="2026-11, 2026-Q4 or 2026; this month if unset", max_length=10)]


@router.get("")
async def get_evaluation(platform: PlatformDep, _: Viewer, period: Named = None) -> EvaluationOut:
    """The figures of a period. Coverage by sensors is always that of now."""
    this, before = await both(platform, period)
    return EvaluationOut(
        period=this.period.name,
        begin=this.period.begin,
        end=this.period.end,
        complete=this.period.span(platform.site.file.site.timezone)[1] <= platform.now(),
        previous=this.period.before.name,
        figures=figures(this, before),
        parties=[PartyOut.model_validate(row, from_attributes=True) for row in by_party(this.record)],
        rules=[RuleCountOut(rule=rule, grade=grade, count=n) for rule, grade, n in by_rule(this.record)],
    )


async def both(platform: Platform, name: str | None) -> tuple[Known, Known]:
    """A period and the one before it; the live channel does not wait for the reading.

    Raises:
        Problem: 422, it is none.
    """
    period, latest = parse(platform, name), platform.latest.snapshot()

    def read() -> tuple[Known, Known]:
        with platform.database.read() as c:
            return known(platform, c, period, latest), known(platform, c, period.before, latest)

    return await asyncio.to_thread(read)


def figures(this: Known, before: Known) -> list[FigureOut]:
    """Every figure, in the order of the table."""
    shown = []
    for kpi in KPIS:
        found = kpi.measure(this.record)
        shown.append(
            FigureOut(
                id=kpi.id,
                unit=kpi.unit,
                value=found.value,
                n=found.n,
                goal=kpi.goal,
                lower=kpi.lower,
                met=kpi.met(found.value),
                before=kpi.measure(before.record).value,
            )
        )
    return shown
