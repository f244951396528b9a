"""Rule 2, reading: who says who he or she is (I0 to I5). What follows from it is in `introduction_rule`.

Source: transcript.md, section 5.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.pipeline.first_names import FIRST_NAMES
from app.pipeline.speakers.introduction_frames import FRAME_SPELLING, Frame, find_end, find_frames, may_open_frame
from app.pipeline.speakers.known_names import KnownName, find_known_name
from app.pipeline.speakers.tokens import HONORIFICS, Token, find_words, is_question_after
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.speakers.word_lists import HESITATIONS, NOT_BEFORE_HERE, ORGANISATION_STOP_WORDS, STOP_WORDS

MAX_NAME_TOKENS = 3
MAX_ORGANISATION_TOKENS = 3
UNKNOWN_NAME_SECONDS = 120.0
"""Later in the call, somebody who was not known before is rather talking about others (I3)."""

SUBJECT_GOES_ON = frozenset({"is", "are", "was", "were", "it's", "comes", "goes", "we", "you", "they", "the"})
"""After "Tobias here": "Hi Tobias here is the file" is about something else."""


_PRESENTING = ("this", "is")
_OTHER_PERSONS = frozenset({"he", "he's", "his", "him", "she", "she's", "her"})
_ADDRESSING = (("you",), ("you're",))
_TALK_TO_COME = frozenset(
    {"tomorrow", "today", "tonight", "later", "next", "on", "about", "again", "before", "after", "when", "this", "soon"}
)
"""After "you are talking to Tobias": whoever says so speaks of another talk."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """Somebody's name, said by himself or herself: `tokens[start:end]` of the utterance, frame included.

    `known` is the name of the context that it is, if any; `name` is what is displayed: the stored name, or the name as
    spoken. `organisation` is where he or she calls from.
    """

    utterance: Utterance
    start: int
    end: int
    known: KnownName | None
    name: str
    organisation: str | None

    @property
    def speaker_id(self) -> str:
        return self.utterance.speaker_id

    @property
    def display_name(self) -> str:
        return self.name if self.organisation is None else f"{self.name} ({self.organisation})"

    def covers(self, utterance: Utterance, index: int) -> bool:
        """Tell whether a token belongs to this introduction, and so is neither greeting nor mention (I8)."""
        return utterance.index == self.utterance.index and self.start <= index < self.end


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A frame with something in the place of the name: `tokens[name_start:name_end]`; `end` is after the frame."""

    frame: Frame
    start: int
    name_start: int
    name_end: int
    end: int


def find_introductions(utterance: Utterance, names: Sequence[KnownName]) -> list[Introduction]:
    """All introductions of an utterance in their order, never overlapping."""
    found: list[Introduction] = []
    if not utterance.may_hold(FRAME_SPELLING):
        return found
    for index in range(len(utterance.tokens)):
        if (found and index < found[-1].end) or not may_open_frame(utterance.tokens, index):
            continue
        for frame in find_frames(utterance.tokens, index):
            introduction = _read(utterance, names, frame, index)
            if introduction is not None:
                found.append(introduction)
                break
    return found


def names_a_thing(introduction: Introduction, before: Utterance | None) -> bool:
    """Tell whether "the name is ..." answers for the name of something, which the utterance `before` has asked for."""
    frame = introduction.utterance.tokens[introduction.start : introduction.start + 2]
    is_open = [token.full for token in frame] == ["the", "name"]
    return is_open and before is not None and find_words(before.tokens, ("name", "of")) is not None


def _read(utterance: Utterance, names: Sequence[KnownName], frame: Frame, start: int) -> Introduction | None:
    tokens = utterance.tokens
    candidate = _place(tokens, names, frame, start)
    if candidate is None or _is_rejected(utterance, candidate):
        return None
    known = _find_known(tokens, names, candidate)
    organisation = _find_organisation(tokens, names, candidate)
    if known is None and not _is_believable(utterance, candidate, organisation):
        return None
    end = candidate.end if organisation is None else organisation[1]
    return Introduction(
        utterance=utterance,
        start=start,
        end=end,
        known=known,
        name=known.name if known is not None else utterance.spoken(candidate.name_start, candidate.name_end),
        organisation=None if organisation is None else utterance.spoken(*organisation),
    )


def _place(tokens: Sequence[Token], names: Sequence[KnownName], frame: Frame, start: int) -> _Candidate | None:
    """Find how far the name goes (I0) and whether the frame closes behind it."""
    name_start = _skip_stutter(tokens, frame, start)
    core = name_start
    while core < len(tokens) and tokens[core].full in HONORIFICS and _is_next(tokens, core, start):
        core += 1
    if core == len(tokens) or not _is_next(tokens, core, start):
        return None
    if tokens[core].is_capitalised:
        name_end = _capitalised_end(tokens, core)
    else:
        mention = find_known_name(names, tokens, core)
        if mention is None:
            return None
        name_end = mention.end
    end = find_end(frame, tokens, name_end)
    if end is None:
        return None
    return _Candidate(frame, start, name_start, name_end, end)


def _skip_stutter(tokens: Sequence[Token], frame: Frame, start: int) -> int:
    """Where the name may begin: "this is um Robert", "this is is Robert"."""
    index = start + len(frame.before)
    while frame.before and index + 1 < len(tokens) and not tokens[index].follows_punctuation:
        if tokens[index].full not in HESITATIONS and tokens[index].full != frame.before[-1]:
            break
        index += 1
    return index


