import itertools

from app.audio.preprocessing import prepare
from app.audio.recording import ChannelMode
from app.audio.settings import AudioSettings
from app.pipeline.speech import Turn
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.cutting import cut_audio, cut_for_decoding, cut_pcm, keep_turns
from app.providers.local.voice_activity import FRAME_SECONDS, Stretch
from tests.app.audio.recordings import decode_stereo, read_turns, stream, to_wav


def test_speech_with_short_pauses_is_one_piece() -> None:
    speech = [Stretch(0.0, 4.0), Stretch(4.5, 8.0), Stretch(8.7, 9.0)]

    assert cut_for_decoding(speech, []) == [Stretch(0.0, 8.0), Stretch(8.7, 9.0)]


def test_pieces_are_not_joined_beyond_25_seconds() -> None:
    speech = [Stretch(0.0, 12.0), Stretch(12.2, 24.9), Stretch(25.0, 26.0)]

    assert cut_for_decoding(speech, []) == [Stretch(0.0, 24.9), Stretch(25.0, 26.0)]


def test_speech_without_a_pause_is_cut_where_it_is_least_probable() -> None:
    probabilities = [0.9] * 1300
    probabilities[200] = 0.5  # too early: before 15 s
    probabilities[700] = 0.6

    pieces = cut_for_decoding([Stretch(0.0, 40.0)], probabilities)

    assert pieces == [Stretch(0.0, 700.5 * FRAME_SECONDS), Stretch(700.5 * FRAME_SECONDS, 40.0)]


def test_pieces_are_never_longer_than_30_seconds() -> None:
    pieces = cut_for_decoding([Stretch(0.0, 200.0)], [0.9] * 6250)

    assert max(piece.duration_seconds for piece in pieces) <= 30
    assert (pieces[0].start_seconds, pieces[-1].end_seconds) == (0.0, 200.0)
    assert all(before.end_seconds == after.start_seconds for before, after in itertools.pairwise(pieces))


def test_pcm_is_cut_at_samples() -> None:
    pcm = bytes(range(256)) * 1000

    assert cut_pcm(pcm, Stretch(0.5, 0.50025)) == pcm[16_000:16_008]


def test_a_channel_has_speech_in_its_turns_only() -> None:
    turns = [Turn(0.05, 0.09, "SPEAKER_00"), Turn(0.16, 9.0, "SPEAKER_00")]  # frames of 0.032 s

    assert keep_turns([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], turns) == [0.0, 0.2, 0.3, 0.0, 0.0, 0.6, 0.7]


async def test_the_echo_of_the_other_party_is_not_decoded(pool: CpuPool) -> None:
    clean = await decode_stereo("pricing.stereo.flac", seconds=14.2)
    audio = await prepare(stream(to_wav(clean + 0.1 * clean[:, ::-1])), AudioSettings())

    pieces = await cut_audio(pool, audio, audio.transcription)

    assert audio.channel_mode is ChannelMode.DUAL_PARTY
    said = read_turns("pricing.json", until_seconds=14.2)
    assert [piece.speaker for piece in pieces] == ["SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]
    for piece in pieces:
        middle = piece.start_seconds + len(piece.pcm) / 2 / 32_000
        assert [turn.speaker for turn in said if turn.start_seconds < middle < turn.end_seconds] == [piece.speaker]
