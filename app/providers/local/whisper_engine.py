"""Offline transcription with faster-whisper (extra `whisper`), once its model has been put on this machine.

The model is never downloaded by a running server: an operator does that, and until then this engine counts as absent.
Documentation: https://github.com/SYSTRAN/faster-whisper (1.2).
Source: pipeline.md, section 3.4, "Local engine".
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from app.audio.recording import PreparedAudio
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.speech import RawTranscript, Word
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.cutting import Piece, cut_audio
from app.providers.local.verbose_json import to_verbose_json

MODEL_SIZE = "small"
"""Which of Whisper's models: the largest that keeps up with a call on two cores, as 8-bit integers."""

_MIN_CONFIDENCE = 0.1


class WhisperModel(Protocol):
    """What we use of `faster_whisper.WhisperModel`."""

    def transcribe(self, audio: Any, **options: Any) -> tuple[Iterable[Any], Any]:
        """Answer lazy segments with `words`, and an info with `language`."""
        ...


def find_whisper() -> str | None:
    """Where the model lies in this machine's cache; None when the package or the model is not there. Blocks."""
    try:
        import faster_whisper
    except ImportError:
        return None
    try:
        return str(faster_whisper.download_model(MODEL_SIZE, local_files_only=True))
    except FileNotFoundError:
        return None


def load_whisper() -> WhisperModel | None:
    """The model, if there is one. Blocks for seconds."""
    path = find_whisper()
    if path is None:
        return None
    import faster_whisper

    model: WhisperModel = faster_whisper.WhisperModel(path, device="cpu", compute_type="int8", local_files_only=True)
    return model


class WhisperTranscriber:
    """`Transcriber` on a Whisper model in this process: ctranslate2 has its own threads and frees the interpreter."""

    provider = "local"
    model = "faster-whisper"
    needs_pcm = True

    def __init__(self, pool: CpuPool, whisper: WhisperModel) -> None:
        self._pool = pool
        self._whisper = whisper
        self._turn = asyncio.Lock()  # one piece at a time uses all cores

    async def transcribe(self, audio: PreparedAudio) -> bytes:
        """Answer the raw transcript; silence and noise give no segments. The first piece decides on the language."""
        words: list[Word] = []
        language: str | None = None
        for piece in await cut_audio(self._pool, audio, audio.transcription):
            async with self._turn:
                heard, language = await asyncio.to_thread(self._decode, piece, language)
            words += heard
        return to_verbose_json(
            self.model,
            words,
            duration_seconds=audio.known_seconds,
            language=language,
            is_formatted=True,
            is_speaker_exact=audio.channels is not None,
        )

    def parse(self, content: bytes) -> RawTranscript:
        """Read an answer of `transcribe`."""
        return parse_verbose_json(content)

    def _decode(self, piece: Piece, language: str | None) -> tuple[Sequence[Word], str]:
        samples = np.frombuffer(piece.pcm, dtype="<i2").astype(np.float32) / 32768
        segments, info = self._whisper.transcribe(
            samples, language=language, word_timestamps=True, condition_on_previous_text=False
        )
        heard = [word for segment in segments for word in segment.words or ()]
        words = [_word(word, piece) for word in heard if word.probability >= _MIN_CONFIDENCE]
        return words, str(info.language)


def _word(word: Any, piece: Piece) -> Word:
    return Word(
        text=word.word.strip(),
        start_seconds=round(piece.start_seconds + float(word.start), 3),
        end_seconds=round(piece.start_seconds + float(word.end), 3),
        speaker=piece.speaker,
        confidence=round(float(word.probability), 3),
    )
