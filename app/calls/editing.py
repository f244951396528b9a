"""What a user may edit of a call, in any status. Source: rest.md, section 3.1."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import queries
from app.calls import service as calls
from app.calls.queries import CallRow
from app.text import MAX_CALL_SUMMARY_CHARS, MAX_CALL_TITLE_CHARS, MAX_NOTES_CHARS, TextReader


@dataclass(frozen=True, slots=True)
class CallEdit:
    """New texts of a call: None leaves one alone, an empty one clears it."""

    title: str | None
    summary: str | None
    notes: str | None

    def checked(self) -> Self:
        """The same with trimmed texts.

        Raises:
            ValidationFailedError: a text is too long or holds a forbidden character; lists all of them.
        """
        texts = TextReader()
        checked = type(self)(
            title=texts.read("title", self.title, MAX_CALL_TITLE_CHARS),
            summary=texts.read("summary", self.summary, MAX_CALL_SUMMARY_CHARS),
            notes=texts.read("notes", self.notes, MAX_NOTES_CHARS),
        )
        texts.check()
        return checked


async def update_call(session: AsyncSession, user_id: UUID, call_id: UUID, edit: CallEdit) -> CallRow:
    """Edit a call; no analysis overwrites it afterwards, and the same texts leave `updated_at` alone.

    Raises:
        CallNotFoundError: the user has no such call.
    """
    await queries.update_texts(session, user_id, call_id, title=edit.title, summary=edit.summary, notes=edit.notes)
    row, _ = await calls.get_call(session, user_id, call_id)
    return row
