"""A run in a worker: its engines, and the artifacts that it writes on the way."""

from dataclasses import dataclass

from app.calls.artifacts import JSON_TYPE, find_artifact, list_artifact_types
from app.calls.models import ArtifactType, CallStatus
from app.pipeline.progress import StoredArtifact, note_progress
from app.pipeline.run import Run
from app.providers.engines import Engines
from app.storage.keys import document_key


@dataclass(frozen=True, slots=True)
class WorkerRun(Run):
    """A claimed call that is on its way from QUEUED to its end."""

    engines: Engines

    async def list_stored(self) -> set[ArtifactType]:
        """What earlier runs, or a callback, have left: next to nothing, most of the time."""
        async with self.resources.database.autocommit() as connection:
            return await list_artifact_types(connection, self.call_id)

    async def find_audio_key(self) -> str | None:
        """Where the recording lies, None when it is gone."""
        async with self.resources.database.autocommit() as connection:
            artifact = await find_artifact(connection, self.call_id, ArtifactType.TEMP_AUDIO)
        return None if artifact is None else artifact.storage_key

    async def write(
        self,
        artifact_type: ArtifactType,
        content: bytes,
        *,
        schema_version: int | None = None,
        moves_to_analyzing: bool = False,
    ) -> None:
        """Store a document: the object first, then the row, in one statement with a change of status if asked for.

        Progress sets the number of attempts back to 0.

        Raises:
            ClaimLostError: the call is not ours any more.
            StorageUnavailableError: the store did not take the object.
        """
        key = document_key(self.claim.user_id, self.call_id, artifact_type)
        # Objects have no guard of their own: whoever was paused must not write over what its successor has stored.
        await self.ensure_held()
        await self.resources.storage.put(key, content)
        artifact = StoredArtifact(artifact_type, key, JSON_TYPE, len(content), schema_version)
        await note_progress(self.resources.database, self.claim, artifact, moves_to_analyzing=moves_to_analyzing)
        if moves_to_analyzing:
            await self.resources.queue.publish_status(self.call_id, CallStatus.ANALYZING)
