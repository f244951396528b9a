"""What engines do to a scripted call: they lose formatting and words, and cut in the wrong places.

Each kind takes a call and a seeded random source and answers what the engines send: an answer of the transcription and
the turns of the diarization. Words that decide the truth stay, and with their speaker; only `EDGE` moves them, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word
from bench.scripted_calls import ScriptedCall, ScriptedTurn, ScriptedWord

CLEAN = "clean"
BOUNDARY = "boundary"
"""The diarization gives the last or first word of a turn to the other speaker."""
EDGE = "edge"
"""The same, whatever the word says: nothing is evident any more."""

_WORD_SECONDS = 0.25
_SENTENCE_SECONDS = 0.65
_COMMA_SECONDS = 0.2
_TURN_SECONDS = 0.5
_LONG_PAUSE_SECONDS = 3.0
_JITTER_SECONDS = 0.12
_FILLERS = ("uh", "um", "er", "ah")
_LABELS = {"user": "SPEAKER_00", "contact": "SPEAKER_01"}
_SWAPPED_LABELS = {"user": "B", "contact": "a"}
_PUNCTUATION = ".,?!"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the engines send; `parties` are the canonical speaker ids."""

    raw: RawTranscript
    turns: tuple[Turn, ...]
    parties: Mapping[str, str]


def hear(call: ScriptedCall, kind: str, random: Random) -> Heard:
    """Send a call through one kind of noise."""
    turns = _SPOILERS[kind](call.turns, random) if kind in _SPOILERS else call.turns
    segments = _time(turns)
    labels = _SWAPPED_LABELS if kind == "swapped" else _LABELS
    diarized = _diarize(segments, turns, labels)
    if kind in (BOUNDARY, EDGE):
        diarized = _move_boundary(diarized, segments, turns, random, may_decide=kind == EDGE)
    if kind == "jitter":
        diarized = [_shake(turn, random) for turn in diarized]
    if kind == "split":
        diarized = [part for turn in diarized for part in _halve(turn)]
        segments = [part for segment in segments for part in _cut(segment, random)]
    if kind == "merged":
        segments = _merge(segments)
    raw = RawTranscript(tuple(segments), language="en", is_formatted=kind != "bare")
    # Letters without a number are numbered in order of appearance.
    order = dict.fromkeys(turn.party for turn in turns)
    swapped = {party: f"SPEAKER_{number:02d}" for number, party in enumerate(order)}
    return Heard(raw, tuple(diarized), swapped if kind == "swapped" else _LABELS)


def is_fair(call: ScriptedCall, kind: str) -> bool:
    """Whether the truth of a call outlives this kind of noise."""
    if kind == "bare":
        return not (call.needs_capitals or call.needs_punctuation)
    return not (kind == "unpunctuated" and call.needs_punctuation)


def _time(turns: Sequence[ScriptedTurn]) -> list[AsrSegment]:
    """One segment per turn; words follow each other, sentences and turns after pauses."""
    segments, now = [], 0.3
    for turn in turns:
        now = max(now, turn.earliest_seconds)
        words = []
        for word in turn.words:
            words.append(Word(word.text, round(now, 2), round(now + _WORD_SECONDS, 2)))
            now += _WORD_SECONDS + _get_pause(word.text)
        now = words[-1].end_seconds or now
        text = " ".join(word.text for word in turn.words)
        segments.append(AsrSegment(text, words[0].start_seconds, round(now, 2), tuple(words)))
        now += _TURN_SECONDS
    return segments


def _get_pause(text: str) -> float:
    if text[-1] in ".?!":
        return _SENTENCE_SECONDS
    return _COMMA_SECONDS if text[-1] == "," else 0.0


def _diarize(segments: Sequence[AsrSegment], turns: Sequence[ScriptedTurn], labels: Mapping[str, str]) -> list[Turn]:
    return [
        Turn(segment.start_seconds or 0.0, segment.end_seconds or 0.0, labels[turn.party])
        for segment, turn in zip(segments, turns, strict=True)
    ]


def _shake(turn: Turn, random: Random) -> Turn:
    start, end = (random.uniform(-_JITTER_SECONDS, _JITTER_SECONDS) for _ in range(2))
    return replace(turn, start_seconds=max(0.0, turn.start_seconds + start), end_seconds=turn.end_seconds + end)


def _halve(turn: Turn) -> list[Turn]:
    middle = (turn.start_seconds + turn.end_seconds) / 2
    return [replace(turn, end_seconds=middle), replace(turn, start_seconds=middle)]


