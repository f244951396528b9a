"""Offline transcription without any design: one decoder, all of the recording, one channel after the other.

The model, the dictionary and the language model are those that pocketsphinx brings, and so are its options.
"""

import functools
import subprocess
from pathlib import Path

import numpy as np
from pocketsphinx import Config, Decoder

from app.audio.ffmpeg import find_ffmpeg

_AS_PCM = ("-ar", "16000", "-f", "s16le", "-")


def transcribe(path: Path, channels: int) -> list[str]:
    """The words of a recording with so many channels, by their times."""
    command = [find_ffmpeg("ffmpeg"), "-nostdin", "-loglevel", "error", "-i", str(path), *_AS_PCM]
    samples = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, dtype="<i2")
    heard = [word for channel in samples.reshape(-1, channels).T for word in _decode(channel.tobytes())]
    return [text for _, text in sorted(heard)]


def _decode(pcm: bytes) -> list[tuple[int, str]]:
    decoder = _get_decoder()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    # Silence, noise and fillers have marks of their own; `hello(2)` is a second pronunciation.
    return [
        (segment.start_frame, segment.word.split("(")[0])
        for segment in decoder.seg() or ()
        if not segment.word.startswith(("<", "[", "+"))
    ]


@functools.cache
def _get_decoder() -> Decoder:
    return Decoder(Config(loglevel="FATAL"))
