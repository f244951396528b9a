"""Segments with their tokens, and who of the speakers counts as a person. Source: transcript.md, section 5.1."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from app.pipeline.speakers.tokens import Token, tokenize
from app.pipeline.speech import UNKNOWN_SPEAKER
from app.pipeline.transcript import Segment, Transcript

MIN_WORDS = 3
MIN_WORD_SHARE = 0.02
"""Beyond two speakers, one with less than both is a stray noise of the diarization, not a person."""


@dataclass(frozen=True)
class Utterance:
    """A segment, its position in the call (from 0) and its tokens.

    They are cut when a rule first looks at them: most of what is said in a long call holds no name.
    """

    index: int
    segment: Segment

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tokenize(self.segment.text)

    def may_hold(self, spelling: re.Pattern[str]) -> bool:
        """Tell cheaply whether tokens spelled in this way, in lower case, may be among those of the utterance."""
        # Letters of other scripts have more forms than upper and lower case.
        text = self.segment.text
        return not text.isascii() or spelling.search(text.lower()) is not None

    @property
    def speaker_id(self) -> str:
        return self.segment.speaker_id

    def spoken(self, start: int, end: int) -> str:
        """The text of `tokens[start:end]`, which are at least one, as it is written, with single spaces."""
        return " ".join(self.segment.text[self.tokens[start].start : self.tokens[end - 1].end].split())


def utterances_of(transcript: Transcript) -> tuple[Utterance, ...]:
    """All segments of the call, in order."""
    return tuple(Utterance(index, segment) for index, segment in enumerate(transcript.segments))


def real_speaker_ids(transcript: Transcript, utterances: tuple[Utterance, ...]) -> tuple[str, ...]:
    """The ids of the speakers that are persons, in the order of the transcript."""
    known = [speaker.speaker_id for speaker in transcript.speakers if speaker.source_speaker_id != UNKNOWN_SPEAKER]
    if len(known) <= 2:
        return tuple(known)
    words: Counter[str] = Counter()
    for utterance in utterances:
        words[utterance.speaker_id] += len(utterance.tokens)
    least = MIN_WORD_SHARE * words.total()
    return tuple(speaker_id for speaker_id in known if words[speaker_id] >= MIN_WORDS or words[speaker_id] >= least)
