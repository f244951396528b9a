"""Alice, who owns something of everything, and whoever tries to get at it."""

import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import delete
from sqlmodel import col

from app.calls.models import CallStatus
from app.resources import Resources
from app.storage.keys import user_prefix
from app.users.models import User
from tests.privacy.cases import Answer, CannotFillError, Case, Slot, Values
from tests.privacy.contents import Contents, mentions, read_contents
from tests.privacy.estate import Estate, keep_answer, make_estate

PLACE = re.compile(r"users/[0-9a-f-]{36}/calls|/objects?/|[Xx]-[Aa]mz-")
"""What an address of a stored object holds, in a folder or in a bucket."""

STATUSES = (CallStatus.QUEUED, CallStatus.COMPLETED, CallStatus.FAILED)
"""Of Alice's calls: in flight, with documents, and without."""


@dataclass
class World:
    """A server with two users, who own something of everything, and with others who come and go.

    Bob does nothing that would change what is his: he reads, and he tries what must not work.
    """

    resources: Resources
    client: httpx.AsyncClient
    alice: Estate
    bob: Estate
    _known: Contents
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _places: dict[str, list[int]] = field(default_factory=dict)

    @asynccontextmanager
    async def user_for(self, case: Case) -> AsyncIterator[Estate]:
        """Bob, or a user with an estate of their own that the case may change."""
        if not case.changes:
            yield self.bob
            return
        estate = await _make_user(self.resources, f"user{next(self._numbers)}")
        yield estate
        async with self.resources.database.transaction() as session:
            await session.execute(delete(User).where(col(User.id) == estate.user_id))
        shutil.rmtree(self.resources.settings.storage_path / user_prefix(estate.user_id), ignore_errors=True)

    async def send(self, case: Case, user: str, values: Values, *, key: str | None = None, **options: Any) -> Answer:
        """Ask as that user; nothing of Alice's may come back, nor where anything is stored."""
        answer = await case.send(self.client, user, values, key=key, **options)
        assert mentions(answer.text, self.alice.words) == []
        assert PLACE.search(answer.text) is None
        return answer

    async def send_with_own_ids(self, case: Case, user: Estate) -> Answer:
        """Ask for something of the user's own, and get it: the answer, once the right kinds of ids were found.

        Raises:
            CannotFillError: whatever ids are sent, it does not work.
        """
        tried = []
        for kinds in itertools.product(range(len(user.kinds)), repeat=len(case.id_slots)):
            answer = await self.send(case, user.name, _own_values(case, user, kinds))
            if answer.is_done:
                self._places[case.name] = list(kinds)
                return answer
            tried.append(answer.errors)
        raise CannotFillError(f"{case} works with no ids: {tried}")

    async def own_values(self, case: Case, user: Estate) -> Values:
        """Ids of the user's own, each of the kind that belongs in its slot."""
        if case.name not in self._places:
            async with self.user_for(case) as other:
                await self.send_with_own_ids(case, other)
        return _own_values(case, user, self._places[case.name])

    async def keep_answer_of_alice(self, case: Case, values: Values) -> str:
        """Let Alice have sent the same request before, with a key; returns the key."""
        key = await keep_answer(self.resources, self.alice, *case.locate(values))
        self._known = await self._read()
        return key

    async def expect_alice_untouched(self) -> None:
        """Compare every row, object and message of hers, and whatever names one of them, with how it was."""
        assert await self._read() == self._known

    async def _read(self) -> Contents:
        return self.alice.find(await read_contents(self.resources))


async def make_world(resources: Resources, client: httpx.AsyncClient) -> World:
    alice, bob = await make_estate(resources, "alice", STATUSES), await _make_user(resources, "bob")
    return World(resources, client, alice, bob, alice.find(await read_contents(resources)))


async def _make_user(resources: Resources, name: str) -> Estate:
    return await make_estate(resources, name, [CallStatus.COMPLETED])


def _own_values(case: Case, user: Estate, kinds: "list[int] | tuple[int, ...]") -> dict[Slot, object]:
    return {slot: slot.wrap([user.kinds[kind]]) for slot, kind in zip(case.id_slots, kinds, strict=True)}
