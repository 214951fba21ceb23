"""What proves that a person has done a step: words, a photo, a reading, or the headcount they confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from community.activation_steps import step_done
from community.activations import IN_FORCE, Activation, ActivationState, StepState, find_step, noted, with_step
from community.errors import TransitionRefused
from community.evidence import Evidence, Photo

MOST_PHOTOS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What somebody shows for a step."""

    note: str = ""
    photos: tuple[str, ...] = ()
    """Ids of the activation's photos."""
    value: float | None = None
    """What they read, in the unit the step's name says."""


def add_photo(activation: Activation, photo: Photo) -> Activation:
    """A photo somebody took; a step then names it.

    Raises:
        TransitionRefused: the activation has ended, or has as many as it may.
    """
    if activation.state not in IN_FORCE | {ActivationState.PAUSED}:
        raise TransitionRefused(f"the activation is {activation.state}; nothing is added to it")
    if len(activation.photos) >= MOST_PHOTOS:
        raise TransitionRefused(f"an activation has at most {MOST_PHOTOS} photos")
    if any(photo.id == known.id for known in activation.photos):
        return activation
    added = replace(activation, photos=(*activation.photos, photo))
    return noted(added, photo.at, photo.by, "photo", photo.note)


def prove(activation: Activation, step: str, by: str, shown: Shown, now: int) -> Activation:
    """A person has done a step, and this shows it.

    Raises:
        TransitionRefused: what the step asks for is missing, or the step is not theirs to finish.
    """
    progress = find_step(activation, step)
    known = {photo.id for photo in activation.photos}
    if unknown := [photo for photo in shown.photos if photo not in known]:
        raise TransitionRefused(f"there is no photo {unknown[0]} in this activation")
    if progress.state is not StepState.DONE and (lacking := _lacking(progress.proof, shown)) is not None:
        raise TransitionRefused(lacking)
    reading = "" if shown.value is None else f"{shown.value:g}"
    words = " · ".join(filter(None, (reading, shown.note.strip()))) or ("📷" if shown.photos else "")
    done = step_done(activation, step, by, words, now)
    evidence = Evidence(at=now, by=by, note=shown.note.strip(), photos=shown.photos, value=shown.value)
    return _with_evidence(done, step, evidence)


def headcount_confirmed(activation: Activation, missing: int, by: Sequence[str], note: str, now: int) -> Activation:
    """Two people confirmed the list: steps it proves are done once nobody is missing; before, they stay open."""
    if missing or activation.state not in IN_FORCE | {ActivationState.PAUSED}:
        return activation
    for progress in activation.steps:
        if progress.proof != "headcount" or progress.state in {StepState.DONE, StepState.DROPPED}:
            continue
        for person in dict.fromkeys(by):
            if find_step(activation, progress.id).state is not StepState.DONE:
                activation = step_done(activation, progress.id, person, note, now)
        evidence = Evidence(at=now, by=by[-1], note=note)
        activation = _with_evidence(activation, progress.id, evidence)
    return activation


def _lacking(proof: str, shown: Shown) -> str | None:
    """What a kind of proof still asks for, in a sentence; None when it is there."""
    match proof:
        case "note" if not shown.note.strip():
            return "this step asks for proof: write what was done and seen"
        case "photo" if not shown.photos:
            return "this step asks for proof: take a photo of it"
        case "reading" if shown.value is None or not isfinite(shown.value):
            return "this step asks for proof: write the value that was read"
        case "headcount":
            return "the headcount proves this step: it is done once two people confirm that nobody is missing"
    return None


def _with_evidence(activation: Activation, step: str, evidence: Evidence) -> Activation:
    progress = find_step(activation, step)
    return with_step(activation, replace(progress, evidence=(*progress.evidence, evidence)))
