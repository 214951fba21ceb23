"""What the safety committee and its documents must satisfy."""

from community.site.subject import Found, Subject
from community.site.yaml_text import Path


def check_safety(subject: Subject) -> Found:
    """One person is responsible, everybody is known, and a review lies after the last."""
    committee = subject.file.safety.committee
    for index, member in enumerate(committee):
        yield from subject.absent(("safety", "committee", index, "person"), "person", member.person)
    chairs = sum(member.role == "chair" for member in committee)
    if committee and chairs != 1 and not subject.touched("safety"):
        yield ("safety", "committee"), f"exactly one person is responsible for safety, not {chairs}: role: chair"
    seen: set[str] = set()
    for index, row in enumerate(subject.file.safety.documents):
        path: Path = ("safety", "documents", index)
        if row.id in seen:
            yield (*path, "id"), f"the document {row.id} is there twice; give it another id"
        seen.add(row.id)
        yield from subject.absent((*path, "owner"), "person", row.owner)
        if row.reviewed is not None and row.review <= row.reviewed:
            yield (*path, "review"), "the next review lies before the last; write a later day"
