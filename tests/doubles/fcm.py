"""A double of Firebase Cloud Messaging, and of where a service account gets its bearer.

firebase-admin has no setting that leads it here: tests patch the address of messages, and give a service account whose
`token_uri` is the double's. Strict where Google is, and stricter in two places: messages that carry a notification, and
messages to anything but one registration token, are never ours. Source: providers.md, section 4.4.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer
from tests.doubles.id_tokens import PROJECT_ID, read_token, signing_key

CLIENT_EMAIL = "scryon@demo-scryon.iam.gserviceaccount.com"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = {
    "https://www.googleapis.com/auth/firebase.messaging",
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/firebase",
}
MAX_ASSERTION_SECONDS = 3600
CLOCK_SKEW_SECONDS = 60
MAX_DATA_BYTES = 4096
MAX_TTL_SECONDS = 2_419_200
TOKEN_PATH = "/token"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
TARGETS = {"token", "fid", "topic", "condition"}
MESSAGE_FIELDS = TARGETS | {"data", "notification", "android", "webpush", "apns", "fcm_options"}
ANDROID_FIELDS = {
    "bandwidth_constrained_ok",
    "collapse_key",
    "data",
    "direct_boot_ok",
    "fcm_options",
    "notification",
    "priority",
    "restricted_package_name",
    "restricted_satellite_ok",
    "ttl",
}


class Refusal(StrEnum):
    """What Google may have against a message that is well-formed."""

    UNREGISTERED = "unregistered"
    TOKEN_NAMED = "token_named"
    TOKEN_IN_TEXT = "token_in_text"
    OTHER_ARGUMENT = "other_argument"
    SENDER_ID_MISMATCH = "sender_id_mismatch"
    NOT_FOUND = "not_found"
    PERMISSION_DENIED = "permission_denied"
    THIRD_PARTY_AUTH_ERROR = "third_party_auth_error"
    QUOTA_EXCEEDED = "quota_exceeded"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    BAD_GATEWAY = "bad_gateway"


class Fcm(HttpDouble):
    """Knows one service account and takes every registration token. See `HttpDouble` for what can go wrong.

    `messages` has what it took, in order. With `refusal`, it takes no message, but still gives bearers; `failure`
    concerns both. `retry_after_seconds` goes with refusals.
    """

    def __init__(self, project_id: str = PROJECT_ID) -> None:
        self.messages: list[dict[str, Any]] = []
        self.refusal: Refusal | None = None
        self.retry_after_seconds: int | None = None
        self._project_id = project_id
        self._bearers: set[str] = set()
        self._taken = threading.Condition()
        self._send_path = f"/v1/projects/{project_id}/messages:send"
        super().__init__()

    @property
    def fcm_url(self) -> str:
        """What `messaging._MessagingService.FCM_URL` must be."""
        return f"http://{self.host}/v1/projects/{{0}}/messages:send"

    @property
    def token_url(self) -> str:
        """What the service account's `token_uri` must be."""
        return f"http://{self.host}{TOKEN_PATH}"

    @property
    def service_account(self) -> dict[str, str]:
        """The account that it knows."""
        return {
            "type": "service_account",
            "project_id": self._project_id,
            "client_email": CLIENT_EMAIL,
            "private_key": signing_key(0).private_pem,
            "token_uri": self.token_url,
        }

    @property
    def sends(self) -> int:
        """How many messages arrived, refused ones included."""
        return sum(request.path == self._send_path for request in self.requests)

    @property
    def grants(self) -> int:
        """How often somebody asked for a bearer."""
        return sum(request.path == TOKEN_PATH for request in self.requests)

    def wait_for_messages(self, count: int, seconds: float = 10) -> None:
        """Block until it has taken so many messages in all; from a coroutine, call it in a thread."""
        with self._taken:
            assert self._taken.wait_for(lambda: len(self.messages) >= count, seconds), "too few messages in time"

    def issue_bearer(self) -> str:
        """A bearer as its endpoint gives it."""
        bearer = f"ya29.c.{uuid4().hex}"
        self._bearers.add(bearer)
        return bearer

    def revoke_bearers(self) -> None:
        """Take none of the bearers any more that are out."""
        self._bearers.clear()

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", TOKEN_PATH):
            return self._grant(request)
        if (request.method, request.path) != ("POST", self._send_path):
            return _refuse(404, "Requested entity was not found.", "NOT_FOUND")
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or bearer not in self._bearers:
            return _refuse(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        if self.refusal is not None:
            headers = {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}
            answer = _REFUSALS[self.refusal]
            return Answer(answer.status, answer.body, answer.content_type, headers)
        return self._take(request)

    def _grant(self, request: Request) -> Answer:
        form = parse_qs(request.body.decode())
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return json_answer({"error": "invalid_request", "error_description": "Bad Request"}, 400)
        if form.get("grant_type") != [GRANT_TYPE]:
            description = f"Invalid grant_type: {form.get('grant_type', [''])[0]}"
            return json_answer({"error": "unsupported_grant_type", "error_description": description}, 400)
        problem = _find_problem(form.get("assertion", [""])[0])
        if problem is not None:
            return json_answer({"error": "invalid_grant", "error_description": problem}, 400)
        return json_answer({"access_token": self.issue_bearer(), "expires_in": 3599, "token_type": "Bearer"})

    def _take(self, request: Request) -> Answer:
        try:
            body = json.loads(request.body)
            message = body["message"]
            unknown = [*(set(body) - {"message", "validate_only"}), *(set(message) - MESSAGE_FIELDS)]
        except (ValueError, KeyError, TypeError):
            return _refuse(400, "Invalid JSON payload received.", "INVALID_ARGUMENT")
        if unknown:
            text = f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.'
            return _refuse(400, text, "INVALID_ARGUMENT", _violation("", text))
        problem = _find_wrong_target(message) or _find_wrong_data(message) or _find_wrong_android(message)
        if problem is not None:
            return problem
        with self._taken:
            self.messages.append(message)
            self._taken.notify_all()
            return json_answer({"name": f"projects/{self._project_id}/messages/0:{len(self.messages)}"})


def _find_problem(assertion: str) -> str | None:
    """What is wrong with a signed JWT, in Google's words; None when it earns a bearer."""
    try:
        header, claims = read_token(assertion)
        text, _, signature = assertion.rpartition(".")
        padded = signature + "=" * (-len(signature) % 4)
        public_key = signing_key(0).private_key.public_key()
        public_key.verify(base64.urlsafe_b64decode(padded), text.encode(), PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return "Invalid JWT Signature."
    if header.get("alg") != "RS256":
        return "Invalid JWT Signature."
    if claims.get("iss") != CLIENT_EMAIL:
        return "Invalid grant: account not found"
    if claims.get("aud") != AUDIENCE:
        return "Invalid JWT: Failed audience check."
    now = time.time()
    issued_at, expires_at = claims.get("iat", 0), claims.get("exp", 0)
    is_current = issued_at <= now + CLOCK_SKEW_SECONDS and now < expires_at <= issued_at + MAX_ASSERTION_SECONDS
    if not is_current:
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    if not SCOPES & set(claims.get("scope", "").split()):
        return "Invalid OAuth scope or ID token audience provided."
    return None


def _find_wrong_target(message: Mapping[str, Any]) -> Answer | None:
    if set(message) & TARGETS != {"token"}:
        return _refuse(400, "Recipient of the message is not set.", "INVALID_ARGUMENT", _fcm_error("INVALID_ARGUMENT"))
    if not isinstance(message["token"], str) or not message["token"]:
        return _REFUSALS[Refusal.TOKEN_IN_TEXT]
    return None


def _find_wrong_data(message: Mapping[str, Any]) -> Answer | None:
    data = message.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        text = "Invalid value at 'message.data[0].value' (TYPE_STRING)"
        return _refuse(400, text, "INVALID_ARGUMENT", _violation("message.data[0].value", text))
    for key in data:
        if key == "from" or key.startswith(("gcm", "google")):
            text = f"Invalid data payload key: {key}"
            violation = _violation(f"message.data[{key}]", text)
            return _refuse(400, text, "INVALID_ARGUMENT", violation, _fcm_error("INVALID_ARGUMENT"))
    if sum(len(text.encode()) for pair in data.items() for text in pair) > MAX_DATA_BYTES:
        text = "Android message is too big"
        return _refuse(400, text, "INVALID_ARGUMENT", _violation("message", text), _fcm_error("INVALID_ARGUMENT"))
    return None


def _find_wrong_android(message: Mapping[str, Any]) -> Answer | None:
    """Also a notification, anywhere: such a message would be shown by the system instead of the app."""
    android = message.get("android", {})
    parts = [message, *(message.get(name, {}) for name in ("android", "webpush", "apns"))]
    if not all(isinstance(part, dict) for part in parts):
        return _refuse(400, "Invalid JSON payload received.", "INVALID_ARGUMENT")
    if any("notification" in part for part in parts):
        return _refuse(400, "The double takes messages of data only.", "INVALID_ARGUMENT")
    unknown = set(android) - ANDROID_FIELDS
    if unknown:
        text = f"Invalid JSON payload received. Unknown name \"{unknown.pop()}\" at 'message.android'"
        return _refuse(400, text, "INVALID_ARGUMENT", _violation("message.android", text))
    if android.get("priority", "normal") not in ("high", "normal"):
        text = "Invalid value at 'message.android.priority'"
        return _refuse(400, text, "INVALID_ARGUMENT", _violation("message.android.priority", text))
    if not _is_ttl(android.get("ttl", "0s")):
        text = "Invalid value at 'message.android.ttl', Illegal duration format; duration must end with 's'"
        return _refuse(400, text, "INVALID_ARGUMENT", _violation("message.android.ttl", text))
    return None


def _is_ttl(value: object) -> bool:
    match = re.fullmatch(r"(\d{1,9})(\.\d{1,9})?s", value) if isinstance(value, str) else None
    return match is not None and int(match[1]) <= MAX_TTL_SECONDS


def _refuse(code: int, message: str, status: str, *details: Mapping[str, object]) -> Answer:
    error: dict[str, object] = {"code": code, "message": message, "status": status}
    return json_answer({"error": {**error, "details": list(details)} if details else error}, code)


def _fcm_error(code: str) -> dict[str, object]:
    return {"@type": FCM_ERROR, "errorCode": code}


def _violation(field: str, description: str) -> dict[str, object]:
    return {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": description}]}


_REFUSALS: Mapping[Refusal, Answer] = {
    Refusal.UNREGISTERED: _refuse(404, "Requested entity was not found.", "NOT_FOUND", _fcm_error("UNREGISTERED")),
    Refusal.TOKEN_NAMED: _refuse(
        400,
        "Request contains an invalid argument.",
        "INVALID_ARGUMENT",
        _violation("message.token", "Invalid value"),
        _fcm_error("INVALID_ARGUMENT"),
    ),
    Refusal.TOKEN_IN_TEXT: _refuse(
        400,
        "The registration token is not a valid FCM registration token",
        "INVALID_ARGUMENT",
        _fcm_error("INVALID_ARGUMENT"),
    ),
    Refusal.OTHER_ARGUMENT: _refuse(
        400,
        "Request contains an invalid argument.",
        "INVALID_ARGUMENT",
        _violation("message.android.ttl", "Invalid value"),
        _fcm_error("INVALID_ARGUMENT"),
    ),
    Refusal.SENDER_ID_MISMATCH: _refuse(
        403, "SenderId mismatch", "PERMISSION_DENIED", _fcm_error("SENDER_ID_MISMATCH")
    ),
    # Without an FCM code: a project that does not exist, and an account without the right to send.
    Refusal.NOT_FOUND: _refuse(404, "Requested entity was not found.", "NOT_FOUND"),
    Refusal.PERMISSION_DENIED: _refuse(
        403, "Permission 'cloudmessaging.messages.create' denied on resource.", "PERMISSION_DENIED"
    ),
    Refusal.THIRD_PARTY_AUTH_ERROR: _refuse(
        401, "Request is missing required credential.", "UNAUTHENTICATED", _fcm_error("THIRD_PARTY_AUTH_ERROR")
    ),
    Refusal.QUOTA_EXCEEDED: _refuse(
        429, "Quota exceeded for quota metric.", "RESOURCE_EXHAUSTED", _fcm_error("QUOTA_EXCEEDED")
    ),
    Refusal.UNAVAILABLE: _refuse(503, "The service is unavailable.", "UNAVAILABLE", _fcm_error("UNAVAILABLE")),
    Refusal.INTERNAL: _refuse(500, "Internal error encountered.", "INTERNAL", _fcm_error("INTERNAL")),
    Refusal.BAD_GATEWAY: Answer(
        502, b"<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title>", content_type="text/html"
    ),
}
