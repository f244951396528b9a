"""The OpenAPI document: complete, made from the operations, true to real answers. Source: rest.md, 1.9 and 2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import jsonschema_rs
import orjson
import pytest

from app.calls.models import ArtifactType, CallStatus
from app.resources import Resources
from app.uploads.receiving import ACCEPTED_FORMATS
from rest.cursor_pattern import cursor_pattern
from rest.inputs import Text
from rest.links import LINKS
from rest.openapi import export_openapi
from tests.factories import Factory
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.golden.fields import ALWAYS, FIELDS, NULL_SHOWN, OMITTED
from tests.rest.serving import rest_client

DOCUMENT: dict[str, Any] = orjson.loads(export_openapi())

A = {401, 403, 500, 503}
B = {400, 413, 415}
I = {400, 409}  # noqa: E741
"""The groups of rest.md, section 1.6."""

OPERATIONS = {
    "getHealth": ("get", "/api/health", {200, 405}),
    "analyzeCall": ("post", "/api/calls/analyze", {202, 413, 415, 429, *A, *I}),
    "listCalls": ("get", "/api/calls", {200, 400, *A}),
    "getCallStatuses": ("get", "/api/calls/status", {200, 400, *A}),
    "getCall": ("get", "/api/calls/{id}", {200, 404, *A}),
    "getTranscript": ("get", "/api/calls/{id}/transcript", {200, 404, 422, *A}),
    "getAnalysis": ("get", "/api/calls/{id}/analysis", {200, 404, 422, *A}),
    "updateCall": ("patch", "/api/calls/{id}", {200, 404, *A, *B, *I}),
    "deleteCall": ("delete", "/api/calls/{id}", {204, 404, *A, *I}),
    "assignContact": ("patch", "/api/calls/{id}/contact", {200, 404, *A, *B, *I}),
    "reanalyzeCall": ("post", "/api/calls/{id}/reanalyze", {200, 404, 502, *A, *I}),
    "deleteCalls": ("delete", "/api/calls", {200, *A, *B, *I}),
    "listActions": ("get", "/api/actions", {200, 400, *A}),
    "updateActionStatus": ("patch", "/api/actions/{id}", {200, 404, *A, *B, *I}),
    "listContacts": ("get", "/api/contacts", {200, *A}),
    "createContact": ("post", "/api/contacts", {201, *A, *B, *I}),
    "getContact": ("get", "/api/contacts/{id}", {200, 404, *A}),
    "replaceContact": ("put", "/api/contacts/{id}", {200, 404, *A, *B, *I}),
    "deleteContact": ("delete", "/api/contacts/{id}", {204, 404, *A, *I}),
    "listCallActions": ("get", "/api/calls/{id}/action-items", {200, 404, *A}),
    "createAction": ("post", "/api/calls/{id}/action-items", {201, 404, *A, *B, *I}),
    "replaceAction": ("put", "/api/action-items/{id}", {200, 404, *A, *B, *I}),
    "deleteAction": ("delete", "/api/action-items/{id}", {204, 404, *A, *I}),
    "getVibe": ("get", "/api/analytics/vibe", {200, 400, *A}),
    "debugCallEvents": ("get", "/api/debug/calls/{id}/events", {200, 404, *A}),
    "getMe": ("get", "/api/users/me", {200, *A}),
    "updateMe": ("patch", "/api/users/me", {200, *A, *B, *I}),
    "deleteMe": ("delete", "/api/users/me", {204, *A, *I}),
    "getStats": ("get", "/api/users/me/stats", {200, *A}),
    "updateConsent": ("patch", "/api/users/me/consent", {200, *A, *B, *I}),
    "putVoiceProfile": ("post", "/api/users/me/voice-profile", {201, 404, 413, 415, 502, *A, *I}),
    "getVoiceProfileStatus": ("get", "/api/users/me/voice-profile/status", {200, 404, *A}),
    "deleteVoiceProfile": ("delete", "/api/users/me/voice-profile", {204, *A, *I}),
    "lemonfoxWebhook": ("post", "/api/webhooks/lemonfox", {200, 400, 401, 413, 500, 503}),
}


def _success_schema(operation_id: str) -> dict[str, Any]:
    method, path, statuses = OPERATIONS[operation_id]
    response = DOCUMENT["paths"][path][method]["responses"][str(min(statuses))]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def _allows_null(schema: dict[str, Any]) -> bool:
    return "null" in schema.get("type", []) or {"type": "null"} in schema.get("anyOf", [])


def assert_documented(operation_id: str, response: httpx.Response) -> None:
    method, path, _ = OPERATIONS[operation_id]
    documented = DOCUMENT["paths"][path][method]["responses"][str(response.status_code)]
    if "content" not in documented:
        assert response.content == b""
        return
    schema = documented["content"]["application/json"]["schema"]
    validator = jsonschema_rs.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}, validate_formats=True
    )
    assert [error.message for error in validator.iter_errors(response.json())] == []


def test_committed_document_is_current() -> None:
    committed = Path(__file__).parents[2] / "openapi.json"

    assert committed.read_bytes() == export_openapi(), "run 'scryon schema'"


def test_document_is_openapi_3_1_with_valid_schemas() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1.0.0"
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_endpoints_have_their_names_and_statuses() -> None:
    documented = {
        operation["operationId"]: (method, path, set(map(int, operation["responses"])))
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }

    assert documented == OPERATIONS


def test_every_error_has_the_one_body() -> None:
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                assert "X-Request-Id" in response["headers"]
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]
                    assert {"$ref": "#/components/schemas/Error"} in schema["allOf"]


def test_references_lead_somewhere() -> None:
    text = export_openapi().decode()

    for kind in ("schemas", "headers", "parameters"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


@pytest.mark.parametrize("name", FIELDS)
def test_presence_of_fields_follows_the_tables(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"].get(name) or _success_schema(name)

    required = set(schema["required"])
    nullable = {field for field, member in schema["properties"].items() if _allows_null(member)}
    assert {
        ALWAYS: required - nullable,
        OMITTED: set(schema["properties"]) - required,
        NULL_SHOWN: required & nullable,
    } == FIELDS[name]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("schema", "field", "expected"),
    [
        ("CallSummary", "id", {"type": "string", "format": "uuid"}),
        ("CallSummary", "createdAt", {"type": "string", "format": "date-time"}),
        ("CallSummary", "status", {"$ref": "#/components/schemas/CallStatus"}),
        ("CallSummary", "firstActionTitle", {"type": ["string", "null"]}),
        ("ActionItem", "dueDate", {"type": ["string", "null"], "format": "date"}),
        ("ActionItem", "sourceSegmentIds", {"type": "array", "items": {"type": "string"}}),
        ("ActionItem", "priority", {"anyOf": [{"$ref": "#/components/schemas/ActionPriority"}, {"type": "null"}]}),
        ("Transcript", "segments", {"type": "array", "items": {"$ref": "#/components/schemas/Segment"}}),
        ("Speaker", "voiceMatchScore", {"type": ["number", "null"]}),
    ],
)
def test_types_of_fields(schema: str, field: str, expected: dict[str, Any]) -> None:
    written = dict(DOCUMENT["components"]["schemas"][schema]["properties"][field])

    assert written.pop("description")
    assert written == expected


def test_maps_are_objects_of_numbers() -> None:
    members = _success_schema("getVibe")["properties"]

    counts = members["sentimentTrend"]["items"]["properties"]["counts"]
    for written in (members["sentimentDistribution"], counts, members["toneProfile"]["properties"]["pace"]):
        assert (written["type"], written["additionalProperties"]) == ("object", {"type": "integer"})


def test_documents_stay_open() -> None:
    analysis = DOCUMENT["components"]["schemas"]["Analysis"]

    assert _success_schema("getAnalysis") == {"$ref": "#/components/schemas/Analysis"}
    assert "additionalProperties" not in analysis
    assert "required" not in analysis
    assert "document" not in analysis["properties"]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        (
            "listCalls",
            {
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
                "cursor": {"type": "string", "pattern": cursor_pattern()},
                "status": {
                    "type": "string",
                    "enum": ["QUEUED", "TRANSCRIBING", "ANALYZING", "COMPLETED", "FAILED", "PROCESSING"],
                },
                "page": {"type": "integer", "minimum": 0, "maximum": 100_000, "default": 0},
                "size": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
            },
        ),
        (
            "listActions",
            {
                "status": {"type": "string", "enum": ["OPEN", "IN_PROGRESS", "DONE", "DISMISSED"]},
                "callId": {"type": "string", "format": "uuid"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
                "cursor": {"type": "string", "pattern": cursor_pattern()},
            },
        ),
        ("getVibe", {"days": {"type": "integer", "minimum": 1, "maximum": 365, "default": 30}}),
        (
            "lemonfoxWebhook",
            {
                "callId": {"type": "string", "format": "uuid"},
                "exp": {"type": "integer", "minimum": 0},
                "sig": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
        ),
        (
            "getCallStatuses",
            {
                "ids": {
                    "type": "array",
                    "items": {"type": "string", "format": "uuid"},
                    "minItems": 1,
                }
            },
        ),
    ],
)
def test_parameters_have_their_bounds(operation: str, parameters: dict[str, Any]) -> None:
    method, path, _ = OPERATIONS[operation]

    documented = DOCUMENT["paths"][path][method]["parameters"]

    assert {item["name"]: item["schema"] for item in documented if item.get("in") == "query"} == parameters


@pytest.mark.parametrize(
    ("operation", "status", "details"),
    [
        ("analyzeCall", 400, {"fields": [{"field": "file", "message": "is required"}]}),
        ("analyzeCall", 413, {"maxBytes": 52_428_800}),
        ("analyzeCall", 415, {"accepted": list(ACCEPTED_FORMATS)}),
        ("deleteCalls", 400, {"fields": [{"field": "body", "message": "is required"}]}),
        ("deleteCalls", 413, {"maxBytes": 1_048_576}),
        ("deleteCalls", 415, {"accepted": ["application/json"]}),
        (
            "deleteCall",
            400,
            {"fields": [{"field": "Idempotency-Key", "message": "must be 1 to 255 visible ASCII characters"}]},
        ),
        ("reanalyzeCall", 502, {"reason": "analysis_timeout"}),
        ("putVoiceProfile", 413, {"maxBytes": 10_485_760}),
        ("putVoiceProfile", 415, {"accepted": list(ACCEPTED_FORMATS)}),
        ("putVoiceProfile", 502, {"reason": "rejected"}),
        ("lemonfoxWebhook", 400, {"fields": [{"field": "body", "message": "must be a JSON object"}]}),
        ("lemonfoxWebhook", 401, {}),
        ("lemonfoxWebhook", 413, {"maxBytes": 33_554_432}),
        ("getCallStatuses", 400, {"fields": [{"field": "ids", "message": "must hold at least one id"}]}),
        ("listCalls", 400, {"fields": [{"field": "limit", "message": "must be between 1 and 100"}]}),
        ("listActions", 400, {"fields": [{"field": "limit", "message": "must be between 1 and 100"}]}),
        ("getVibe", 400, {"fields": [{"field": "days", "message": "must be between 1 and 365"}]}),
    ],
)
def test_examples_of_errors_are_what_the_endpoint_sends(operation: str, status: int, details: dict[str, Any]) -> None:
    method, path, _ = OPERATIONS[operation]

    [example] = DOCUMENT["paths"][path][method]["responses"][str(status)]["content"]["application/json"][
        "examples"
    ].values()

    assert example["value"]["error"]["details"] == details


def test_upload_is_documented() -> None:
    operation = DOCUMENT["paths"]["/api/calls/analyze"]["post"]

    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert form["properties"]["file"]["format"] == "binary"
    assert form["properties"]["metadata"]["properties"]["direction"]["enum"] == ["INCOMING", "OUTGOING", "UNKNOWN"]
    assert form["properties"]["durationSeconds"]["maximum"] == 86_400
    assert "Location" in operation["responses"]["202"]["headers"]


def test_voice_sample_is_documented() -> None:
    operation = DOCUMENT["paths"]["/api/users/me/voice-profile"]["post"]

    content = operation["requestBody"]["content"]["multipart/form-data"]
    assert content.keys() == {"schema", "encoding", "example"}
    assert content["encoding"] == {"file": {"contentType": "audio/*"}}
    assert content["schema"]["required"] == ["file"]
    assert {name: part["type"] for name, part in content["schema"]["properties"].items()} == {
        "file": "string",
        "consentAccepted": "string",
    }
    assert "Location" in operation["responses"]["201"]["headers"]
    assert set(_success_schema("putVoiceProfile")["properties"]) == {
        "status",
        "provider",
        "consentVersion",
        "createdAt",
        "sampleDurationSeconds",
    }


async def test_real_answers_are_as_documented(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, break_store: Callable[[], None]
) -> None:
    call = await factory.call(owner, title="One", duration_seconds=31, tags_json=["a"], contact_name="Ann")
    contact = f"/api/contacts/{(await factory.contact(owner)).id}"
    item = await factory.action_item(call, intent="meeting", intent_metadata_json={"attendees": [{"name": "Ann"}]})
    await factory.action_item(call, source=None)
    failed = await factory.call(owner, status=CallStatus.FAILED, error_reason="audio_missing")
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, TRANSCRIPT)
    await factory.document(call, ArtifactType.ANALYSIS_JSON, {"sentiment": None, "tone": {"byParty": None}, "x": 1})
    upload = {"content": encode([file(WAV)]), "headers": {"content-type": CONTENT_TYPE}}
    path = f"/api/calls/{call.id}"

    answers = [
        ("getHealth", await rest.get("/api/health")),
        ("getHealth", await rest.post("/api/health")),
        ("analyzeCall", await rest.post("/api/calls/analyze", **upload)),
        ("analyzeCall", await rest.post("/api/calls/analyze")),
        ("listCalls", await rest.get("/api/calls?limit=1")),
        ("listCalls", await rest.get("/api/calls?page=0")),
        ("listCalls", await rest.get("/api/calls?page=x")),
        ("getCallStatuses", await rest.get(f"/api/calls/status?ids={call.id},{failed.id}")),
        ("getCallStatuses", await rest.get("/api/calls/status")),
        ("getCall", await rest.get(path)),
        ("getCall", await rest.get(f"/api/calls/{failed.id}")),
        ("updateCall", await rest.patch(path, json={"title": "Two", "notes": "Call back."})),
        ("updateCall", await rest.patch(path, json={"title": 2})),
        ("getTranscript", await rest.get(f"{path}/transcript")),
        ("getTranscript", await rest.get(f"/api/calls/{failed.id}/transcript")),
        ("getAnalysis", await rest.get(f"{path}/analysis")),
        ("getAnalysis", await rest.get(f"/api/calls/{uuid4()}/analysis")),
        ("listActions", await rest.get("/api/actions")),
        ("listActions", await rest.get("/api/actions?limit=1")),
        ("updateActionStatus", await rest.patch(f"/api/actions/{item.id}", json={"status": "DONE"})),
        (
            "updateActionStatus",
            await rest.patch(f"/api/actions/{item.id}", content=b"x", headers={"content-type": "x/y"}),
        ),
        ("listContacts", await rest.get("/api/contacts")),
        ("createContact", await rest.post("/api/contacts", json={"name": "Petra Vogt"})),
        ("createContact", await rest.post("/api/contacts", json={})),
        ("getContact", await rest.get(contact)),
        ("replaceContact", await rest.put(contact, json={"name": "Petra Vogt", "email": "petra@vogt.example"})),
        ("assignContact", await rest.patch(f"{path}/contact", json={"contactId": contact.rpartition("/")[2]})),
        ("assignContact", await rest.patch(f"{path}/contact", json={"contactId": str(uuid4())})),
        ("deleteContact", await rest.delete(contact)),
        ("deleteContact", await rest.delete(contact)),
        ("listCallActions", await rest.get(f"{path}/action-items")),
        ("createAction", await rest.post(f"{path}/action-items", json={"title": "Call back", "dueDate": "2026-02-12"})),
        ("createAction", await rest.post(f"{path}/action-items", json={})),
        ("replaceAction", await rest.put(f"/api/action-items/{item.id}", json={"title": "Call", "status": "OPEN"})),
        ("replaceAction", await rest.put(f"/api/action-items/{item.id}", json={"title": "Call"})),
        ("deleteAction", await rest.delete(f"/api/action-items/{item.id}")),
        ("deleteAction", await rest.delete(f"/api/action-items/{item.id}")),
        ("debugCallEvents", await rest.get(f"/api/debug{path.removeprefix('/api')}/events")),
        ("debugCallEvents", await rest.get("/api/debug/calls/nonsense/events")),
        ("getVibe", await rest.get("/api/analytics/vibe")),
        ("getVibe", await rest.get("/api/analytics/vibe?days=x")),
        ("getMe", await rest.get("/api/users/me")),
        ("updateMe", await rest.patch("/api/users/me", json={"displayName": "Meera Nair", "plansIntroShown": True})),
        ("updateMe", await rest.patch("/api/users/me", json={"displayName": 1})),
        ("getStats", await rest.get("/api/users/me/stats")),
        ("updateConsent", await rest.patch("/api/users/me/consent", json={"termsVersion": "1"})),
        ("putVoiceProfile", await rest.post("/api/users/me/voice-profile")),
        ("getVoiceProfileStatus", await rest.get("/api/users/me/voice-profile/status")),
        ("deleteVoiceProfile", await rest.delete("/api/users/me/voice-profile")),
        ("reanalyzeCall", await rest.post(f"{path}/reanalyze")),
        ("reanalyzeCall", await rest.post(f"/api/calls/{failed.id}/reanalyze")),
        ("deleteCalls", await rest.request("DELETE", "/api/calls", json={"callIds": [str(failed.id)]})),
        ("deleteCall", await rest.delete(path)),
        ("deleteCall", await rest.delete(path)),
    ]
    break_store()
    answers.append(("analyzeCall", await rest.post("/api/calls/analyze", **upload)))

    statuses = [response.status_code for _, response in answers]
    assert statuses == [
        200, 405, 202, 400, 200, 200, 400, 200, 400, 200, 200, 200, 400, 200, 422, 200, 404, 200, 200, 200, 415,
        200, 201, 400, 200, 200, 200, 404, 204, 404,
        200, 201, 400, 200, 400, 204, 404, 200, 404, 200, 400, 200, 200, 400, 200, 200, 404, 404, 204,
        200, 409, 200, 204, 404, 503,
    ]  # fmt: skip
    for operation_id, response in answers:
        assert_documented(operation_id, response)


def test_texts_of_bodies_have_their_bounds() -> None:
    body = DOCUMENT["paths"]["/api/users/me/consent"]["patch"]["requestBody"]["content"]["application/json"]["schema"]

    [text, null] = body["properties"]["termsVersion"]["anyOf"]
    assert text == Text(64, min_chars=1).describe()
    assert (text["minLength"], text["maxLength"]) == (1, 64)
    assert null == {"type": "null"}


def test_links_lead_to_endpoints_that_take_what_they_bring() -> None:
    operations = {
        operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
    }

    for source, links in LINKS.items():
        method, path, statuses = OPERATIONS[source]
        assert DOCUMENT["paths"][path][method]["responses"][str(min(statuses))]["links"].keys() == {
            link.operation_id for link in links
        }
        for link in links:
            target = operations[link.operation_id]
            assert link.parameters.keys() <= {parameter.get("name") for parameter in target["parameters"]}
            assert link.body is None or "requestBody" in target


async def test_link_to_an_endpoint_that_is_not_there_is_left_out(resources: Resources) -> None:
    async with rest_client(resources, debug_endpoints_enabled=False) as rest:
        document = (await rest.get("/openapi.json")).json()

    links = document["paths"]["/api/calls/analyze"]["post"]["responses"]["202"]["links"]
    assert {link.operation_id for link in LINKS["analyzeCall"]} - links.keys() == {"debugCallEvents"}


TRANSCRIPT = {
    "schemaVersion": 2,
    "callId": "0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
    "cleanText": "[00:00 - 00:01] Speaker 1: Hello?",
    "speakers": [
        {
            "speakerId": "spk_1",
            "sourceSpeakerId": "SPEAKER_00",
            "label": "Speaker 1",
            "displayName": None,
            "role": "UNKNOWN",
            "confidence": "LOW",
            "labelSource": "DIARIZATION",
            "voiceMatchScore": None,
            "voiceProfileMatched": None,
        }
    ],
    "segments": [
        {
            "id": "seg_0001",
            "speaker": "Speaker 1",
            "speakerLabel": "Speaker 1",
            "speakerDisplayName": None,
            "speakerId": "spk_1",
            "sourceSpeakerId": "SPEAKER_00",
            "role": "UNKNOWN",
            "startSeconds": 0.42,
            "endSeconds": 1.1,
            "text": "Hello?",
            "alignmentConfidence": "HIGH",
        }
    ],
    "speakerResolution": {
        "strategyVersion": 2,
        "usedUserDisplayName": False,
        "usedContactName": False,
        "usedDirection": False,
        "usedPhoneFallback": False,
        "voiceEmbeddingEnabled": False,
        "voiceProfileUsed": False,
        "voiceMatchStatus": "DISABLED",
        "totalSpeakerCount": 1,
        "resolvedSpeakerCount": 0,
        "warnings": [],
    },
    "pipeline": {
        "transcriptionProvider": "local",
        "transcriptionModel": "pocketsphinx",
        "diarizationProvider": "none",
        "alignmentVersion": "1.0",
        "normalizationVersion": 3,
        "status": "COMPLETED",
    },
    "createdAt": "2026-02-09T09:14:07Z",
}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [{}]),
        ({"api_keys": ("key",)}, [{"ScryonApiKey": []}, {"ApiKey": []}]),
        ({"firebase_project_id": "demo"}, [{"FirebaseToken": []}]),
        (
            {"firebase_project_id": "demo", "api_keys": ("key",)},
            [{"FirebaseToken": [], "ScryonApiKey": []}, {"FirebaseToken": [], "ApiKey": []}],
        ),
    ],
)
async def test_server_says_which_credentials_it_wants(
    resources: Resources, values: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    async with rest_client(resources, **values) as rest:
        document = (await rest.get("/openapi.json")).json()

    assert document["security"] == expected
    assert document["paths"]["/api/health"]["get"]["security"] == []
    assert "security" not in document["paths"]["/api/calls"]["get"]
