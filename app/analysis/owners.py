"""Who an action item falls to (O1 to O6). Nobody is invented. Source: analysis.md, section 9.1."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.analysis.values import read_text
from app.pipeline.transcript import Speaker, SpeakerRole

_KNOWN_ROLES = (SpeakerRole.USER, SpeakerRole.CONTACT)


@dataclass(frozen=True, slots=True)
class Owner:
    """A speaker of the transcript, as the owner columns show him or her."""

    speaker_id: str
    label: str
    display_name: str | None
    role: SpeakerRole


def find_owner(item: dict[str, Any], speakers: Sequence[Speaker]) -> Owner | None:
    """Map the owner fields of an item to a speaker of its transcript; the first rule that hits wins."""
    speaker = next((found for found in _iter_matches(item, speakers) if found is not None), None)
    if speaker is None:
        return None
    # A speaker's known role stands against what the item says.
    role = speaker.role if speaker.role in _KNOWN_ROLES else _read_role(item) or speaker.role
    return Owner(speaker.speaker_id, speaker.label, speaker.display_name, role)


def _iter_matches(item: dict[str, Any], speakers: Sequence[Speaker]) -> Iterator[Speaker | None]:
    speaker_id = read_text(item.get("ownerSpeakerId"))
    name = read_text(item.get("ownerDisplayName"))
    role = _read_role(item)
    yield _only(speaker for speaker in speakers if speaker.speaker_id == speaker_id)
    for text in (read_text(item.get("ownerSpeakerLabel")), read_text(item.get("ownerSpeaker")), name):
        yield _only(speaker for speaker in speakers if text is not None and _is_called(speaker, text))
    yield _only(speaker for speaker in speakers if name is not None and _is_first_name(speaker, name))
    yield _only(speaker for speaker in speakers if role is not None and speaker.role is role)


def _only(speakers: Iterator[Speaker]) -> Speaker | None:
    """The one speaker; None when there is none or more than one."""
    found = list(speakers)
    return found[0] if len(found) == 1 else None


def _is_called(speaker: Speaker, text: str) -> bool:
    names = (speaker.label, (speaker.display_name or "").strip())
    return text.casefold() in {name.casefold() for name in names}


def _is_first_name(speaker: Speaker, name: str) -> bool:
    """Rule O4: the first words are the same, and the last ones do not contradict each other."""
    person = (speaker.display_name or "").partition(" (")[0]  # Without the organisation.
    own, other = person.casefold().split(), name.casefold().split()
    return own[:1] == other[:1] and (len(own) == 1 or len(other) == 1 or own[-1] == other[-1])


def _read_role(item: dict[str, Any]) -> SpeakerRole | None:
    role = (read_text(item.get("ownerRole")) or "").upper()
    return next((known for known in _KNOWN_ROLES if known == role), None)
