import pytest

from app.pipeline.diarization import NO_DIARIZATION, Diarization
from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word
from app.pipeline.transcript_building import name_engines

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
