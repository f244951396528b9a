"""A running request with an `Idempotency-Key`, as those see it who change something for it.

Source: rest.md, section 1.7 (ID7).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import IdempotencyInProgressError
from app.idempotency import queries
from app.idempotency.answers import NO_CONTENT


@dataclass(slots=True)
class KeyedRequest:
    """The attempt that holds the record of its key.

    `resource_id` is what an earlier attempt has made or changed already: then the effect is not run again, and the
    answer is built from that row. `is_final` is set to False by an effect whose answer must not be kept, so that a
    repetition runs again.
    """

    record_id: UUID
    owner_token: UUID
    resource_id: UUID | None
    is_final: bool = True

    async def name_resource(self, session: AsyncSession, resource_id: UUID) -> None:
        """Note, in the transaction of the effect, what it made or changed.

        Raises:
            IdempotencyInProgressError: another attempt has taken over, and does the same; nothing may be committed.
        """
        if not await queries.name_resource(session, self.record_id, self.owner_token, resource_id):
            raise IdempotencyInProgressError

    async def finish_deletion(self, session: AsyncSession) -> None:
        """Keep that it is done, in the transaction that removes the row, and nothing that names what is gone.

        Raises:
            IdempotencyInProgressError: as `name_resource`.
        """
        if not await queries.finish(session, self.record_id, self.owner_token, NO_CONTENT):
            raise IdempotencyInProgressError
