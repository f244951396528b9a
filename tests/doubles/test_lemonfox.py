"""The double of Lemonfox refuses what the real one refuses, or takes for something else than was meant."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.doubles.form_parts import FormPart
from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer
from tests.doubles.lemonfox import ERROR_BODY, KEY, Lemonfox, Variant, make_transcript

FILE = ("audio.wav", b"RIFF", "audio/wav")
FIELDS = {
    "model": "whisper-1",
    "response_format": "verbose_json",
    "speaker_labels": "true",
    "timestamp_granularities[]": ["word", "segment"],
    "language": "german",
}


class Receiver(HttpDouble):
    """Takes callbacks."""

    def answer(self, request: Request) -> Answer:
        return json_answer({})


@pytest.fixture
def lemonfox() -> Iterator[Lemonfox]:
    with Lemonfox(max_file_bytes=1000) as double:
        yield double


def ask(
    lemonfox: Lemonfox, fields: dict[str, Any] | None = None, *, file: Any = FILE, key: str = f"Bearer {KEY}"
) -> httpx.Response:
    return httpx.post(
        f"{lemonfox.base_url}/audio/transcriptions",
        data=FIELDS if fields is None else fields,
        files={} if file is None else {"file": file},
        headers={"Authorization": key},
    )


def test_good_request_is_answered_and_recorded(lemonfox: Lemonfox) -> None:
    response = ask(lemonfox)

    assert (response.status_code, response.json()) == (200, make_transcript())
    assert lemonfox.forms[0][-1] == FormPart("file", "audio.wav", "audio/wav", b"RIFF")


@pytest.mark.parametrize("variant", Variant)
def test_every_variant_is_another_transcript(lemonfox: Lemonfox, variant: Variant) -> None:
    lemonfox.variant = variant

    document = ask(lemonfox).json()

    assert [other for other in Variant if make_transcript(other) == document] == [variant]


@pytest.mark.parametrize("key", ["", KEY, f"Basic {KEY}", "Bearer lf_test_2"])
def test_only_the_key_opens(lemonfox: Lemonfox, key: str) -> None:
    assert ask(lemonfox, key=key).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"diarization": "true"},
        {"temperature": "0"},
        {"timestamp_granularities": "word"},
        {"timestamp_granularities[]": "word"},
        {"timestamp_granularities[]": "word", "response_format": "json"},
        {"speaker_labels": "true"},
        {"speaker_labels": "True", "response_format": "verbose_json"},
        {"max_speakers": "2", "response_format": "verbose_json"},
        {"max_speakers": "two", "response_format": "verbose_json", "speaker_labels": "true"},
        {"response_format": "xml"},
        {"response_format": ["json", "json"]},
        {"language": "de"},
        {"language": "German"},
        {"callback_url": "/api/webhooks/lemonfox"},
        {"model": ""},
    ],
)
def test_other_fields_and_values_are_refused(lemonfox: Lemonfox, fields: dict[str, Any]) -> None:
    assert ask(lemonfox, fields).status_code == 400


@pytest.mark.parametrize(
    "file",
    [None, ("call.txt", b"RIFF", "audio/wav"), ("audio.wav", b"RIFF", "text/plain"), ("audio.wav", b"", "audio/wav")],
    ids=["no file", "no audio by name", "no audio by type", "empty"],
)
def test_a_file_with_audio_is_needed(lemonfox: Lemonfox, file: Any) -> None:
    assert ask(lemonfox, file=file).status_code == 400


def test_a_field_that_comes_as_a_file_is_refused(lemonfox: Lemonfox) -> None:
    files = {"file": FILE, "response_format": ("a.txt", b"json", "text/plain")}

    response = httpx.post(
        f"{lemonfox.base_url}/audio/transcriptions", files=files, headers={"Authorization": f"Bearer {KEY}"}
    )

    assert response.status_code == 400


def test_a_large_file_is_refused(lemonfox: Lemonfox) -> None:
    assert ask(lemonfox, file=("audio.wav", bytes(1000), "audio/wav")).status_code == 200
    assert ask(lemonfox, file=("audio.wav", bytes(1001), "audio/wav")).status_code == 413


def test_another_address_is_not_found(lemonfox: Lemonfox) -> None:
    assert httpx.post(f"http://{lemonfox.host}/audio/transcriptions").status_code == 404
    assert httpx.get(f"{lemonfox.base_url}/audio/transcriptions").status_code == 404


def test_callbacks_are_accepted_and_posted_on_demand(lemonfox: Lemonfox) -> None:
    with Receiver() as receiver:
        url = f"http://{receiver.host}/hook?sig=1"
        response = ask(lemonfox, {**FIELDS, "callback_url": url})
        statuses = [lemonfox.call_back(url).status_code, lemonfox.call_back(url, ERROR_BODY).status_code]

    assert (response.status_code, lemonfox.callback_urls, statuses) == (202, [url], [200, 200])
    assert [request.path for request in receiver.requests] == ["/hook?sig=1"] * 2
    assert b'"segments"' in receiver.requests[0].body
    assert b'"error"' in receiver.requests[1].body
