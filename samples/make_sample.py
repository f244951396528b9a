"""Render the demo call: samples/sample.json becomes app/demo/sample.ogg, one party per channel, with Debian's flite.

    python samples/make_sample.py

Writes the start and the end of each turn, in seconds, back into sample.json: the ground truth of the recording.
"""

import io
import json
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from imageio_ffmpeg import get_ffmpeg_exe

_SCRIPT = Path(__file__).with_name("sample.json")
_AUDIO = Path(__file__).parent.parent / "app" / "demo" / "sample.ogg"
_SAMPLE_RATE_HZ = 16_000  # of flite's voices
_LEAD_SECONDS = 0.4
_PAUSE_SECONDS = 0.4
_CHANNELS = {"A": 0, "B": 1}

Samples = npt.NDArray[np.int16]


def speak(voice: str, text: str) -> Samples:
    """Render one turn as mono samples at 16 kHz."""
    command = ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"]
    rendered = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603  (our own script)
    with wave.open(io.BytesIO(rendered)) as file:
        if file.getframerate() != _SAMPLE_RATE_HZ:
            raise ValueError(f"the voice {voice} has another sample rate")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def place(script: dict[str, Any]) -> Samples:
    """Speak all turns one after the other, each in its speaker's column; notes their times in the script."""
    parts = []
    at = _LEAD_SECONDS
    for turn in script["turns"]:
        samples = speak(script["voices"][turn["speaker"]], turn["text"])
        turn["start"], turn["end"] = round(at, 3), round(at + len(samples) / _SAMPLE_RATE_HZ, 3)
        parts.append((turn, samples))
        at = turn["end"] + _PAUSE_SECONDS
    call = np.zeros((round(at * _SAMPLE_RATE_HZ), len(_CHANNELS)), dtype=np.int16)
    for turn, samples in parts:
        first = round(turn["start"] * _SAMPLE_RATE_HZ)
        call[first : first + len(samples), _CHANNELS[turn["speaker"]]] = samples
    return call


def encode(call: Samples, target: Path) -> None:
    """Write Ogg/Opus without tags, the same bytes each time."""
    source = ["-f", "s16le", "-ar", str(_SAMPLE_RATE_HZ), "-ac", "2", "-i", "-"]
    codec = ["-c:a", "libopus", "-b:a", "48k", "-bitexact", "-map_metadata", "-1"]
    command = [get_ffmpeg_exe(), "-v", "error", *source, *codec, "-y", str(target)]
    subprocess.run(command, check=True, input=call.tobytes())  # noqa: S603  (our own script)


def main() -> None:
    script = json.loads(_SCRIPT.read_text())
    call = place(script)
    encode(call, _AUDIO)
    _SCRIPT.write_text(json.dumps(script, indent=1) + "\n")
    print(f"{_AUDIO.name}: {len(call) / _SAMPLE_RATE_HZ:.1f} s, {_AUDIO.stat().st_size} bytes")


if __name__ == "__main__":
    main()
