"""The names that the context knows, and where they stand in what was said.

A match is token-for-token equality; nothing is fuzzy. Source: transcript.md, section 5.1.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.namesakes import may_be_same
from app.pipeline.speakers.tokens import HONORIFICS, Token, tokenize
from app.pipeline.speakers.word_lists import COMMON_WORDS, ORGANISATION_WORDS, STOP_WORDS
from app.pipeline.transcript import SpeakerRole

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name of the context and whose it is.

    `words` has no honorifics; `variants` are the forms that count, the longest first, possibly none.
    """

    role: SpeakerRole
    name: str
    words: Words
    variants: tuple[Words, ...]

    def length_at(self, tokens: Sequence[Token], index: int) -> int:
        """How many tokens at `index` are this name; 0 when it does not stand there."""
        first = tokens[index]
        for variant in self.variants:
            if variant[0] != first.word or not _is_meant(variant, first):
                continue
            if tuple(token.word for token in tokens[index : index + len(variant)]) == variant:
                return self._length_with_hyphens(tokens, index, len(variant))
        return 0

    def _length_with_hyphens(self, tokens: Sequence[Token], index: int, length: int) -> int:
        """A word with hyphens is one word: "Ann-Marie" is not Ann, and all of it is the first name of Ann-Marie Lee."""
        if tokens[index].follows_hyphen:
            return 0
        while index + length < len(tokens) and tokens[index + length].follows_hyphen:
            if self.words[length : length + 1] != (tokens[index + length].word,):
                return 0
            length += 1
        return length

    def is_called(self, words: Words) -> bool:
        """Tell whether a name that was said (at least one word) is this one.

        Two names of several words are the same only when the last words agree, too (rule I2), unless the known name
        goes on after what was said: "Anne-Marie" is "Anne-Marie Dubois".
        """
        if self.words in self.variants and words[: len(self.words)] == self.words:
            return True
        if self.words[:1] not in self.variants or words[0] != self.words[0]:
            return False
        if self.words[: len(words)] == words:
            return True
        return len(words) == 1 or len(self.words) == 1 or words[-1] == self.words[-1]

    def may_be_called(self, name: str) -> bool:
        """Tell whether a spoken name may be another form of this one."""
        return may_be_same(_words(name), self.words)

    @property
    def is_organisation(self) -> bool:
        """A company in the phone book: it answers the telephone with its name, and nobody greets it."""
        return not ORGANISATION_WORDS.isdisjoint(self.words[1:])


@dataclass(frozen=True, slots=True)
class Mention:
    """A known name among the tokens of a segment: `tokens[start:end]`."""

    name: KnownName
    start: int
    end: int


def known_names_of(context: SpeakerContext) -> tuple[KnownName, ...]:
    """The user's and the contact's name, those of them that are there."""
    user, contact = _words(context.user_name), _words(context.usable_contact_name)
    if user == contact:
        # Parent and child of one name: whoever says it, nothing follows.
        return ()
    is_shared = user[:1] == contact[:1]
    names = []
    for role, name, words in (
        (SpeakerRole.USER, context.user_name, user),
        (SpeakerRole.CONTACT, context.usable_contact_name, contact),
    ):
        if name is not None and words:
            names.append(KnownName(role, name, words, _variants(words, is_shared=is_shared)))
    return tuple(names)


def known_names(context: SpeakerContext) -> tuple[str, ...]:
    """The names of the context that case restoration (transcript.md 4.0) may write with capitals, user first.

    A name like "The plumber" or "Customer service" is left out: its words are heard in other places, too.
    """
    names = (context.user_name, context.usable_contact_name)
    return tuple(name for name in names if name is not None and any(map(_is_name, _words(name)[:1])))


def get_spelling(names: Sequence[KnownName]) -> re.Pattern[str]:
    """What stands in a lower-case text that may hold one of the names."""
    first_words = {variant[0] for name in names for variant in name.variants}
    # Without names there is nothing to be found.
    return re.compile("|".join(map(re.escape, sorted(first_words))) or r"(?!)")


def find_known_name(names: Sequence[KnownName], tokens: Sequence[Token], index: int) -> Mention | None:
    """The known name that stands at `index`, the longest one; a common word at a sentence start is none.

    "Will you come?" begins with a capital for another reason than a name; "Will, can you come?" does not.
    """
    token = tokens[index]
    is_followed_by_punctuation = index + 1 == len(tokens) or tokens[index + 1].follows_punctuation
    if token.word in COMMON_WORDS and token.starts_sentence and not is_followed_by_punctuation:
        names = [name for name in names if name.length_at(tokens, index) > 1]
    found = [Mention(name, index, index + name.length_at(tokens, index)) for name in names]
    longest = max(found, key=lambda mention: mention.end, default=None)
    return None if longest is None or longest.end == index else longest


def iter_mentions(names: Sequence[KnownName], tokens: Sequence[Token]) -> Iterator[Mention]:
    """All known names among the tokens, from left to right, never overlapping."""
    first_words = {variant[0] for name in names for variant in name.variants}
    index = 0
    while index < len(tokens):
        if tokens[index].word not in first_words:
            index += 1
            continue
        mention = find_known_name(names, tokens, index)
        if mention is not None:
            yield mention
        index = mention.end if mention is not None else index + 1


def may_be_called(name: str | None, words: Words) -> bool:
    """Tell whether somebody of this name may be meant by one that was said (at least one word), whoever else is.

    Unlike `KnownName.is_called`, this holds for a first name that several share, too.
    """
    known = _words(name)
    if not known or known[0] != words[0]:
        return False
    return min(len(known), len(words)) == 1 or known[-1] == words[-1] or words[: len(known)] == known


def _words(name: str | None) -> Words:
    return tuple(token.word for token in tokenize(name or "") if token.full not in HONORIFICS)


def _variants(words: Words, *, is_shared: bool) -> tuple[Words, ...]:
    """All words, and the first one unless both known names begin with it: then nobody can tell them apart."""
    candidates = [words] if is_shared or len(words) == 1 else [words, words[:1]]
    return tuple(variant for variant in candidates if len(variant) > 1 or (_is_name(variant[0]) and not is_shared))


def _is_name(word: str) -> bool:
    """A lone letter is no variant, nor is a word like "the" in a contact saved as "The plumber"."""
    return len(word) > 1 and (word not in STOP_WORDS or word in COMMON_WORDS)


def _is_meant(variant: Words, token: Token) -> bool:
    return len(variant) > 1 or variant[0] not in COMMON_WORDS or token.is_capitalised
