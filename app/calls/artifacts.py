"""Artifacts: an object in storage and the row that points at it.

The object is written first, then the row; a row whose object is gone counts as absent and is removed.
Source: pipeline.md, section 3.1, A1 to A3.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.calls.models import ArtifactType, CallArtifact
from app.resources import Resources
from app.storage.store import ObjectMissingError

JSON_TYPE = "application/json"
"""The content type of everything but the recording."""

# Made once: making them takes longer than what the server does with them.
_IS_WANTED = (
    col(CallArtifact.call_id) == bindparam("wanted_call"),
    col(CallArtifact.artifact_type) == bindparam("wanted_type"),
)
_FIND = select(col(CallArtifact.storage_key), col(CallArtifact.content_type), col(CallArtifact.schema_version)).where(
    *_IS_WANTED
)
_LIST_TYPES = select(col(CallArtifact.artifact_type)).where(col(CallArtifact.call_id) == bindparam("wanted_call"))
_REMOVE = delete(CallArtifact).where(*_IS_WANTED)


@dataclass(frozen=True, slots=True)
class ArtifactRef:
    """Where an artifact lives. `schema_version` is None for what has none."""

    storage_key: str
    content_type: str
    schema_version: int | None


async def find_artifact(
    session: AsyncSession | AsyncConnection, call_id: UUID, artifact_type: ArtifactType
) -> ArtifactRef | None:
    """The pointer to an artifact, or None; whether its object is there is another question."""
    row = (await session.execute(_FIND, {"wanted_call": call_id, "wanted_type": artifact_type})).one_or_none()
    return None if row is None else ArtifactRef(row[0], row[1], row[2])


async def list_artifact_types(connection: AsyncConnection, call_id: UUID) -> set[ArtifactType]:
    """What is there of a call, by its rows."""
    return {ArtifactType(name) for name in await connection.scalars(_LIST_TYPES, {"wanted_call": call_id})}


async def read_artifact(
    resources: Resources, call_id: UUID, artifact_type: ArtifactType
) -> tuple[bytes, int | None] | None:
    """Content and schema version of an artifact, or None when row or object is missing.

    Ownership is the caller's business. A row without object is removed (A3).

    Raises:
        StorageUnavailableError: the store does not answer.
    """
    async with resources.database.autocommit() as connection:
        artifact = await find_artifact(connection, call_id, artifact_type)
    if artifact is None:
        return None
    try:
        return await resources.storage.get(artifact.storage_key), artifact.schema_version
    except ObjectMissingError:
        async with resources.database.autocommit() as connection:
            await remove_artifact_row(connection, call_id, artifact_type)
        return None


async def put_artifact_row(
    session: AsyncSession,
    call_id: UUID,
    artifact_type: ArtifactType,
    *,
    storage_key: str,
    content_type: str,
    byte_size: int,
    schema_version: int | None = None,
) -> None:
    """Insert the pointer, or replace the one of that type in place."""
    values = {
        "storage_key": storage_key,
        "content_type": content_type,
        "byte_size": byte_size,
        "schema_version": schema_version,
    }
    statement = insert(CallArtifact).values(
        id=func.gen_random_uuid(), call_id=call_id, artifact_type=artifact_type, **values
    )
    await session.execute(
        statement.on_conflict_do_update(
            constraint="call_artifacts_one_per_type", set_={**values, "updated_at": func.now()}
        )
    )


async def remove_artifact_row(connection: AsyncConnection, call_id: UUID, artifact_type: ArtifactType) -> None:
    """Forget an artifact; its object is the caller's business."""
    await connection.execute(_REMOVE, {"wanted_call": call_id, "wanted_type": artifact_type})
