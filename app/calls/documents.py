"""Reading transcript and analysis of completed calls.

Order of checks: ownership, status, artifact. Source: rest.md, sections 2.6 and 2.7; analysis.md, section 7.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from app.analysis.document import parse_analysis, serve_document
from app.calls import queries
from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallStatus
from app.errors import AnalysisNotFoundError, CallNotCompletedError, CallNotFoundError, TranscriptNotFoundError
from app.resources import Resources
from app.storage.store import ObjectMissingError

Document = dict[str, Any]
"""A stored JSON document as it is served; open to unknown members."""

READS_AT_ONCE = 8
"""How many objects of one page of calls are read at the same time."""


async def read_transcript(resources: Resources, user_id: UUID, call_id: UUID) -> Document:
    """The stored transcript.

    Raises:
        CallNotFoundError: no such call of this user.
        CallNotCompletedError: it is not COMPLETED.
        TranscriptNotFoundError: the document is gone.
        StorageUnavailableError: the store does not answer.
    """
    await _require_completed(resources, user_id, call_id)
    artifact = await read_artifact(resources, call_id, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    if artifact is None:
        raise TranscriptNotFoundError
    return _parse(ArtifactType.NORMALIZED_TRANSCRIPT_JSON, *artifact)


async def read_analysis(resources: Resources, user_id: UUID, call_id: UUID) -> Document:
    """The stored analysis with its legacy aliases.

    Raises:
        AnalysisNotFoundError: there is no document. The others as `read_transcript`.
    """
    await _require_completed(resources, user_id, call_id)
    artifact = await read_artifact(resources, call_id, ArtifactType.ANALYSIS_JSON)
    if artifact is None:
        raise AnalysisNotFoundError
    return _parse(ArtifactType.ANALYSIS_JSON, *artifact)


async def read_documents(
    resources: Resources, user_id: UUID, call_ids: Sequence[UUID], artifact_type: ArtifactType
) -> dict[UUID, Document]:
    """The transcripts, or the analyses, of these calls; those without one, for whatever reason, are left out.

    One statement for all of them. Raises StorageUnavailableError.
    """
    async with resources.database.read() as session:
        artifacts = await queries.list_documents(session, user_id, call_ids, artifact_type)
    slots = asyncio.Semaphore(READS_AT_ONCE)

    async def read(call_id: UUID) -> Document | None:
        artifact = artifacts[call_id]
        async with slots:
            try:
                content = await resources.storage.get(artifact.storage_key)
            except ObjectMissingError:
                return None
        return _parse(artifact_type, content, artifact.schema_version)

    documents = await asyncio.gather(*map(read, artifacts))
    return {call_id: found for call_id, found in zip(artifacts, documents, strict=True) if found is not None}


async def _require_completed(resources: Resources, user_id: UUID, call_id: UUID) -> None:
    async with resources.database.read() as session:
        state = await queries.find_state(session, user_id, call_id)
    if state is None:
        raise CallNotFoundError
    if state.status != CallStatus.COMPLETED:
        raise CallNotCompletedError(state.status, state.error_reason)


def _parse(artifact_type: ArtifactType, content: bytes, schema_version: int | None) -> Document:
    if artifact_type is ArtifactType.ANALYSIS_JSON:
        return serve_document(parse_analysis(content), schema_version)
    transcript: Document = orjson.loads(content)
    return transcript
