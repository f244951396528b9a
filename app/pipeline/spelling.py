"""Which word of an engine's word list each piece of its text spells.

The text has the punctuation, the words have the times, and the two differ: words without punctuation, `25` beside
`twenty-five`, `ice cream` as one word or two, words that are missing on one side. Source: transcript.md, section 3, A6.
"""

from collections.abc import Sequence
from typing import NamedTuple

_LOOK_AHEAD = 8
"""How many tokens and words may differ in a row before the walk goes on without having found its place again."""


class _Step(NamedTuple):
    """How many tokens and words the walk passes, and whether those tokens spell those words."""

    tokens: int
    words: int
    is_spelled: bool


def divide_text(text: str, words: Sequence[str], groups: Sequence[int]) -> list[str]:
    """Divide a text between groups of its words.

    `groups` names the group of each word, from 0, never decreasing. Answers one text per group, some possibly empty;
    joined with spaces they are the text after whitespace collapsing.
    """
    pieces: list[list[str]] = [[] for _ in range(groups[-1] + 1)]
    tokens = text.split()
    for token, word in zip(tokens, match_tokens(tokens, words), strict=True):
        pieces[groups[word]].append(token)
    return [" ".join(piece) for piece in pieces]


def match_tokens(tokens: Sequence[str], words: Sequence[str]) -> list[int]:
    """Answer for each token the index of the word that it spells, never decreasing.

    Tokens without a word stay with the preceding word. `words` are not empty.
    """
    spelled_tokens, spelled_words = [_spell(token) for token in tokens], [_spell(word) for word in words]
    owners: list[int] = []
    word = 0
    while len(owners) < len(tokens):
        step = _next_step(spelled_tokens, spelled_words, len(owners), word)
        if step.tokens == step.words:
            owners.extend(range(word, word + step.words))
        elif step.is_spelled:
            owners.extend([word] * step.tokens)
        else:
            owners.extend([owners[-1] if owners else 0] * step.tokens)
        word += step.words
    return owners


def _spell(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _next_step(tokens: Sequence[str], words: Sequence[str], token: int, word: int) -> _Step:
    if word >= len(words):
        return _Step(len(tokens) - token, 0, is_spelled=False)
    if not tokens[token]:
        return _Step(1, 0, is_spelled=False)
    if not words[word]:
        return _Step(0, 1, is_spelled=False)
    return _match(tokens, words, token, word) or _resynchronize(tokens, words, token, word)


def _match(tokens: Sequence[str], words: Sequence[str], token: int, word: int) -> _Step | None:
    """One token that spells one word or several, or several that spell one."""
    token_text, word_text = tokens[token], words[word]
    token_count = word_count = 1
    while token_text != word_text:
        if token_text.startswith(word_text) and token_count == 1 and word + word_count < len(words):
            word_text += words[word + word_count]
            word_count += 1
        elif word_text.startswith(token_text) and word_count == 1 and token + token_count < len(tokens):
            token_text += tokens[token + token_count]
            token_count += 1
        else:
            return None
    return _Step(token_count, word_count, is_spelled=True)


def _resynchronize(tokens: Sequence[str], words: Sequence[str], token: int, word: int) -> _Step:
    """The way to the nearest place where a token equals a word again; one step on both sides when there is none.

    As many tokens as words in between are the same said otherwise (`25`, `twenty-five`): each stays in its place.
    """
    for distance in range(1, 2 * _LOOK_AHEAD + 1):
        for ahead in range(max(0, distance - _LOOK_AHEAD), min(distance, _LOOK_AHEAD) + 1):
            at_token, at_word = token + ahead, word + distance - ahead
            if at_token < len(tokens) and at_word < len(words) and tokens[at_token] == words[at_word] != "":
                return _Step(ahead, distance - ahead, is_spelled=False)
    return _Step(1, 1, is_spelled=False)
