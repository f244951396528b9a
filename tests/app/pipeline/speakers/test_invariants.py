"""What holds for every call: the final invariants of transcript.md, section 6."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.transcript import LabelSource, SpeakerRole, Transcript
from tests.app.pipeline.speakers.conversations import conversation

PHRASES = [
    "hello", "Hi", "Good morning", "Tobias", "Tobias Lind", "Meera", "meera nair", "Nadia", "Mr.", "this is",
    "my name is", "I'm", "from", "Veritas", "speaking", "here", "yes", ".", "?", ",", "Tobias's", "will", "bolo",
    "you are talking to", "mera naam", "hai", "main", "bol raha", "5", "ß", "मीरा",
]  # fmt: skip
NAMES = [None, "", "Meera Nair", "Tobias Lind", "Tobias", "Will", "Dr.", "03055504471", "मीरा", "The Plumber"]

lines = st.tuples(
    st.integers(1, 4),
    st.one_of(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=8).map(" ".join), st.text(max_size=30)),
)
calls = st.builds(
    lambda spoken, unattributed: conversation(*spoken, unattributed=unattributed),
    st.lists(lines, min_size=1, max_size=10),
    st.sampled_from([None, None, 1, 2]),
)
contexts = st.builds(
    SpeakerContext,
    st.one_of(st.sampled_from(NAMES), st.text(max_size=12)),
    st.one_of(st.sampled_from(NAMES), st.text(max_size=12)),
    st.sampled_from([None, "112", "+49 30 5550-4471"]),
    st.sampled_from(["INCOMING", "OUTGOING", "UNKNOWN"]),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(calls, contexts)
def test_final_invariants(call: Transcript, context: SpeakerContext) -> None:
    resolved = resolve_speakers(call, context)

    roles = [speaker.role for speaker in resolved.speakers]
    assert roles.count(SpeakerRole.USER) <= 1
    if resolved.resolution.total_speaker_count <= 2:
        assert roles.count(SpeakerRole.CONTACT) <= 1
    for speaker in resolved.speakers:
        assert speaker.display_name is None or _is_founded(speaker.display_name, call, context)
        if speaker.role is SpeakerRole.UNKNOWN and speaker.label_source is not LabelSource.SELF_INTRODUCTION:
            assert (str(speaker.confidence), speaker.display_name) == ("LOW", None)
    assert len(set(resolved.resolution.warnings)) == len(resolved.resolution.warnings)
    assert (resolved.segments, resolved.pipeline) == (call.segments, call.pipeline)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(calls, contexts)
def test_the_same_call_is_always_resolved_alike(call: Transcript, context: SpeakerContext) -> None:
    assert resolve_speakers(call, context) == resolve_speakers(call, context)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(calls, contexts)
def test_direction_alone_gives_nobody_a_role(call: Transcript, context: SpeakerContext) -> None:
    undirected = resolve_speakers(call, replace(context, direction="UNKNOWN"))

    for direction in ("INCOMING", "OUTGOING"):
        directed = resolve_speakers(call, replace(context, direction=direction))
        for before, after in zip(undirected.speakers, directed.speakers, strict=True):
            assert after.role in (before.role, SpeakerRole.UNKNOWN)
            assert after.display_name in (before.display_name, None)


def _is_founded(name: str, call: Transcript, context: SpeakerContext) -> bool:
    """The name, and the organisation behind it, stand in the context or in the text, or it is a phone label."""
    known = {context.user_name, context.usable_contact_name, context.phone_label}
    said = " ".join(" ".join(segment.text.split()) for segment in call.segments)
    person, _, organisation = name.partition(" (")
    return name in known or ((person in known or person in said) and organisation.removesuffix(")") in said)
