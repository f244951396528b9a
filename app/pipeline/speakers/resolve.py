"""Speaker resolution: who of the speakers is the user, who the contact, and what are they called.

Deterministic and pure. Evidence runs strongest first: the voice, introductions, greetings, mentions, elimination,
direction, the way the telephone was answered. Source: transcript.md, sections 5 and 6.
"""

from dataclasses import replace

from app.pipeline.speakers.answering import apply_answering
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.greetings import apply_greetings
from app.pipeline.speakers.introduction_rule import apply_introductions, apply_roles_of_strangers
from app.pipeline.speakers.introductions import find_introductions, names_a_thing
from app.pipeline.speakers.mentions import apply_mentions
from app.pipeline.speakers.naming import Naming
from app.pipeline.speakers.references import find_absent, find_references
from app.pipeline.speakers.two_parties import apply_direction, apply_elimination
from app.pipeline.speakers.voices import apply_voices
from app.pipeline.transcript import LabelSource, SpeakerResolution, SpeakerRole, Transcript

UNRESOLVED_WARNING = "speaker_roles_unresolved"
SINGLE_SPEAKER_WARNING = "single_speaker_detected"


def resolve_speakers(transcript: Transcript, context: SpeakerContext) -> Transcript:
    """Fill in the speakers' names, roles, confidences and label sources, and how they were found.

    `transcript` is anonymous, apart from a speaker whom the voice match has labelled. What the evidence does not tell
    stays open: role UNKNOWN, no name, confidence LOW.
    """
    naming = Naming(transcript, context)
    apply_voices(naming)
    introductions = [
        introduction
        for utterance in naming.utterances_of_real_speakers()
        for introduction in find_introductions(utterance, naming.names)
        if not names_a_thing(introduction, naming.utterances[utterance.index - 1] if utterance.index else None)
    ]
    references = find_references(naming, introductions)
    naming.absent = find_absent(introductions, references)
    apply_introductions(naming, introductions)
    apply_greetings(naming, introductions)
    apply_roles_of_strangers(naming)
    if apply_mentions(naming, references):
        apply_elimination(naming)
        apply_direction(naming)
        apply_answering(naming, references)
    _warn_if_unresolved(naming)
    _apply_phone_label(naming)
    return replace(
        transcript,
        speakers=tuple(naming.speakers[speaker.speaker_id] for speaker in transcript.speakers),
        resolution=_summarize(naming, transcript.resolution),
    )


def _warn_if_unresolved(naming: Naming) -> None:
    """Rule 8: nobody's role is guessed from the order of speaking."""
    if len(naming.real) <= 2 and len(naming.open_ids) == len(naming.real):
        naming.warn(UNRESOLVED_WARNING)
    if len(naming.real) == 1:
        naming.warn(SINGLE_SPEAKER_WARNING)


def _apply_phone_label(naming: Naming) -> None:
    """Rule 9: a contact without any name is told by the end of the number; two contacts cannot both have it."""
    contacts = [speaker for speaker in naming.real_speakers if speaker.role is SpeakerRole.CONTACT]
    label = naming.context.phone_label
    if len(contacts) != 1 or label is None or naming.context.usable_contact_name is not None:
        return
    (contact,) = contacts
    if contact.display_name is None:
        naming.update(replace(contact, display_name=label, label_source=LabelSource.PHONE_FALLBACK))
        naming.used_phone_fallback = True


def _summarize(naming: Naming, before: SpeakerResolution) -> SpeakerResolution:
    """The facts of section 6; what is about voices stays as it came."""
    shown = {speaker.display_name for speaker in naming.real_speakers} - {None}
    return replace(
        before,
        used_user_display_name=SpeakerRole.USER in naming.evidence or naming.context.user_name in shown,
        used_contact_name=SpeakerRole.CONTACT in naming.evidence or naming.context.usable_contact_name in shown,
        used_direction=naming.used_direction,
        used_phone_fallback=naming.used_phone_fallback,
        total_speaker_count=len(naming.real),
        resolved_speaker_count=len(naming.real) - len(naming.open_ids),
        warnings=tuple(naming.warnings),
    )
