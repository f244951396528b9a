"""The examples of the OpenAPI document: nothing lacks one, and each fits. Source: rest.md, sections 1.5, 2, 3 and 4."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import pytest

from rest.examples import FOLDER
from rest.openapi import export_openapi

DOCUMENT: dict[str, Any] = orjson.loads(export_openapi())
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}

DETAILS: dict[str, dict[str, Any]] = {
    "voice_consent_required": {},
    "voice_sample_too_short": {"minSeconds": 15, "actualSeconds": 9.4},
    "voice_sample_too_long": {"maxSeconds": 45, "actualSeconds": 61},
    "auth_missing": {"scheme": "bearer"},
    "auth_invalid": {"scheme": "api_key"},
    "webhook_signature_invalid": {},
    "auth_disabled": {},
    "ACCOUNT_DISABLED": {"accountStatus": "DISABLED", "reason": "terms of use"},
    "ACCOUNT_SUSPENDED": {"accountStatus": "SUSPENDED", "reason": "invoice open"},
    "call_not_found": {},
    "transcript_not_found": {},
    "analysis_not_found": {},
    "action_item_not_found": {},
    "contact_not_found": {},
    "feature_not_available": {},
    "method_not_allowed": {"allowed": ["GET", "HEAD"]},
    "idempotency_key_conflict": {},
    "idempotency_in_progress": {},
    "call_not_reanalyzable": {"status": "QUEUED"},
    "reanalyze_in_progress": {},
    "voice_sample_too_large": {"maxBytes": 10_485_760},
    "call_not_completed": {"status": "FAILED", "errorReason": "transcription_timeout"},
    "UPLOAD_RATE_LIMIT": {"limit": 20, "used": 20},
    "CONCURRENT_CALLS_LIMIT": {"limit": 5, "used": 5},
    "UPLOAD_VOLUME_LIMIT": {"limit": 10_737_418_240, "used": 10_730_000_000},
    "internal_error": {},
    "voice_provider_error": {"reason": "rejected"},
    "analysis_failed": {"reason": "analysis_timeout"},
    "service_unavailable": {},
    "storage_unavailable": {},
}
"""Section 4, apart from codes whose details are another endpoint's business."""

ENDPOINTS_OWN = {"validation_failed", "payload_too_large", "unsupported_media_type"}
"""See `test_openapi.py`."""


def _contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema of each body of an answer with its examples, by status."""
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values():
            yield status, content


def _problems(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_answer_has_examples_that_fit_its_schema(operation_id: str) -> None:
    for status, content in _contents(OPERATIONS[operation_id]):
        examples = content["examples"]

        assert examples, status
        for name, example in examples.items():
            assert example.keys() == {"value"}
            assert _problems(content["schema"], example["value"]) == [], (status, name)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_form_of_an_answer_has_an_example(operation_id: str) -> None:
    for _, content in _contents(OPERATIONS[operation_id]):
        values = [example["value"] for example in content["examples"].values()]

        for form in content["schema"].get("oneOf", []):
            assert [value for value in values if not _problems(form, value)] != []


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_request_body_has_an_example_that_fits_its_schema(operation_id: str) -> None:
    for content in OPERATIONS[operation_id].get("requestBody", {}).get("content", {}).values():
        assert _problems(content["schema"], content["example"]) == []


def test_every_file_belongs_to_an_operation_with_a_body() -> None:
    with_body = {
        operation_id
        for operation_id, operation in OPERATIONS.items()
        if any(status.startswith("2") for status, _ in _contents(operation))
    }

    assert {path.name for path in FOLDER.iterdir()} == {f"{operation_id}.json" for operation_id in with_body}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_errors_have_the_details_of_their_code(operation_id: str) -> None:
    for status, content in _contents(OPERATIONS[operation_id]):
        if status.startswith("2"):
            continue
        for name, example in content["examples"].items():
            error = example["value"]["error"]

            assert error["code"] == name
            assert name in ENDPOINTS_OWN or error["details"] == DETAILS[name]
