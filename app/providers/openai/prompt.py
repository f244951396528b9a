"""What the model is asked about one call. Whatever is not put in here never leaves the machine.

Source: analysis.md, section 6.1, N1 to N7.
"""

import re
from collections.abc import Sequence
from typing import Any

from app.pipeline.speakers.tokens import fold, tokenize
from app.pipeline.transcript import Segment, Speaker, Transcript
from app.providers.openai.chat import Message, Role
from app.providers.openai.rules import MERGE, PART, PART_TAG, REPAIR, SYSTEM_MESSAGE, TRANSCRIPT_TAG, WHOLE
from app.providers.openai.windows import Window
from app.providers.protocols import AnalysisRequest
from app.strict_json import write_json

Prompt = tuple[Message, ...]
Document = dict[str, Any]

_PHONE_LIKE = re.compile(r"\d(?:[\s().+/-]*\d){4}")
"""Five digits in a row, as people write phone numbers."""


class PromptWriter:
    """Writes the questions about one call; the same call gives the same questions."""

    def __init__(self, transcript: Transcript, request: AnalysisRequest) -> None:
        self._metadata = write_data(_metadata(transcript, request))
        self._transcript = {"language": transcript.language, "durationSeconds": transcript.duration_seconds}
        spoken = _spoken_words(transcript)
        self._speakers = [_speaker(speaker, spoken) for speaker in transcript.speakers]
        self._roles = {speaker.speaker_id: str(speaker.role) for speaker in transcript.speakers}

    def measure(self, segment: Segment) -> int:
        """The characters that a segment takes in a question."""
        return len(write_data(self._segment(segment))) + 1

    def ask_for_window(self, window: Window, *, is_whole: bool) -> Prompt:
        """Ask for the analysis of a call, or of a part of it."""
        transcript = self._transcript | {"speakers": self._speakers}
        if window.earlier:
            transcript |= {"earlierSegments": [self._segment(segment) for segment in window.earlier]}
        transcript |= {"segments": [self._segment(segment) for segment in window.segments]}
        return self._ask(WHOLE if is_whole else PART, TRANSCRIPT_TAG, [transcript])

    def ask_for_merge(self, parts: Sequence[Document]) -> Prompt:
        """Ask for one analysis made of those of consecutive parts."""
        return self._ask(MERGE, PART_TAG, parts)

    def _ask(self, task: str, tag: str, data: Sequence[Document]) -> Prompt:
        blocks = [f"<{tag}>\n{write_data(document)}\n</{tag}>" for document in data]
        content = "\n\n".join([task, f"The call: {self._metadata}", *blocks])
        return (Message(Role.SYSTEM, SYSTEM_MESSAGE), Message(Role.USER, content))

    def _segment(self, segment: Segment) -> Document:
        return {
            "id": segment.id,
            "speakerId": segment.speaker_id,
            "role": self._roles[segment.speaker_id],
            "startSeconds": round(segment.start_seconds, 2),
            "endSeconds": round(segment.end_seconds, 2),
            "text": segment.text,
        }


def ask_again(prompt: Prompt) -> Prompt:
    """The same question, after an answer that could not be read."""
    *before, last = prompt
    # Not a message of its own: some models take no two of the same role in a row.
    return (*before, Message(last.role, f"{last.content}\n\n{REPAIR}"))


def measure_part(document: Document) -> int:
    """The characters that a partial analysis takes in a question."""
    return len(write_data(document))


def _metadata(transcript: Transcript, request: AnalysisRequest) -> Document:
    metadata: Document = {
        "callId": str(request.call_id),
        "recordedAt": request.recorded_at.isoformat(),
        "durationSeconds": transcript.duration_seconds,
    }
    if request.title is not None and _may_be_told(request.title, request.contact_name):
        metadata["title"] = request.title
    return metadata


def _may_be_told(title: str, contact_name: str | None) -> bool:
    """Rule N6: nothing of the contact's name and no number, also not inside a longer word."""
    if _PHONE_LIKE.search(title):
        return False
    folded, words = fold(title), {token.word for token in tokenize(title)}
    names = {token.word for token in tokenize(contact_name or "")}
    # Initials would be found in every title.
    return not any(name in folded if len(name) > 1 else name in words for name in names)


def _spoken_words(transcript: Transcript) -> frozenset[str]:
    return frozenset(token.word for segment in transcript.segments for token in tokenize(segment.text))


def _speaker(speaker: Speaker, spoken: frozenset[str]) -> Document:
    shown: Document = {"speakerId": speaker.speaker_id, "label": speaker.label, "role": str(speaker.role)}
    if speaker.display_name is not None and _was_spoken(speaker.display_name, spoken):
        shown["displayName"] = speaker.display_name
    return shown


def _was_spoken(name: str, spoken: frozenset[str]) -> bool:
    """Rule N5; a label made of a phone number is no name, whatever was spoken (N1)."""
    words = {token.word for token in tokenize(name)}
    return bool(words) and words <= spoken and not any(char.isdigit() for char in name)


def write_data(value: Document) -> str:
    """JSON in which no tag can stand, so that nothing that was said ends the data (N7)."""
    # It occurs in texts only, where it may be written like this.
    return write_json(value).decode().replace("<", "\\u003c")
