"""A change of staff or of the site asks for a review of how safety is managed (guide 5.1)."""

import hashlib
from collections.abc import Mapping

from community.site.model import SiteFile
from community.text import Text
from community.upkeep import Due

SECTIONS: Mapping[str, Text] = {
    "people": Text(zh="人员", en="people"),
    "roster": Text(zh="排班", en="roster"),
    "parties": Text(zh="责任主体", en="responsible parties"),
    "zones": Text(zh="区域", en="places"),
    "gateways": Text(zh="设备", en="devices"),
    "facilities": Text(zh="设施", en="facilities"),
    "plans": Text(zh="预案", en="emergency plans"),
    "safety": Text(zh="安全管理", en="safety management"),
}
"""Parts of the site file. Rules and notifications are no matter of staff or site."""
SOURCE = "change-review:"
WITHIN_MS = 14 * 86_400_000


def fingerprints(file: SiteFile) -> dict[str, str]:
    """What tells one state of each part from another."""
    parts = {name: file.model_dump_json(include={name}) for name in SECTIONS}
    return {name: hashlib.sha256(part.encode()).hexdigest()[:16] for name, part in parts.items()}


def review_of(before: Mapping[str, str] | None, file: SiteFile, after: Mapping[str, str], now: int) -> Due | None:
    """The review a change asks for; None where nothing changed, or nothing was known before."""
    if before is None:
        return None
    # a part that is new to the program was not changed by anybody
    changed = [name for name in SECTIONS if name in before and before[name] != after[name]]
    if not changed:
        return None
    what = hashlib.sha256("".join(after[name] for name in changed).encode()).hexdigest()[:16]
    zh = "、".join(SECTIONS[name].zh for name in changed)
    en = ", ".join(SECTIONS[name].in_language("en") for name in changed)
    return Due(
        source=f"{SOURCE}{what}:{now}",
        at=now,
        due_by=now + WITHIN_MS,
        title=Text(zh=f"变动复审：{zh}有变动", en=f"Review after a change: {en}"),
        zone=file.zones[0].id,
    )
