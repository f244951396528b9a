"""Named transcripts for tests of what an analysis leads to."""

from app.pipeline.transcript import Confidence, PipelineInfo, Segment, Speaker, SpeakerRole, Transcript

TOBIAS = Speaker(1, "SPEAKER_01", "Tobias Lind", SpeakerRole.CONTACT)
MEERA = Speaker(2, "SPEAKER_00", "Meera Nair", SpeakerRole.USER)
NAMELESS = Speaker(2, "SPEAKER_00")


def transcript_of(*texts: str, speakers: tuple[Speaker, ...] = (TOBIAS, MEERA)) -> Transcript:
    """A call with these segments, spoken in turn."""
    segments = tuple(
        Segment(
            f"seg_{index + 1:04}",
            speakers[index % len(speakers)].speaker_id,
            5.0 * index,
            5.0 * index + 4,
            text,
            Confidence.HIGH,
        )
        for index, text in enumerate(texts)
    )
    return Transcript(
        call_id="0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
        speakers=speakers,
        segments=segments,
        pipeline=PipelineInfo("local", "pocketsphinx", "local"),
        created_at="2026-02-09T09:14:07Z",
    )
