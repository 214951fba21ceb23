"""The register of risks: what holds, what the platform's history proposes, and what people decide."""

import uuid
from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from api.facilities.showing import today
from api.platform import Platform, PlatformDep
from api.problems import not_found
from api.risks.schemas import FiguresOut, Grade5x5, GradingOut, ProposalOut, RiskOut
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import upkeep as stored
from backbone.database.past import past_alarms, past_tickets
from community import risks
from community.people import Action
from community.risks import YEAR_MS, Grading
from community.site.plans import Risk, grade_of
from community.site.site import Site
from community.text import Text

router = APIRouter(prefix="/risks", tags=["risks"])
Deciding = Annotated[Write, writing(Action.GRADE_RISK)]


@router.get("")
def list_risks(platform: PlatformDep, _: Viewer) -> list[RiskOut]:
    """The register, in the site file's order."""
    with platform.database.read() as c:
        return _shown(platform, c, platform.site.file.risks)


@router.post("/{risk_id}/gradings", response_model=RiskOut, status_code=201)
def grade_risk(risk_id: str, body: Grade5x5, write: Deciding) -> Response:
    """Decide how a risk is graded from now on, and say why."""
    platform = write.platform
    risk = next((row for row in platform.site.file.risks if row.id == risk_id), None)
    if risk is None:
        raise not_found("risk", risk_id)

    def work(change: Change) -> RiskOut:
        grading = Grading(
            id=f"g-{uuid.uuid4().hex[:16]}",
            risk=risk_id,
            likelihood=body.likelihood,
            severity=body.severity,
            reason=body.reason,
            by=change.by,
            at=change.now,
        )
        stored.save_grading(change.connection, change.site, risks.decide(risk, grading))
        return _shown(platform, change.connection, [risk])[0]

    said = f"{body.likelihood} x {body.severity}: {body.reason}"
    return write.perform("risk.grade", risk_id, work, status=201, detail=said)


def _shown(platform: Platform, c: Connection, rows: tuple[Risk, ...] | list[Risk]) -> list[RiskOut]:
    site, now = platform.site, platform.now()
    watched = {rule for risk in rows for rule in risk.rules}
    alarms = list(past_alarms(c, site.id, now - YEAR_MS, now + 1, watched))
    tickets = list(past_tickets(c, site.id, now - YEAR_MS, now + 1))
    gradings, first = stored.list_gradings(c, site.id), stored.first_event(c, site.id)
    shown = []
    for risk in rows:
        figures = risks.figures_of(risk, alarms, tickets, _inside(site, risk.zone), now, first)
        holds = risks.standing(risk, gradings, _assessed_at(site, risk))
        likelihood, severity = (risk.likelihood, risk.severity) if holds is None else (holds.likelihood, holds.severity)
        proposal = risks.propose(likelihood, severity, figures)
        shown.append(
            RiskOut(
                id=risk.id,
                name=risk.name or Text(zh=risk.id),
                zone=risk.zone,
                source=risk.source,
                likelihood=likelihood,
                severity=severity,
                grade=risk.grade if holds is None else grade_of(likelihood, severity),
                owner=risk.owner,
                plan=risk.plan,
                controls=list(risk.controls),
                rules=list(risk.rules),
                facilities=list(risk.facilities),
                assessed=risk.assessed,
                review=risk.review,
                review_overdue=risk.review is not None and risk.review < today(platform),
                figures=FiguresOut.model_validate(figures),
                proposal=None
                if proposal is None
                else ProposalOut(
                    likelihood=proposal.likelihood,
                    severity=proposal.severity,
                    grade=grade_of(proposal.likelihood, proposal.severity),
                    reasons=list(proposal.reasons),
                ),
                gradings=[GradingOut.model_validate(row) for row in gradings if row.risk == risk.id],
            )
        )
    return shown


def _inside(site: Site, zone: str) -> frozenset[str]:
    return frozenset(name for name in site.zones if zone in site.zone_path(name))


def _assessed_at(site: Site, risk: Risk) -> int | None:
    if risk.assessed is None:
        return None
    midnight = datetime.combine(risk.assessed, time.min, ZoneInfo(site.file.site.timezone))
    return round(midnight.timestamp() * 1000)
