"""Anonymous transcripts for tests of speaker resolution."""

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.transcript import Confidence, PipelineInfo, Segment, Speaker, Transcript

MEERA_AND_TOBIAS = SpeakerContext(user_display_name="Meera Nair", contact_name="Tobias Lind")
MEERA_ALONE = SpeakerContext(user_display_name="Meera Nair")

Line = tuple[int, str] | tuple[int, str, float]


def conversation(*lines: Line, unattributed: int | None = None) -> Transcript:
    """A call of lines `(speaker number, text[, start in seconds])`, three seconds each unless said otherwise.

    The speaker with the number `unattributed` is the source `UNKNOWN`.
    """
    segments = []
    for index, (number, text, *start) in enumerate(lines):
        begins = float(start[0]) if start else 3.0 * index
        segments.append(Segment(f"seg_{index + 1:04}", f"spk_{number}", begins, begins + 2.5, text, Confidence.HIGH))
    numbers = sorted({line[0] for line in lines})
    return Transcript(
        call_id="0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
        speakers=tuple(
            Speaker(number, "UNKNOWN" if number == unattributed else f"SPEAKER_{number - 1:02}") for number in numbers
        ),
        segments=tuple(segments),
        pipeline=PipelineInfo("local", "pocketsphinx", "local"),
        created_at="2026-02-09T09:14:07Z",
    )


def described(transcript: Transcript, number: int) -> tuple[str, str | None, str, str]:
    """Role, displayed name, confidence and label source of a speaker."""
    speaker = transcript.speaker(f"spk_{number}")
    return str(speaker.role), speaker.display_name, str(speaker.confidence), str(speaker.label_source)


NOTHING = ("UNKNOWN", None, "LOW", "DIARIZATION")
