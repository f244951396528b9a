"""Rule 10, deciding: what follows from the names that a model suggests (M7).

Pure; who is asked, and how, is elsewhere. Source: transcript.md, sections 5.11 and 6.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.known_names import KnownName, may_be_called
from app.pipeline.speakers.naming import OPPOSITE, Naming
from app.pipeline.speakers.resolve import UNRESOLVED_WARNING
from app.pipeline.speakers.suggestion_proofs import ProvenName, find_proven_names, is_open
from app.pipeline.speakers.two_parties import MULTI_PARTY_WARNING
from app.pipeline.speakers.utterances import real_speaker_ids, utterances_of
from app.pipeline.transcript import Confidence, LabelSource, SpeakerResolution, SpeakerRole, Transcript
from app.providers.protocols import NameSuggestion


def is_naming_wanted(transcript: Transcript) -> bool:
    """Tell whether a model could add anything: whether some real speaker is open."""
    real = real_speaker_ids(transcript, utterances_of(transcript))
    return any(is_open(transcript.speaker(speaker_id)) for speaker_id in real)


def apply_suggestions(
    transcript: Transcript, suggestions: Sequence[NameSuggestion], context: SpeakerContext
) -> Transcript:
    """Give open speakers the suggested names that they have said themselves, and the roles that follow.

    The order of the suggestions does not matter; without one that is proven the transcript is what it was.
    """
    naming = Naming(transcript, context)
    proven_names = find_proven_names(naming, suggestions)
    if not proven_names:
        return transcript
    roles = _decide_roles(naming, proven_names)
    for proven in proven_names:
        _apply(naming, proven, roles.get(proven.speaker_id))
    return replace(
        transcript,
        speakers=tuple(naming.speakers[speaker.speaker_id] for speaker in transcript.speakers),
        resolution=_summarize(naming, transcript.resolution),
    )


def _decide_roles(naming: Naming, proven_names: Sequence[ProvenName]) -> dict[str, SpeakerRole]:
    """The roles that are given, by speaker id (M7); one that several could have is given to none of them."""
    takers: dict[SpeakerRole, list[str]] = defaultdict(list)
    held = {speaker.role for speaker in naming.speakers.values()}
    for proven in proven_names:
        is_free = proven.role in OPPOSITE and proven.role not in held
        if is_free and proven.speaker_id in naming.open_ids and _may_have_role(naming, proven):
            takers[proven.role].append(proven.speaker_id)
    return {speaker_ids[0]: role for role, speaker_ids in takers.items() if len(speaker_ids) == 1}


def _may_have_role(naming: Naming, proven: ProvenName) -> bool:
    """Hold a role against the name: the user's is the USER's, any other one may be the CONTACT's.

    The model does not know who the user is, so somebody who may be the user is not the contact because it says so.
    """
    is_called = _find_known(naming, proven, proven.role) is not None
    if proven.role is SpeakerRole.USER:
        return is_called
    return is_called or not may_be_called(naming.context.user_name, proven.words)


def _find_known(naming: Naming, proven: ProvenName, role: SpeakerRole) -> KnownName | None:
    """The name of the context for a role, if it is the proven one."""
    return next((name for name in naming.names if name.role is role and name.is_called(proven.words)), None)


def _apply(naming: Naming, proven: ProvenName, role: SpeakerRole | None) -> None:
    """Fill in what is open. With a role comes the stored name for it; a told name (rule 2) stays otherwise."""
    speaker = naming.speakers[proven.speaker_id]
    known = None if role is None else _find_known(naming, proven, role)
    if known is not None:
        naming.evidence.add(known.role)
    is_told = proven.is_told and known is None
    naming.update(
        replace(
            speaker,
            display_name=proven.name if known is None else known.name,
            role=role or speaker.role,
            confidence=Confidence.MEDIUM,
            label_source=speaker.label_source if is_told else LabelSource.LLM_INFERENCE,
        )
    )


def _summarize(naming: Naming, before: SpeakerResolution) -> SpeakerResolution:
    """The facts of section 6 that a new name or role changes."""
    outdated = set()
    if len(naming.open_ids) < len(naming.real):
        outdated.add(UNRESOLVED_WARNING)
    if not naming.open_ids:
        outdated.add(MULTI_PARTY_WARNING)
    return replace(
        before,
        used_user_display_name=before.used_user_display_name or SpeakerRole.USER in naming.evidence,
        used_contact_name=before.used_contact_name or SpeakerRole.CONTACT in naming.evidence,
        total_speaker_count=len(naming.real),
        resolved_speaker_count=len(naming.real) - len(naming.open_ids),
        warnings=tuple(code for code in before.warnings if code not in outdated),
    )
