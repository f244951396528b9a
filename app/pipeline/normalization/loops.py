"""Repetitions that a recogniser made up: stutters, phrases, sentences. Source: transcript.md, section 4.3."""

from collections.abc import Callable, Sequence

from app.pipeline.normalization.sentences import split_sentences
from app.pipeline.normalization.tokens import Token, is_number, is_spoken_number, join_tokens, read_folded, read_tokens
from app.pipeline.word_sets import word_set

_MIN_REPEATS = 3
_LONGEST_PHRASE = 12
_MIN_SENTENCE_WORDS = 6
_EMPHASIS_WORDS = word_set("yes yeah no ok okay bye hello haan very right")
_EMPHASIS_REPEATS = 2


def collapse_loops(text: str) -> str:
    """Say once what is said in a loop; numbers and words that are doubled stay.

    The first occurrence's spelling is kept, with the last one's closing punctuation. Applied twice it is as applied
    once.
    """
    words = read_folded(text)
    if len(set(words)) == len(words):
        # Nothing is said twice: most of what people say in one go.
        return " ".join(text.split())
    while True:
        collapsed = _collapse_words(_collapse_phrases(_collapse_sentences(text)))
        if collapsed == text:
            return text
        text = collapsed


def _collapse_sentences(text: str) -> str:
    kept: list[str] = []
    words_before: list[str] = []
    for sentence in split_sentences(text):
        words = read_folded(sentence)
        is_loop = len(words) >= _MIN_SENTENCE_WORDS and words == words_before and not is_spoken_number(words)
        if is_loop:
            kept[-1] = join_tokens(_close_like(read_tokens(kept[-1]), read_tokens(sentence)[-1]))
        else:
            kept.append(sentence)
        words_before = words
    return " ".join(kept)


def _collapse_phrases(text: str) -> str:
    tokens = read_tokens(text)
    for length in range(min(_LONGEST_PHRASE, len(tokens) // _MIN_REPEATS), 1, -1):
        tokens = _collapse_runs(tokens, length, _keep_phrase)
    return join_tokens(tokens)


def _collapse_words(text: str) -> str:
    return join_tokens(_collapse_runs(read_tokens(text), 1, _keep_word))


def _collapse_runs(tokens: Sequence[Token], length: int, keep: Callable[[Sequence[str]], int]) -> list[Token]:
    """Shorten each run of a repeated phrase of that many words to as many repeats as `keep` says (0: all)."""
    folded = [token.folded for token in tokens]
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        repeats = _count_repeats(folded, at, length)
        kept = keep(folded[at : at + length]) if repeats >= _MIN_REPEATS else 0
        if kept == 0:
            result.append(tokens[at])
            at += 1
            continue
        end = at + repeats * length
        result.extend(_close_like(tokens[at : at + kept * length], tokens[end - 1]))
        at = end
    return result


def _count_repeats(folded: Sequence[str], at: int, length: int) -> int:
    """How many times in a row the phrase at this place is said."""
    end = at + length
    while end < len(folded) and folded[end] == folded[end - length] != "":
        end += 1
    return (end - at) // length


def _keep_phrase(phrase: Sequence[str]) -> int:
    # A phrase of phrases ("no no", "bye now bye now") is left to the shorter one: that collapses to less.
    is_repetition = any(
        len(phrase) % part == 0 and list(phrase) == list(phrase[:part]) * (len(phrase) // part)
        for part in range(1, len(phrase))
    )
    return 0 if is_repetition or is_spoken_number(phrase) else 1


def _keep_word(word: Sequence[str]) -> int:
    if is_number(word[0]):
        return 0
    return _EMPHASIS_REPEATS if word[0] in _EMPHASIS_WORDS else 1


def _close_like(tokens: Sequence[Token], last: Token) -> list[Token]:
    return [*tokens[:-1], tokens[-1].close_like(last)]
