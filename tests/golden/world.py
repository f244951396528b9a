"""The world of rest.md's examples, as rows and objects.

Rows are written here a second time, not made of the expected answers. The two documents are stored as they are served,
apart from the aliases that are added at read.
"""

from datetime import date, datetime
from uuid import UUID

from app.actions.models import ActionPriority, ActionSource, ActionStatus
from app.calls.models import ArtifactType, CallRecord, CallStatus, Direction
from rest.examples import load_bodies
from tests.factories import Factory

MEERA = UUID("975dbeb0-5b2d-456d-ab85-657bcdfbec24")
MEERA_UID = "k3VtY8wQpZcN2xLs0RfB7uGhJ4e1"
MEERA_EMAIL = "meera.nair@linden-clinic.example"

TOBIAS = UUID("0ca08764-188b-4779-ad23-83a1344db6dd")
YARA = UUID("48c10168-182b-4487-9d7d-65d3f9d047b6")
PETRA = UUID("94d0e9c3-6f1a-4b27-8d53-0c7be1a4f926")

COMPLETED = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
TRANSCRIBING = UUID("934ccaff-0fdc-42f3-8117-d6db2b1981e3")
FAILED = UUID("79d86306-8a6f-43db-8ec7-0d8a133f3380")
NOBODYS = UUID("ce74c75b-e25b-468c-ad05-312b59adffef")

MAIL_ITEM = UUID("b504c977-bf11-445d-9d99-8b4cab1c684e")
CALL_ITEM = UUID("c1cd6745-d469-4ef0-9c74-c1f219ff39eb")
MANUAL_ITEM = UUID("0eccf4c5-b38f-4449-9aa2-df849963ad1a")

MAIL_WORDS = "Fine. I will mail you the January X-ray before Wednesday."
CALL_WORDS = "Thank you. I will call your insurer about the second scan."

ALIASES = ("shortSummary", "detailedSummary", "keyPoints")
"""Added to an analysis at read (rest.md, section 2.7)."""


def at(text: str) -> datetime:
    """A time as answers show it."""
    return datetime.fromisoformat(text)


async def make_meera(factory: Factory) -> UUID:
    """The user, with the consent that she has given; what her token says about her follows when she signs in."""
    accepted = at("2025-11-17T06:21:30.015Z")
    return await factory.user(
        MEERA_UID,
        id=MEERA,
        display_name="Meera Nair",
        privacy_policy_version="2025-10-01",
        privacy_policy_accepted_at=accepted,
        terms_version="2025-10-01",
        terms_accepted_at=accepted,
        created_at=at("2025-11-17T06:20:44.300Z"),
        updated_at=accepted,
    )


async def make_world(factory: Factory) -> None:
    """Meera's contacts, calls, and what became of these; she herself must be there."""
    await _make_contacts(factory)
    completed = await _make_completed_call(factory)
    await _make_action_items(factory, completed)
    await _make_documents(factory, completed)
    await factory.call(
        MEERA,
        id=TRANSCRIBING,
        status=CallStatus.TRANSCRIBING,
        original_file_name="REC_20260209_1059.m4a",
        contact_name="Yara Haddad",
        direction=Direction.INCOMING,
        duration_seconds=612,
        recorded_at=at("2026-02-09T09:59:02Z"),
        scryon_contact_id=YARA,
        created_at=at("2026-02-09T10:12:11.480Z"),
        updated_at=at("2026-02-09T10:12:14Z"),
    )
    await _make_failed_call(factory)


async def make_petra(factory: Factory) -> None:
    """A contact who comes later than the others."""
    created = at("2026-02-11T15:00:00.120Z")
    await factory.contact(
        MEERA,
        id=PETRA,
        name="Petra Vogt",
        email="petra@vogt-prints.example",
        notes="Orders flyers in March.",
        created_at=created,
        updated_at=created,
    )


async def _make_contacts(factory: Factory) -> None:
    await factory.contact(
        MEERA,
        id=TOBIAS,
        name="Tobias Lind",
        phone_number="+49 30 5550 4471",
        notes="Prefers afternoons.",
        created_at=at("2026-01-20T13:02:51Z"),
        updated_at=at("2026-01-22T08:15:00.400Z"),
    )
    created = at("2026-02-09T10:12:11.480Z")
    await factory.contact(MEERA, id=YARA, name="Yara Haddad", created_at=created, updated_at=created)