def _cut(segment: AsrSegment, random: Random) -> list[AsrSegment]:
    if len(segment.words) == 1:
        return [segment]
    at = random.randrange(1, len(segment.words))
    return [_join([replace(segment, words=words)]) for words in (segment.words[:at], segment.words[at:])]


def _merge(segments: Sequence[AsrSegment]) -> list[AsrSegment]:
    """One segment of all that is said without a long pause."""
    groups: list[list[AsrSegment]] = []
    for segment in segments:
        if groups and (segment.start_seconds or 0.0) - (groups[-1][-1].end_seconds or 0.0) < _LONG_PAUSE_SECONDS:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    return [_join(group) for group in groups]


def _join(segments: Sequence[AsrSegment]) -> AsrSegment:
    words = tuple(word for segment in segments for word in segment.words)
    return AsrSegment(" ".join(word.text for word in words), words[0].start_seconds, words[-1].end_seconds, words)


def _move_boundary(
    diarized: Sequence[Turn],
    segments: Sequence[AsrSegment],
    turns: Sequence[ScriptedTurn],
    random: Random,
    *,
    may_decide: bool,
) -> list[Turn]:
    """Shift one boundary of two speakers by a word, and leave at least one word to each of them."""
    choices = [
        (at, is_last)
        for at, (before, after) in enumerate(pairwise(turns))
        for is_last, turn, word in ((True, before, before.words[-1]), (False, after, after.words[0]))
        if before.party != after.party and len(turn.words) > 1 and (may_decide or not word.is_decisive)
    ]
    moved = list(diarized)
    if choices:
        at, is_last = random.choice(choices)
        word = segments[at].words[-1] if is_last else segments[at + 1].words[0]
        boundary = (word.start_seconds if is_last else word.end_seconds) or 0.0
        moved[at] = replace(moved[at], end_seconds=boundary)
        moved[at + 1] = replace(moved[at + 1], start_seconds=boundary)
    return moved


def _strip(turns: Sequence[ScriptedTurn], _: Random) -> list[ScriptedTurn]:
    return [_map(turn, lambda text: text.rstrip(_PUNCTUATION)) for turn in turns]


def _bare(turns: Sequence[ScriptedTurn], _: Random) -> list[ScriptedTurn]:
    # Pauses stay where the punctuation was; the text is written without it.
    return [_map(turn, lambda text: text.rstrip(_PUNCTUATION).lower()) for turn in turns]


def _map(turn: ScriptedTurn, change: Callable[[str], str]) -> ScriptedTurn:
    return replace(turn, words=tuple(replace(word, text=change(word.text)) for word in turn.words))


def _drop(turns: Sequence[ScriptedTurn], random: Random) -> list[ScriptedTurn]:
    """Each turn loses one of its words that decide nothing, unless it is the only one."""
    spoiled = []
    for turn in turns:
        losable = [at for at, word in enumerate(turn.words) if not word.is_decisive]
        if losable and len(turn.words) > 1:
            at = random.choice(losable)
            turn = replace(turn, words=turn.words[:at] + turn.words[at + 1 :])
        spoiled.append(turn)
    return spoiled


def _double(turns: Sequence[ScriptedTurn], random: Random) -> list[ScriptedTurn]:
    """Each turn has one word twice; only the first of the two begins a sentence."""
    doubled = []
    for turn in turns:
        at = random.randrange(len(turn.words))
        word = turn.words[at]
        second = word if word.is_decisive else replace(word, text=word.text.lower())
        turn = replace(turn, words=(*turn.words[:at], second, *turn.words[at + 1 :]))
        doubled.append(_insert(turn, at, word.text))
    return doubled


def _fill(turns: Sequence[ScriptedTurn], random: Random) -> list[ScriptedTurn]:
    return [_insert(turn, random.randrange(len(turn.words)), random.choice(_FILLERS)) for turn in turns]


def _insert(turn: ScriptedTurn, at: int, text: str) -> ScriptedTurn:
    inserted = ScriptedWord(text.rstrip(_PUNCTUATION), is_decisive=turn.words[at].is_decisive)
    return replace(turn, words=(*turn.words[:at], inserted, *turn.words[at:]))


_SPOILERS: Mapping[str, Callable[[Sequence[ScriptedTurn], Random], list[ScriptedTurn]]] = {
    "bare": _bare,
    "unpunctuated": _strip,
    "dropped": _drop,
    "doubled": _double,
    "fillers": _fill,
}
NOISES = (*_SPOILERS, BOUNDARY, EDGE, "swapped", "split", "merged", "jitter")
