"""Core tables: accounts, calls with their artifacts, tasks, events, and what hangs on them.

`search_vector` and its trigger are here from the start, so that no later migration has to rewrite every call.
The vector table of semantic search comes with that feature, and only where the extension exists.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR, UUID

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None

TIME = sa.DateTime(timezone=True)


def _key() -> sa.Column[object]:
    return sa.Column("id", UUID, primary_key=True)


def _created() -> sa.Column[object]:
    return sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now())


def _updated() -> sa.Column[object]:
    return sa.Column("updated_at", TIME, nullable=False, server_default=sa.func.now())


def _owned_by(column: str, parent: str, *, primary_key: bool = False, unique: bool = False) -> sa.Column[object]:
    foreign_key = sa.ForeignKey(f"{parent}.id", ondelete="CASCADE")
    return sa.Column(column, UUID, foreign_key, nullable=False, primary_key=primary_key, unique=unique)


def _text(name: str, default: str | None = None, *, required: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=not required, server_default=default)


def _one_of(column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def upgrade() -> None:
    _users()
    _contacts()
    _calls()
    _artifacts()
    _action_items()
    _events()
    _sentiment()
    _voice_profiles()
    _idempotency()
    _search()


def _users() -> None:
    op.create_table(
        "users",
        _key(),
        sa.Column("external_user_id", sa.Text, nullable=False, unique=True),
        _text("email"),
        sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.false()),
        _text("display_name"),
        _text("photo_url"),
        _text("fcm_token"),
        sa.Column("last_login_at", TIME),
        _text("privacy_policy_version"),
        sa.Column("privacy_policy_accepted_at", TIME),
        _text("terms_version"),
        sa.Column("terms_accepted_at", TIME),
        _text("call_recording_disclaimer_version"),
        sa.Column("call_recording_disclaimer_accepted_at", TIME),
        sa.Column("marketing_opt_in", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("marketing_opt_in_at", TIME),
        _text("plan", "FREE", required=True),
        sa.Column("topup_minutes_balance", sa.Integer, nullable=False, server_default="0"),
        sa.Column("topup_transcripts_balance", sa.Integer, nullable=False, server_default="0"),
        sa.Column("plans_intro_shown_at", TIME),
        _text("account_status", "ACTIVE", required=True),
        _text("account_status_reason"),
        sa.Column("account_status_updated_at", TIME),
        _text("account_status_updated_by"),
        _created(),
        _updated(),
        _one_of("plan", "FREE", "PRO"),
        _one_of("account_status", "ACTIVE", "SUSPENDED", "DISABLED"),
        sa.CheckConstraint("topup_minutes_balance >= 0", name="topup_minutes_not_negative"),
        sa.CheckConstraint("topup_transcripts_balance >= 0", name="topup_transcripts_not_negative"),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        _key(),
        _owned_by("user_id", "users"),
        _text("name", required=True),
        _text("phone_number"),
        _text("email"),
        _text("notes"),
        _created(),
        _updated(),
    )
    op.create_index("contacts_by_name", "contacts", ["user_id", sa.text("lower(name)")])


def _calls() -> None:
    op.create_table(
        "call_records",
        _key(),
        _owned_by("user_id", "users"),
        _text("title"),
        sa.Column("title_edited_at", TIME),
        _text("short_summary"),
        sa.Column("summary_edited_at", TIME),
        _text("notes"),
        sa.Column("tags_json", JSONB, nullable=False, server_default="[]"),
        _text("original_file_name"),
        _text("contact_name"),
        _text("contact_id"),
        _text("phone_number"),
        _text("organization"),
        sa.Column("scryon_contact_id", UUID),
        _text("direction", "UNKNOWN", required=True),
        sa.Column("recorded_at", TIME),
        sa.Column("recorded_at_offset_minutes", sa.SmallInteger),
        sa.Column("duration_seconds", sa.Integer),
        sa.Column("byte_size", sa.BigInteger),
        _text("status", required=True),
        _text("error_reason"),
        sa.Column("search_vector", TSVECTOR),
        sa.Column("dispatched_at", TIME),
        sa.Column("dispatch_count", sa.Integer, nullable=False, server_default="0"),
        sa.Column("claim_token", UUID),
        sa.Column("lease_expires_at", TIME),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("transcription_submitted_at", TIME),
        sa.Column("callback_deadline_at", TIME),
        sa.Column("completed_at", TIME),
        _created(),
        _updated(),
        _one_of("direction", "INCOMING", "OUTGOING", "UNKNOWN"),
        _one_of("status", "QUEUED", "TRANSCRIBING", "ANALYZING", "COMPLETED", "FAILED", "PROCESSING"),
        sa.CheckConstraint("status = 'FAILED' OR error_reason IS NULL", name="error_reason_only_when_failed"),
    )
    newest_first = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("call_records_newest", "call_records", ["user_id", *newest_first])
    op.create_index(
        "call_records_in_flight",
        "call_records",
        ["status", "updated_at"],
        postgresql_where=sa.text("status IN ('QUEUED', 'TRANSCRIBING', 'ANALYZING')"),
    )
    op.create_index("call_records_direction", "call_records", ["user_id", "direction"])
    op.create_index(
        "call_records_contact",
        "call_records",
        ["scryon_contact_id"],
        postgresql_where=sa.text("scryon_contact_id IS NOT NULL"),
    )
    op.create_index("call_records_search", "call_records", ["search_vector"], postgresql_using="gin")


def _artifacts() -> None:
    op.create_table(
        "call_artifacts",
        _key(),
        _owned_by("call_id", "call_records"),
        _text("artifact_type", required=True),
        _text("storage_key", required=True),
        _text("content_type", required=True),
        sa.Column("byte_size", sa.BigInteger, nullable=False),
        sa.Column("schema_version", sa.Integer),
        _created(),
        _updated(),
        sa.UniqueConstraint("call_id", "artifact_type", name="call_artifacts_one_per_type"),
        _one_of(
            "artifact_type",
            "TEMP_AUDIO",
            "DIARIZATION_JSON",
            "DIARIZATION_RESULT_STATE",
            "RAW_TRANSCRIPT_JSON",
            "NORMALIZED_TRANSCRIPT_JSON",
            "ANALYSIS_JSON",
        ),
    )
    op.create_index(
        "call_artifacts_temporary",
        "call_artifacts",
        ["call_id"],
        postgresql_where=sa.text("artifact_type IN ('TEMP_AUDIO', 'DIARIZATION_RESULT_STATE')"),
    )


def _action_items() -> None:
    op.create_table(
        "action_items",
        _key(),
        _owned_by("call_record_id", "call_records"),
        _owned_by("user_id", "users"),
        _text("title", required=True),
        _text("description"),
        sa.Column("due_date", sa.Date),
        _text("priority"),
        _text("status", "OPEN", required=True),
        _text("source"),
        sa.Column("contact_id", UUID),
        _text("owner_speaker_id"),
        _text("owner_speaker_label"),
        _text("owner_display_name"),
        _text("owner_role"),
        _text("owner_speaker_raw"),
        sa.Column("source_segment_ids_json", JSONB, nullable=False, server_default="[]"),
        _text("source_text"),
        _text("intent"),
        sa.Column("intent_metadata_json", JSONB),
        sa.Column("completed_at", TIME),
        _created(),
        _updated(),
        _one_of("priority", "LOW", "MEDIUM", "HIGH"),
        _one_of("status", "OPEN", "IN_PROGRESS", "DONE", "DISMISSED"),
        _one_of("source", "AI", "MANUAL"),
        _one_of("owner_role", "USER", "CONTACT", "UNKNOWN"),
        _one_of("intent", "meeting", "email", "call", "message", "reminder", "task", "none"),
    )
    op.create_index("action_items_newest", "action_items", ["user_id", sa.text("created_at DESC"), sa.text("id DESC")])
    op.create_index("action_items_of_call", "action_items", ["call_record_id"])
    op.create_index(
        "action_items_contact", "action_items", ["contact_id"], postgresql_where=sa.text("contact_id IS NOT NULL")
    )


def _events() -> None:
    op.create_table(
        "call_processing_events",
        _key(),
        _owned_by("call_id", "call_records"),
        _owned_by("user_id", "users"),
        _text("stage", required=True),
        _text("status", required=True),
        _text("provider"),
        sa.Column("duration_ms", sa.BigInteger),
        _text("error_code"),
        _text("error_message"),
        _created(),
        _one_of("status", "STARTED", "COMPLETED", "FAILED", "SKIPPED"),
    )
    op.create_index("call_processing_events_of_call", "call_processing_events", ["call_id", "created_at"])
    op.create_index("call_processing_events_age", "call_processing_events", ["created_at"])


def _sentiment() -> None:
    op.create_table(
        "call_sentiment_summary",
        _owned_by("call_record_id", "call_records", primary_key=True),
        _owned_by("user_id", "users"),
        sa.Column("recorded_at", TIME, nullable=False),
        _text("sentiment_overall"),
        _text("user_sentiment"),
        _text("contact_sentiment"),
        _text("tone_overall"),
        _text("tone_formality"),
        _text("tone_energy"),
        _text("tone_pace"),
        _created(),
    )
    op.create_index("call_sentiment_summary_window", "call_sentiment_summary", ["user_id", "recorded_at"])


def _voice_profiles() -> None:
    op.create_table(
        "user_voice_profiles",
        _key(),
        _owned_by("user_id", "users", unique=True),
        _text("provider", required=True),
        _text("model", required=True),
        _text("model_version"),
        sa.Column("embedding_json", JSONB, nullable=False),
        _text("consent_version", required=True),
        sa.Column("sample_duration_seconds", sa.Integer, nullable=False),
        _created(),
        _updated(),
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency_records",
        _key(),
        _owned_by("user_id", "users"),
        _text("method", required=True),
        _text("path_digest", required=True),
        _text("key", required=True),
        _text("request_hash", required=True),
        _text("state", "IN_PROGRESS", required=True),
        sa.Column("owner_token", UUID, nullable=False),
        sa.Column("alive_at", TIME, nullable=False),
        sa.Column("resource_id", UUID),
        sa.Column("response_status", sa.Integer),
        sa.Column("response_headers", JSONB),
        _text("response_body"),
        _created(),
        _one_of("state", "IN_PROGRESS", "DONE"),
        sa.UniqueConstraint("user_id", "method", "path_digest", "key", name="idempotency_records_one_per_key"),
    )
    op.create_index("idempotency_records_resource", "idempotency_records", ["resource_id"])
    op.create_index("idempotency_records_age", "idempotency_records", ["created_at"])


def _search() -> None:
    op.execute(
        """
        CREATE FUNCTION call_records_set_search_vector() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.search_vector := to_tsvector('english', concat_ws(' ',
                NEW.title, NEW.short_summary, NEW.contact_name, NEW.organization,
                (SELECT string_agg(tag, ' ') FROM jsonb_array_elements_text(NEW.tags_json) AS tag)));
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER call_records_search_vector
        BEFORE INSERT OR UPDATE OF title, short_summary, contact_name, organization, tags_json ON call_records
        FOR EACH ROW EXECUTE FUNCTION call_records_set_search_vector()
        """
    )
