"""Voice samples through `/graphql`: which requests bring one; nothing is stored. Source: rest.md, 1.11 and 2.16."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import select

from app.errors import ValidationFailedError
from app.resources import Resources
from app.settings import Settings
from app.storage.store import ObjectStore
from app.uploads.forms import FilePurpose
from app.voice.models import VoiceProfile
from scryon_graphql.voice_samples import find_purpose
from tests.forms import CONTENT_TYPE, WAV, Part, encode, field, file
from tests.voices import ScriptedVoices, make_sample

PUT = """
mutation Put($file: Upload!, $agreed: Boolean) {
  putVoiceProfile(file: $file, consentAccepted: $agreed) { status enabled provider sampleCount sampleDurationSeconds }
}
"""
ANALYZE = "mutation Analyze($file: Upload!) { analyzeCall(file: $file) { id } }"
SPREAD = """
query Other { me { id } }
mutation Put($file: Upload!) { ...Outer }
fragment Outer on Mutation { ... on Mutation { ...Inner } }
fragment Inner on Mutation { ...Outer voice: putVoiceProfile(file: $file) { status } }
"""
MAP = field("map", '{"0": ["variables.file"]}')


class UntouchedStore(ObjectStore):
    """Fails the test as soon as anything is written."""

    async def put_stream(self, key: str, chunks: Any) -> None:
        raise AssertionError(key)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"voice_embedding_enabled": True, "voice_sample_max_size_mb": 1})


@pytest.fixture
def voices() -> ScriptedVoices:
    return ScriptedVoices()


@pytest.fixture
def resources(resources: Resources, voices: ScriptedVoices) -> Resources:
    untouched = UntouchedStore(resources.storage._store, resources.storage._root)
    return replace(resources, voices=voices, storage=untouched)


async def send(rest: httpx.AsyncClient, query: str, sample: bytes, **variables: Any) -> httpx.Response:
    operations = {"query": query, "variables": {"file": None, **variables}}
    return await post(rest, field("operations", orjson.dumps(operations)), MAP, file(sample, name="0"))


async def post(rest: httpx.AsyncClient, *parts: Part, **headers: str) -> httpx.Response:
    return await rest.post("/graphql", content=encode(parts), headers={"Content-Type": CONTENT_TYPE, **headers})


def extensions(response: httpx.Response) -> dict[str, Any]:
    [error] = response.json()["errors"]
    found: dict[str, Any] = error["extensions"]
    return found


async def test_profile_is_made_of_a_sample_that_is_not_stored(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, voices: ScriptedVoices
) -> None:
    response = await send(rest, PUT, make_sample(15.0), agreed=True)

    assert response.json() == {
        "data": {
            "putVoiceProfile": {
                "status": "ACTIVE",
                "enabled": True,
                "provider": "pyannote",
                "sampleCount": 1,
                "sampleDurationSeconds": 15,
            }
        }
    }
    assert len(voices.samples) == 1
    async with resources.database.read() as session:
        assert [row.user_id for row in await session.scalars(select(VoiceProfile))] == [owner]


@pytest.mark.parametrize(
    ("sample", "variables", "code", "details"),
    [
        (make_sample(15.0), {"agreed": False}, "voice_consent_required", {}),
        (make_sample(14.9), {}, "voice_sample_too_short", {"minSeconds": 15, "actualSeconds": 14.9}),
    ],
    ids=["no consent", "too short"],
)
async def test_refusals_of_the_mutation_are_beside_the_data(
    rest: httpx.AsyncClient, sample: bytes, variables: dict[str, Any], code: str, details: dict[str, Any]
) -> None:
    response = await send(rest, PUT, sample, **variables)

    assert (response.status_code, response.json()["data"]) == (200, None)
    assert extensions(response) == {"code": code, "status": 400, "details": details}


async def test_sample_over_its_limit_is_not_taken_in(rest: httpx.AsyncClient) -> None:
    response = await send(rest, PUT, WAV + bytes(1024 * 1024))

    assert response.status_code == 413
    assert extensions(response)["code"] == "voice_sample_too_large"
    assert extensions(response)["details"] == {"maxBytes": 1024 * 1024}


async def test_sample_is_not_stored_while_the_feature_is_off(
    rest: httpx.AsyncClient, app: Any, resources: Resources
) -> None:
    off = resources.settings.model_copy(update={"voice_embedding_enabled": False})
    app.state.resources = replace(resources, settings=off)

    response = await send(rest, PUT, make_sample(15.0))

    assert extensions(response) == {"code": "feature_not_available", "status": 404, "details": {}}


async def test_document_may_hide_the_mutation_in_fragments(rest: httpx.AsyncClient) -> None:
    query = SPREAD.replace("...Outer voice:", "voice:")
    operations = {"query": query, "variables": {"file": None}, "operationName": "Put"}
    parts = [field("operations", orjson.dumps(operations)), MAP, file(make_sample(15.0), name="0")]

    response = await post(rest, *parts)

    assert response.json() == {"data": {"voice": {"status": "ACTIVE"}}}


async def test_file_before_its_operations_is_not_kept(rest: httpx.AsyncClient) -> None:
    operations = field("operations", orjson.dumps({"query": PUT, "variables": {"file": None}}))

    response = await post(rest, MAP, file(make_sample(15.0), name="0"), operations)

    assert response.status_code == 400
    assert extensions(response)["details"] == {
        "fields": [{"field": "operations", "message": "must come before the file"}]
    }


async def test_repeated_sample_is_learned_once(rest: httpx.AsyncClient, voices: ScriptedVoices) -> None:
    async def put(sample: bytes) -> httpx.Response:
        operations = field("operations", orjson.dumps({"query": PUT, "variables": {"file": None}}))
        return await post(rest, operations, MAP, file(sample, name="0"), **{"Idempotency-Key": "key-1"})

    first, second, other = [await put(make_sample(seconds)) for seconds in (15.0, 15.0, 16.0)]

    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert other.status_code == 409
    assert len(voices.samples) == 1


async def test_file_must_come_with_the_request(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/graphql", json={"query": PUT, "variables": {"file": "sample"}})

    assert extensions(response)["details"]["fields"][0]["field"] == "variables.file"


@pytest.mark.parametrize(
    ("query", "operation_name"),
    [
        (PUT, "Nobody"),
        (PUT, 5),
        (PUT + "}", None),
        (PUT.replace("putVoiceProfile", "putVoiceprofile"), None),
        (ANALYZE + "}", None),
    ],
    ids=["unknown operation", "senseless operation", "broken", "unknown field", "broken, of a call"],
)
async def test_file_of_a_mistaken_request_is_not_stored(
    rest: httpx.AsyncClient, query: str, operation_name: object
) -> None:
    operations = {"query": query, "variables": {"file": None}, "operationName": operation_name}

    response = await post(rest, field("operations", orjson.dumps(operations)), MAP, file(make_sample(15.0), name="0"))

    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes == {"validation_failed"}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ({"query": PUT}, FilePurpose.SAMPLE),
        ({"query": ANALYZE}, FilePurpose.RECORDING),
        ({"query": SPREAD, "operationName": "Put"}, FilePurpose.SAMPLE),
        ({"query": SPREAD, "operationName": "Other"}, FilePurpose.NONE),
        ({"query": PUT + ANALYZE, "operationName": "Put"}, FilePurpose.SAMPLE),
        ({"query": PUT + ANALYZE, "operationName": "Analyze"}, FilePurpose.RECORDING),
        ({"query": PUT, "operationName": 1}, FilePurpose.NONE),
        ({"query": "mutation { analyzeCall { putVoiceProfile } }"}, FilePurpose.RECORDING),
        ({"query": "mutation { ...Nowhere }"}, FilePurpose.NONE),
        ({"query": "mutation {"}, FilePurpose.NONE),
        ({"query": "{ " * 5000}, FilePurpose.NONE),
        ({"query": 1}, FilePurpose.NONE),
        ({}, FilePurpose.NONE),
    ],
)
def test_document_tells_what_its_file_is_for(operations: dict[str, Any], expected: FilePurpose) -> None:
    assert find_purpose(operations) is expected


@pytest.mark.parametrize("separator", ["", " } mutation Second($file: Upload!) { "])
def test_one_file_is_not_both(separator: str) -> None:
    query = (
        "mutation ($file: Upload!) { analyzeCall(file: $file) { id } "
        + separator
        + "putVoiceProfile(file: $file) { status } }"
    )

    with pytest.raises(ValidationFailedError) as refused:
        find_purpose({"query": query})

    assert [problem["field"] for problem in refused.value.details["fields"]] == ["operations"]
