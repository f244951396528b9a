"""The row of what a run has just stored, and what that changes of its call, in one statement.

A run makes progress six times; a transaction with a statement for each of the two rows takes four times as long.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.db import Database
from app.pipeline.claims import IN_FLIGHT, Claim, ClaimLostError
from app.prepared import Prepared

_ARTIFACT_COLUMNS = ("storage_key", "content_type", "byte_size", "schema_version")


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An object that lies in storage by now; `schema_version` is None for what has none."""

    artifact_type: ArtifactType
    storage_key: str
    content_type: str
    byte_size: int
    schema_version: int | None


async def note_progress(
    database: Database, claim: Claim, artifact: StoredArtifact, *, moves_to_analyzing: bool
) -> None:
    """Insert the pointer to an artifact of the claimed call, or replace it, and set the number of attempts back to 0.

    A call that moves to ANALYZING loses its analysis from before: a resumed run must not take it for its own.

    Raises:
        ClaimLostError: the claim is not ours any more, the status is another, or the call is gone.
    """
    parameters = {
        "held_call": claim.call_id,
        "held_token": claim.token,
        "new_type": artifact.artifact_type,
        **{f"new_{name}": getattr(artifact, name) for name in _ARTIFACT_COLUMNS},
    }
    statement = _NOTE_AND_MOVE if moves_to_analyzing else _NOTE
    if not await statement.fetch(database, **parameters):
        raise ClaimLostError


def _make(*, moves_to_analyzing: bool) -> Prepared:
    changes: dict[str, Any] = {"attempts": 0}
    if moves_to_analyzing:
        changes |= {"status": CallStatus.ANALYZING, "updated_at": func.now()}
    before = (CallStatus.TRANSCRIBING,) if moves_to_analyzing else IN_FLIGHT
    has_status = or_(*(col(CallRecord.status) == status for status in before))
    held = (
        update(CallRecord)
        .where(col(CallRecord.id) == bindparam("held_call"), col(CallRecord.claim_token) == bindparam("held_token"))
        .where(has_status)
        .values(**changes)
        .returning(col(CallRecord.id))
        .cte("held")
    )
    columns = CallArtifact.__table__.columns  # type: ignore[attr-defined]
    new = [bindparam(f"new_{name}", type_=columns[name].type) for name in _ARTIFACT_COLUMNS]
    row = select(func.gen_random_uuid(), held.c.id, bindparam("new_type", type_=columns["artifact_type"].type), *new)
    statement = insert(CallArtifact).from_select(["id", "call_id", "artifact_type", *_ARTIFACT_COLUMNS], row)
    if moves_to_analyzing:
        stale = delete(CallArtifact).where(col(CallArtifact.call_id) == held.c.id)
        stale = stale.where(col(CallArtifact.artifact_type) == ArtifactType.ANALYSIS_JSON)
        statement = statement.add_cte(stale.returning(literal_column("1")).cte("stale"))
    replaced = {name: statement.excluded[name] for name in _ARTIFACT_COLUMNS}
    statement = statement.on_conflict_do_update(
        constraint="call_artifacts_one_per_type", set_={**replaced, "updated_at": func.now()}
    )
    return Prepared(statement.returning(col(CallArtifact.call_id)))


_NOTE = _make(moves_to_analyzing=False)
_NOTE_AND_MOVE = _make(moves_to_analyzing=True)
