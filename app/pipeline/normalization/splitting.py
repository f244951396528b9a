"""Utterances that are too long to read become several. Source: transcript.md, section 4.9."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from app.pipeline.normalization.sentences import split_sentences
from app.pipeline.normalization.utterance import Utterance

MAX_CHARS = 200
"""Longest text of a segment, in code points."""

_CUT = re.compile(r"[,;:—](?= )")


def split_utterance(said: Utterance) -> list[Utterance]:
    """Split a text of more than 200 characters; the pieces share its time by their characters (X4, X5)."""
    texts = split_text(said.text)
    if len(texts) == 1:
        return [said]
    duration = said.end_hundredths - said.start_hundredths
    counts = [0, *accumulate(len(text) for text in texts)]
    # Whole hundredths, halves up.
    times = [said.start_hundredths + (2 * duration * count + counts[-1]) // (2 * counts[-1]) for count in counts]
    return [
        replace(said, text=text, start_hundredths=times[at], end_hundredths=times[at + 1])
        for at, text in enumerate(texts)
    ]


def split_text(text: str) -> list[str]:
    """Cut a text with single spaces into pieces of whole sentences, at most 200 characters each (X1 to X3).

    Joined with spaces the pieces are the text, unless a single word is longer than the limit.
    """
    if len(text) <= MAX_CHARS:
        return [text]
    return _pack([part for sentence in split_sentences(text) for part in _cut_sentence(sentence)])


def _pack(parts: Sequence[str]) -> list[str]:
    pieces: list[str] = []
    for part in parts:
        if pieces and len(pieces[-1]) + 1 + len(part) <= MAX_CHARS:
            pieces[-1] = f"{pieces[-1]} {part}"
        else:
            pieces.append(part)
    return pieces


def _cut_sentence(sentence: str) -> Iterator[str]:
    while len(sentence) > MAX_CHARS:
        end = _find_cut(sentence)
        yield sentence[:end]
        sentence = sentence[end:].lstrip(" ")
    yield sentence


def _find_cut(sentence: str) -> int:
    """Length of the first piece: up to the last inner punctuation, else to the last space, else as long as may be."""
    punctuation = [match.end() for match in _CUT.finditer(sentence, 0, MAX_CHARS + 1)]
    if punctuation:
        return punctuation[-1]
    space = sentence.rfind(" ", 0, MAX_CHARS + 1)
    return space if space > 0 else _avoid_marks(sentence)


def _avoid_marks(sentence: str) -> int:
    """The limit, or a little before it, so that no vowel sign is cut off its letter."""
    end = MAX_CHARS
    while end > 1 and unicodedata.category(sentence[end]).startswith("M"):
        end -= 1
    return end if end > 1 else MAX_CHARS
