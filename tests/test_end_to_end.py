"""The main job on real recordings, over real servers: what `scryon dev` does for a user."""

import io
import json
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.running import DevServer, wait_for

AUDIO = Path(__file__).parent / "audio"
TUESDAY = "2026-02-10T08:51:12+01:00"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    started = DevServer(tmp_path_factory.mktemp("dev") / "data")
    yield started
    started.stop()


def stored_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "storage").rglob("*") if path.is_file()]


def submit(server: DevServer, name: str, **metadata: str) -> dict[str, Any]:
    """Take a recording to its end; the call with its documents."""
    content = (AUDIO / name).read_bytes()
    call_id = server.upload(name, content, json.dumps({"recordedAt": TUESDAY, **metadata}))
    call = server.wait_until_finished(call_id)
    assert call["status"] == "COMPLETED", call
    call["transcript"] = server.http.get(f"/api/calls/{call_id}/transcript").json()
    call["analysis"] = server.http.get(f"/api/calls/{call_id}/analysis").json()
    call["actions"] = server.http.get("/api/actions", params={"callId": call_id}).json()[::-1]
    return call


def check_consistency(call: dict[str, Any]) -> None:
    """What holds for every transcript and analysis, however well the words were understood."""
    segments, duration = call["transcript"]["segments"], call["transcript"]["durationSeconds"]
    speakers = {speaker["speakerId"] for speaker in call["transcript"]["speakers"]}
    times = [(segment["startSeconds"], segment["endSeconds"]) for segment in segments]
    assert segments
    assert [segment["id"] for segment in segments] == [f"seg_{n:04d}" for n in range(1, len(segments) + 1)]
    assert times == sorted(times, key=lambda time: time[0])
    assert all(0 <= start <= end <= duration + 1 for start, end in times)
    assert {segment["speakerId"] for segment in segments} == speakers
    for speaker in speakers:
        own = [time for time, segment in zip(times, segments, strict=True) if segment["speakerId"] == speaker]
        assert all(before[1] <= after[0] for before, after in pairwise(own))
    assert cited_ids(call["analysis"]) <= {segment["id"] for segment in segments}
    assert "offline" in " ".join(call["analysis"]["qualityWarnings"])


def cited_ids(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = set(value.get("sourceSegmentIds") or [])
        return own.union(*(cited_ids(inner) for inner in value.values()))
    return set().union(*(cited_ids(inner) for inner in value)) if isinstance(value, list) else set()


def test_two_channel_call_becomes_names_tasks_and_dates(server: DevServer) -> None:
    server.http.post("/graphql", json={"query": 'mutation { updateMe(input: {displayName: "Alice"}) { id } }'})

    call = submit(server, "pricing.stereo.m4a", contactName="Robert")

    check_consistency(call)
    roles = {speaker["role"]: speaker["displayName"] for speaker in call["transcript"]["speakers"]}
    assert roles == {"USER": "Alice", "CONTACT": "Robert"}
    assert call["transcript"]["pipeline"]["diarizationProvider"] == "dual_channel"
    due = {item["title"].lower(): (item["dueDate"], item["ownerDisplayName"]) for item in call["actions"]}
    price = next(title for title in due if "revised price" in title)
    assert due[price] == ("2026-02-13", "Alice")
    assert any("calendar invite" in title for title in due)
    assert any("warehouse" in title for title in due)
    assert call["durationSeconds"] == 43


def test_voicemail_has_one_speaker_and_its_two_requests(server: DevServer) -> None:
    call = submit(server, "voicemail.mono.flac")

    check_consistency(call)
    assert len(call["transcript"]["speakers"]) == 1
    assert call["transcript"]["speakers"][0]["displayName"] == "David"
    assert len(call["actions"]) == 2
    assert all(item["ownerSpeakerId"] is None for item in call["analysis"]["actionItems"])


def test_phone_recording_goes_through(server: DevServer) -> None:
    call = submit(server, "excerpts/support.phone.6s.3gp")

    check_consistency(call)
    assert call["transcript"]["pipeline"]["transcriptionModel"] == "pocketsphinx"


def silence(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16000)
        writer.writeframes(bytes(int(seconds * 16000) * 2))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("silence.wav", "transcription_empty"),
        ("empty.wav", "audio_undecodable"),
        ("truncated.m4a", "audio_undecodable"),
    ],
)
def test_useless_recording_fails_with_a_reason_and_leaves_no_audio(
    server: DevServer, name: str, reason: str, tmp_path: Path
) -> None:
    content = {
        "silence.wav": silence(20),
        "empty.wav": silence(0),
        "truncated.m4a": (AUDIO / "pricing.stereo.m4a").read_bytes()[:50_000],
    }[name]

    call = server.wait_until_finished(server.upload(name, content))

    assert (call["status"], call["errorReason"]) == ("FAILED", reason)
    answer = server.http.get(f"/api/calls/{call['id']}/transcript")
    assert (answer.status_code, answer.json()["error"]["details"]["errorReason"]) == (422, reason)


def test_killed_in_the_middle_it_finishes_the_call_after_a_restart_and_stops_without_a_trace(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = DevServer(data_dir)
    call_id = first.upload("call.flac", (AUDIO / "voicemail.mono.flac").read_bytes())
    wait_for(lambda: first.call(call_id)["status"] == "TRANSCRIBING", 60)
    first.kill()

    second = DevServer(data_dir)
    call = second.wait_until_finished(call_id)
    # The status comes first, then the recording goes.
    wait_for(lambda: len(stored_files(data_dir)) == 4, 30)
    names = sorted(path.name for path in stored_files(data_dir))
    deleted = second.http.delete(f"/api/calls/{call_id}").status_code
    left = stored_files(data_dir)
    status = second.stop()

    assert call["status"] == "COMPLETED"
    assert names == ["analysis.json", "diarization.json", "normalized.json", "raw.json"]
    assert (deleted, left, status) == (204, [], 0)
