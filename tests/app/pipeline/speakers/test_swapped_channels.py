"""Which channel is the user's is told by words alone: a recorder may write the user left or right."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.pipeline.alignment import align
from app.pipeline.normalization.stage import normalize
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word
from app.pipeline.transcript import PipelineInfo, Speaker, SpeakerRole, Transcript

LEFT, RIGHT = "SPEAKER_00", "SPEAKER_01"
SIDES = {"A": LEFT, "B": RIGHT}
SWAPPED = {"A": RIGHT, "B": LEFT}

SAID = (
    ("A", "Hello, this is Alice from the sales team."),
    ("B", "Hi Alice, this is Robert. I am calling about the price of the new contract."),
    ("A", "Yes, I remember. I will send you the revised price by Friday."),
    ("B", "Thank you Alice. I am happy with that. Goodbye."),
)
NAMED = SpeakerContext("Alice Moor", "Robert Hale", "+49 30 5550-4471", "INCOMING")


def hear(sides: dict[str, str], *, is_exact: bool) -> tuple[RawTranscript, list[Turn]]:
    """A local engine decodes each channel and knows who speaks; any other one hears the mix, and turns tell."""
    segments, turns, now = [], [], 0.0
    for party, text in SAID:
        start, words = now, []
        for word in text.split():
            words.append(Word(word, round(now, 2), round(now + 0.3, 2), speaker=sides[party] if is_exact else None))
            now += 0.3
        turns.append(Turn(round(start, 2), round(now, 2), sides[party]))
        segments.append(AsrSegment(text, turns[-1].start_seconds, turns[-1].end_seconds, tuple(words)))
        now += 0.5
    return RawTranscript(tuple(segments), language="en", is_speaker_exact=is_exact), turns


def resolve(sides: dict[str, str], context: SpeakerContext, *, is_exact: bool) -> Transcript:
    raw, turns = hear(sides, is_exact=is_exact)
    transcript = normalize(
        align(raw, turns),
        raw,
        call_id=UUID(int=1),
        duration_seconds=None,
        pipeline=PipelineInfo("local", "engine", "dual_channel"),
        created_at="2026-02-09T09:14:07Z",
    )
    return resolve_speakers(transcript, context)


def without_channel(speaker: Speaker) -> Speaker:
    return replace(speaker, source_speaker_id="")


@pytest.mark.parametrize("is_exact", [True, False], ids=["a channel each", "one mix and turns"])
@pytest.mark.parametrize(
    "context",
    [
        pytest.param(NAMED, id="names known"),
        pytest.param(replace(NAMED, direction="OUTGOING"), id="outgoing"),
        pytest.param(replace(NAMED, direction="UNKNOWN"), id="direction unknown"),
        pytest.param(
            replace(NAMED, user_display_name="Robert Hale", contact_name=None), id="the other one is the user"
        ),
        pytest.param(SpeakerContext(direction="INCOMING"), id="nobody's name known"),
        pytest.param(SpeakerContext(), id="nothing known"),
    ],
)
def test_swapped_channels_give_the_same_transcript(context: SpeakerContext, is_exact: bool) -> None:
    usual = resolve(SIDES, context, is_exact=is_exact)
    other = resolve(SWAPPED, context, is_exact=is_exact)

    assert [speaker.source_speaker_id for speaker in usual.speakers] == [LEFT, RIGHT]
    assert [speaker.source_speaker_id for speaker in other.speakers] == [RIGHT, LEFT]
    assert list(map(without_channel, other.speakers)) == list(map(without_channel, usual.speakers))
    assert other.segments == usual.segments


@pytest.mark.parametrize("sides", [SIDES, SWAPPED], ids=["user left", "user right"])
@pytest.mark.parametrize("is_exact", [True, False], ids=["a channel each", "one mix and turns"])
def test_who_says_the_users_name_is_the_user_on_either_side(sides: dict[str, str], is_exact: bool) -> None:
    transcript = resolve(sides, NAMED, is_exact=is_exact)

    assert {speaker.source_speaker_id: (speaker.role, speaker.display_name) for speaker in transcript.speakers} == {
        sides["A"]: (SpeakerRole.USER, "Alice Moor"),
        sides["B"]: (SpeakerRole.CONTACT, "Robert Hale"),
    }
