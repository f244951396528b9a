import pytest

from app.pipeline.diarization import NO_DIARIZATION, Diarization
from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word
from app.pipeline.transcript import LabelSource, PipelineInfo, Speaker, SpeakerResolution, Transcript
from app.pipeline.transcript_building import describe_resolution, name_engines

PYANNOTE = Diarization("pyannote", "precision-2", (Turn(0, 1, "SPEAKER_00"),))


@pytest.mark.parametrize(
    ("raw", "diarization", "provider"),
    [
        (RawTranscript((AsrSegment("Hi", speaker="SPEAKER_00"), AsrSegment("Ho"))), NO_DIARIZATION, "lemonfox"),
        (RawTranscript((AsrSegment("Hi"),)), NO_DIARIZATION, "none"),
        (RawTranscript((), (Word("Hi", 0, 1, "SPEAKER_00"),)), NO_DIARIZATION, "lemonfox"),
        (RawTranscript((AsrSegment("Hi"),), (Word("Hi", 0, 1, "SPEAKER_00"),)), NO_DIARIZATION, "none"),
        (RawTranscript((AsrSegment("Hi", speaker="SPEAKER_00"),)), PYANNOTE, "pyannote"),
    ],
    ids=["labels", "no labels", "labels of words alone", "labels of words in segments", "turns"],
)
def test_labels_of_the_transcription_are_its_diarization(
    raw: RawTranscript, diarization: Diarization, provider: str
) -> None:
    engines = name_engines("lemonfox", "whisper-1", raw, diarization)

    assert (engines.transcription_provider, engines.transcription_model) == ("lemonfox", "whisper-1")
    assert (engines.diarization_provider, engines.diarization_model) == (provider, diarization.model)


def test_log_tells_counts_and_codes_of_the_speakers() -> None:
    transcript = Transcript(
        call_id="0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
        speakers=(
            Speaker(1, "SPEAKER_00", display_name="Meera Nair", label_source=LabelSource.SELF_INTRODUCTION),
            Speaker(2, "SPEAKER_01"),
            Speaker(3, "SPEAKER_02"),
        ),
        segments=(),
        pipeline=PipelineInfo("lemonfox", "whisper-1", "pyannote", "precision-2"),
        created_at="2026-02-09T09:14:31Z",
        language="en",
        duration_seconds=9,
        resolution=SpeakerResolution(
            total_speaker_count=3, resolved_speaker_count=1, warnings=("multi_party_call_not_auto_resolved",)
        ),
    )

    assert describe_resolution(transcript) == {
        "totalSpeakers": 3,
        "resolvedSpeakers": 1,
        "labelSources": "DIARIZATION:2,SELF_INTRODUCTION:1",
        "warnings": "multi_party_call_not_auto_resolved",
    }
