"""A run in a worker: its engines, and the artifacts that it writes on the way."""

from dataclasses import dataclass

from app.calls.artifacts import JSON_TYPE, find_artifact, put_artifact_row, remove_artifact_row
from app.calls.models import ArtifactType, CallStatus
from app.pipeline.claims import change_status, update_claimed
from app.pipeline.run import Run
from app.providers.engines import Engines
from app.storage.keys import document_key


@dataclass(frozen=True, slots=True)
class WorkerRun(Run):
    """A claimed call that is on its way from QUEUED to its end."""

    engines: Engines

    async def find_audio_key(self) -> str | None:
        """Where the recording lies, None when it is gone."""
        async with self.resources.database.read() as session:
            artifact = await find_artifact(session, self.call_id, ArtifactType.TEMP_AUDIO)
        return None if artifact is None else artifact.storage_key

    async def write(
        self,
        artifact_type: ArtifactType,
        content: bytes,
        *,
        schema_version: int | None = None,
        moves_to_analyzing: bool = False,
    ) -> None:
        """Store a document: the object first, then the row, in one transaction with a change of status if asked for.

        Progress sets the number of attempts back to 0.

        Raises:
            ClaimLostError: the call is not ours any more.
            StorageUnavailableError: the store did not take the object.
        """
        key = document_key(self.claim.user_id, self.call_id, artifact_type)
        # Objects have no guard of their own: whoever was paused must not write over what its successor has stored.
        await self.ensure_held()
        await self.resources.storage.put(key, content)
        async with self.resources.database.transaction() as session:
            await update_claimed(session, self.claim, attempts=0)
            if moves_to_analyzing:
                await change_status(session, self.claim, CallStatus.TRANSCRIBING, CallStatus.ANALYZING)
                # An analysis from before this run is stale; a resumed run must not take it for its own.
                await remove_artifact_row(session, self.call_id, ArtifactType.ANALYSIS_JSON)
            await put_artifact_row(
                session,
                self.call_id,
                artifact_type,
                storage_key=key,
                content_type=JSON_TYPE,
                byte_size=len(content),
                schema_version=schema_version,
            )
        if moves_to_analyzing:
            await self.resources.queue.publish_status(self.call_id, CallStatus.ANALYZING)
