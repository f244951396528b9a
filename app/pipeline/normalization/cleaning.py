"""Text without control characters and non-speech tags, times within the recording.

Source: transcript.md, sections 4.1, 4.2 and 4.4.
"""

import re
import unicodedata
from collections.abc import Iterable

from app.pipeline.normalization.loops import collapse_loops
from app.pipeline.normalization.utterance import Utterance
from app.pipeline.word_sets import word_set

_ZERO_WIDTH = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")

_MUSIC = re.compile("♪[^♪]*♪|♪")
_BRACKETED = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\*[^*]*\*|<[^<>]*>")
_MARK = re.compile(r"[♪\[(*<]")
_TAG_WORD = re.compile(r"[\w']+")
_MAX_TAG_WORDS = 4
_NON_SPEECH = word_set(
    "music applause laughter laughing laughs noise static silence inaudible unintelligible blank_audio blank audio",
    "beep beeping ringing ringtone dial tone cough coughing sigh breathing crosstalk foreign typing background",
)


def clean_utterances(utterances: Iterable[Utterance], duration_hundredths: int | None) -> list[Utterance]:
    """Clean texts and times, drop what says nothing; the order stays. Applied twice it is as applied once.

    Source: transcript.md, sections 4.1 to 4.4.
    """
    cleaned = ((said, clean_speech(said.text)) for said in utterances)
    return [_clean(said, text, duration_hundredths) for said, text in cleaned if is_speech(text)]


def clean_speech(text: str) -> str:
    """Clean a text of what nobody said: control characters, tags, loops (4.1 to 4.3)."""
    # What a step leaves may be work for one before it: a tag in a tag, a mark whose letter comes after a tag.
    while True:
        cleaned = collapse_loops(remove_tags(clean_characters(text)))
        if cleaned == text:
            return text
        text = cleaned


def is_speech(text: str) -> bool:
    """Whether there is any letter or digit (4.4)."""
    return any(char.isalnum() for char in text)


def clean_characters(text: str) -> str:
    """NFC, one line, single spaces, nothing that is invisible (4.1)."""
    one_line = " ".join(text.split())
    if one_line.isascii() and one_line.isprintable():
        return one_line
    visible = "".join(char for char in one_line if unicodedata.category(char) not in ("Cc", "Cs"))
    return " ".join(unicodedata.normalize("NFC", _ZERO_WIDTH.sub("", visible)).split())


def remove_tags(text: str) -> str:
    """Remove music signs with what is sung between them, and bracketed descriptions of noises (4.2)."""
    if _MARK.search(text) is None:
        return " ".join(text.split())
    untagged = _BRACKETED.sub(lambda match: " " if _is_tag(match[0]) else match[0], _MUSIC.sub(" ", text))
    return " ".join(untagged.split())


def _is_tag(bracketed: str) -> bool:
    words = _TAG_WORD.findall(bracketed.casefold())
    return len(words) <= _MAX_TAG_WORDS and not _NON_SPEECH.isdisjoint(words)


def _clean(said: Utterance, text: str, duration_hundredths: int | None) -> Utterance:
    """The utterance with a clean text, its times within the recording and in their order (4.4)."""
    start, end = max(0, said.start_hundredths), max(0, said.end_hundredths)
    if duration_hundredths is not None:
        start, end = min(start, duration_hundredths), min(end, duration_hundredths)
    return Utterance(said.speaker, start, max(start, end), text, said.confidence, said.order)
