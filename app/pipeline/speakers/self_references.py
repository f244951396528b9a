"""Where somebody says his or her own name, whatever name it is (rule M5). Source: transcript.md, section 5.11.

Wider than the frames of rule 2, and no proof on its own: somebody else has to have said which word is a name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.pipeline.speakers.introduction_frames import is_doubted, opens_clause
from app.pipeline.speakers.introductions import MAX_NAME_TOKENS, SUBJECT_GOES_ON
from app.pipeline.speakers.tokens import HONORIFICS, Token, is_question_after, words_match
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.speakers.word_lists import STOP_WORDS

Words = tuple[str, ...]

_BEFORE: tuple[Words, ...] = (
    ("i'm",),
    ("i", "am"),
    ("this", "is"),
    ("it's",),
    ("it", "is"),
    ("name", "is"),
    ("name's",),
)
_AFTER: tuple[Words, ...] = (("here",), ("speaking",), ("calling",), ("this", "side"), ("on", "the", "line"))
_HESITATIONS = frozenset({"uh", "um"})
_FILLERS = _HESITATIONS | {"actually", "just"}
_KINDS_OF_NAME = frozenset({"first", "last", "full", "given", "good", "own", "real"})
_CONTRACTED = STOP_WORDS | {"let", "there"}
"""What an `'s` behind makes no owner of: "it's", "let's"."""


@dataclass(frozen=True, slots=True)
class SelfReference:
    """`tokens[start:end]` of an utterance are the name `tokens[name_start:name_end]` and what makes it one's own."""

    start: int
    end: int
    name_start: int
    name_end: int


def find_self_references(utterance: Utterance, name: Words) -> list[SelfReference]:
    """The places where the speaker of an utterance calls himself or herself by this name, as `Token.word` spells it.

    A name that is owned ("this is Nadia's phone"), asked for ("Nadia here?"), doubted ("I think it's Nadia"), addressed
    ("It is, Nadia.") or somebody else's ("her name is Nadia") is none.
    """
    found = []
    for start in range(len(utterance.tokens) - len(name) + 1):
        end = start + len(name)
        if not _is_name(utterance, name, start):
            continue
        opening, closing = _find_opening(utterance.tokens, start), _find_closing(utterance, start, end)
        if opening is not None:
            found.append(SelfReference(opening, end, start, end))
        if closing is not None:
            found.append(SelfReference(start, closing, start, end))
    return found


def _is_name(utterance: Utterance, name: Words, start: int) -> bool:
    """Tell whether this name stands at `start`, unbroken, not possessive and not asked for."""
    found = utterance.tokens[start : start + len(name)]
    if tuple(token.word for token in found) != name or any(token.follows_punctuation for token in found[1:]):
        return False
    is_possessive = any(token.is_possessive for token in found) or _owns_as_a_whole(utterance.tokens, start + len(name))
    return not is_possessive and not is_question_after(utterance.segment.text, found[-1])


def _owns_as_a_whole(tokens: Sequence[Token], name_end: int) -> bool:
    """Tell whether the name is the beginning of a longer one that is possessive: "this is Nadia Khan's phone"."""
    for token in tokens[name_end : name_end + MAX_NAME_TOKENS - 1]:
        if token.follows_punctuation:
            return False
        if token.is_possessive:
            return token.word not in _CONTRACTED
        if not token.is_capitalised:
            return False
    return False


def _find_opening(tokens: Sequence[Token], name_start: int) -> int | None:
    """Where the words begin that lead to the name; None when they are others."""
    index = name_start
    while index > 0 and _continues(tokens, index) and tokens[index - 1].full in _FILLERS | HONORIFICS:
        index -= 1
    if index == 0 or not _continues(tokens, index):
        return None
    for words in _BEFORE:
        start = index - len(words)
        if start >= 0 and words_match(tokens, start, words) and not is_doubted(tokens, start):
            return start if words[0] not in ("name", "name's") or _is_own(tokens, start) else None
    return None


def _continues(tokens: Sequence[Token], index: int) -> bool:
    """No punctuation stands before `index` but commas around a hesitation: "I'm, um, Nadia"."""
    token, previous = tokens[index], tokens[index - 1]
    is_hesitant = token.full in _HESITATIONS or previous.full in _HESITATIONS
    return not token.follows_punctuation or (is_hesitant and not token.starts_sentence)


def _is_own(tokens: Sequence[Token], index: int) -> bool:
    """Tell "my name", "the name", "my first name" and a "name" that opens the sentence from anybody else's name.

    "My sister name is Nadia" lacks an `'s`, as people speak and recognisers write.
    """
    if tokens[index].starts_sentence or tokens[index - 1].full in ("my", "the"):
        return True
    return index > 1 and tokens[index - 2].full == "my" and tokens[index - 1].full in _KINDS_OF_NAME


def _find_closing(utterance: Utterance, name_start: int, name_end: int) -> int | None:
    """Where the words end that follow the name; None when they are others, or the name is part of a sentence."""
    tokens = utterance.tokens
    before = tokens[name_start - 1].full if name_start else None
    is_open = tokens[name_start].follows_punctuation or before in _FILLERS or opens_clause(tokens, name_start)
    for words in _AFTER:
        end = name_end + len(words)
        if is_open and words_match(tokens, name_end, words) and not tokens[name_end].follows_punctuation:
            is_asked = is_question_after(utterance.segment.text, tokens[end - 1])
            return None if is_asked or _goes_on(tokens, end) else end
    return None


def _goes_on(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether the closing words are the subject of another sentence: "Hi Nadia here is the file"."""
    return index < len(tokens) and not tokens[index].follows_punctuation and tokens[index].full in SUBJECT_GOES_ON
