"""A request for every answer that the document promises and a client can cause. Source: rest.md, sections 2 to 4."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from app.uploads.receiving import ACCEPTED_FORMATS
from tests.callbacks import callback_query
from tests.contract.conftest import API_KEY, DISABLED, MAX_FILE_BYTES, MAX_SAMPLE_MIB, MEERA, SUSPENDED
from tests.forms import CONTENT_TYPE, WAV, Part, encode, file
from tests.forms import field as part
from tests.rest.test_openapi import OPERATIONS
from tests.voices import make_sample

UNKNOWN = "2c4f34da-ed0e-48b7-8ba7-81636fe4515b"
MAX_JSON_BYTES = 1_048_576
MAX_CALLBACK_BYTES = 33_554_432
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": CONTENT_TYPE}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to an endpoint, and the error that it gets; without a `code` it succeeds.

    `id` names what the path leads to, `user` who asks; `headers` are beside their credentials, and None leaves one out.
    """

    code: str | None = None
    status: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    id: str = "call"
    user: str = MEERA
    method: str | None = None
    json: Any = None
    content: bytes | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)


def invalid(name: str, message: str, **request: Any) -> Ask:
    return Ask("validation_failed", 400, {"fields": [{"field": name, "message": message}]}, **request)


def missing(thing: str, **request: Any) -> Ask:
    return Ask(f"{thing}_not_found", 404, **{"id": "nothing", **request})


def sample(code: str, status: int, details: Mapping[str, Any], content: bytes, *beside: Part) -> Ask:
    """A form with a voice sample."""
    return Ask(code, status, details, content=encode([file(content), *beside]), headers=FORM)


ANYONE = (
    Ask("auth_missing", 401, {"scheme": "api_key"}, headers={"X-Scryon-Api-Key": None}),
    Ask("auth_invalid", 401, {"scheme": "api_key"}, headers={"X-Scryon-Api-Key": f"{API_KEY}-"}),
    Ask("auth_missing", 401, {"scheme": "bearer"}, headers={"Authorization": None}),
    Ask("auth_invalid", 401, {"scheme": "bearer"}, headers={"Authorization": "Bearer zebra"}),
    Ask("ACCOUNT_DISABLED", 403, {"accountStatus": "DISABLED", "reason": "spam"}, user=DISABLED),
)
"""What every endpoint tells those whom it does not let in."""

KEYED = invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters", headers={"Idempotency-Key": ""})

BODY = (
    invalid("body", "is required", headers=JSON),
    Ask("payload_too_large", 413, {"maxBytes": MAX_JSON_BYTES}, content=bytes(MAX_JSON_BYTES + 1), headers=JSON),
    Ask(
        "unsupported_media_type",
        415,
        {"accepted": ["application/json"]},
        content=b"{}",
        headers={"Content-Type": "text/plain"},
    ),
)

RECORDING = {"content": encode([file(WAV)]), "headers": FORM}
ACTION = {"title": "Call the plumber", "status": "OPEN"}
CONTACT = {"name": "Petra Vogt"}
FAILED = {"status": "FAILED", "errorReason": "transcription_timeout"}
CALLBACK = {
    # Neither key nor token.
    "headers": {"X-Scryon-Api-Key": None, "Authorization": None},
    "params": dict(parse_qsl(callback_query(UNKNOWN, expires_in_seconds=3600))),
}

