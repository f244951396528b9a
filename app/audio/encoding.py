"""From PCM to a file that a provider takes."""

import io
import wave

from app.audio.recording import SAMPLE_BYTES, SAMPLE_RATE_HZ


def encode_wav(pcm: bytes) -> bytes:
    """PCM as a WAV file: 44 bytes of header before it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(SAMPLE_RATE_HZ)
        writer.writeframes(pcm)
    return file.getvalue()
