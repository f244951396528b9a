"""Rule 3: who greets somebody by name is the other one. Source: transcript.md, section 5.4."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.pipeline.speakers.introduction_frames import is_greeting, is_report
from app.pipeline.speakers.introductions import Introduction
from app.pipeline.speakers.known_names import Mention, find_known_name
from app.pipeline.speakers.naming import OPPOSITE, Naming
from app.pipeline.speakers.surroundings import is_subject, read_surroundings
from app.pipeline.speakers.tokens import HONORIFICS, Token
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.speakers.word_lists import GREETING_ENDS
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole

EARLY_SEGMENTS = 2
EARLY_SECONDS = 30.0
MAX_DISTANCE = 2
"""A known name is greeted when its first token is at most so many tokens after the greeting (G1)."""

_NOT_BETWEEN = frozenset(
    {"i", "i'm", "im", "am", "this", "is", "it's", "my", "name", "me", "to", "from", "for", "with"}
)


@dataclass(frozen=True, slots=True)
class _Greeting:
    speaker_id: str
    greeted: SpeakerRole
    confidence: Confidence


def apply_greetings(naming: Naming, introductions: Sequence[Introduction]) -> None:
    """Give every greeter the role opposite to that of the greeted name's owner (G3, G5, G6)."""
    found: dict[str, list[_Greeting]] = defaultdict(list)
    for utterance in naming.utterances_with_names():
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
    for index, token in enumerate(utterance.tokens):
        if token.full not in GREETING_ENDS or not is_greeting(utterance.tokens, index):
            continue
        mention = _find_greeted(naming, utterance.tokens, index)
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
            return mention if _is_addressed(tokens, mention) and not is_report(tokens, greeting) else None
        if distance == 0 and (tokens[index].full in _NOT_BETWEEN or is_greeting(tokens, index)):
            return None
    return None


def _is_addressed(tokens: Sequence[Token], mention: Mention) -> bool:
    """Tell whether the greeted name is that of the listener.

    "Hello, Tobias is out" is said by somebody else than Tobias, but not to him; a company answers with its name.
    """
    if tokens[mention.end - 1].is_possessive or mention.name.is_organisation:
        return False
    words = read_surroundings(tokens, mention)
    return not (words.is_told_by_its_owner or is_subject(words.end))
