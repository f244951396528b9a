import pytest

from app.providers.local_analysis.call_type import CallType, find_call_type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pricing", CallType.SALES),
        ("pricing_heard", CallType.SALES),
        ("support", CallType.SUPPORT),
        ("support_heard", CallType.SUPPORT),
        ("clinic", CallType.HEALTHCARE),
        ("voicemail", CallType.UNKNOWN),
        ("small_talk", CallType.UNKNOWN),
    ],
)
def test_type_of_a_sample_call(read_turns, dialogues, name, kind):
    assert find_call_type(read_turns(*dialogues[name])) is kind


def test_one_word_repeated_is_no_evidence(read):
    assert find_call_type(read("the bank the bank the bank the bank")) is CallType.UNKNOWN


def test_two_types_with_as_much_evidence_are_unknown(read):
    assert find_call_type(read("the doctor the clinic the nurse and the bank the loan the tax")) is CallType.UNKNOWN