async def _make_completed_call(factory: Factory) -> CallRecord:
    return await factory.call(
        MEERA,
        id=COMPLETED,
        title="Thursday appointment",
        original_file_name="REC_20260209_1012.m4a",
        direction=Direction.OUTGOING,
        contact_name="Tobias Lind",
        contact_id="contacts:118",
        phone_number="+49 30 5550 4471",
        organization="Lind Woodworks",
        scryon_contact_id=TOBIAS,
        duration_seconds=31,
        recorded_at=at("2026-02-09T09:12:40Z"),
        short_summary="The Thursday appointment moves to 16:30 and the January X-ray is to be mailed before.",
        notes="Prefers afternoons.",
        tags_json=["appointment", "x-ray", "insurance"],
        created_at=at("2026-02-09T09:13:20.114Z"),
        updated_at=at("2026-02-09T09:14:31.902Z"),
        completed_at=at("2026-02-09T09:14:31.902Z"),
    )


async def _make_failed_call(factory: Factory) -> None:
    call = await factory.call(
        MEERA,
        id=FAILED,
        status=CallStatus.FAILED,
        title="Boiler service",
        original_file_name="boiler.mp3",
        duration_seconds=95,
        recorded_at=at("2026-02-06T16:40:03Z"),
        error_reason="transcription_timeout",
        created_at=at("2026-02-06T16:40:03Z"),
        updated_at=at("2026-02-06T16:43:41.070Z"),
    )
    await factory.event(call, "CALL_QUEUED", "COMPLETED", created_at=at("2026-02-06T16:40:03.020Z"))
    started = at("2026-02-06T16:40:40.900Z")
    await factory.event(call, "TRANSCRIBED", "STARTED", provider="lemonfox", created_at=started)
    await factory.event(
        call,
        "TRANSCRIBED",
        "FAILED",
        provider="lemonfox",
        duration_ms=180_012,
        error_code="transcription_timeout",
        error_message="no answer within 180 s",
        created_at=at("2026-02-06T16:43:40.950Z"),
    )


async def _make_action_items(factory: Factory, call: CallRecord) -> None:
    await factory.action_item(
        call,
        id=MAIL_ITEM,
        title="Mail the January X-ray",
        description="Needed before Wednesday.",
        due_date=date(2026, 2, 10),
        priority=ActionPriority.HIGH,
        source_text=f'priority=high; segments=seg_0005; text="{MAIL_WORDS}"',
        owner_speaker_id="spk_1",
        owner_speaker_label="Speaker 1",
        owner_display_name="Tobias Lind",
        owner_role="CONTACT",
        source_segment_ids_json=["seg_0005"],
        intent="email",
        intent_metadata_json={
            "toName": "Meera",
            "subject": "January X-ray",
            "bodyPreview": "Here is the image from January.",
        },
        created_at=at("2026-02-09T09:14:31.901Z"),
        updated_at=at("2026-02-09T09:14:31.901Z"),
    )
    await factory.action_item(
        call,
        id=CALL_ITEM,
        title="Call the insurer about the second scan",
        priority=ActionPriority.MEDIUM,
        source_text=f'priority=medium; segments=seg_0006; text="{CALL_WORDS}"',
        owner_speaker_id="spk_2",
        owner_speaker_label="Speaker 2",
        owner_display_name="Meera Nair",
        owner_role="USER",
        source_segment_ids_json=["seg_0006"],
        intent="call",
        intent_metadata_json={"contactName": "Insurer"},
        created_at=at("2026-02-09T09:14:31.902Z"),
        updated_at=at("2026-02-09T09:14:31.902Z"),
    )
    await factory.action_item(
        call,
        id=MANUAL_ITEM,
        title="Block the afternoon in the room plan",
        due_date=date(2026, 2, 12),
        status=ActionStatus.IN_PROGRESS,
        priority=ActionPriority.LOW,
        source=ActionSource.MANUAL,
        intent="none",
        created_at=at("2026-02-09T11:05:00.250Z"),
        updated_at=at("2026-02-09T11:30:42Z"),
    )


async def _make_documents(factory: Factory, call: CallRecord) -> None:
    transcript = load_bodies("getTranscript").answers["transcript"]
    served = load_bodies("getAnalysis").answers["analysis"]
    analysis = {name: value for name, value in served.items() if name not in ALIASES}
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, transcript, schema_version=2)
    await factory.document(call, ArtifactType.ANALYSIS_JSON, analysis, schema_version=3)
    await factory.sentiment(
        call,
        sentiment_overall="positive",
        user_sentiment="positive",
        contact_sentiment="neutral",
        tone_overall="friendly",
        tone_formality="semi-formal",
        tone_energy="medium",
        tone_pace="normal",
    )
