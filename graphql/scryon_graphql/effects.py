"""How mutations change something: in one transaction, and once, however often the request with its key is sent.

Source: rest.md, section 1.7 (ID7).
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from scryon_graphql.context import Context


class _HasId(Protocol):
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row", bound=_HasId)


async def apply_once(
    context: Context,
    change: Callable[[AsyncSession], Awaitable[Row]],
    find: Callable[[AsyncSession, UUID], Awaitable[Row]],
) -> Row:
    """Make or change a row and answer it; where an earlier attempt of this request has done so, only `find` it."""
    keyed = context.keyed
    async with context.resources.database.transaction() as session:
        if keyed is None:
            return await change(session)
        if keyed.resource_id is not None:
            return await find(session, keyed.resource_id)
        row = await change(session)
        await keyed.name_resource(session, row.id)
        # Deletions wait for us from here on, and drop what we keep. One that came in between has left nothing to name.
        return await find(session, row.id)


async def delete_once(context: Context, row_id: UUID, delete: Callable[[AsyncSession], Awaitable[None]]) -> UUID:
    """Remove a row and answer its id; the answer is kept in the same transaction, before the row is gone."""
    async with context.resources.database.transaction() as session:
        await delete(session)
        if context.keyed is not None:
            await context.keyed.finish_deletion(session)
    return row_id
