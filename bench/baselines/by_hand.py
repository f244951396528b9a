"""What a recording costs at least: one conversion, and the requests to the providers one after the other.

A plain script that stores nothing, checks nothing and tells nobody. It takes the recording through for every line that
it is given, and answers a line; the variables are those of a worker.

    python -m bench.baselines.by_hand RECORDING
"""

import os
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import httpx

from app.audio.ffmpeg import find_ffmpeg

_POLL_SECONDS = 1.0
_CONVERSION = ("-ac", "1", "-ar", "16000", "-f", "wav", "-")
_BYTES = {"Content-Type": "application/octet-stream"}


def convert(path: str) -> bytes:
    """The recording as 16 kHz mono WAV."""
    command = [find_ffmpeg("ffmpeg"), "-nostdin", "-loglevel", "error", "-i", path, *_CONVERSION]
    return subprocess.run(command, check=True, capture_output=True).stdout


def transcribe(client: httpx.Client, audio: bytes) -> str:
    """What was said."""
    answer = client.post(
        f"{os.environ['LEMONFOX_BASE_URL']}/audio/transcriptions",
        headers={"Authorization": f"Bearer {os.environ['LEMONFOX_API_KEY']}"},
        data={"model": "whisper-1", "response_format": "verbose_json", "speaker_labels": "true"},
        files={"file": ("audio.wav", audio, "audio/wav")},
    )
    return str(answer.raise_for_status().json()["text"])


def diarize(client: httpx.Client, audio: bytes) -> Any:
    """Who spoke when."""
    base, headers = os.environ["PYANNOTE_BASE_URL"], {"Authorization": f"Bearer {os.environ['PYANNOTE_API_KEY']}"}
    media = f"media://{uuid4()}"
    answer = client.post(f"{base}/v1/media/input", headers=headers, json={"url": media}).raise_for_status()
    address = answer.json()["url"]
    # The signature is of the address as it came, which httpx would tidy up.
    signed = {"target": f"/{address.split('/', 3)[3]}".encode()}
    client.put(address, headers=_BYTES, content=audio, extensions=signed).raise_for_status()
    body = {"url": media, "model": "precision-2"}
    job = client.post(f"{base}/v1/diarize", headers=headers, json=body).raise_for_status().json()["jobId"]
    while True:
        document = client.get(f"{base}/v1/jobs/{job}", headers=headers).raise_for_status().json()
        if document["status"] == "succeeded":
            return document["output"]
        time.sleep(_POLL_SECONDS)


def analyze(client: httpx.Client, said: str) -> str:
    """What a model says about it."""
    answer = client.post(
        f"{os.environ['LLM_BASE_URL']}/chat/completions",
        headers={"Authorization": f"Bearer {os.environ['LLM_API_KEY']}"},
        json={
            "model": os.environ["LLM_MODEL"],
            "messages": [
                {"role": "system", "content": "Analyse this telephone call. Answer with one JSON object."},
                {"role": "user", "content": said},
            ],
            "response_format": {"type": "json_object"},
        },
    )
    return str(answer.raise_for_status().json()["choices"][0]["message"]["content"])


def main() -> None:
    with httpx.Client(timeout=60, trust_env=False) as client:
        for _ in sys.stdin:
            audio = convert(sys.argv[1])
            diarize(client, audio)
            analyze(client, transcribe(client, audio))
            print("done", flush=True)


if __name__ == "__main__":
    main()
