"""Whom a known name in a call means: the one who is spoken to, the speaker, or somebody who is only talked about.

Rule 4 draws conclusions from names that are mentioned. Nobody tells Tobias "I spoke to Tobias yesterday": such a name
is no evidence of who speaks, and rather one that Tobias is not on the line. When in doubt a name is an address, as the
letter of the rule has it. Source: transcript.md, section 5.5.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from app.pipeline.speakers.introduction_frames import is_greeting, is_report
from app.pipeline.speakers.introductions import Introduction
from app.pipeline.speakers.known_names import Mention, iter_mentions
from app.pipeline.speakers.naming import Naming
from app.pipeline.speakers.surroundings import Surroundings, read_surroundings
from app.pipeline.speakers.tokens import HONORIFICS, Token, find_words, is_question_after, words_match
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.speakers.word_lists import GREETINGS, HESITATIONS, NAME_QUESTIONS, TIMES_OF_DAY, YES_WORDS
from app.pipeline.transcript import SpeakerRole

_CONFIRMATIONS = (
    ("speaking",),
    ("that's", "me"),
    ("that", "is", "me"),
    ("it's", "me"),
    ("this", "is", "he"),
    ("this", "is", "she"),
)
_DENIALS = (("no",), ("nope",), ("nah",), ("wrong", "number"))
_REPLY_TOKENS = 4
"""An answer to a question comes in the first words."""
_CUT_SECONDS = 0.15
"""A shorter pause is none: two utterances so close were cut out of one."""
_SENTENCE_END = re.compile(r"[.!?…।॥。！？][^\w]*$")


class Person(Enum):
    """Whose name it is, seen from the one who says it.

    `SPEAKER` also when it may be the own name; `SEVERAL`: one name of a list, which tells nothing about who is there.
    """

    LISTENER = auto()
    SPEAKER = auto()
    THIRD = auto()
    SEVERAL = auto()


@dataclass(frozen=True, slots=True)
class Reference:
    """A known name outside introductions (I8), and whom the speaker means by it."""

    utterance: Utterance
    mention: Mention
    person: Person

    @property
    def owner(self) -> SpeakerRole:
        return self.mention.name.role

    @property
    def is_own(self) -> bool:
        return self.person is Person.SPEAKER


def find_references(naming: Naming, introductions: Sequence[Introduction]) -> list[Reference]:
    """All known names that real speakers say outside introductions, in order.

    A company's name is left out: its people say it of themselves, and others say it to them.
    """
    names = [name for name in naming.names if not name.is_organisation]
    return [
        Reference(utterance, mention, _find_person(naming.utterances, utterance, mention))
        for utterance in naming.utterances_with_names()
        for mention in iter_mentions(names, utterance.tokens)
        if not any(introduction.covers(utterance, mention.start) for introduction in introductions)
    ]


def find_absent(introductions: Iterable[Introduction], references: Sequence[Reference]) -> set[SpeakerRole]:
    """The owners of names that are only talked about: neither spoken to nor speaking."""
    present = {introduction.known.role for introduction in introductions if introduction.known is not None}
    present |= {reference.owner for reference in references if reference.person in (Person.LISTENER, Person.SPEAKER)}
    return {reference.owner for reference in references if reference.person is Person.THIRD} - present


def _find_person(utterances: Sequence[Utterance], utterance: Utterance, mention: Mention) -> Person:
    tokens = utterance.tokens
    words = read_surroundings(tokens, mention)
    if any(token.is_possessive for token in tokens[mention.start : mention.end]) or _is_told(tokens, mention.start):
        return Person.THIRD
    if _may_be_own_name(utterances, utterance, mention, words) or _is_cut_off(utterances, utterance, mention):
        return Person.SPEAKER
    reply = _find_reply(utterances, utterance)
    if words.asks_who_it_is:
        return Person.THIRD if _begins_with(reply, _DENIALS) else Person.LISTENER
    if words.asks_for_it:
        return Person.LISTENER if _begins_with(reply, _CONFIRMATIONS) else Person.THIRD
    if words.is_about_a_third:
        return Person.THIRD
    return Person.SEVERAL if words.is_in_a_list else Person.LISTENER


def _is_told(tokens: Sequence[Token], start: int) -> bool:
    """Tell "she said hello Tobias": a greeting that is not given here and now."""
    return start > 0 and is_greeting(tokens, start - 1) and is_report(tokens, start - 1)


def _find_reply(utterances: Sequence[Utterance], utterance: Utterance) -> Sequence[Token]:
    """The tokens of the next utterance, when somebody else says it."""
    following = utterances[utterance.index + 1 : utterance.index + 2]
    return following[0].tokens if following and following[0].speaker_id != utterance.speaker_id else ()


def _begins_with(tokens: Sequence[Token], phrases: Sequence[tuple[str, ...]]) -> bool:
    return any(words_match(tokens, at, phrase) for at in range(min(len(tokens), _REPLY_TOKENS)) for phrase in phrases)


def _may_be_own_name(
    utterances: Sequence[Utterance], utterance: Utterance, mention: Mention, words: Surroundings
) -> bool:
    """Tell whether a speaker may have said the own name: it points at nobody else then.

    "Hi Alice, this is Robert" was heard as "Violence is Robert"; "Is Robert there?" and "Where is Robert?" are safe.
    """
    is_question = words.asks_for_it or words.asks_who_it_is
    is_asked = is_question_after(utterance.segment.text, utterance.tokens[mention.end - 1])
    # The question mark after "this is Tobias?" may be the engine's or ours.
    if words.may_be_own and not is_question and (not is_asked or words.is_presented):
        return True
    return _answers_name_question(utterances, utterance, mention) or _is_all_of_first_words(utterance, mention)


def _answers_name_question(utterances: Sequence[Utterance], utterance: Utterance, mention: Mention) -> bool:
    """Tell whether the other one has just asked for a name: "Your name please?" "Tobias Lind."."""
    if utterance.index == 0 or mention.start >= _REPLY_TOKENS:
        return False
    question = utterances[utterance.index - 1]
    if question.speaker_id == utterance.speaker_id:
        return False
    first_words = {token.full for token in question.tokens}
    return any(
        phrase[0] in first_words and find_words(question.tokens, phrase) is not None for phrase in NAME_QUESTIONS
    )


def _is_all_of_first_words(utterance: Utterance, mention: Mention) -> bool:
    """Tell whether a call begins with a name and nothing else: many answer the telephone in that way."""
    tokens = utterance.tokens
    if utterance.index > 0 or is_question_after(utterance.segment.text, tokens[mention.end - 1]):
        return False
    # A name may be said twice.
    after = GREETINGS | TIMES_OF_DAY | HESITATIONS | {"good", *mention.name.words}
    return all(token.full in YES_WORDS | HONORIFICS | HESITATIONS for token in tokens[: mention.start]) and all(
        token.full in after for token in tokens[mention.end :]
    )


def _is_cut_off(utterances: Sequence[Utterance], utterance: Utterance, mention: Mention) -> bool:
    """Tell whether a name stands where a sentence was cut in two, so that it may belong to the other speaker's half."""
    if mention.start == 0 and utterance.index > 0:
        before = utterances[utterance.index - 1]
        if _is_one_sentence(before, utterance):
            return True
    following = utterances[utterance.index + 1 : utterance.index + 2]
    return mention.end == len(utterance.tokens) and bool(following) and _is_one_sentence(utterance, following[0])


def _is_one_sentence(first: Utterance, second: Utterance) -> bool:
    """Tell whether one speaker's words run on into another's without a pause and without an end of the sentence."""
    gap = second.segment.start_seconds - first.segment.end_seconds
    is_change = first.speaker_id != second.speaker_id
    return is_change and abs(gap) < _CUT_SECONDS and _SENTENCE_END.search(first.segment.text) is None
