"""Batched reads for fields of list items: one statement for a whole page, results in the order of the keys."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from app.actions import queries as action_queries
from app.actions.queries import ActionRow
from app.calls import queries as call_queries
from app.calls.documents import Document, read_documents
from app.calls.models import ArtifactType
from app.calls.queries import EventRow
from app.contacts import queries as contact_queries
from app.contacts.models import Contact
from app.resources import Resources
from scryon_graphql.limits import MAX_EVENTS, MAX_PAGE_SIZE

K = TypeVar("K")
V = TypeVar("V")


class Loaders:
    """The loaders of one request; they cache for its length and see only what its user owns.

    All but `contact` take the id of a call, of which nothing more is asked here: an unknown or foreign one has
    nothing.
    """

    def __init__(self, resources: Resources, user_id: UUID) -> None:
        self._resources = resources
        self._user_id = user_id

    # Made when they are first asked: most requests need none.

    @cached_property
    def notes(self) -> DataLoader[UUID, str | None]:
        return DataLoader(self._load_notes)

    @cached_property
    def contact(self) -> DataLoader[UUID, Contact | None]:
        return DataLoader(self._load_contacts)

    @cached_property
    def newest_actions(self) -> DataLoader[UUID, list[ActionRow]]:
        return DataLoader(self._load_actions)

    @cached_property
    def events(self) -> DataLoader[UUID, list[EventRow]]:
        return DataLoader(self._load_events)

    @cached_property
    def transcript(self) -> DataLoader[UUID, Document | None]:
        return DataLoader(self._load_transcripts)

    @cached_property
    def analysis(self) -> DataLoader[UUID, Document | None]:
        return DataLoader(self._load_analyses)

    async def _load_notes(self, call_ids: list[UUID]) -> list[str | None]:
        async with self._resources.database.read() as session:
            return _in_order(call_ids, await call_queries.list_notes(session, self._user_id, call_ids), None)

    async def _load_contacts(self, contact_ids: list[UUID]) -> list[Contact | None]:
        async with self._resources.database.read() as session:
            found = await contact_queries.list_contacts_by_id(session, self._user_id, contact_ids)
        return [found.get(contact_id) for contact_id in contact_ids]

    async def _load_actions(self, call_ids: list[UUID]) -> list[list[ActionRow]]:
        async with self._resources.database.read() as session:
            found = await action_queries.list_actions_of_calls(session, self._user_id, call_ids, limit=MAX_PAGE_SIZE)
        return _in_order(call_ids, found, [])

    async def _load_events(self, call_ids: list[UUID]) -> list[list[EventRow]]:
        async with self._resources.database.read() as session:
            found = await call_queries.list_events(session, self._user_id, call_ids, limit=MAX_EVENTS)
        return _in_order(call_ids, found, [])

    async def _load_transcripts(self, call_ids: list[UUID]) -> list[Document | None]:
        return await self._load_documents(call_ids, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)

    async def _load_analyses(self, call_ids: list[UUID]) -> list[Document | None]:
        return await self._load_documents(call_ids, ArtifactType.ANALYSIS_JSON)

    async def _load_documents(self, call_ids: list[UUID], artifact_type: ArtifactType) -> list[Document | None]:
        found = await read_documents(self._resources, self._user_id, call_ids, artifact_type)
        return [found.get(call_id) for call_id in call_ids]


def _in_order(keys: Sequence[K], found: Mapping[K, V], missing: V) -> list[V]:
    return [found.get(key, missing) for key in keys]
