"""Rules 5 and 6: what follows for the other speaker, and what the direction of the call confirms.

Source: transcript.md, sections 5.6 and 5.7.
"""

from dataclasses import replace

from app.pipeline.speakers.naming import OPPOSITE, Naming
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole

MULTI_PARTY_WARNING = "multi_party_call_not_auto_resolved"

_FIRST_SPEAKER = {"INCOMING": SpeakerRole.USER, "OUTGOING": SpeakerRole.CONTACT}
"""Whoever is called speaks first."""

_PROMOTED = (LabelSource.GREETING_MATCH, LabelSource.NAME_MENTION)


def apply_elimination(naming: Naming) -> None:
    """Rule 5: of two speakers, the one without role has the opposite one; with three or more nobody is eliminated."""
    if len(naming.real) > 2 and naming.open_ids:
        naming.warn(MULTI_PARTY_WARNING)
    if not naming.is_two_party or len(naming.open_ids) != 1:
        return
    (resolved,) = (speaker for speaker in naming.real_speakers if speaker.role is not SpeakerRole.UNKNOWN)
    if resolved.confidence is not Confidence.LOW:
        naming.give_role(naming.open_ids[0], OPPOSITE[resolved.role], Confidence.MEDIUM, LabelSource.BY_ELIMINATION)


def apply_direction(naming: Naming) -> None:
    """Rule 6: the direction makes a likely role sure when the first speaker fits it; it never gives one."""
    first = next(iter(naming.utterances_of_real_speakers()), None)
    expected = _FIRST_SPEAKER.get(naming.context.direction)
    if first is None or expected is None or naming.speakers[first.speaker_id].role is not expected:
        return
    for speaker in naming.real_speakers:
        if speaker.label_source in _PROMOTED and speaker.confidence is Confidence.MEDIUM:
            naming.update(replace(speaker, confidence=Confidence.HIGH))
            naming.used_direction = True
