"""Putting new documents in the place of a finished call's old ones: all of them and their rows, or none.

Objects and rows are not one transaction. Objects go first (pipeline.md, section 3.1, A1), and come back when the rest
fails.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.artifacts import JSON_TYPE, put_artifact_row
from app.calls.models import ArtifactType
from app.cancellation import bring_to_its_end
from app.pipeline.claims import ClaimLostError
from app.pipeline.run import Run
from app.storage.keys import document_key

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that replaces the stored one of its type."""

    artifact_type: ArtifactType
    content: bytes
    schema_version: int


async def replace_documents(
    run: Run, documents: Sequence[NewDocument], change_rows: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    """Replace documents, in one transaction with `change_rows`, which ends the claim.

    Once begun, it is brought to its end, even when the request is given up.

    Raises:
        ClaimLostError: the call is not ours any more; its rows are untouched.
        StorageUnavailableError: nothing has changed, if the store let itself be put right.
    """
    await bring_to_its_end(_replace(run, documents, change_rows))


async def _replace(
    run: Run, documents: Sequence[NewDocument], change_rows: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    await run.ensure_held()
    before = {document.artifact_type: await run.read(document.artifact_type) for document in documents}
    try:
        for document in documents:
            await run.resources.storage.put(_key(run, document.artifact_type), document.content)
        # The claim ends with the commit: a beat after it must not take that for a loss.
        run.heartbeat.release(run.claim)
        async with run.resources.database.transaction() as session:
            await change_rows(session)
            for document in documents:
                await _put_row(session, run, document)
    except ClaimLostError:
        raise
    except BaseException:
        await _put_back(run, before)
        raise


async def _put_row(session: AsyncSession, run: Run, document: NewDocument) -> None:
    await put_artifact_row(
        session,
        run.call_id,
        document.artifact_type,
        storage_key=_key(run, document.artifact_type),
        content_type=JSON_TYPE,
        byte_size=len(document.content),
        schema_version=document.schema_version,
    )


async def _put_back(run: Run, before: Mapping[ArtifactType, bytes | None]) -> None:
    """Restore the objects while the claim is still ours, and so nobody else writes them."""
    try:
        await run.ensure_held()
        for artifact_type, content in before.items():
            if content is None:
                await run.resources.storage.delete(_key(run, artifact_type))
            else:
                await run.resources.storage.put(_key(run, artifact_type), content)
    except Exception as error:
        log.warning("documents_not_put_back", callId=str(run.call_id), error=type(error).__name__)


def _key(run: Run, artifact_type: ArtifactType) -> str:
    return document_key(run.claim.user_id, run.call_id, artifact_type)