OF_THEIR_OWN: dict[str, tuple[Ask, ...]] = {
    "getHealth": (
        Ask("method_not_allowed", 405, {"allowed": ["GET", "HEAD"]}, method="PUT"),
        Ask(),
    ),
    "analyzeCall": (
        invalid("file", "must be sent as multipart/form-data"),
        Ask("ACCOUNT_SUSPENDED", 403, {"accountStatus": "SUSPENDED", "reason": "invoice open"}, user=SUSPENDED),
        Ask(
            "payload_too_large",
            413,
            {"maxBytes": MAX_FILE_BYTES},
            content=encode([file(WAV + bytes(MAX_FILE_BYTES))]),
            headers=FORM,
        ),
        Ask(
            "unsupported_media_type",
            415,
            {"accepted": list(ACCEPTED_FORMATS)},
            content=encode([file(b"no recording")]),
            headers=FORM,
        ),
        Ask(**RECORDING),
    ),
    "listCalls": (invalid("limit", "must be between 1 and 100", params={"limit": "0"}), Ask()),
    "getCallStatuses": (invalid("ids", "must hold at least one id"), Ask(params={"ids": UNKNOWN})),
    "getCall": (missing("call"), Ask()),
    "getTranscript": (
        missing("call"),
        missing("transcript", id="bare_call"),
        Ask("call_not_completed", 422, FAILED, id="failed_call"),
        Ask(),
    ),
    "getAnalysis": (
        missing("call"),
        missing("analysis", id="bare_call"),
        Ask("call_not_completed", 422, FAILED, id="failed_call"),
        Ask(),
    ),
    "updateCall": (missing("call", json={}), Ask(json={"title": "Boiler"})),
    "deleteCall": (missing("call"), Ask()),
    "assignContact": (
        missing("call", json={"contactId": None}),
        missing("contact", id="call", json={"contactId": UNKNOWN}),
        Ask(json={"contactId": None}),
    ),
    "reanalyzeCall": (
        missing("call"),
        missing("transcript", id="bare_call"),
        Ask("call_not_reanalyzable", 409, FAILED, id="failed_call"),
        Ask(),
    ),
    "deleteCalls": (Ask(json={"callIds": [UNKNOWN]}),),
    "listActions": (invalid("limit", "must be between 1 and 100", params={"limit": "0"}), Ask()),
    "updateActionStatus": (
        missing("action_item", json={"status": "DONE"}),
        Ask(id="action_item", json={"status": "DONE"}),
    ),
    "listContacts": (Ask(),),
    "createContact": (Ask(json=CONTACT),),
    "getContact": (missing("contact"), Ask(id="contact")),
    "replaceContact": (missing("contact", json=CONTACT), Ask(id="contact", json=CONTACT)),
    "deleteContact": (missing("contact"), Ask(id="contact")),
    "listCallActions": (missing("call"), Ask()),
    "createAction": (missing("call", json=ACTION), Ask(json=ACTION)),
    "replaceAction": (missing("action_item", json=ACTION), Ask(id="action_item", json=ACTION)),
    "deleteAction": (missing("action_item"), Ask(id="action_item")),
    "getVibe": (invalid("days", "must be between 1 and 365", params={"days": "0"}), Ask()),
    "debugCallEvents": (missing("call"), Ask()),
    "getMe": (Ask(),),
    "updateMe": (Ask(json={"displayName": "Meera Nair"}),),
    "deleteMe": (Ask(),),
    "getStats": (Ask(),),
    "updateConsent": (Ask(json={"termsVersion": "1"}),),
    "putVoiceProfile": (
        invalid("file", "must be sent as multipart/form-data"),
        sample("voice_consent_required", 400, {}, WAV, part("consentAccepted", "false")),
        sample("voice_sample_too_short", 400, {"minSeconds": 15, "actualSeconds": 9.4}, make_sample(9.4)),
        sample("voice_sample_too_long", 400, {"maxSeconds": 45, "actualSeconds": 61}, make_sample(61.0)),
        sample(
            "voice_sample_too_large", 413, {"maxBytes": MAX_SAMPLE_MIB * 1_048_576}, WAV + bytes(MAX_SAMPLE_MIB << 20)
        ),
        sample("unsupported_media_type", 415, {"accepted": list(ACCEPTED_FORMATS)}, b"no recording"),
        sample("voice_provider_error", 502, {"reason": "not_configured"}, make_sample(15.0)),
    ),
    "getVoiceProfileStatus": (Ask(),),
    "deleteVoiceProfile": (Ask(),),
    "lemonfoxWebhook": (
        Ask("webhook_signature_invalid", 401, headers=CALLBACK["headers"], json={}),
        invalid("body", "must be a JSON object", **CALLBACK),
        Ask(
            "payload_too_large",
            413,
            {"maxBytes": MAX_CALLBACK_BYTES},
            content=bytes(MAX_CALLBACK_BYTES + 1),
            **CALLBACK,
        ),
        Ask(json={"text": "Hello."}, **CALLBACK),
    ),
}
"""Beside what all endpoints of their kind answer; what succeeds comes last, since it may delete what was there."""


def asks_of(operation_id: str) -> list[Ask]:
    """All requests to an endpoint, in an order in which they get their answers."""
    statuses = OPERATIONS[operation_id][2]
    *refused, last = OF_THEIR_OWN[operation_id]
    asks = [*ANYONE] if 403 in statuses else []
    if 409 in statuses:
        asks.append(KEYED)
    if 415 in statuses and operation_id not in ("analyzeCall", "putVoiceProfile"):
        asks.extend(BODY)
    asks.extend(refused)
    if 409 not in statuses or operation_id in ("putVoiceProfile", "deleteMe"):
        return [*asks, last]
    keyed = replace(last, headers={**last.headers, "Idempotency-Key": "key-1"})
    conflict = replace(keyed, code="idempotency_key_conflict", status=409, params={**keyed.params, "other": "1"})
    return [*asks, keyed, conflict]
