"""The double of pyannoteAI refuses what the service refuses, and its jobs go as they are told to."""

import io
import socket
import wave
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.doubles.pyannote import KEY, PAYMENT_REQUIRED, TURNS, Endpoint, Pyannote

MEDIA = "media://scryon/7d1f-1.wav"
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def pyannote() -> Iterator[Pyannote]:
    with Pyannote() as double:
        yield double


@pytest.fixture
def client(pyannote: Pyannote) -> Iterator[httpx.Client]:
    """A client with the key; it reads no certificates, which takes longer than a test."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=pyannote.url, headers=headers, trust_env=False, verify=False) as opened:
        yield opened


def put(address: str, content: bytes, headers: dict[str, str]) -> int:
    """Send a PUT exactly as told, without a length of our own making; answers its status."""
    parts = urlsplit(address)
    path = address.removeprefix(f"{parts.scheme}://{parts.netloc}")
    lines = [f"PUT {path} HTTP/1.1", f"Host: {parts.netloc}", *(f"{name}: {headers[name]}" for name in headers)]
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        return int(connection.makefile("rb").readline().split()[1])


def upload(client: httpx.Client, content: bytes, media: str = MEDIA) -> int:
    address = client.post(Endpoint.MEDIA, json={"url": media}).json()["url"]
    return put(address, content, {**OCTETS, "Content-Length": str(len(content))})


def run(client: httpx.Client, path: str, **body: Any) -> list[dict[str, Any]]:
    """Submit a job and poll it to its end; answers what each poll has said."""
    answer = client.post(path, json={"url": MEDIA, **body})
    assert answer.status_code == 200, answer.text
    polls = [client.get(f"{Endpoint.JOB}/{answer.json()['jobId']}").json()]
    while polls[-1]["status"] in ("created", "pending", "running"):
        polls.append(client.get(f"{Endpoint.JOB}/{answer.json()['jobId']}").json())
    return polls


def make_wav(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(bytes(seconds * 16_000))
    return file.getvalue()


def test_diarization_goes_from_the_upload_to_the_turns(client: httpx.Client, pyannote: Pyannote) -> None:
    status = upload(client, b"audio")

    polls = run(client, Endpoint.DIARIZE, model="precision-2", maxSpeakers=2, exclusive=True)

    assert status == 200
    assert pyannote.media == {MEDIA: b"audio"}
    assert [poll["status"] for poll in polls] == ["created", "pending", "running", "succeeded"]
    assert polls[-1]["output"] == {"diarization": list(TURNS), "exclusiveDiarization": list(TURNS)}
    assert pyannote.counts(Endpoint.MEDIA, Endpoint.UPLOAD, Endpoint.DIARIZE, Endpoint.JOB) == (1, 1, 1, 4)


def test_voice_is_learnt_and_found(client: httpx.Client) -> None:
    upload(client, make_wav(30))

    learnt = run(client, Endpoint.VOICEPRINT, model="precision-2")[-1]["output"]["voiceprint"]
    found = run(client, Endpoint.IDENTIFY, voiceprints=[{"label": "v1", "voiceprint": learnt}])[-1]["output"]

    assert [row["match"] for row in found["identification"]] == ["v1", None, "v1"]
    assert found["voiceprints"] == [
        {"speaker": "SPEAKER_00", "match": "v1", "confidence": {"v1": 91}},
        {"speaker": "SPEAKER_01", "match": None, "confidence": {}},
    ]


def test_every_speaker_has_a_score_where_several_may_match(client: httpx.Client) -> None:
    upload(client, b"audio")
    voiceprints = [{"label": "v1", "voiceprint": "AAAA"}]
    matching = {"threshold": 0, "exclusive": False}

    found = run(client, Endpoint.IDENTIFY, voiceprints=voiceprints, matching=matching)[-1]["output"]

    assert [row["confidence"] for row in found["voiceprints"]] == [{"v1": 91}, {"v1": 8}]


@pytest.mark.parametrize("key", [None, "Bearer pk-wrong", f"Basic {KEY}"])
def test_nobody_asks_without_the_key(client: httpx.Client, key: str | None) -> None:
    client.headers.pop("Authorization")

    answers = [
        client.request(method, path, json=body, headers={} if key is None else {"Authorization": key})
        for method, path, body in [
            ("POST", Endpoint.MEDIA, {"url": MEDIA}),
            ("POST", Endpoint.DIARIZE, {"url": MEDIA}),
            ("GET", f"{Endpoint.JOB}/1", None),
        ]
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


def test_key_may_lack_a_permission(client: httpx.Client, pyannote: Pyannote) -> None:
    pyannote.permissions = {"media:write"}

    answers = [client.post(path, json={"url": MEDIA}) for path in (Endpoint.MEDIA, Endpoint.DIARIZE)]

    assert [answer.status_code for answer in answers] == [201, 403]


VOICEPRINTS = [{"label": "v1", "voiceprint": "AAAA"}]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/media/input", {}, "url"),
        ("/v1/media/input", {"url": "media://ä"}, "url"),
        ("/v1/media/input", {"url": "media://" + "a" * 248}, "url"),
        ("/v1/media/input", {"url": "https://example.org/a.wav"}, "url"),
        ("/v1/media/input", {"url": MEDIA, "key": "1"}, "key"),
        ("/v1/diarize", {"model": "precision-2"}, "url"),
        ("/v1/diarize", {"url": "http://example.org/a.wav"}, "url"),
        ("/v1/diarize", {"url": MEDIA, "model": "precision-1"}, "model"),
        ("/v1/diarize", {"url": MEDIA, "max_speakers": 2}, "max_speakers"),
        ("/v1/diarize", {"url": MEDIA, "maxSpeakers": "2"}, "maxSpeakers"),
        ("/v1/diarize", {"url": MEDIA, "maxSpeakers": 0}, "maxSpeakers"),
        ("/v1/diarize", {"url": MEDIA, "maxSpeakers": True}, "maxSpeakers"),
        ("/v1/diarize", {"url": MEDIA, "maxSpeakers": None}, "maxSpeakers"),
        ("/v1/diarize", {"url": MEDIA, "minSpeakers": 3, "maxSpeakers": 2}, "minSpeakers"),
        ("/v1/diarize", {"url": MEDIA, "exclusive": "true"}, "exclusive"),
        ("/v1/diarize", {"url": MEDIA, "webhook": "http://example.org/"}, "webhook"),
        ("/v1/diarize", {"url": MEDIA, "model": "community-1", "transcription": True}, "transcription"),
        ("/v1/diarize", {"url": MEDIA, "transcriptionConfig": {"model": "whisper"}}, "transcriptionConfig"),
        ("/v1/diarize", {"url": MEDIA, "voiceprints": VOICEPRINTS}, "voiceprints"),
        ("/v1/voiceprint", {"url": MEDIA, "model": "community-1"}, "model"),
        ("/v1/voiceprint", {"url": MEDIA, "maxSpeakers": 1}, "maxSpeakers"),
        ("/v1/identify", {"voiceprints": VOICEPRINTS}, "url"),
        ("/v1/identify", {"url": MEDIA}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": []}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": VOICEPRINTS * 51}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": [{"label": "v1"}]}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": [{"label": "speaker_1", "voiceprint": "A"}]}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": [{"label": "a" * 101, "voiceprint": "A"}]}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": [{"label": "v1", "voiceprint": "A" * 20_001}]}, "voiceprints"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": VOICEPRINTS, "model": "community-1"}, "model"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": VOICEPRINTS, "matching": {"threshold": 101}}, "matching"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": VOICEPRINTS, "matching": {"treshold": 1}}, "matching"),
        ("/v1/identify", {"url": MEDIA, "voiceprints": VOICEPRINTS, "transcription": True}, "transcription"),
    ],
)
def test_broken_rule_is_refused_and_its_field_named(
    client: httpx.Client, pyannote: Pyannote, path: str, body: dict[str, Any], field: str
) -> None:
    answer = client.post(path, json=body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert pyannote.jobs == {}


@pytest.mark.parametrize("body", [b"{", b"[]"], ids=["broken", "list"])
def test_body_that_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post(Endpoint.DIARIZE, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**OCTETS, "Content-Length": "5"}, 200),
        ({"Content-Length": "5"}, 400),
        ({"Content-Type": "audio/wav", "Content-Length": "5"}, 400),
        (OCTETS, 400),
        ({**OCTETS, "Transfer-Encoding": "chunked"}, 400),
        ({**OCTETS, "Content-Length": "5", "Authorization": f"Bearer {KEY}"}, 400),
    ],
    ids=["good", "no type", "other type", "no length", "chunked", "with key"],
)
def test_upload_has_a_type_a_length_and_no_key(
    client: httpx.Client, pyannote: Pyannote, headers: dict[str, str], status: int
) -> None:
    address = client.post(Endpoint.MEDIA, json={"url": MEDIA}).json()["url"]

    found = put(address, b"audio", headers)

    assert found == status
    assert pyannote.media == ({MEDIA: b"audio"} if status == 200 else {})


@pytest.mark.parametrize(
    ("old", "new"),
    [("/./", "/"), ("%c3", "%C3"), ("%20", "+"), ("empty=&&", "empty=&"), ("~", "%7E"), ("'", "%27")],
)
def test_altered_address_is_refused(client: httpx.Client, pyannote: Pyannote, old: str, new: str) -> None:
    address = client.post(Endpoint.MEDIA, json={"url": MEDIA}).json()["url"]
    assert old in address

    status = put(address.replace(old, new), b"audio", {**OCTETS, "Content-Length": "5"})

    assert (status, pyannote.media) == (403, {})


def test_expired_address_is_refused(client: httpx.Client, pyannote: Pyannote) -> None:
    pyannote.are_addresses_expired = True

    assert upload(client, b"audio") == 403


def test_job_without_audio_fails(client: httpx.Client) -> None:
    assert run(client, Endpoint.DIARIZE)[-1]["status"] == "failed"


def test_too_long_and_too_large_samples_fail(client: httpx.Client, pyannote: Pyannote) -> None:
    upload(client, make_wav(31))
    too_long = run(client, Endpoint.VOICEPRINT)
    pyannote.largest_sample_bytes = 99
    upload(client, bytes(100))
    too_large = run(client, Endpoint.VOICEPRINT)

    assert (too_long[-1]["status"], too_large[-1]["status"]) == ("failed", "failed")


def test_output_is_gone_after_a_day(client: httpx.Client, pyannote: Pyannote) -> None:
    upload(client, b"audio")
    pyannote.script.is_output_gone = True

    last = run(client, Endpoint.DIARIZE)[-1]

    assert (last["status"], "output" in last) == ("succeeded", False)


def test_unknown_job_is_not_found(client: httpx.Client) -> None:
    assert client.get(f"{Endpoint.JOB}/3f0c0c1e").status_code == 404


def test_endpoint_fails_on_demand(client: httpx.Client, pyannote: Pyannote) -> None:
    pyannote.broken[Endpoint.DIARIZE] = PAYMENT_REQUIRED

    answers = [client.post(path, json={"url": MEDIA}) for path in (Endpoint.MEDIA, Endpoint.DIARIZE)]

    assert [answer.status_code for answer in answers] == [201, 402]
    assert pyannote.jobs == {}
