"""Whether the books agree with what the phones know and with what was done to the stack.

Each check looks for one thing that must not be, and names every case of it. Source: pipeline.md, sections 2, 4, 6, 8
and 9; architecture.md, "Reliability".
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.calls.models import ArtifactType, CallStatus
from tests.chaos.books import Books, CallRow
from tests.chaos.doubles import find_spoken_words, item_titles, spoken_word
from tests.chaos.phones import CallStory, title
from tests.chaos.plan import FaultKind
from tests.chaos.reasons import Injected, is_explained
from tests.chaos.recovery import LIMIT_SECONDS, Recovery
from tests.privacy.contents import about, mentions

LATE_PUSH_SECONDS = 10.0
"""How long after a deletion a message may still arrive that was on its way (app/push/sender.py, the deadline)."""

_TEMPORARY = (ArtifactType.TEMP_AUDIO, ArtifactType.DIARIZATION_RESULT_STATE)
_OF_COMPLETED = {
    ArtifactType.RAW_TRANSCRIPT_JSON,
    ArtifactType.NORMALIZED_TRANSCRIPT_JSON,
    ArtifactType.ANALYSIS_JSON,
}
_TOLD_BY = {CallStatus.COMPLETED: "CALL_COMPLETED", CallStatus.FAILED: "CALL_FAILED"}


@dataclass(frozen=True, slots=True)
class Witness:
    """What was seen from outside while it happened; times are seconds since 1970.

    `transcribed` is by number, `diarized` and `analyzed` by the id of the call, `pushed` by that and a status.
    `stuck` are the stopped calls that never moved; `own_ends` counts processes that ended though nobody had killed
    them.
    """

    stories: Sequence[CallStory]
    faults: Sequence[Injected] = ()
    transcribed: Mapping[str, Sequence[float]] = field(default_factory=dict)
    diarized: Mapping[str, Sequence[float]] = field(default_factory=dict)
    analyzed: Mapping[str, Sequence[float]] = field(default_factory=dict)
    pushed: Mapping[str, Sequence[float]] = field(default_factory=dict)
    recoveries: Sequence[Recovery] = ()
    stuck: Sequence[Recovery] = ()
    own_ends: int = 0
    failed_sweeps: Sequence[str] = ()

    @property
    def stops(self) -> dict[FaultKind, list[float]]:
        """The seconds of all recoveries, by kind of fault."""
        return {
            kind: [recovery.seconds for recovery in self.recoveries if recovery.kind is kind]
            for kind in sorted({recovery.kind for recovery in self.recoveries})
        }

    @property
    def kept(self) -> dict[str, CallStory]:
        """The accepted calls that nobody deleted, by id."""
        return {story.call_id: story for story in self.stories if story.call_id and story.deleted_at is None}

    @property
    def deleted(self) -> dict[str, CallStory]:
        """The calls whose deletion was answered, by id."""
        return {story.call_id: story for story in self.stories if story.call_id and story.deleted_at is not None}


@dataclass(frozen=True, slots=True)
class Check:
    """What must not be, and where it is all the same."""

    name: str
    violations: tuple[str, ...]


def check_books(books: Books, witness: Witness) -> list[Check]:
    """Look for everything that must not be."""
    return [Check(name, tuple(find(books, witness))) for name, find in _CHECKS.items()]


def _find_unaccepted(books: Books, witness: Witness) -> Iterator[str]:
    for story in witness.stories:
        if story.call_id is None:
            yield f"call {story.number}: never answered"
        elif story.submission.deletes_after_seconds is not None and story.deleted_at is None:
            yield f"call {story.number}: never deleted"


def _find_oddities(books: Books, witness: Witness) -> Iterator[str]:
    for story in witness.stories:
        yield from (f"call {story.number}: {problem}" for problem in dict.fromkeys(story.problems))


def _find_lost(books: Books, witness: Witness) -> Iterator[str]:
    there = {row.call_id for row in books.calls}
    yield from (f"{call_id} is gone" for call_id in witness.kept if call_id not in there)
    for row in books.calls:
        if row.status not in (CallStatus.COMPLETED, CallStatus.FAILED):
            yield f"{row.call_id} is {row.status}"


def _find_unexplained(books: Books, witness: Witness) -> Iterator[str]:
    for row in books.calls:
        if row.status == CallStatus.FAILED:
            ended_at, reason = row.completed_at or row.created_at, row.error_reason or "none"
            if not is_explained(reason, row.created_at, ended_at, witness.faults):
                yield f"{row.call_id} failed for {reason} at {ended_at:%H:%M:%S.%f}"


def _find_doubled(books: Books, witness: Witness) -> Iterator[str]:
    known = {title(story.number): story for story in witness.stories}
    counts = Counter(row.title for row in books.calls)
    yield from (f"{name} is there {count} times" for name, count in counts.items() if count > 1)
    for row in books.calls:
        story = known.get(row.title or "")
        if story is None or row.call_id != story.call_id:
            yield f"{row.call_id} is a call that nobody knows of"


def _find_wrong_items(books: Books, witness: Witness) -> Iterator[str]:
    titles: dict[str, list[str]] = {}
    for call_id, item in books.items:
        titles.setdefault(call_id, []).append(item)
    for row, story in _pair(books, witness):
        expected = item_titles(story.number) if row.status == CallStatus.COMPLETED else []
        found = titles.pop(row.call_id, [])
        if sorted(found) != sorted(expected):
            yield f"{row.call_id}, {row.status}, has {len(found)} items, not its {len(expected)}"
    yield from (f"items of {call_id}" for call_id in titles if call_id not in witness.kept)


def _find_wrong_artifacts(books: Books, witness: Witness) -> Iterator[str]:
    counts = Counter((row.call_id, row.artifact_type) for row in books.artifacts)
    yield from (f"{call_id} has {count} of {kind}" for (call_id, kind), count in counts.items() if count > 1)
    for artifact in books.artifacts:
        content = books.objects.get(artifact.key)
        if content is None or len(content) != artifact.byte_size:
            yield f"{artifact.call_id}: the object of {artifact.artifact_type} is not as its row says"
    for row in books.calls:
        missing = {kind for kind in _OF_COMPLETED if not counts[row.call_id, kind]}
        if row.status == CallStatus.COMPLETED and missing:
            yield f"{row.call_id} lacks {', '.join(sorted(missing))}"


def _find_foreign_words(books: Books, witness: Witness) -> Iterator[str]:
    numbers = {call_id: story.number for call_id, story in witness.kept.items()}
    for artifact in books.artifacts:
        if artifact.artifact_type in _OF_COMPLETED and artifact.call_id in numbers:
            found = find_spoken_words(books.objects.get(artifact.key, b"").decode())
            if found != {spoken_word(numbers[artifact.call_id])}:
                yield f"{artifact.artifact_type} of {artifact.call_id} says {sorted(found)}"


def _find_orphans(books: Books, witness: Witness) -> Iterator[str]:
    # One that a killed run has left of a call that is there is kept as long as the call, as those with a row are.
    there = {row.call_id for row in books.calls}
    yield from (key for key in books.objects if not mentions(key, there))


def _find_deleted(books: Books, witness: Witness) -> Iterator[str]:
    deleted = witness.deleted
    for place, entries in about(books.contents, deleted).items():
        yield from (f"{place} names {', '.join(mentions(entry, deleted))}" for entry in entries)
    yield from (f"object {key}" for key in books.objects if mentions(key, deleted))


def _find_audio(books: Books, witness: Witness) -> Iterator[str]:
    yield from (f"{row.artifact_type} of {row.call_id}" for row in books.artifacts if row.artifact_type in _TEMPORARY)
    for key, content in books.objects.items():
        if "/temp/" in key or key.endswith("/diarization/state.json") or content.startswith(b"RIFF"):
            yield f"object {key}"


def _find_held(books: Books, witness: Witness) -> Iterator[str]:
    yield from (f"{row.call_id}, {row.status}" for row in books.calls if row.is_held)


def _find_wrong_ends(books: Books, witness: Witness) -> Iterator[str]:
    statuses = {row.call_id: row.status for row in books.calls}
    for (call_id, stage), count in books.ends.items():
        if count > 1 or (call_id in statuses and _TOLD_BY.get(CallStatus(statuses[call_id])) != stage):
            yield f"{call_id}, {statuses.get(call_id)}, has {count} times {stage}"


def _find_wrong_pushes(books: Books, witness: Witness) -> Iterator[str]:
    statuses, deleted = {row.call_id: row.status for row in books.calls}, witness.deleted
    for told, times in witness.pushed.items():
        call_id, _, status = told.partition(" ")
        if len(times) > 1:
            yield f"{call_id} was told {len(times)} times of {status}"
        if call_id in deleted:
            late = times[-1] - (deleted[call_id].deleted_at or 0)
            if late > LATE_PUSH_SECONDS:
                yield f"{call_id} was told of {late:.0f} s after its deletion"
        elif statuses.get(call_id) != status:
            yield f"{call_id}, {statuses.get(call_id)}, was told of {status}"


def _find_repeated_questions(books: Books, witness: Witness) -> Iterator[str]:
    kept = witness.kept
    for artifact in books.artifacts:
        match artifact.artifact_type:
            case ArtifactType.RAW_TRANSCRIPT_JSON if artifact.call_id in kept:
                asked = witness.transcribed.get(str(kept[artifact.call_id].number), ())
            case ArtifactType.DIARIZATION_JSON:
                asked = witness.diarized.get(artifact.call_id, ())
            case ArtifactType.ANALYSIS_JSON:
                asked = witness.analyzed.get(artifact.call_id, ())
            case _:
                continue
        late = [time - artifact.created_at for time in asked if time > artifact.created_at]
        if late:
            yield f"{artifact.artifact_type} of {artifact.call_id} asked for again after {late[0]:.1f} s"


def _find_slow(books: Books, witness: Witness) -> Iterator[str]:
    for recovery in witness.recoveries:
        if recovery.seconds > LIMIT_SECONDS:
            yield f"{recovery.call_id} for {recovery.seconds:.1f} s after {recovery.kind}"
    yield from (f"{stuck.call_id} for good after {stuck.kind}" for stuck in witness.stuck)


def _find_own_ends(books: Books, witness: Witness) -> Iterator[str]:
    if witness.own_ends:
        yield f"{witness.own_ends} times"


def _find_failed_sweeps(books: Books, witness: Witness) -> Iterator[str]:
    yield from witness.failed_sweeps


def _pair(books: Books, witness: Witness) -> Iterator[tuple[CallRow, CallStory]]:
    kept = witness.kept
    yield from ((row, kept[row.call_id]) for row in books.calls if row.call_id in kept)


_CHECKS: Mapping[str, Callable[[Books, Witness], Iterator[str]]] = {
    "upload or deletion never answered": _find_unaccepted,
    "phone saw what must not be": _find_oddities,
    "accepted call lost or not ended": _find_lost,
    "failed for a reason nobody caused": _find_unexplained,
    "call there twice, or unknown": _find_doubled,
    "action items missing or doubled": _find_wrong_items,
    "artifacts missing, doubled, or not as stored": _find_wrong_artifacts,
    "words of another call": _find_foreign_words,
    "object of no call": _find_orphans,
    "row, object or key of a deleted call": _find_deleted,
    "audio or diarization state left": _find_audio,
    "lease held by the dead": _find_held,
    "end told twice or wrongly in events": _find_wrong_ends,
    "push doubled, wrong, or after deletion": _find_wrong_pushes,
    "provider asked again for a stored answer": _find_repeated_questions,
    f"stopped for more than {LIMIT_SECONDS:.0f} s": _find_slow,
    "process ended by itself": _find_own_ends,
    "sweep failed": _find_failed_sweeps,
}
"""What must not be, and how it is found. Events and pushes are best effort: there may be none."""
