import pytest

from app.audio.sniffing import AAC, AMR, FLAC, HEAD_BYTES, M4A, MP3, OGG, THREE_GP, WAV, WEBM, WMA, AudioFormat, sniff

MP3_HEADER = bytes.fromhex("fffb9064")  # MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes
MP3_FRAME = MP3_HEADER + bytes(413)

ADTS_FRAME = bytes.fromhex("fff15080042000") + bytes(26)  # 33 bytes, its header included


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", WAV, id="wav"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x00\x00", MP3, id="mp3 with tags"),
        pytest.param(MP3_FRAME + MP3_FRAME, MP3, id="mp3 frames"),
        pytest.param(MP3_FRAME + MP3_HEADER, MP3, id="mp3 frame and header"),
        pytest.param(ADTS_FRAME + ADTS_FRAME, AAC, id="aac"),
        pytest.param(b"\x00\x00\x00\x20ftypM4A ", M4A, id="m4a"),
        pytest.param(b"\x00\x00\x00\x20ftypisom", M4A, id="mp4"),
        pytest.param(b"\x00\x00\x00\x18ftyp3gp4", THREE_GP, id="3gp"),
        pytest.param(b"\x00\x00\x00\x18ftyp3g2a", THREE_GP, id="3g2"),
        pytest.param(b"#!AMR\n", AMR, id="amr"),
        pytest.param(b"#!AMR-WB\n", AMR, id="amr-wb"),
        pytest.param(b"OggS\x00\x02", OGG, id="ogg"),
        pytest.param(b"fLaC\x00\x00\x00\x22", FLAC, id="flac"),
        pytest.param(b"\x1a\x45\xdf\xa3\x9f", WEBM, id="webm"),
        pytest.param(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\x00", WMA, id="wma"),
    ],
)
def test_formats_are_known_by_their_first_bytes(head: bytes, expected: AudioFormat) -> None:
    assert sniff(head) == expected


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Hello, this is no recording.", id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="png"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"PK\x03\x04", id="zip"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"RIFF\x24\x00\x00\x00AVI LIST", id="avi"),
        pytest.param(MP3_FRAME, id="one mp3 frame"),
        pytest.param(MP3_FRAME + b"\x00" * 8, id="mp3 frame before something else"),
        pytest.param(b"\xff\xfb\xf0\x64" + bytes(2000), id="mp3 with an invalid bit rate"),
        pytest.param(b"\xff\xfd\x90\x64" + bytes(2000), id="mpeg layer II"),
        pytest.param(ADTS_FRAME, id="one adts frame"),
        pytest.param(bytes.fromhex("fff17c80042000") + bytes(26) + ADTS_FRAME, id="adts with an invalid rate"),
        pytest.param(bytes.fromhex("3026b2758e66cf11"), id="half of an asf header"),
    ],
)
def test_anything_else_is_no_recording(head: bytes) -> None:
    assert sniff(head) is None


def test_two_frames_of_the_greatest_size_fit_into_the_head() -> None:
    largest = bytes.fromhex("fff15083ffe000") + bytes(8184)

    assert sniff((largest * 3)[:HEAD_BYTES]) == AAC


def test_stored_name_and_content_type_of_each_format() -> None:
    formats = [WAV, MP3, AAC, M4A, THREE_GP, AMR, OGG, FLAC, WEBM, WMA]

    assert [(known.extension, known.content_type) for known in formats] == [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("aac", "audio/aac"),
        ("m4a", "audio/mp4"),
        ("3gp", "audio/3gpp"),
        ("amr", "audio/amr"),
        ("ogg", "audio/ogg"),
        ("flac", "audio/flac"),
        ("webm", "audio/webm"),
        ("wma", "audio/x-ms-wma"),
    ]
