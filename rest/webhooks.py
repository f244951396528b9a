"""Where a transcription provider brings its transcripts: a signature instead of a user, and no operation behind it.

Source: rest.md, section 3.13.
"""

from fastapi import APIRouter, Request, Response

from app.callbacks import MAX_CALLBACK_BYTES, check_callback, receive_callback
from app.errors import (
    InternalError,
    PayloadTooLargeError,
    ServiceUnavailableError,
    StorageUnavailableError,
    ValidationFailedError,
    WebhookSignatureInvalidError,
)
from rest.answers import json_answer
from rest.documentation import Documentation, RawBody, documented
from rest.endpoint import Endpoint
from rest.inputs import request_body

router = APIRouter(prefix="/api/webhooks", route_class=Endpoint)

_QUERY = {
    "callId": ("The call whose transcript this is.", {"type": "string", "format": "uuid"}),
    "exp": ("Until when the address is good, in unix seconds.", {"type": "integer", "minimum": 0}),
    "sig": (
        "HMAC-SHA256 over the raw query string without this parameter, in lower-case hex.",
        {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    ),
}
_RECEIVED = {
    "type": "object",
    "properties": {"received": {"const": True}},
    "required": ["received"],
    "additionalProperties": False,
}


@router.post("/lemonfox")
@documented(
    Documentation(
        "lemonfoxWebhook",
        schema=_RECEIVED,
        errors=(
            ValidationFailedError,
            WebhookSignatureInvalidError,
            PayloadTooLargeError,
            InternalError,
            ServiceUnavailableError,
            StorageUnavailableError,
        ),
        parameters=tuple(
            {"name": name, "in": "query", "required": True, "description": description, "schema": schema}
            for name, (description, schema) in _QUERY.items()
        ),
        raw_body=RawBody("The provider's answer, of any content type.", MAX_CALLBACK_BYTES),
        is_public=True,
    )
)
async def lemonfox_webhook(request: Request) -> Response:
    """Take in the transcript of a call that waits for it; only the provider is told this address, and it is signed."""
    resources = request.app.state.resources
    call_id = check_callback(resources.settings, request.scope["query_string"])
    content = await request_body(request).read(MAX_CALLBACK_BYTES)
    await receive_callback(resources, call_id, content, request.state.request_id)
    return json_answer({"received": True})
