"""Rule 2, deciding: what follows from the introductions of a call (I1, I3, I6, I7).

Source: transcript.md, section 5.3.
"""

from collections import defaultdict
from collections.abc import Sequence

from app.pipeline.speakers.introductions import Introduction
from app.pipeline.speakers.naming import Naming
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole


def apply_introductions(naming: Naming, introductions: Sequence[Introduction]) -> None:
    """Name everybody who has told his or her name; a known name gives the role, too (I1, I3, I7)."""
    for introduction in _choose(introductions):
        if introduction.known is None:
            naming.give_name(introduction.speaker_id, introduction.display_name, Confidence.MEDIUM)
        else:
            _apply_known(naming, introduction, introduction.known.role)


def apply_roles_of_strangers(naming: Naming) -> None:
    """Rule I6, after rule 3: in a call of two, who bears another name than the user is the contact.

    Not decided when that would make both the contact, nor for a name that may be the user's own in another form: names
    are easily misheard, shortened, or said without the first name ("Mira" or "Mrs. Nair" for Meera Nair).
    """
    user = next((name for name in naming.names if name.role is SpeakerRole.USER), None)
    if user is None or len(naming.real) > 2:
        return
    strangers = [
        speaker_id
        for speaker_id in naming.open_ids
        if (name := naming.speakers[speaker_id].display_name) is not None and not user.may_be_called(name)
    ]
    if len(strangers) == 1 and naming.give_role(
        strangers[0], SpeakerRole.CONTACT, Confidence.MEDIUM, LabelSource.SELF_INTRODUCTION
    ):
        naming.evidence.add(SpeakerRole.USER)


def _apply_known(naming: Naming, introduction: Introduction, role: SpeakerRole) -> None:
    speaker_id = introduction.speaker_id
    if not naming.can_have_role(speaker_id, role):
        return
    # An organisation is not added to the user's own name (I5).
    name = introduction.name if role is SpeakerRole.USER else introduction.display_name
    naming.give_name(speaker_id, name, Confidence.HIGH)
    naming.give_role(speaker_id, role, Confidence.HIGH, LabelSource.SELF_INTRODUCTION)
    naming.evidence.add(role)


def _choose(introductions: Sequence[Introduction]) -> list[Introduction]:
    """One introduction per speaker: a known name first, else the earliest; a name that two claim is nobody's (I7)."""
    claims: dict[SpeakerRole, set[str]] = defaultdict(set)
    for introduction in introductions:
        if introduction.known is not None:
            claims[introduction.known.role].add(introduction.speaker_id)
    chosen: dict[str, Introduction] = {}
    for introduction in introductions:
        if introduction.known is not None and len(claims[introduction.known.role]) > 1:
            continue
        best = chosen.get(introduction.speaker_id)
        if best is None or (best.known is None and introduction.known is not None):
            chosen[introduction.speaker_id] = introduction
    return list(chosen.values())
