"""`anju found`: asks the broker for what the gateways found announced."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from backbone import found, topics
from backbone.bus import Bus
from backbone.found import FoundList
from backbone.settings import Settings
from community.site.adoption import KnownTopics, Match, propose
from community.site.site import Site

WAIT_S = 3.0
WHY = {
    Match.MODEL: "it says that it is this product",
    Match.NAME: "its name says so: make sure",
    Match.VALUES: "a general profile, chosen by what it announces: make sure",
    Match.DRAFT: "no profile is made for it: save this one in the folder of ANJU_PROFILES, and look it through",
    Match.NONE: "it announces nothing a profile could be chosen or made by; write the row by hand",
}


class FoundLookupError(Exception):
    """There is no answer; the message says why."""


async def lists(settings: Settings, site: Site) -> dict[str, FoundList]:
    """The retained list of every gateway that told one.

    Raises:
        FoundLookupError: no broker, or none of the gateways told anything.
    """
    told: dict[str, FoundList] = {}
    all_told = asyncio.Event()

    def take(topic: str, payload: bytes) -> None:
        gateway = topics.gateway_of(topic)
        if gateway in site.gateways and payload:
            told[gateway] = found.decode(payload)
        if told.keys() >= site.gateways.keys():
            all_told.set()

    bus = Bus.of_platform(settings, "found")
    bus.subscribe(topics.found(site.id, "+"), take)
    async with bus:
        try:
            async with asyncio.timeout(WAIT_S):
                await all_told.wait()
        except TimeoutError:
            if not told:
                raise FoundLookupError(bus.deaf or "no gateway has told of devices yet; does one run?") from None
    return told


def lines(told: Mapping[str, FoundList], site: Site, zone: str | None) -> list[str]:
    """YAML a person can paste: comments say why, rows stand as below `devices:`."""
    known = KnownTopics(site)
    said: list[str] = []
    for gateway, listed in told.items():
        rows = [row for row in listed.devices if row.device.topic not in known]
        said.append(f"# {gateway}: {len(rows)} found{f', {listed.left_off} more left off' if listed.left_off else ''}")
        if listed.unheard is None:
            said.append("# it does not look for devices (ANJU_DISCOVERY=0)")
        if listed.unheard:
            said.append(f"# its broker refuses {', '.join(listed.unheard)}: who announces there is not found")
        for row, proposal in zip(rows, propose([row.device for row in rows], site, gateway, zone), strict=True):
            who = " ".join(filter(None, (row.device.maker, row.device.model, row.device.name)))
            said.append(f"# {who or row.device.topic}, by {row.device.source}: {WHY[proposal.match]}")
            if proposal.unread:
                said.append(f"# not read: {', '.join(proposal.unread)}")
            if proposal.draft is not None:
                said += [f"# --- {proposal.profile}.yaml", *(f"# {line}" for line in proposal.draft.splitlines())]
            said.append(proposal.row or f"# topic: {row.device.topic}")
    return said


def save_drafts(told: Mapping[str, FoundList], site: Site, folder: Path) -> list[Path]:
    """Drafted profiles as files; one that is there already is left as it is. Those that were written.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known, saved = KnownTopics(site), []
    for gateway, listed in told.items():
        devices = [row.device for row in listed.devices if row.device.topic not in known]
        for proposal in propose(devices, site, gateway):
            path = folder / f"{proposal.profile}.yaml"
            if proposal.draft is not None and not path.exists():
                path.write_text(proposal.draft, encoding="utf-8")
                saved.append(path)
    return saved
