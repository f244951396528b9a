"""Cut a transcript into clauses: stretches of one speaker's words that say one thing.

Local recognisers restore sentence ends from pauses only, so a sentence may be a whole turn without a comma. Clauses are
therefore cut at the words that open one ("i will", "can you", "but"), not only at punctuation. Contractions are opened
("I'll" becomes "i will"), so that one pattern finds both.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.pipeline.transcript import Segment, Transcript
from app.providers.local_analysis.days import DAYPART, WEEKDAYS
from app.providers.local_analysis.lexicon import is_content_word, word_set

MAX_FLOW_GAP_SECONDS = 2.0
"""Neighbouring segments of one speaker closer than this are one text (transcript.md, section 4.8)."""

_EDGE_PUNCTUATION = "\"'“”‘’([{)]}.,;:!?…।。！？—–-*_"
_SENTENCE_ENDS = (".", "!", "?", "…", "।", "。", "！", "？")
_QUESTION_ENDS = ("?", "？")
_PAUSES = (",", ";", ":")
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "vs.", "no.", "e.g.", "i.e."})
_WHOLE_CONTRACTIONS = {
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "won't": ("will", "not"),
    "shan't": ("shall", "not"),
    "let's": ("let", "us"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
}
_IS_CONTRACTIONS = frozenset({"it", "that", "there", "what", "where", "who", "how", "he", "she", "here", "when"})
_CONTRACTION_ENDS = {"'ll": "will", "'re": "are", "'m": "am", "'ve": "have", "'d": "would", "n't": "not"}

_OPENINGS = (
    r"i|we|he|she|they",
    r"(?:you|it|this|that|there) (?:is|are|was|were|will|would|can|could|should|must|has|have|had|need|sounds|works)",
    r"(?:can|could|will|would|shall|should|may|do|does|did) (?:you|i|we|he|she|they|it)",
    r"(?:is|are|was|were|have|has) (?:you|he|she|they|it|there)",
    r"(?:what|when|where|why|who|which|how(?: much| many| long| soon)?) "
    r"(?:is|are|was|were|will|would|can|could|do|does|did|should|shall|about|has|have)",
    r"please|kindly|make sure|be sure to|remember to|do not forget|let me(?! know)|let us",
    r"thank you|thanks|goodbye|good bye|bye|have a (?:good|nice|great|lovely)|of course|no problem|hello|hi",
    r"but|because|otherwise|however|my name is",
    r"(?:nobody|no one|somebody|someone|everybody|everyone|nothing) (?:has|is|was|will|had)",
    r"(?:an|a|the|our|my|your) [^ ]+(?: [^ ]+)? (?:will|is going to)",
)
_NAMED_SUBJECT = r"(?:the|our|my|your) [^ ]+(?: [^ ]+)? (?:is|are|was|were|has|have)"
_OPENING = re.compile(rf"(?<![^ ])(?=(?:(?P<named>{_NAMED_SUBJECT})|{'|'.join(_OPENINGS)})(?![^ ]))")
_CONDITION = re.compile(r"(?:(?:and|but|so|or|then) )?(?:if|unless)(?![^ ])")
_POLITE_CONDITION = re.compile(
    r"(?:and |so )?if (?:(?:that|it|this) is (?:ok|okay|fine|possible|alright|all right)|"
    r"you (?:like|want|wish|prefer|do not mind|agree)|possible)(?![^ ])"
)
_UNFINISHED = word_set("a an the my your our and or of")
_TIME_ALONE = re.compile(
    rf"(?:(?:by|on|before|until|next|this|the) )*(?:{'|'.join(WEEKDAYS)}|today|tonight|tomorrow|week|{DAYPART})"
    rf"(?: (?:{DAYPART}))?"
)
_SUBORDINATORS = word_set(
    "which who if when before after until till while since as than where what how why whether although unless"
)
_REPORTING = word_set("think guess believe suppose hope hoping said say told promised wish thought")
_HOLDING = word_set("will shall would can could to not must should")
_BEFORE_DEMONSTRATIVE = word_set("with about for of to on like do at is was by from after in")
CONNECTORS = word_set("and so then plus or also")


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `surface` is how the transcript writes it, empty for the second half of a contraction."""

    surface: str
    shown: str
    lower: str
    segment_id: str
    start_seconds: float


@dataclass(frozen=True, slots=True)
class Clause:
    """Some words of one speaker; never empty. `text` is its lower-case words joined with single spaces.

    `index` counts the clauses of the call, `turn` the changes of speaker, both from 0. `is_conditional`: an "if" stands
    at its start or right before it, and it is more than politeness.
    """

    index: int
    turn: int
    speaker_id: str
    words: tuple[Word, ...]
    text: str
    opens_sentence: bool
    is_question: bool
    is_conditional: bool = False

    @property
    def segment_ids(self) -> tuple[str, ...]:
        """The segments that the words stand in, in order, each once; never empty."""
        return tuple(dict.fromkeys(word.segment_id for word in self.words))

    @property
    def start_seconds(self) -> float:
        return self.words[0].start_seconds

    @property
    def quote(self) -> str:
        """The words as the transcript writes them."""
        return " ".join(word.surface for word in self.words if word.surface)

    def word_index(self, position: int) -> int:
        """Which word stands at this place of `text`."""
        return self.text.count(" ", 0, position)


def cite(clauses: Iterable[Clause]) -> tuple[str, ...]:
    """Answer the segments of the clauses, in order, each once."""
    return tuple(dict.fromkeys(segment_id for clause in clauses for segment_id in clause.segment_ids))


