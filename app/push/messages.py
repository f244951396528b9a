"""What a phone is told: which call, what became of it, and constant texts that hold nothing of the call.

Source: pipeline.md, section 6 (T3); rest.md, section 3.12, "Push payloads".
"""

from collections.abc import Mapping
from uuid import UUID

from app.calls.models import CallStatus

_TEXTS: Mapping[CallStatus, tuple[str, str]] = {
    CallStatus.COMPLETED: ("Call ready", "Transcript and analysis of your call are ready."),
    CallStatus.FAILED: ("Call not processed", "Your call could not be processed."),
}
"""Title and body of each event; an app may show others, in the language of its user."""


def build_data(call_id: UUID, status: CallStatus) -> dict[str, str]:
    """The data of the message about a call that has reached a terminal status."""
    title, body = _TEXTS[status]
    return {"callId": str(call_id), "status": status.value, "title": title, "body": body}
