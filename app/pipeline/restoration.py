"""Case and punctuation for engines that return bare lower-case words. Words are never changed.

It runs between alignment and normalisation, since it needs the times of words and the changes of speaker.
Source: transcript.md, section 4.0.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.pipeline.alignment import AlignedSegment
from app.pipeline.intervals import tidy
from app.pipeline.questions import is_question
from app.pipeline.speech import Word
from app.pipeline.spoken_names import capitalize, capitalize_names
from app.pipeline.word_sets import word_set

_SENTENCE_PAUSE_SECONDS = 0.6

_OPENER_PAUSE_SECONDS = 0.05
"""A shorter pause ends a sentence, too, when the next words open one; recognisers tell pauses from here on."""

_MARK = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\+\+.*\+\+")
_PRONUNCIATION = re.compile(r"\([0-9]+\)$")

_OPENER = re.compile(
    r"(?:i|we) (?:am|was|were|are|will|would|can|could|have|need|want|understand|remember) |(?:i|we)'(?:m|ll|ve|d|re) "
    r"|(?:that|it|there) (?:is|was|sounds|will) |(?:that|it|there)'s "
    r"|(?:what|when|where|who|why|how) (?:is|are|do|does|did|can|will|about|much|many) "
    r"|thank you |thanks |my name is |let me |please |of course |good (?:morning|afternoon|evening) |(?:good)?bye "
)
_INVERSION = re.compile(r"(?:can|could|would|will|do|did|are|have|shall|may) (?:i|you|we) |is (?:there|that|it|this) ")
_REQUEST = re.compile(r"(?:can|could|would|will) you ")
"""The only opener that needs no pause: within a statement nobody says it."""

_INVERTING = word_set("what when where who whom whose which why how if unless once only neither")
"""Words after which an inverted auxiliary belongs to the same sentence: "what time can you come"."""

_HOLDING = word_set(
    "and but or so because if when while which who whom whose what where how why than as until till before after since",
    "unless whether although the a an my your our his her its their of to for from at in on by into i we he she they",
    "is are was were am be been will would shall should can could may might must has have had do does did not very",
    "really just then also think know hope guess believe suppose wish said say says told mean wonder sure",
)
"""Words that no sentence ends with, so that what follows is theirs."""

_BEFORE_THAT = word_set("with about for of to on like do at is was by from after in")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A word without marks; `home` is the index of its segment."""

    text: str
    start_seconds: float | None
    end_seconds: float | None
    home: int


def restore_formatting(aligned: Sequence[AlignedSegment], known_names: Sequence[str]) -> list[AlignedSegment]:
    """Write bare words as sentences: capitals, a closing `.` or `?`, without marks of fillers and silence.

    A sentence ends at a pause of 0.6 s, at a change of speaker, at an audible pause before words that open a sentence,
    and before a request ("can you"). The result is sorted by time; segments of nothing but marks are left out.

    Source: transcript.md, section 4.0.
    """
    ordered = sorted(aligned, key=lambda said: (said.start_seconds, said.end_seconds, said.speaker, said.order))
    heard = [word for home, segment in enumerate(ordered) for word in _hear(segment, home)]
    sentences = _split_sentences(heard, ordered)
    written = capitalize_names([[word.text for word in sentence] for sentence in sentences], known_names)
    texts: list[list[str]] = [[] for _ in ordered]
    for sentence, words in zip(sentences, written, strict=True):
        for word, text in zip(sentence, _punctuate(words), strict=True):
            texts[word.home].append(text)
    return [replace(segment, text=" ".join(text)) for segment, text in zip(ordered, texts, strict=True) if text]


def _hear(segment: AlignedSegment, home: int) -> Iterator[_Heard]:
    """The segment's words; without words those of its text, of which only the first and the last have a time."""
    for word in segment.words or _words_of_text(segment):
        for token in word.text.split():
            text = _PRONUNCIATION.sub("", token)
            if text and not _MARK.fullmatch(text):
                yield _Heard(text, word.start_seconds, word.end_seconds, home)


def _words_of_text(segment: AlignedSegment) -> list[Word]:
    words = [Word(text) for text in segment.text.split()]
    words[0] = replace(words[0], start_seconds=segment.start_seconds)
    words[-1] = replace(words[-1], end_seconds=segment.end_seconds)
    return words


def _split_sentences(heard: Sequence[_Heard], segments: Sequence[AlignedSegment]) -> list[list[_Heard]]:
    sentences = [[heard[0]]] if heard else []
    for at, (before, word) in enumerate(pairwise(heard), start=1):
        pause = _get_pause(before, word)
        is_new = (
            segments[before.home].speaker != segments[word.home].speaker
            or pause >= _SENTENCE_PAUSE_SECONDS
            or _opens_sentence([said.text for said in heard[at : at + 3]], sentences[-1], pause)
        )
        if is_new:
            sentences.append([])
        sentences[-1].append(word)
    return sentences


def _get_pause(before: _Heard, word: _Heard) -> float:
    """Seconds of silence between two words; 0 when a time is not known."""
    if before.end_seconds is None or word.start_seconds is None:
        return 0.0
    return tidy(word.start_seconds - before.end_seconds)


def _opens_sentence(following: Sequence[str], sentence: Sequence[_Heard], pause: float) -> bool:
    """Whether the next words begin a sentence, and the words of the one before may end it."""
    opening = " ".join(following) + " "
    is_audible = pause >= _OPENER_PAUSE_SECONDS
    if (_INVERSION if is_audible else _REQUEST).match(opening):
        return _may_end(sentence) and _INVERTING.isdisjoint(word.text for word in sentence)
    return is_audible and _OPENER.match(opening) is not None and _may_end(sentence)


def _may_end(sentence: Sequence[_Heard]) -> bool:
    last = sentence[-1].text
    if last == "that":
        return len(sentence) > 1 and sentence[-2].text in _BEFORE_THAT
    return last not in _HOLDING


def _punctuate(words: Sequence[str]) -> list[str]:
    """A capital first, a mark last."""
    mark = "?" if is_question(words) else "."
    sentence = [capitalize(words[0]), *words[1:]]
    # "p.m." has its dot.
    if not sentence[-1].endswith(mark):
        sentence[-1] += mark
    return sentence