def _is_next(tokens: Sequence[Token], index: int, start: int) -> bool:
    """No punctuation stands between the frame and what follows; before the frame there may be some."""
    return index == start or not tokens[index].follows_punctuation


def _capitalised_end(tokens: Sequence[Token], start: int) -> int:
    end = start + 1
    while end < min(len(tokens), start + MAX_NAME_TOKENS):
        token = tokens[end]
        if token.follows_punctuation or not token.is_capitalised or token.word in STOP_WORDS:
            break
        if token.word == tokens[end - 1].word:
            # A stutter: nobody is called Robert Robert.
            break
        end += 1
    return end


def _name_words(tokens: Sequence[Token], candidate: _Candidate) -> tuple[str, ...]:
    named = tokens[candidate.name_start : candidate.name_end]
    return tuple(token.word for token in named if token.full not in HONORIFICS)


def _is_rejected(utterance: Utterance, candidate: _Candidate) -> bool:
    """Rule I4, as far as it holds for known names, too: what is owned or asked for is not introduced."""
    tokens, text = utterance.tokens, utterance.segment.text
    if any(token.is_possessive for token in tokens[candidate.name_start : candidate.name_end]):
        return True
    if any(is_question_after(text, tokens[end - 1]) for end in (candidate.name_end, candidate.end)):
        return True
    if candidate.end == len(tokens):
        return False
    if candidate.frame.before == _PRESENTING and _is_presented(tokens, candidate.end):
        return True
    following = tokens[candidate.end]
    if following.follows_punctuation:
        return False
    return (candidate.frame.is_name_first and following.full in SUBJECT_GOES_ON) or (
        candidate.frame.before[:1] in _ADDRESSING and following.full in _TALK_TO_COME
    )


def _is_presented(tokens: Sequence[Token], end: int) -> bool:
    """Tell "this is Robert, he is new" and "this is Robert speaking about his boss": the speaker is another one."""
    following = [token.full for token in tokens[end : end + 3]]
    if following[:1] in (["speaking"], ["talking"]):
        del following[0]
        if following[:1] == ["about"]:
            del following[0]
    return bool(_OTHER_PERSONS.intersection(following[:1]))


def _find_known(tokens: Sequence[Token], names: Sequence[KnownName], candidate: _Candidate) -> KnownName | None:
    words = _name_words(tokens, candidate)
    # Only a whole word with hyphens is a name: "Ann-Marie" is not called Ann.
    core = next(at for at in range(candidate.name_start, candidate.name_end) if tokens[at].full not in HONORIFICS)
    called = [name for name in names if name.is_called(words) and name.length_at(tokens, core) > 0]
    return max(called, key=lambda name: len(name.words), default=None)


def _find_organisation(
    tokens: Sequence[Token], names: Sequence[KnownName], candidate: _Candidate
) -> tuple[int, int] | None:
    """Rule I5: the tokens of the organisation that is named right after the name; a known person is none."""
    index = candidate.end
    for words, is_optional in (
        ({"here", "calling", "speaking"}, True),
        ({"from", "at", "with"}, False),
        ({"the"}, True),
    ):
        if index < len(tokens) and tokens[index].full in words and not tokens[index].follows_punctuation:
            index += 1
        elif not is_optional:
            return None
    start = index
    while index < min(len(tokens), start + MAX_ORGANISATION_TOKENS) and _is_organisation_word(tokens[index]):
        index += 1
    known = find_known_name(names, tokens, start) if index > start else None
    if index == start or (known is not None and not known.name.is_organisation):
        return None
    return start, index


def _is_organisation_word(token: Token) -> bool:
    return token.is_capitalised and not token.follows_punctuation and token.word not in ORGANISATION_STOP_WORDS


def _is_believable(utterance: Utterance, candidate: _Candidate, organisation: tuple[int, int] | None) -> bool:
    """Rules I3 to I5 for a name that the context does not know: a capital letter has to be evidence of a name."""
    tokens = utterance.tokens
    words = _name_words(tokens, candidate)
    if utterance.segment.start_seconds > UNKNOWN_NAME_SECONDS or words[0] in STOP_WORDS or len(words[0]) == 1:
        return False
    if candidate.frame.needs_proof and organisation is None:
        return False
    if candidate.frame.is_name_first and not _is_name_at_start(tokens, candidate, words, organisation):
        return False
    end = candidate.end if organisation is None else organisation[0]
    around = [*tokens[candidate.start : candidate.name_start], *tokens[candidate.name_end : end]]
    # Where Every Word Has A Capital, a capital says nothing.
    return any(not token.is_capitalised for token in around)


def _is_name_at_start(
    tokens: Sequence[Token], candidate: _Candidate, words: tuple[str, ...], organisation: tuple[int, int] | None
) -> bool:
    """Tell "Nadia speaking." from "Generally speaking, ..." and "Same here.": any first word has a capital."""
    is_closed = candidate.end == len(tokens) or tokens[candidate.end].follows_punctuation
    if organisation is None and not is_closed:
        return False
    if len(words) > 1 or organisation is not None or not tokens[candidate.start].starts_sentence:
        return True
    if tokens[candidate.name_end].full != "speaking":
        # "Rain here, too." A capital at the start of a sentence says nothing, so the word itself has to be a name.
        return words[0] in FIRST_NAMES
    is_adverb = len(words[0]) > 5 and words[0].endswith("ly")
    return not (is_adverb or words[0].endswith("ing") or words[0] in NOT_BEFORE_HERE)
