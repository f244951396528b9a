"""Rule 7: who answers the telephone is the one who was called. Source: transcript.md, section 5.8."""

from collections.abc import Sequence

from app.pipeline.speakers.naming import Naming
from app.pipeline.speakers.references import Reference
from app.pipeline.speakers.tokens import Token, words_match
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole

ANSWERING_WARNING = "answering_pattern_used"
MAX_SEGMENTS = 4
MAX_SECONDS = 20.0
MAX_TOKENS = 5

_FILLERS = frozenset({"uh", "um", "ah", "oh", "please", "ji", "sir", "madam"})
_STRONG = (
    ("who", "is", "calling"),
    ("who", "is", "this"),
    ("who", "is", "it"),
    ("who's", "this"),
    ("go", "ahead"),
    ("tell", "me"),
    *((word,) for word in ("hello", "hallo", "hullo", "speaking", "bolo", "boliye")),
)
_WEAK = tuple((word,) for word in ("yes", "yeah", "yep", "haan", "ha"))
"""Just a yes may as well be an answer to what the other one has said."""


def apply_answering(naming: Naming, references: Sequence[Reference]) -> None:
    """Make the one who picked up the CONTACT (W4), except on incoming calls, where it is the user (W5).

    Not against what may be somebody's own name: who says "it's Tobias" to the answerer is rather Tobias himself.
    """
    if not naming.is_open_two_party or naming.context.direction == "INCOMING":
        return
    answerer = _find_answerer(naming)
    if answerer is None:
        return
    (other,) = (speaker_id for speaker_id in naming.real if speaker_id != answerer)
    own_names = {(reference.owner, reference.utterance.speaker_id) for reference in references if reference.is_own}
    if own_names & {(SpeakerRole.CONTACT, other), (SpeakerRole.USER, answerer)}:
        return
    naming.give_role(answerer, SpeakerRole.CONTACT, Confidence.MEDIUM, LabelSource.ANSWERING_PATTERN)
    naming.give_role(other, SpeakerRole.USER, Confidence.MEDIUM, LabelSource.BY_ELIMINATION)
    naming.warn(ANSWERING_WARNING)


def _find_answerer(naming: Naming) -> str | None:
    heard: set[str] = set()
    for utterance in naming.utterances[:MAX_SEGMENTS]:
        is_first = utterance.speaker_id in naming.real and utterance.speaker_id not in heard
        heard.add(utterance.speaker_id)
        if utterance.segment.start_seconds > MAX_SECONDS or len(utterance.tokens) > MAX_TOKENS:
            continue
        if is_first and is_answer(utterance.tokens, is_start_of_call=utterance.index == 0):
            return utterance.speaker_id
    return None


def is_answer(tokens: Sequence[Token], *, is_start_of_call: bool) -> bool:
    """Tell whether nothing but answering phrases was said (W2, W3)."""
    spoken = [token for token in tokens if token.full not in _FILLERS]
    index, is_strong = 0, False
    while index < len(spoken):
        phrase = next((phrase for phrase in (*_STRONG, *_WEAK) if words_match(spoken, index, phrase)), None)
        if phrase is None:
            return False
        is_strong = is_strong or phrase in _STRONG
        index += len(phrase)
    return is_strong or (is_start_of_call and bool(spoken))
