"""Rule 4: in a call of two, who speaks to somebody by name is the other one. Source: transcript.md, section 5.5."""

from collections.abc import Sequence
from dataclasses import replace

from app.pipeline.speakers.naming import OPPOSITE, Naming
from app.pipeline.speakers.references import Person, Reference
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole

AMBIGUOUS_WARNING = "speaker_identity_ambiguous"


def apply_mentions(naming: Naming, references: Sequence[Reference]) -> bool:
    """Give roles by who mentions whose name; False when that is ambiguous, and rules 5 to 7 are to be skipped.

    All mentions count where they leave a doubt; alone a name that is only talked about gives nobody a role.
    """
    if not naming.is_open_two_party:
        return True
    of_contact = _find_mentioners(references, SpeakerRole.CONTACT)
    of_user = _find_mentioners(references, SpeakerRole.USER)
    if len(of_contact) == len(of_user) == 2:
        _mark_ambiguous(naming)
        return False
    if len(of_contact) == 1 and of_contact == of_user:
        return True
    for owner, mentioners in ((SpeakerRole.CONTACT, of_contact), (SpeakerRole.USER, of_user)):
        if len(mentioners) == 1 and _is_addressed(references, owner):
            naming.give_role(min(mentioners), OPPOSITE[owner], Confidence.MEDIUM, LabelSource.NAME_MENTION)
            naming.evidence.add(owner)
    return True


def _find_mentioners(references: Sequence[Reference], owner: SpeakerRole) -> set[str]:
    return {
        reference.utterance.speaker_id
        for reference in references
        if reference.owner is owner and reference.person is not Person.SPEAKER
    }


def _is_addressed(references: Sequence[Reference], owner: SpeakerRole) -> bool:
    return any(reference.owner is owner and reference.person is Person.LISTENER for reference in references)


def _mark_ambiguous(naming: Naming) -> None:
    """A name that a speaker has told (rule 2) stays: no rule lowers a confidence."""
    for speaker in naming.real_speakers:
        if speaker.display_name is None:
            naming.update(replace(speaker, label_source=LabelSource.AMBIGUOUS))
    naming.warn(AMBIGUOUS_WARNING)
