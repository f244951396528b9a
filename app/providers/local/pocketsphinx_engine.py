"""Offline transcription with pocketsphinx, whose wheel carries its English model.

It answers bare lower-case words; case and punctuation come with normalisation (transcript.md, section 4.0).
Documentation: https://cmusphinx.github.io/doc/python/ (5.0 and 5.1).
Source: pipeline.md, section 3.4, "Local engine".
"""

import functools
from collections.abc import Iterator

from pocketsphinx import Config, Decoder

from app.audio.recording import PreparedAudio
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.speech import RawTranscript, Word
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.cutting import Piece, cut_audio
from app.providers.local.verbose_json import to_verbose_json

_DECODER_FRAMES_PER_SECOND = 100
_NON_WORD_STARTS = ("<", "[", "+")  # silence, noise and filler marks of the dictionary

# Different from the decoder's defaults, 6.5 and 4, where bench/accuracy.py says that it is better: the weight of the
# language model, and how many Gaussians of a state are looked at.
_BETTER = {"lw": 5.5, "topn": 8}

# And where it takes less time and hears the same words: how many sounds and ends of words are followed at a time, by
# default 30,000, which noise comes to, and all; and how far the second look goes beyond the best, by default 1e-64.
# With 8,000 sounds support.stereo.mp3 misses its target.
_FASTER = {"maxhmmpf": 12_000, "maxwpf": 20, "fwdflatbeam": 1e-52}

_MIN_CONFIDENCE = 0.003
"""Words of a smaller posterior are dropped; right words sometimes come close to it."""


class PocketsphinxTranscriber:
    """`Transcriber` without network and key, for English.

    With a channel per party each channel is decoded on its own, so that every word carries its speaker.
    """

    provider = "local"
    model = "pocketsphinx"
    needs_pcm = True

    def __init__(self, pool: CpuPool) -> None:
        self._pool = pool

    async def transcribe(self, audio: PreparedAudio) -> bytes:
        """Answer the raw transcript; silence and noise give no segments.

        Of mono recordings it hears the variant that is levelled but not denoised: its acoustic models were trained on
        plain speech, and with the noise ffmpeg takes away a good part of telephone speech (bench/accuracy.py: 54 words
        wrong of a hundred instead of 38 on support.phone).
        """
        pieces = await cut_audio(self._pool, audio, audio.diarization)
        # The longest first, so that no core is idle for long while another one has the last of them.
        pieces.sort(key=lambda piece: len(piece.pcm), reverse=True)
        words = [word for answer in await self._pool.map(_decode, pieces) for word in answer]
        words.sort(key=lambda word: word.start_seconds or 0.0)
        return to_verbose_json(
            self.model,
            words,
            duration_seconds=audio.known_seconds,
            language="en",
            is_formatted=False,
            is_speaker_exact=audio.channels is not None,
        )

    def parse(self, content: bytes) -> RawTranscript:
        """Read an answer of `transcribe`."""
        return parse_verbose_json(content)


def _decode(piece: Piece) -> list[Word]:
    """The words of a piece that are sure enough; runs in a child process."""
    decoder = _get_decoder()
    # Forgets the noise that it has heard before, and a full utterance is normalised over its own length: the answer
    # depends on nothing but the piece.
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(piece.pcm, no_search=False, full_utt=True)
    decoder.end_utt()
    return list(_words(decoder, piece))


def _words(decoder: Decoder, piece: Piece) -> Iterator[Word]:
    for segment in decoder.seg() or ():
        if segment.word.startswith(_NON_WORD_STARTS):
            continue
        confidence = min(1.0, segment.prob)  # the word's posterior in the lattice, up to rounding
        if confidence >= _MIN_CONFIDENCE:
            yield Word(
                text=segment.word.split("(")[0],  # `hello(2)` is the second pronunciation of `hello`
                start_seconds=round(piece.start_seconds + segment.start_frame / _DECODER_FRAMES_PER_SECOND, 3),
                end_seconds=round(piece.start_seconds + (segment.end_frame + 1) / _DECODER_FRAMES_PER_SECOND, 3),
                speaker=piece.speaker,
                confidence=round(confidence, 3),
            )


@functools.cache
def _get_decoder() -> Decoder:
    """The decoder with its model, loaded once per child process."""
    return Decoder(Config(loglevel="FATAL", **_BETTER, **_FASTER))
