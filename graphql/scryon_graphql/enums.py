"""The closed sets of the core as GraphQL enums, each value with its meaning.

Types import them from here, so that they are exposed before a type is made; the classes stay the core's own. A member
without a meaning stops the start.
"""

from collections.abc import Mapping
from enum import StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from app.actions.models import ActionPriority, ActionSource, ActionStatus
from app.calls.models import CallStatus, Direction
from app.pipeline.models import Stage, StageStatus
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole
from app.users.models import AccountStatus, Plan

__all__ = [
    "AccountStatus",
    "ActionPriority",
    "ActionSource",
    "ActionStatus",
    "CallStatus",
    "Confidence",
    "Direction",
    "LabelSource",
    "Plan",
    "SpeakerRole",
    "Stage",
    "StageStatus",
    "expose",
]


def expose(members: type[StrEnum], name: str, description: str, meanings: Mapping[StrEnum, str]) -> None:
    """Make a set usable in annotations. Raises KeyError for a member without a meaning."""
    strawberry.enum(members, name=name, description=description)
    definition: StrawberryEnumDefinition = members.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = meanings[members(value.value)]


expose(
    CallStatus,
    "CallStatus",
    "Where a call stands.",
    {
        CallStatus.QUEUED: "Accepted, waiting for a worker.",
        CallStatus.TRANSCRIBING: "Being decoded, transcribed and told apart by speaker.",
        CallStatus.ANALYZING: "The transcript is there, the analysis is being made.",
        CallStatus.COMPLETED: "Transcript, analysis and action items can be read.",
        CallStatus.FAILED: "Given up; `errorReason` says why.",
        CallStatus.PROCESSING: "Legacy, never written; counts as in flight.",
    },
)
expose(
    Direction,
    "Direction",
    "Who called whom.",
    {
        Direction.INCOMING: "The user was called.",
        Direction.OUTGOING: "The user called.",
        Direction.UNKNOWN: "Not said.",
    },
)
expose(
    ActionStatus,
    "ActionStatus",
    "How far a task is.",
    {
        ActionStatus.OPEN: "Not begun.",
        ActionStatus.IN_PROGRESS: "Begun.",
        ActionStatus.DONE: "Finished.",
        ActionStatus.DISMISSED: "Not wanted; counts nowhere.",
    },
)
expose(
    ActionPriority,
    "ActionPriority",
    "How urgent a task is.",
    {
        ActionPriority.LOW: "Can wait.",
        ActionPriority.MEDIUM: "Usual.",
        ActionPriority.HIGH: "Soon.",
    },
)
expose(
    ActionSource,
    "ActionSource",
    "Who wrote a task down.",
    {
        ActionSource.AI: "The analysis; replaced whenever the call is analysed again.",
        ActionSource.MANUAL: "The user.",
    },
)
expose(
    SpeakerRole,
    "SpeakerRole",
    "Whose voice it is.",
    {
        SpeakerRole.USER: "The owner of the account.",
        SpeakerRole.CONTACT: "The other party.",
        SpeakerRole.UNKNOWN: "Nobody can tell.",
    },
)
expose(
    Confidence,
    "Confidence",
    "How sure a stage is.",
    {
        Confidence.HIGH: "Sure.",
        Confidence.MEDIUM: "Likely.",
        Confidence.LOW: "A guess at best.",
    },
)
expose(
    LabelSource,
    "LabelSource",
    "Which rule named a speaker.",
    {
        LabelSource.DIARIZATION: "None: the speaker has a number only.",
        LabelSource.VOICE_EMBEDDING: "The voice matched the user's voice profile.",
        LabelSource.SELF_INTRODUCTION: "The speaker said their own name.",
        LabelSource.GREETING_MATCH: "Somebody greeted the speaker by name.",
        LabelSource.NAME_MENTION: "Somebody addressed the speaker by name.",
        LabelSource.AMBIGUOUS: "Names were mentioned, but fit more than one speaker; nothing was assigned.",
        LabelSource.BY_ELIMINATION: "The other speaker is known.",
        LabelSource.ANSWERING_PATTERN: "The way in which the call was answered.",
        LabelSource.PHONE_FALLBACK: "The phone number stands in for a name.",
        LabelSource.LLM_INFERENCE: "A language model's reading of the transcript.",
        LabelSource.USER_PROFILE: "Legacy, never written.",
        LabelSource.CONTACT_METADATA: "Legacy, never written.",
        LabelSource.POSITIONAL_FALLBACK: "Legacy, never written.",
        LabelSource.MANUAL: "Reserved for corrections by the user.",
    },
)
expose(
    Stage,
    "ProcessingStage",
    "The stages of a run, in their order.",
    {
        Stage.CALL_QUEUED: "The recording was accepted.",
        Stage.AUDIO_PREPROCESSED: "The recording was decoded and cleaned.",
        Stage.PYANNOTE_STARTED: "The diarization provider was asked.",
        Stage.PYANNOTE_FAILED_FALLBACK: "The diarization provider gave no turns; the call goes on without them.",
        Stage.DIARIZED: "Voices were told apart.",
        Stage.LEMONFOX_SUBMITTED: "The transcription provider has the audio and is to call back.",
        Stage.TRANSCRIBED: "Speech became words.",
        Stage.TRANSCRIPT_ALIGNED: "Words were given to voices.",
        Stage.TRANSCRIPT_NORMALIZED: "Words became readable segments.",
        Stage.VOICE_MATCH_STARTED: "Voices were compared with the user's voice profile.",
        Stage.SPEAKER_REFINED: "Speakers were named.",
        Stage.SPEAKER_NAMING_LLM: "A model was asked for names that the rules could not find.",
        Stage.ANALYZED: "The analysis was made.",
        Stage.ACTION_ITEMS_EXTRACTED: "Action items were written.",
        Stage.CALL_COMPLETED: "The call is finished.",
        Stage.CALL_FAILED: "The call was given up.",
        Stage.CALL_SWEPT: "The call waited in vain for too long.",
        Stage.CALL_CANCELLED: "The call was deleted while it was processed.",
        Stage.TEMP_AUDIO_DELETED: "The recording was deleted.",
        Stage.REANALYZE_STARTED: "The finished call is analysed again.",
    },
)
expose(
    StageStatus,
    "ProcessingStageStatus",
    "How a stage went.",
    {
        StageStatus.STARTED: "It began.",
        StageStatus.COMPLETED: "It was done.",
        StageStatus.FAILED: "It did not work.",
        StageStatus.SKIPPED: "There was nothing to do.",
    },
)
expose(
    Plan,
    "Plan",
    "What an account pays for.",
    {
        Plan.FREE: "Nothing; limited.",
        Plan.PRO: "A monthly fee.",
    },
)
expose(
    AccountStatus,
    "AccountStatus",
    "What an account may do.",
    {
        AccountStatus.ACTIVE: "Everything.",
        AccountStatus.SUSPENDED: "Everything but uploading.",
        AccountStatus.DISABLED: "Nothing.",
    },
)
