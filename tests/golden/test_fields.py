"""Everything set and nothing set: which fields an answer has then. Source: the tables of rest.md; 6 (T14)."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx

from app.actions.models import ActionPriority
from app.calls.models import ArtifactType, CallRecord, CallStatus, Direction
from app.pipeline.document import to_document
from app.pipeline.transcript import (
    Confidence,
    LabelSource,
    PipelineInfo,
    Segment,
    Speaker,
    SpeakerRole,
    Transcript,
)
from rest.operations import default_operations
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import ABSENT
from tests.factories import Factory
from tests.golden.fields import ALWAYS, FIELDS, NULL_SHOWN, OMITTED, TRANSCRIPT_FIELDS
from tests.golden.world import COMPLETED, at

NOW = at("2026-02-09T09:13:20.114Z")


def assert_full(name: str, shown: dict[str, Any]) -> None:
    """Every field is there, and none is null."""
    table = {**FIELDS, **TRANSCRIPT_FIELDS}[name]
    assert shown.keys() == table[ALWAYS] | table[OMITTED] | table[NULL_SHOWN]
    assert [field for field, value in shown.items() if value is None] == []


def assert_empty(name: str, shown: dict[str, Any]) -> None:
    """What is left out is not there; of the rest, what shows null is null."""
    table = {**FIELDS, **TRANSCRIPT_FIELDS}[name]
    assert shown.keys() == table[ALWAYS] | table[NULL_SHOWN]
    assert {field for field, value in shown.items() if value is None} == table[NULL_SHOWN]


async def make_full_call(factory: Factory, owner: UUID) -> CallRecord:
    contact = await factory.contact(owner)
    return await factory.call(
        owner,
        status=CallStatus.FAILED,
        title="Boiler service",
        short_summary="The boiler is serviced.",
        notes="Again in a year.",
        tags_json=["boiler"],
        original_file_name="boiler.mp3",
        contact_name="Tobias Lind",
        contact_id="contacts:118",
        phone_number="+49 30 5550 4471",
        organization="Lind Woodworks",
        scryon_contact_id=contact.id,
        direction=Direction.INCOMING,
        recorded_at=NOW,
        duration_seconds=95,
        error_reason="transcription_timeout",
    )


async def test_calls(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    full = await make_full_call(factory, meera)
    await factory.action_item(full)
    empty = await factory.call(meera, status=CallStatus.QUEUED)

    lists = [(await rest.get(f"/api/calls?{query}")).json() for query in ("limit=2", "page=0")]
    details = [(await rest.get(f"/api/calls/{call.id}")).json() for call in (full, empty)]

    for newest, older in (lists[0]["items"], lists[1]):
        assert_empty("CallSummary", newest)
        assert_full("CallSummary", older)
    assert_full("CallDetail", details[0])
    assert_empty("CallDetail", details[1])


async def test_action_items(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    call = await make_full_call(factory, meera)
    metadata = {
        "providerHint": "meet",
        "attendees": [{"name": "Tobias Lind", "email": "tobias@lind.example"}, {"name": "Yara Haddad"}],
        "proposedAt": "2026-02-12T16:30:00+01:00",
        "remindAt": "2026-02-12T16:00:00",
        "durationMinutes": 30,
        "toEmail": "tobias@lind.example",
        "toName": "Tobias",
        "subject": "Boiler",
        "bodyPreview": "Hello",
        "phoneNumber": "+49 30 5550 4471",
        "contactName": "Tobias Lind",
        "handle": "tobias",
        "channel": "sms",
        "title": "Boiler service",
        "location": "Cellar",
        "notes": "Bring the key.",
    }
    await factory.action_item(
        call,
        description="Before winter.",
        due_date=date(2026, 2, 12),
        priority=ActionPriority.LOW,
        owner_speaker_id="spk_1",
        owner_speaker_label="Speaker 1",
        owner_display_name="Tobias Lind",
        owner_role="CONTACT",
        source_segment_ids_json=["seg_0001"],
        source_text="priority=low",
        intent="meeting",
        intent_metadata_json=metadata,
    )
    await factory.action_item(await factory.call(meera), source=None)

    empty, full = (await rest.get("/api/actions")).json()

    assert_full("ActionItem", full)
    assert_full("ActionIntentMetadata", full["intentMetadata"])
    assert full["intentMetadata"] == metadata
    assert_empty("ActionItem", empty)


async def test_metadata_of_an_intent_has_what_is_known(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    known = {"toName": "Meera", "subject": None, "attendees": None}
    await factory.action_item(await factory.call(meera), intent="email", intent_metadata_json=known)

    [item] = (await rest.get("/api/actions")).json()

    assert item["intentMetadata"] == {"toName": "Meera"}


async def test_contacts(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    full = await factory.contact(meera, phone_number="+43 1 5550 662", email="petra@vogt.example", notes="Flyers.")
    empty = await factory.contact(meera)

    answers = [(await rest.get(f"/api/contacts/{contact.id}")).json() for contact in (full, empty)]

    assert_full("Contact", answers[0])
    assert_empty("Contact", answers[1])


async def test_account_with_everything(rest: httpx.AsyncClient, factory: Factory, google_keys: GoogleKeys) -> None:
    stamped = dict.fromkeys(
        (
            "privacy_policy_accepted_at",
            "terms_accepted_at",
            "call_recording_disclaimer_accepted_at",
            "marketing_opt_in_at",
            "plans_intro_shown_at",
        ),
        NOW,
    )
    await factory.user(
        "full",
        privacy_policy_version="1",
        terms_version="1",
        call_recording_disclaimer_version="1",
        marketing_opt_in=True,
        account_status="SUSPENDED",
        account_status_reason="invoice open",
        **stamped,
    )
    rest.headers["Authorization"] = f"Bearer {google_keys.sign(uid='full')}"

    assert_full("UserProfile", (await rest.get("/api/users/me")).json())


async def test_account_with_nothing(rest: httpx.AsyncClient, factory: Factory, google_keys: GoogleKeys) -> None:
    await factory.user("empty")
    token = google_keys.sign(
        uid="empty", email=ABSENT, email_verified=ABSENT, name=ABSENT, picture=ABSENT, auth_time=ABSENT
    )
    rest.headers["Authorization"] = f"Bearer {token}"

    assert_empty("UserProfile", (await rest.get("/api/users/me")).json())


async def test_figures_are_there_without_anything_to_count(rest: httpx.AsyncClient) -> None:
    stats = (await rest.get("/api/users/me/stats")).json()
    vibe = (await rest.get("/api/analytics/vibe")).json()

    assert stats == dict.fromkeys(FIELDS["getStats"][ALWAYS], 0)
    assert_empty("getVibe", vibe)
    assert vibe["toneProfile"] == {"formality": {}, "energy": {}, "pace": {}}
    assert {len(value) for name, value in vibe.items() if name != "toneProfile"} == {0}


async def test_history(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    call = await factory.call(meera)
    told = {"provider": "local", "duration_ms": 0, "error_code": "internal_error", "error_message": "No disk."}
    await factory.event(call, "TRANSCRIBED", "FAILED", **told)
    await factory.event(call, "CALL_FAILED", "COMPLETED")

    full, empty = (await rest.get(f"/api/debug/calls/{call.id}/events")).json()["items"]

    assert_full("CallEvent", full)
    assert_empty("CallEvent", empty)


async def test_statuses_and_bulk_deletions_of_nothing(rest: httpx.AsyncClient) -> None:
    statuses = (await rest.get(f"/api/calls/status?ids={COMPLETED}")).json()
    deletion = (await rest.request("DELETE", "/api/calls", json={"callIds": [str(COMPLETED)]})).json()

    assert_empty("getCallStatuses", statuses)
    assert statuses == {"items": [], "nextPollMs": 15_000}
    assert_empty("deleteCalls", deletion)
    assert deletion == {"deleted": 0, "missing": 1, "failed": []}


async def test_transcripts(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    """As the pipeline writes them, which is how they are served."""
    call = await factory.call(meera)
    full = Transcript(
        call_id=str(call.id),
        speakers=(
            Speaker(
                1,
                "SPEAKER_00",
                display_name="Meera Nair",
                role=SpeakerRole.USER,
                confidence=Confidence.HIGH,
                label_source=LabelSource.VOICE_EMBEDDING,
                voice_match_score=0.0,
                voice_profile_matched=False,
            ),
        ),
        segments=(Segment("seg_0001", "spk_1", 0.0, 1.1, "Hello?", Confidence.HIGH),),
        pipeline=PipelineInfo("lemonfox", "whisper-1", "pyannote", "precision-2"),
        created_at="2026-02-09T09:14:07Z",
        language="en",
        duration_seconds=0,
    )
    empty = replace(
        full,
        speakers=(Speaker(1, "SPEAKER_00"),),
        pipeline=PipelineInfo("local", "pocketsphinx", "none"),
        language=None,
        duration_seconds=None,
    )

    for transcript, check in ((full, assert_full), (empty, assert_empty)):
        await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, to_document(transcript))
        document = (await rest.get(f"/api/calls/{call.id}/transcript")).json()

        check("Transcript", document)
        check("Speaker", document["speakers"][0])
        check("Segment", document["segments"][0])
        check("SpeakerResolution", document["speakerResolution"])
        check("PipelineInfo", document["pipeline"])


async def test_status_of_a_voice_profile() -> None:
    """What the facade makes of fields that are all there, or not; whole answers are in `test_account.py`."""
    operation = default_operations()["GetVoiceProfileStatus"]
    fields = FIELDS["getVoiceProfileStatus"]

    full = operation.read_body({"body": dict.fromkeys(set().union(*fields.values()), 1)})
    empty = operation.read_body({"body": {**dict.fromkeys(fields[OMITTED]), **dict.fromkeys(fields[ALWAYS], 1)}})

    assert_full("getVoiceProfileStatus", full)
    assert_empty("getVoiceProfileStatus", empty)