def read_clauses(transcript: Transcript) -> tuple[Clause, ...]:
    """Answer all clauses of the call in the order of its segments; every word is in exactly one of them."""
    clauses: list[Clause] = []
    for turn, segments in enumerate(_turns(transcript.segments)):
        for sentence in _join_broken(_sentences(segments)):
            for number, words in enumerate(split_words(sentence)):
                clauses.append(
                    Clause(
                        index=len(clauses),
                        turn=turn,
                        speaker_id=segments[0].speaker_id,
                        words=tuple(words),
                        text=" ".join(word.lower for word in words),
                        opens_sentence=number == 0,
                        is_question=words[-1] is sentence[-1] and _last_surface(words).endswith(_QUESTION_ENDS),
                        is_conditional=_is_condition(words) or (number > 0 and _is_condition(clauses[-1].words)),
                    )
                )
    return tuple(clauses)


def split_words(sentence: Sequence[Word]) -> list[Sequence[Word]]:
    """Cut a sentence where a new clause opens. Nothing is lost, no piece is empty."""
    words = [word.lower for word in sentence]
    text = " ".join(words)
    cuts = [0]
    for match in _OPENING.finditer(text):
        place = text.count(" ", 0, match.start())
        is_paused = place > 0 and sentence[place - 1].surface.endswith(_PAUSES)
        if (_is_held(words, place) and not is_paused) or (match["named"] and not _ends_phrase(words, place)):
            continue
        while place > 0 and words[place - 1] in CONNECTORS:
            place -= 1
        if place > cuts[-1]:
            cuts.append(place)
    return [sentence[start:end] for start, end in zip(cuts, [*cuts[1:], len(words)], strict=True)]


def _is_held(words: Sequence[str], place: int) -> bool:
    """Whether the word before keeps the opening inside its own clause ("before he arrives", "i think i will")."""
    if place == 0:
        return False
    before = words[place - 1]
    if before == "that":
        return place > 1 and words[place - 2] not in _BEFORE_DEMONSTRATIVE
    return before in _SUBORDINATORS or before in _REPORTING or before in _HOLDING


def _is_condition(words: Sequence[Word]) -> bool:
    text = " ".join(word.lower for word in words)
    return _CONDITION.match(text) is not None and _POLITE_CONDITION.match(text) is None


def _ends_phrase(words: Sequence[str], place: int) -> bool:
    """Whether the word before can end a thought, so that "the order was late" behind it is a new one."""
    return place > 0 and (words[place - 1] in CONNECTORS or is_content_word(words[place - 1]))


def _turns(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Group neighbouring segments of one speaker."""
    turn: list[Segment] = []
    for segment in segments:
        if turn and turn[-1].speaker_id != segment.speaker_id:
            yield turn
            turn = []
        turn.append(segment)
    if turn:
        yield turn


def _sentences(segments: Sequence[Segment]) -> Iterator[list[Word]]:
    """Cut a turn at closing punctuation and at long pauses; a sentence may run over several segments."""
    sentence: list[Word] = []
    heard_until = segments[0].start_seconds
    for segment in segments:
        if sentence and segment.start_seconds - heard_until > MAX_FLOW_GAP_SECONDS:
            yield sentence
            sentence = []
        heard_until = segment.end_seconds
        for surface in segment.text.split():
            sentence.extend(_read_word(surface, segment))
            if sentence and _ends_sentence(surface):
                yield sentence
                sentence = []
    if sentence:
        yield sentence


def _join_broken(sentences: Iterable[list[Word]]) -> Iterator[list[Word]]:
    """Undo sentence ends that come from a pause in the middle: behind "the", or before "by Friday" alone."""
    held: list[Word] = []
    for sentence in sentences:
        text = " ".join(word.lower for word in sentence)
        if held and held[-1].lower not in _UNFINISHED and not _TIME_ALONE.fullmatch(text):
            yield held
            held = []
        held = held + sentence
    if held:
        yield held


def _read_word(surface: str, segment: Segment) -> list[Word]:
    """Answer the word, two for a contraction, none when it is punctuation alone."""
    shown = surface.strip(_EDGE_PUNCTUATION)
    lower = shown.casefold().replace("’", "'")
    if not any(character.isalnum() for character in lower):
        return []
    first, *rest = open_contraction(lower)
    if not rest:
        return [Word(surface, shown, lower, segment.id, segment.start_seconds)]
    head = Word(surface, shown[: len(first)], first, segment.id, segment.start_seconds)
    return [head, *(Word("", part, part, segment.id, segment.start_seconds) for part in rest)]


def open_contraction(lower: str) -> tuple[str, ...]:
    """Answer the words behind a contraction ("i'll" gives "i", "will"); any other word stays alone."""
    if lower in _WHOLE_CONTRACTIONS:
        return _WHOLE_CONTRACTIONS[lower]
    for ending, word in _CONTRACTION_ENDS.items():
        if lower.endswith(ending) and len(lower) > len(ending):
            return lower[: -len(ending)], word
    if lower.endswith("'s") and lower[:-2] in _IS_CONTRACTIONS:
        return lower[:-2], "is"
    return (lower,)


def _ends_sentence(surface: str) -> bool:
    return surface.rstrip("\"'”’)]").endswith(_SENTENCE_ENDS) and surface.casefold() not in _ABBREVIATIONS


def _last_surface(words: Sequence[Word]) -> str:
    return next((word.surface for word in reversed(words) if word.surface), "").rstrip("\"'”’)]")
