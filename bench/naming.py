"""How well speakers are named: scripted calls with known truth go through alignment, normalisation and naming.

    python -m bench.naming [--list]        (--list: also what is wrong or missing, call by call)

Every call is deterministic: noise is seeded by its name. Exits with 1 when a target is missed.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from random import Random
from uuid import UUID

import orjson

from app.pipeline.alignment import align
from app.pipeline.normalization.stage import normalize
from app.pipeline.restoration import restore_formatting
from app.pipeline.speakers.known_names import known_names
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.transcript import PipelineInfo, Speaker, SpeakerRole, Transcript
from bench.noise import CLEAN, EDGE, NOISES, Heard, hear, is_fair
from bench.scripted_calls import Fact, ScriptedCall, iter_calls

MIN_PRECISION = 0.995
MIN_RECALL = 0.85
MAX_UNFOUNDED = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over speakers. A given role or name is `true`, or `unfounded` when there is no evidence for any.

    `evident` are the speakers with evidence, `found` those of them who got all that is evident.
    """

    calls: int = 0
    given: int = 0
    true: int = 0
    unfounded: int = 0
    evident: int = 0
    found: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Score)))

    @property
    def precision(self) -> float:
        return self.true / self.given if self.given else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.evident if self.evident else 1.0

    @property
    def is_met(self) -> bool:
        return self.precision >= MIN_PRECISION and self.recall >= MIN_RECALL and self.unfounded <= MAX_UNFOUNDED


@dataclass(frozen=True, slots=True)
class Measured:
    """A call after one kind of noise: its score and what is wrong or missing, in words."""

    call: ScriptedCall
    kind: str
    score: Score
    remarks: tuple[str, ...]


def measure() -> list[Measured]:
    """Every call as it is, and one call of each template in every kind of noise that leaves its truth alone."""
    calls = list(iter_calls())
    measured = [_measure_call(call, CLEAN) for call in calls]
    for _, played in groupby(calls, key=lambda call: call.template):
        choices = list(played)
        for kind in NOISES:
            call = Random(f"{choices[0].template} {kind}").choice(choices)
            if is_fair(call, kind):
                measured.append(_measure_call(call, kind))
    return measured


def _measure_call(call: ScriptedCall, kind: str) -> Measured:
    random = Random(f"{call.template} {call.context.user_name} {call.context.direction} {kind}")
    heard = hear(call, kind, random)
    transcript = name_speakers(call, heard)
    by_source = {speaker.source_speaker_id: speaker for speaker in transcript.speakers}
    total, remarks = Score(calls=1), []
    for party, truth in call.truth.items():
        speaker = by_source.get(heard.parties[party])
        if speaker is None:
            continue
        score, notes = _judge(speaker, truth, is_recall_fair=kind != EDGE)
        total += score
        remarks += [f"{party} {note}" for note in notes]
    return Measured(call, kind, total, tuple(remarks))


def name_speakers(call: ScriptedCall, heard: Heard) -> Transcript:
    """Do what the pipeline does with the answers of the engines."""
    aligned = align(heard.raw, heard.turns)
    if not heard.raw.is_formatted:
        aligned = restore_formatting(aligned, known_names(call.context))
    transcript = normalize(
        aligned,
        heard.raw,
        call_id=UUID(int=0),
        duration_seconds=None,
        pipeline=PipelineInfo("local", "bench", "local"),
        created_at="2026-02-10T09:00:00Z",
    )
    return resolve_speakers(transcript, call.context)


def _judge(speaker: Speaker, truth: tuple[Fact, Fact], *, is_recall_fair: bool) -> tuple[Score, list[str]]:
    role = None if speaker.role is SpeakerRole.UNKNOWN else str(speaker.role)
    # The end of a telephone number is no name.
    name = None if (speaker.display_name or "").startswith("Contact ending ") else speaker.display_name
    score, remarks, is_missing = Score(), [], False
    for given, fact in zip((role, name), truth, strict=True):
        is_true = given is not None and any(_is_same(given, allowed) for allowed in fact.allowed)
        is_unfounded = given is not None and not fact.allowed
        score += Score(given=given is not None, true=is_true, unfounded=is_unfounded)
        is_missing |= fact.is_evident and not is_true
        if (given is not None and not is_true) or (fact.is_evident and not is_true):
            wanted = "|".join(fact.allowed) or "nothing"
            remarks.append(f"{given or 'nothing'} instead of {wanted} ({speaker.label_source})")
    if is_recall_fair and any(fact.is_evident for fact in truth):
        score += Score(evident=1, found=not is_missing)
    return score, remarks


def _is_same(given: str, allowed: str) -> bool:
    """Equal, or the beginning of a spoken name: engines write surnames and organisations without capitals."""
    person, _, organisation = given.casefold().replace(".", "").partition(" (")
    true_person, _, true_organisation = allowed.casefold().replace(".", "").partition(" (")
    return f"{true_person} ".startswith(f"{person} ") and true_organisation.startswith(organisation.rstrip(")"))


def report(measured: Iterable[Measured]) -> bool:
    """Print a row per kind of noise, the total, and the total as one line of JSON; answer whether targets are met."""
    rows = list(measured)
    total = _sum(rows)
    print(f"{'naming':16} {'calls':>6} {'given':>6} {'precision':>10} {'recall':>8} {'no evidence':>12}")
    for kind in (CLEAN, *NOISES):
        _print_row(kind, _sum(row for row in rows if row.kind == kind))
    _print_row("all", total)
    print(orjson.dumps({"bench": "naming", **_to_json(total)}).decode())
    return total.is_met


def _sum(rows: Iterable[Measured]) -> Score:
    return sum((row.score for row in rows), Score())


def _print_row(name: str, score: Score) -> None:
    recall = f"{score.recall:8.3f}" if score.evident else f"{'-':>8}"
    print(f"{name:16} {score.calls:6} {score.given:6} {score.precision:10.4f} {recall} {score.unfounded:12}")


def _to_json(score: Score) -> dict[str, float | int | bool]:
    return {
        "calls": score.calls,
        "given": score.given,
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "withoutEvidence": score.unfounded,
        "isMet": score.is_met,
    }


def iter_remarks(measured: Iterable[Measured]) -> Iterator[str]:
    """A line per call in which something is wrong or missing."""
    for row in measured:
        if row.remarks:
            yield f"{row.call.template} [{row.kind}, {row.call.context.direction}]: {'; '.join(row.remarks)}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how speakers are named.")
    parser.add_argument("--list", action="store_true", help="also print what is wrong or missing")
    measured = measure()
    if parser.parse_args().list:
        print(*iter_remarks(measured), sep="\n")
    return 0 if report(measured) else 1


if __name__ == "__main__":
    sys.exit(main())
