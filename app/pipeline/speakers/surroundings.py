"""The words around a known name, and what they make of it: the name of the listener, of the speaker, of a third person.

Source: transcript.md, section 5.5; which words count is in `word_lists`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.pipeline.speakers.introductions import SUBJECT_GOES_ON
from app.pipeline.speakers.known_names import Mention
from app.pipeline.speakers.tokens import HONORIFICS, Token
from app.pipeline.speakers.word_lists import (
    AUXILIARIES,
    HESITATIONS,
    INVERTED_SUBJECTS,
    THIRD_PERSON_LEADS,
    THIRD_PERSON_VERBS,
)

Words = tuple[str, ...]

_REACH_TOKENS = 6
"""As far as a phrase goes that says something about a name."""
_OWN_LEADS = frozenset({"is", "am", "i'm", "im", "it's", "name's"})
_BEFORE_ME = frozenset({"it's", "is", "just", "only"})
_OWN_ENDS = (("here",), ("speaking",), ("calling",), ("this", "side"))
_IDENTITY_QUESTIONS = (
    *(("is", word) for word in ("that", "this", "it")),
    ("are", "you"),
    *(("am", "i", verb, preposition) for verb in ("speaking", "talking") for preposition in ("to", "with")),
)
_REQUESTS = (
    *((verb, preposition) for verb in ("speak", "talk") for preposition in ("to", "with")),
    ("where", "is"),
    ("where's",),
)
_WHEREABOUTS = frozenset({"there", "in", "home", "around", "available", "free", "at"})
_JOINTS = (("and",), ("or",))
_IN_LETTERS = frozenset({"dear", "regards", "sincerely", "wishes", "yours"})
"""Who says these before a name reads a letter aloud."""
_CALLS_TO_THE_PHONE = (("for", "you"), ("it's", "for"), ("phone",), ("telephone",))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Folded words near a name, in their order, without hesitations, honorifics and stutters.

    `before` and `after` are those of the same sentence, `lead` and `end` only those without punctuation in between.
    """

    before: Words
    lead: Words
    end: Words
    after: Words

    @property
    def asks_who_it_is(self) -> bool:
        """ "Is that Tobias", "am I speaking to Tobias"."""
        return _ends_with(self.lead, _IDENTITY_QUESTIONS)

    @property
    def asks_for_it(self) -> bool:
        """ "Is Tobias there", "where is Tobias", "can I speak to Tobias"."""
        is_whereabouts = self.lead[-1:] == ("is",) and self.end[:1] != () and self.end[0] in _WHEREABOUTS
        return is_whereabouts or _ends_with(self.lead, _REQUESTS)

    @property
    def may_be_own(self) -> bool:
        """ "Tobias here", "that is Tobias", "it's me, Tobias": told in other words than rule 2 knows, or misheard."""
        if self.is_told_by_its_owner:
            # "Tobias here is the file" is about the file.
            return not SUBJECT_GOES_ON.intersection(self.end[1:2])
        is_me = self.before[-1:] == ("me",) and (len(self.before) == 1 or self.before[-2] in _BEFORE_ME)
        return is_me or not _OWN_LEADS.isdisjoint(self.lead[-1:])

    @property
    def is_presented(self) -> bool:
        return self.lead[-2:] == ("this", "is")

    @property
    def is_told_by_its_owner(self) -> bool:
        """ "Tobias here", "Tobias speaking", "Tobias calling", "Tobias this side"."""
        return any(self.end[: len(words)] == words for words in _OWN_ENDS)

    @property
    def is_in_a_list(self) -> bool:
        """ "Nadia and Tobias", but not "And Tobias, please ...": nobody is spoken to as one of several."""
        return self.end[:1] in _JOINTS or (self.lead[-1:] in _JOINTS and len(self.before) > 1)

    @property
    def is_about_a_third(self) -> bool:
        """ "For Tobias", "Tobias said", "dear Tobias"; "Tobias, it's for you" is said to somebody in the room."""
        if not THIRD_PERSON_LEADS.isdisjoint(self.lead[-1:]) or is_subject(self.end):
            return True
        if not _IN_LETTERS.isdisjoint(self.before[-1:]):
            return True
        return any(self.after[at : at + len(words)] == words for at in range(4) for words in _CALLS_TO_THE_PHONE)


def read_surroundings(tokens: Sequence[Token], mention: Mention) -> Surroundings:
    """The words up to six tokens before and after a name."""
    start, end = mention.start, mention.end
    # A name may be said twice in a row.
    while start > 0 and tokens[start - 1].word in mention.name.words:
        start -= 1
    while end < len(tokens) and tokens[end].word in mention.name.words:
        end += 1
    behind = end
    while behind < len(tokens) and behind < end + _REACH_TOKENS and not tokens[behind].starts_sentence:
        behind += 1
    ahead = start
    while ahead > 0 and ahead > start - _REACH_TOKENS and not tokens[ahead].starts_sentence:
        ahead -= 1
    joined_from = start
    while joined_from > ahead and not _is_apart(tokens, joined_from):
        joined_from -= 1
    joined_to = end
    while joined_to < behind and not _is_apart(tokens, joined_to):
        joined_to += 1
    return Surroundings(
        before=_read_words(tokens[ahead:start]),
        lead=_read_words(tokens[joined_from:start]),
        end=_read_words(tokens[end:joined_to]),
        after=_read_words(tokens[end:behind]),
    )


def is_subject(end: Words) -> bool:
    """Tell whether a name does something in the words right after it: "Tobias is out", not "Tobias is it late"."""
    if not end:
        return False
    if end[0] in AUXILIARIES:
        return len(end) > 1 and end[1] not in INVERTED_SUBJECTS
    return end[0] in THIRD_PERSON_VERBS


def _ends_with(words: Words, phrases: Iterable[Words]) -> bool:
    return any(words[-len(phrase) :] == phrase for phrase in phrases)


def _is_apart(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether punctuation stands before a token; the commas around a hesitation do not count."""
    if not tokens[index].follows_punctuation or tokens[index].starts_sentence:
        return tokens[index].follows_punctuation
    return tokens[index].full not in HESITATIONS and tokens[index - 1].full not in HESITATIONS


def _read_words(tokens: Sequence[Token]) -> Words:
    words: list[str] = []
    for token in tokens:
        if token.full not in HESITATIONS | HONORIFICS and token.full != (words[-1] if words else None):
            words.append(token.full)
    return tuple(words)
