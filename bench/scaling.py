"""How long alignment, normalisation and naming take for a two-hour call, and that they grow no faster than the call.

    python -m bench.scaling

CPU time of one core, the best of five runs. Exits with 1 when a target is missed.
"""

import gc
import json
import sys
from random import Random
from time import process_time
from uuid import UUID

from app.pipeline.alignment import align
from app.pipeline.normalization.stage import normalize
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word
from app.pipeline.transcript import PipelineInfo

TARGET_SECONDS = 0.4
"""For 20,000 words in 4,000 turns, all three stages together."""
MAX_GROWTH = 1.5
"""A call of eight times the length may take as many times eight times as long: caches are smaller than calls."""

_RUNS = 5
_TURNS = 4000
_WORDS_PER_TURN = 5
_WORD_SECONDS = 0.3
_PAUSE_SECONDS = 0.3
_SAYINGS = """
    the order invoice contract we need to talk about delivery on Monday and it is late yes no okay thank you please send
    can you I'm sorry that this is a problem for my customer because nobody called hello good price week next after some
    """
_VOCABULARY = _SAYINGS.split()
_NAMES = ("Meera", "Tobias")
_NAME_SHARE = 0.01
_CONTEXT = SpeakerContext("Meera Nair", "Tobias Lind", "+49 30 5550-4471", "OUTGOING")


def make_call(factor: int) -> tuple[RawTranscript, tuple[Turn, ...]]:
    """A call of `factor` times two hours: turns of two speakers in turn, a segment with timed words for each."""
    random = Random(factor)
    segments, turns, now = [], [], 0.0
    for number in range(factor * _TURNS):
        words = []
        for _ in range(_WORDS_PER_TURN):
            text = random.choice(_NAMES if random.random() < _NAME_SHARE else _VOCABULARY)
            words.append(Word(text, round(now, 2), round(now + _WORD_SECONDS, 2)))
            now += _WORD_SECONDS
        text = " ".join(word.text for word in words).capitalize() + "."
        start, end = words[0].start_seconds or 0.0, words[-1].end_seconds or 0.0
        segments.append(AsrSegment(text, start, end, tuple(words)))
        turns.append(Turn(start, end + random.choice((0.0, 0.1, -0.1)), f"SPEAKER_{number % 2:02d}"))
        now += _PAUSE_SECONDS
    return RawTranscript(tuple(segments), language="en"), tuple(turns)


def time_stages(factor: int) -> tuple[float, float, float]:
    """CPU seconds of alignment, normalisation and naming; of each stage the best of several runs.

    As in `timeit`, the collection of cyclic garbage is off: it looks through everything that the process holds.
    """
    raw, turns = make_call(factor)
    gc.collect()
    gc.disable()
    try:
        runs = [_time_once(raw, turns) for _ in range(_RUNS)]
    finally:
        gc.enable()
    return min(run[0] for run in runs), min(run[1] for run in runs), min(run[2] for run in runs)


def _time_once(raw: RawTranscript, turns: tuple[Turn, ...]) -> tuple[float, float, float]:
    begin = process_time()
    aligned = align(raw, turns)
    after_alignment = process_time()
    transcript = normalize(
        aligned,
        raw,
        call_id=UUID(int=0),
        duration_seconds=None,
        pipeline=PipelineInfo("local", "bench", "local"),
        created_at="2026-02-10T09:00:00Z",
    )
    after_normalization = process_time()
    resolve_speakers(transcript, _CONTEXT)
    return after_alignment - begin, after_normalization - after_alignment, process_time() - after_normalization


def main() -> int:
    print(f"{'call':>6} {'words':>8} {'align':>8} {'normalize':>10} {'name':>8} {'all':>8} {'per word':>10}")
    totals: dict[int, float] = {}
    for factor in (1, 2, 4, 8):
        stages = time_stages(factor)
        totals[factor] = sum(stages)
        words = factor * _TURNS * _WORDS_PER_TURN
        columns = " ".join(f"{1000 * stage:{width}.0f}" for stage, width in zip(stages, (8, 10, 8), strict=True))
        print(f"{factor:5}x {words:8} {columns} {1000 * totals[factor]:8.0f} {1e6 * totals[factor] / words:7.1f} us")
    is_fast, growth = totals[1] <= TARGET_SECONDS, totals[8] / (8 * totals[1])
    print(
        f"{1000 * totals[1]:.0f} ms {'<=' if is_fast else '>'} {1000 * TARGET_SECONDS:.0f} ms; "
        f"8x the call takes {8 * growth:.1f}x the time, at most {8 * MAX_GROWTH:.0f}x"
    )
    print(json.dumps({"bench": "scaling", "milliseconds": round(1000 * totals[1]), "growth": round(8 * growth, 2)}))
    return 0 if is_fast and growth <= MAX_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
