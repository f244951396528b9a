"""The same words twice: said once and written twice, or heard on both channels. Source: transcript.md, section 4.7."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from app.pipeline.normalization.tokens import is_number, is_spoken_number, read_folded
from app.pipeline.normalization.utterance import Utterance, get_lower

_MAX_GAP_HUNDREDTHS = 100
_MIN_OWN_WORDS, _MIN_OWN_SIMILARITY = 3, 0.9
_MIN_BLEED_WORDS, _MIN_BLEED_SIMILARITY = 4, 0.95


def drop_near_duplicates(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Keep one of each pair of near duplicates; the order stays sorted (4.5)."""
    return _drop_bleed(_join_repeats(utterances))


def measure_similarity(first: Sequence[str], second: Sequence[str]) -> float:
    """Twice the longest common subsequence over the sum of the lengths: 1 for equal, 0 for nothing in common."""
    return 2 * _measure_common(first, second) / (len(first) + len(second)) if first or second else 0.0


def _join_repeats(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Neighbours of one speaker: the longer text stays, the times become the union."""
    kept: list[Utterance] = []
    for said in utterances:
        if kept and _is_repeat(kept[-1], said):
            before = kept[-1]
            longer = said if len(said.text) > len(before.text) else before
            end = max(before.end_hundredths, said.end_hundredths)
            kept[-1] = replace(before, text=longer.text, confidence=longer.confidence, end_hundredths=end)
        else:
            kept.append(said)
    return kept


def _is_repeat(before: Utterance, said: Utterance) -> bool:
    if before.speaker != said.speaker or said.start_hundredths - before.end_hundredths > _MAX_GAP_HUNDREDTHS:
        return False
    # Telephone numbers are read out in groups, and groups may be equal.
    is_alike = _is_alike(before, said, _MIN_OWN_WORDS, _MIN_OWN_SIMILARITY)
    return is_alike and not is_spoken_number(read_folded(said.text))


def _drop_bleed(utterances: Sequence[Utterance]) -> list[Utterance]:
    """What is heard on both sides at once belongs to the side that is surer, else to the earlier one."""
    dropped: set[int] = set()
    running: list[int] = []
    for at, said in enumerate(utterances):
        running = [other for other in running if utterances[other].end_hundredths > said.start_hundredths]
        for other in running:
            if other in dropped or not _is_bleed(utterances[other], said):
                continue
            before = utterances[other].confidence
            if before is not said.confidence and get_lower(before, said.confidence) is before:
                dropped.add(other)
            else:
                dropped.add(at)
                break
        if at not in dropped:
            running.append(at)
    return [said for at, said in enumerate(utterances) if at not in dropped]


def _is_bleed(first: Utterance, second: Utterance) -> bool:
    if first.speaker == second.speaker:
        return False
    start = max(first.start_hundredths, second.start_hundredths)
    overlap = min(first.end_hundredths, second.end_hundredths) - start
    shorter = min(said.end_hundredths - said.start_hundredths for said in (first, second))
    if overlap <= 0 or 2 * overlap < shorter:
        return False
    return _is_alike(first, second, _MIN_BLEED_WORDS, _MIN_BLEED_SIMILARITY)


def _is_alike(first: Utterance, second: Utterance, min_words: int, min_similarity: float) -> bool:
    words, others = read_folded(first.text), read_folded(second.text)
    if min(len(words), len(others)) < min_words:
        return False
    # Shared words are a bound for the common subsequence, and cheap.
    shared = sum((Counter(words) & Counter(others)).values())
    if 2 * shared < min_similarity * (len(words) + len(others)):
        return False
    # Another number is another statement, however alike the words are.
    if list(filter(is_number, words)) != list(filter(is_number, others)):
        return False
    return measure_similarity(words, others) >= min_similarity


def _measure_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, with a bit per word of `first` (Hyyrö 2004): linear in practice."""
    places: dict[str, int] = {}
    for at, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << at
    mask = (1 << len(first)) - 1
    row = mask
    for word in second:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & mask
    return len(first) - row.bit_count()
