"""Rule 4: in a call of two, who speaks of somebody by name is the other one. Source: transcript.md, section 5.5."""

from collections.abc import Sequence
from dataclasses import replace

from app.pipeline.speakers.introduction_frames import is_greeting
from app.pipeline.speakers.introductions import Introduction
from app.pipeline.speakers.known_names import Mention, iter_mentions
from app.pipeline.speakers.naming import OPPOSITE, Naming
from app.pipeline.speakers.tokens import is_question_after
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole

AMBIGUOUS_WARNING = "speaker_identity_ambiguous"

_BEFORE_OWN_NAME = frozenset({"is", "am", "i'm", "im", "it's", "name's"})


def apply_mentions(naming: Naming, introductions: Sequence[Introduction]) -> bool:
    """Give roles by who mentions whose name; False when that is ambiguous, and rules 5 to 7 are to be skipped."""
    if not naming.is_open_two_party:
        return True
    of_contact = _find_mentioners(naming, introductions, SpeakerRole.CONTACT)
    of_user = _find_mentioners(naming, introductions, SpeakerRole.USER)
    if len(of_contact) == len(of_user) == 2:
        _mark_ambiguous(naming)
        return False
    if len(of_contact) == 1 and of_contact == of_user:
        return True
    for owner, mentioners in ((SpeakerRole.CONTACT, of_contact), (SpeakerRole.USER, of_user)):
        if len(mentioners) == 1:
            naming.give_role(min(mentioners), OPPOSITE[owner], Confidence.MEDIUM, LabelSource.NAME_MENTION)
            naming.evidence.add(owner)
    return True


def _find_mentioners(naming: Naming, introductions: Sequence[Introduction], owner: SpeakerRole) -> set[str]:
    return {
        utterance.speaker_id
        for utterance in naming.utterances_of_real_speakers()
        for mention in iter_mentions(naming.names, utterance.tokens)
        if mention.name.role is owner
        and not any(introduction.covers(utterance, mention.start) for introduction in introductions)
        and not _may_be_own_name(utterance, mention)
    }


def _may_be_own_name(utterance: Utterance, mention: Mention) -> bool:
    """Tell whether a misheard introduction may be behind a mention: it would point at the wrong speaker.

    "Hi Alice, this is Robert" was heard as "Violence is Robert". "Is Robert there?" and "Where is Robert?" are safe.
    """
    tokens, verb = utterance.tokens, mention.start - 1
    if verb < 0 or tokens[verb].full not in _BEFORE_OWN_NAME or tokens[mention.start].follows_punctuation:
        return False
    opens_question = tokens[verb].full == "is" and (tokens[verb].starts_sentence or is_greeting(tokens, verb - 1))
    return not opens_question and not is_question_after(utterance.segment.text, tokens[mention.end - 1])


def _mark_ambiguous(naming: Naming) -> None:
    """A name that a speaker has told (rule 2) stays: no rule lowers a confidence."""
    for speaker in naming.real_speakers:
        if speaker.display_name is None:
            naming.update(replace(speaker, label_source=LabelSource.AMBIGUOUS))
    naming.warn(AMBIGUOUS_WARNING)
