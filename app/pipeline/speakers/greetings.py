"""Rule 3: who greets somebody by name is the other one. Source: transcript.md, section 5.4."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.pipeline.speakers.introduction_frames import is_greeting
from app.pipeline.speakers.introductions import Introduction
from app.pipeline.speakers.known_names import Mention, find_known_name
from app.pipeline.speakers.naming import OPPOSITE, Naming
from app.pipeline.speakers.tokens import HONORIFICS, Token
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole

EARLY_SEGMENTS = 2
EARLY_SECONDS = 30.0
MAX_DISTANCE = 2
"""A known name is greeted when its first token is at most so many tokens after the greeting (G1)."""

_NOT_BETWEEN = frozenset(
    {"i", "i'm", "im", "am", "this", "is", "it's", "my", "name", "me", "to", "from", "for", "with"}
)
_NOT_AFTER = frozenset({"here", "speaking", "calling"})


@dataclass(frozen=True, slots=True)
class _Greeting:
    speaker_id: str
    greeted: SpeakerRole
    confidence: Confidence


def apply_greetings(naming: Naming, introductions: Sequence[Introduction]) -> None:
    """Give every greeter the role opposite to that of the greeted name's owner (G3, G5, G6)."""
    found: dict[str, list[_Greeting]] = defaultdict(list)
    for utterance in naming.utterances:
        if utterance.speaker_id in naming.open_ids:
            found[utterance.speaker_id] += _find_greetings(naming, utterance, introductions)
    greeters: dict[SpeakerRole, list[str]] = defaultdict(list)
    for speaker_id, greetings in found.items():
        roles = {OPPOSITE[greeting.greeted] for greeting in greetings}
        if len(roles) == 1:
            greeters[roles.pop()].append(speaker_id)
    for role, speaker_ids in greeters.items():
        if len(speaker_ids) == 1:
            _apply(naming, speaker_ids[0], role, found[speaker_ids[0]])


def _apply(naming: Naming, speaker_id: str, role: SpeakerRole, greetings: Sequence[_Greeting]) -> None:
    is_sure = any(greeting.confidence is Confidence.HIGH for greeting in greetings)
    confidence = Confidence.HIGH if is_sure else Confidence.MEDIUM
    if naming.give_role(speaker_id, role, confidence, LabelSource.GREETING_MATCH):
        naming.evidence.add(OPPOSITE[role])


def _find_greetings(naming: Naming, utterance: Utterance, introductions: Sequence[Introduction]) -> list[_Greeting]:
    """The known names that are greeted in an utterance, outside introductions (I8)."""
    is_early = utterance.index < EARLY_SEGMENTS and utterance.segment.start_seconds <= EARLY_SECONDS
    confidence = Confidence.HIGH if is_early else Confidence.MEDIUM
    greetings = []
    for index in range(len(utterance.tokens)):
        mention = _find_greeted(naming, utterance.tokens, index) if is_greeting(utterance.tokens, index) else None
        if mention is not None and not any(
            introduction.covers(utterance, mention.start) for introduction in introductions
        ):
            greetings.append(_Greeting(utterance.speaker_id, mention.name.role, confidence))
    return greetings


def _find_greeted(naming: Naming, tokens: Sequence[Token], greeting: int) -> Mention | None:
    """The known name that the greeting which ends at index `greeting` is for (G1, G2)."""
    following = [index for index in range(greeting + 1, len(tokens)) if tokens[index].full not in HONORIFICS][
        :MAX_DISTANCE
    ]
    for distance, index in enumerate(following):
        mention = find_known_name(naming.names, tokens, index)
        if mention is not None:
            return mention if _is_addressed(tokens, mention) else None
        if distance == 0 and (tokens[index].full in _NOT_BETWEEN or is_greeting(tokens, index)):
            return None
    return None


def _is_addressed(tokens: Sequence[Token], mention: Mention) -> bool:
    following = [token.full for token in tokens[mention.end : mention.end + 2]]
    if tokens[mention.end - 1].is_possessive or following == ["this", "side"]:
        return False
    return not following or following[0] not in _NOT_AFTER
