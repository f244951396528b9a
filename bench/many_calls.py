"""Users with as many calls as one likes, in one statement for the calls and one for their action items."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from app.db import Database

_CONTACTS = (
    "INSERT INTO contacts (id, user_id, name) SELECT gen_random_uuid(), unnest(CAST(:owners AS uuid[])), 'Tobias'"
)
_CALLS = """
INSERT INTO call_records (id, user_id, title, original_file_name, contact_name, phone_number, direction, status,
                          error_reason, scryon_contact_id, duration_seconds, byte_size, short_summary, tags_json,
                          search_vector, recorded_at, created_at, completed_at)
SELECT gen_random_uuid(), contacts.user_id, 'Call about order ' || n, 'call-' || n || '.m4a', 'Tobias Lind',
       '+49 30 5550-4471', 'OUTGOING', CASE WHEN is_old THEN 'FAILED' ELSE 'COMPLETED' END,
       CASE WHEN is_old THEN 'internal_error' END, CASE WHEN n % 10 = 0 THEN contacts.id END, 60 + n % 600, 480000,
       'The delivery of the order was moved to Thursday.', '["delivery", "order"]',
       to_tsvector('english', 'Call about order The delivery of the order was moved to Thursday Tobias Lind'),
       moment, moment, moment + interval '1 minute'
FROM contacts, generate_series(1, :calls) AS n,
     LATERAL (SELECT n > :calls * 9 / 10 AS is_old, date_trunc('second', now()) - n * interval '1 minute' AS moment)
WHERE contacts.user_id = ANY(:owners)
"""
_ITEMS = """
INSERT INTO action_items (id, call_record_id, user_id, title, description, due_date, priority, status, source,
                          owner_speaker_id, owner_speaker_label, owner_role, source_segment_ids_json, source_text,
                          intent, created_at)
SELECT gen_random_uuid(), id, user_id, 'Send the invoice', 'To the new address', '2026-03-01', 'HIGH',
       CASE WHEN status = 'FAILED' THEN 'DONE' ELSE 'OPEN' END, 'AI', 'spk_1', 'Speaker 1', 'USER',
       '["seg_0003", "seg_0004"]', 'I will send it.', 'email', created_at
FROM call_records, generate_series(1, CASE WHEN status = 'FAILED' THEN 1 ELSE duration_seconds % 2 END)
WHERE user_id = ANY(:owners)
"""


async def add_calls(database: Database, owners: Sequence[UUID], calls: int) -> None:
    """Give each of these users one contact and so many calls, a minute apart; the planner knows nothing of them yet.

    Every tenth call is the contact's. The oldest tenth is FAILED, and its action items DONE: one each; of the others
    every second call has an item, which is OPEN.
    """
    values = {"owners": list(owners), "calls": calls}
    async with database.transaction() as session:
        # No trigger and no check of a foreign key, which would take most of the time: what they see to is given.
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in (_CONTACTS, _CALLS, _ITEMS):
            await session.execute(text(statement), values)
