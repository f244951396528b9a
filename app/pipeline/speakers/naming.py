"""What the rules have found out so far about the speakers of one call.

The rules run strongest first and share one `Naming`; it sees to it that a rule only fills what is open, that no role is
given twice and that no confidence falls. Source: transcript.md, section 5.
"""

from collections.abc import Iterator
from dataclasses import replace

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.known_names import KnownName, get_spelling, known_names_of
from app.pipeline.speakers.utterances import Utterance, real_speaker_ids, utterances_of
from app.pipeline.transcript import Confidence, LabelSource, Speaker, SpeakerRole, Transcript

_RANKS = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}
OPPOSITE = {SpeakerRole.USER: SpeakerRole.CONTACT, SpeakerRole.CONTACT: SpeakerRole.USER}


class Naming:
    """The state of one resolution. `real` are the ids of the real speakers; nobody else is ever given anything.

    `absent` holds the roles whose known name is only talked about, `evidence` those whose known name has decided
    something; `warnings` are in order of occurrence.
    """

    def __init__(self, transcript: Transcript, context: SpeakerContext) -> None:
        self.context = context
        self.names: tuple[KnownName, ...] = known_names_of(context)
        self.spelling = get_spelling(self.names)
        self.utterances: tuple[Utterance, ...] = utterances_of(transcript)
        self.real: tuple[str, ...] = real_speaker_ids(transcript, self.utterances)
        self.speakers: dict[str, Speaker] = {speaker.speaker_id: speaker for speaker in transcript.speakers}
        self.absent: set[SpeakerRole] = set()
        self.evidence: set[SpeakerRole] = set()
        self.warnings: list[str] = []
        self.used_direction = False
        self.used_phone_fallback = False

    @property
    def real_speakers(self) -> tuple[Speaker, ...]:
        return tuple(self.speakers[speaker_id] for speaker_id in self.real)

    @property
    def open_ids(self) -> tuple[str, ...]:
        """The real speakers whose role nobody knows yet."""
        return tuple(speaker.speaker_id for speaker in self.real_speakers if speaker.role is SpeakerRole.UNKNOWN)

    @property
    def is_two_party(self) -> bool:
        return len(self.real) == 2

    @property
    def is_open_two_party(self) -> bool:
        """Rules 4 and 7 run only with two real speakers, both without role."""
        return self.is_two_party and len(self.open_ids) == 2

    def utterances_of_real_speakers(self) -> tuple[Utterance, ...]:
        return tuple(utterance for utterance in self.utterances if utterance.speaker_id in self.real)

    def utterances_with_names(self) -> Iterator[Utterance]:
        """What real speakers say that may hold a known name; all that does is among it."""
        return (utterance for utterance in self.utterances_of_real_speakers() if utterance.may_hold(self.spelling))

    def warn(self, code: str) -> None:
        """Note a warning code once."""
        if code not in self.warnings:
            self.warnings.append(code)

    def update(self, speaker: Speaker) -> None:
        self.speakers[speaker.speaker_id] = speaker

    def can_have_role(self, speaker_id: str, role: SpeakerRole) -> bool:
        """A role goes to a real speaker without one; there is one USER, and one CONTACT unless more than two speak."""
        if speaker_id not in self.open_ids:
            return False
        is_held = any(speaker.role is role for speaker in self.speakers.values())
        return not is_held or (role is SpeakerRole.CONTACT and len(self.real) > 2)

    def give_role(self, speaker_id: str, role: SpeakerRole, confidence: Confidence, source: LabelSource) -> bool:
        """Give a role and the name for it; False, and nothing changes, when that cannot be.

        A name from rule 2 stays, with its label source, unless the user's own name is known for the USER.
        """
        if not self.can_have_role(speaker_id, role):
            return False
        speaker = self.speakers[speaker_id]
        keeps_name = speaker.display_name is not None and not (role is SpeakerRole.USER and self.context.user_name)
        self.update(
            replace(
                speaker,
                role=role,
                display_name=speaker.display_name if keeps_name else self._free_name(speaker_id, role),
                confidence=max(speaker.confidence, confidence, key=_RANKS.__getitem__),
                label_source=speaker.label_source if keeps_name else source,
            )
        )
        return True

    def give_name(self, speaker_id: str, name: str, confidence: Confidence) -> None:
        """Give the name that a speaker has told (rule 2); it is no more than a name to whom the voice has told."""
        speaker = self.speakers[speaker_id]
        if speaker.label_source is LabelSource.VOICE_EMBEDDING:
            self.update(replace(speaker, display_name=speaker.display_name or name))
            return
        self.update(
            replace(speaker, display_name=name, confidence=confidence, label_source=LabelSource.SELF_INTRODUCTION)
        )

    def _free_name(self, speaker_id: str, role: SpeakerRole) -> str | None:
        """The name for a role, unless somebody else of a larger call bears it, or the contact is only talked about."""
        if role is SpeakerRole.CONTACT and role in self.absent:
            return None
        name = self.context.user_name if role is SpeakerRole.USER else self.context.usable_contact_name
        others = (speaker.display_name or "" for speaker in self.speakers.values() if speaker.speaker_id != speaker_id)
        return None if any(other == name or other.startswith(f"{name} (") for other in others) else name
