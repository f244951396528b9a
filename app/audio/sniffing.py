"""What kind of recording a file is, by its first bytes; declared types and file names do not count.

Source: rest.md, section 2.2, "Audio type".
"""

from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 16 * 1024
"""How many first bytes `sniff` wants: two ADTS frames of the greatest size (8191 bytes each) fit."""

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_EBML_HEADER = bytes.fromhex("1a45dfa3")

# ISO 11172-3 and 13818-3, layer III: kbit/s by the index in the header; 0 ("free") and 15 are no valid frames here.
_MPEG1_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_MPEG1_HZ = (44_100, 48_000, 32_000)
_MPEG_VERSION_DIVISORS = {3: 1, 2: 2, 0: 4}  # MPEG 1, 2 and 2.5; 1 is reserved
_ADTS_HEADER_BYTES = 7
_ADTS_RATES = 13


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A container that is accepted: the extension of its storage key (without dot) and its content type."""

    extension: str
    content_type: str


WAV = AudioFormat("wav", "audio/wav")
MP3 = AudioFormat("mp3", "audio/mpeg")
AAC = AudioFormat("aac", "audio/aac")
M4A = AudioFormat("m4a", "audio/mp4")
THREE_GP = AudioFormat("3gp", "audio/3gpp")
AMR = AudioFormat("amr", "audio/amr")
OGG = AudioFormat("ogg", "audio/ogg")
FLAC = AudioFormat("flac", "audio/flac")
WEBM = AudioFormat("webm", "audio/webm")
WMA = AudioFormat("wma", "audio/x-ms-wma")

FORMATS = (WAV, MP3, AAC, M4A, THREE_GP, AMR, OGG, FLAC, WEBM, WMA)

_PREFIXES = (
    (b"ID3", MP3),
    (b"#!AMR", AMR),
    (b"OggS", OGG),
    (b"fLaC", FLAC),
    (_EBML_HEADER, WEBM),
    (_ASF_HEADER, WMA),
)


def sniff(head: bytes) -> AudioFormat | None:
    """Name the format of a file from its first `HEAD_BYTES` bytes (all of a shorter file); None: not audio.

    Source: rest.md, section 2.2.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    if head[4:8] == b"ftyp":
        return THREE_GP if head[8:10] == b"3g" else M4A
    for prefix, audio_format in _PREFIXES:
        if head.startswith(prefix):
            return audio_format
    if _starts_two_frames(head, _mp3_frame_bytes):
        return MP3
    if _starts_two_frames(head, _adts_frame_bytes):
        return AAC
    return None


def _starts_two_frames(head: bytes, frame_bytes: Callable[[bytes], int]) -> bool:
    first = frame_bytes(head)
    return first > 0 and frame_bytes(head[first:]) > 0


def _mp3_frame_bytes(data: bytes) -> int:
    """The length that a layer III frame header at the start of `data` states; 0 when there is no valid one."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return 0
    divisor = _MPEG_VERSION_DIVISORS.get(data[1] >> 3 & 3)
    layer_bits, rate_index = data[1] >> 1 & 3, data[2] >> 2 & 3
    if divisor is None or layer_bits != 1 or rate_index == 3 or data[3] & 3 == 2:
        return 0
    kbits = (_MPEG1_KBITS if divisor == 1 else _MPEG2_KBITS)[data[2] >> 4]
    if kbits == 0:
        return 0
    samples_per_byte = 144 if divisor == 1 else 72
    return samples_per_byte * kbits * 1000 * divisor // _MPEG1_HZ[rate_index] + (data[2] >> 1 & 1)


def _adts_frame_bytes(data: bytes) -> int:
    """The length that an ADTS header at the start of `data` states; 0 when there is no valid one."""
    if len(data) < _ADTS_HEADER_BYTES or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return 0
    if data[2] >> 2 & 15 >= _ADTS_RATES:
        return 0
    length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    return length if length > _ADTS_HEADER_BYTES else 0
