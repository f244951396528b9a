"""The rows that an analysis makes in `action_items`. Source: analysis.md, section 9."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.analysis.grounding import SpokenEvidence, collect_evidence
from app.analysis.intents import Metadata, read_intent
from app.analysis.owners import Owner, find_owner
from app.analysis.values import read_object, read_text, read_word
from app.pipeline.transcript import Speaker, Transcript

MAX_TITLE = 500
MAX_TITLE_FROM_DESCRIPTION = 120
MAX_QUOTE = 160

_PRIORITIES = frozenset({"low", "medium", "high"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class MalformedAnalysisError(ValueError):
    """`actionItems` is no list, so nothing can be said about the action items of the call."""


@dataclass(frozen=True, slots=True)
class ActionItemDraft:
    """One row without what only the caller knows: ids, times, the call's contact, source AI, status OPEN."""

    title: str
    description: str | None
    due_date: date | None
    priority: str | None
    owner: Owner | None
    owner_speaker_raw: str | None
    source_segment_ids: tuple[str, ...]
    source_text: str | None
    intent: str
    intent_metadata: Metadata | None

    def columns(self) -> dict[str, Any]:
        """The values by column name; without an owner all four owner columns are None."""
        owner = self.owner
        return {
            "title": self.title,
            "description": self.description,
            "due_date": self.due_date,
            "priority": self.priority,
            "owner_speaker_id": None if owner is None else owner.speaker_id,
            "owner_speaker_label": None if owner is None else owner.label,
            "owner_display_name": None if owner is None else owner.display_name,
            "owner_role": None if owner is None else str(owner.role),
            "owner_speaker_raw": self.owner_speaker_raw,
            "source_segment_ids_json": list(self.source_segment_ids),
            "source_text": self.source_text,
            "intent": self.intent,
            "intent_metadata_json": self.intent_metadata,
        }


@dataclass(frozen=True, slots=True)
class _Call:
    """What items are checked against; `texts` are the segments' by id."""

    speakers: tuple[Speaker, ...]
    texts: dict[str, str]
    evidence: SpokenEvidence


def action_item_rows(document: dict[str, Any], transcript: Transcript) -> list[ActionItemDraft]:
    """The usable action items of an analysis in its order; exact twins are there once (K3).

    What an item says wrongly is left out of it, member by member; an item without any text is skipped.

    Raises:
        MalformedAnalysisError: `actionItems` is there and neither a list nor null.
    """
    items = document.get("actionItems")
    if items is None:
        return []
    if not isinstance(items, list):
        raise MalformedAnalysisError("actionItems is no list")
    call = _Call(
        transcript.speakers, {segment.id: segment.text for segment in transcript.segments}, collect_evidence(transcript)
    )
    drafts: dict[tuple[str, str | None, date | None], ActionItemDraft] = {}
    for item in items:
        draft = _read_item(read_object(item), call)
        if draft is not None:
            owner_id = None if draft.owner is None else draft.owner.speaker_id
            drafts.setdefault((draft.title, owner_id, draft.due_date), draft)
    return list(drafts.values())


def _read_item(item: dict[str, Any], call: _Call) -> ActionItemDraft | None:
    title = _read_title(item)
    if title is None:
        return None
    priority = read_word(item.get("priority"), _PRIORITIES)
    cited = _read_segment_ids(item.get("sourceSegmentIds"), call.texts)
    intent, metadata = read_intent(item, call.evidence)
    return ActionItemDraft(
        title=title,
        description=_read_description(item),
        due_date=_read_due_date(item.get("dueDate")),
        priority=None if priority is None else priority.upper(),
        owner=find_owner(item, call.speakers),
        owner_speaker_raw=read_text(item.get("ownerSpeaker")),
        source_segment_ids=cited,
        source_text=_describe_source(priority, cited, call.texts),
        intent=intent,
        intent_metadata=metadata,
    )


def _read_title(item: dict[str, Any]) -> str | None:
    title, description = read_text(item.get("title")), read_text(item.get("description"))
    if title is not None:
        return title[:MAX_TITLE].rstrip()
    return None if description is None else description[:MAX_TITLE_FROM_DESCRIPTION].rstrip()


def _read_description(item: dict[str, Any]) -> str | None:
    """As it was written, blanks included."""
    description = item.get("description")
    return None if read_text(description) is None else str(description).replace("\x00", "")


def _read_due_date(value: Any) -> date | None:
    """A real date; a date-time is cut to the date in its own offset."""
    text = read_text(value) or ""
    if _DATE.match(text) is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def _read_segment_ids(value: Any, texts: dict[str, str]) -> tuple[str, ...]:
    """The cited ids that exist, each once, in the order of the item."""
    cited = [entry for entry in value if isinstance(entry, str) and entry in texts] if isinstance(value, list) else []
    return tuple(dict.fromkeys(cited))


def _describe_source(priority: str | None, cited: tuple[str, ...], texts: dict[str, str]) -> str | None:
    """Provenance for a person to read; parts that are absent are left out."""
    parts = [] if priority is None else [f"priority={priority}"]
    if cited:
        parts += [f"segments={','.join(cited)}", f'text="{texts[cited[0]][:MAX_QUOTE]}"']
    return "; ".join(parts) or None
