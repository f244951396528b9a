"""The frames in which people say who they are (F1 to F6). Source: transcript.md, section 5.3."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.pipeline.speakers.tokens import Token, words_match
from app.pipeline.speakers.word_lists import GREETING_ENDS, GREETINGS, HESITATIONS, REPORTS, TIMES_OF_DAY, YES_WORDS

Words = tuple[str, ...]

_DOUBTS = frozenset({"if", "whether", "think", "guess", "believe", "maybe", "not", "when", "while"})
"""Not after one of these, nor after one of these and "that"."""
_REPORT_TOKENS = 3
"""A report may have an object: "he said to me this is"."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`before`, a name, one of `after` (if there are any), all next to each other."""

    before: Words
    after: tuple[Words, ...] = ()
    needs_proof: bool = False
    """F5: only a known name or a name with an organisation counts; "I am" has too many other uses."""

    @property
    def is_name_first(self) -> bool:
        """F3: the name opens the sentence, or follows a greeting or a yes."""
        return not self.before


FRAMES = (
    Frame(("this", "is")),
    Frame(("my", "name", "is")),
    Frame(("my", "name's")),
    Frame(("the", "name", "is")),
    Frame((), after=(("speaking",), ("here",), ("this", "side"))),
    *(
        Frame((*subject, verb, preposition))
        for subject in (("you", "are"), ("you're",))
        for verb in ("speaking", "talking")
        for preposition in ("to", "with")
    ),
    Frame(("i", "am"), needs_proof=True),
    Frame(("i'm",), needs_proof=True),
    Frame(("mera", "naam"), after=(("hai",),)),
    Frame(("main",), after=(("bol", "raha"), ("bol", "rahi"))),
)


_PHRASES = sorted({r"\W+".join(words) for frame in FRAMES for words in (frame.before, *frame.after) if words})
FRAME_SPELLING = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(_PHRASES)})(?![a-z0-9])")
"""Where none of this is said, in lower case, there is no frame."""

_FRAMES_BY_FIRST_WORD = {
    first: tuple(frame for frame in FRAMES if frame.before[:1] in ((), (first,)))
    for first in {frame.before[0] for frame in FRAMES if frame.before}
}
_NAME_FIRST_FRAMES = tuple(frame for frame in FRAMES if frame.is_name_first)


def find_frames(tokens: Sequence[Token], index: int) -> Iterator[Frame]:
    """The frames whose first word (or whose name, when it comes first) stands at `index`, in their order."""
    for frame in _FRAMES_BY_FIRST_WORD.get(tokens[index].full, _NAME_FIRST_FRAMES):
        if frame.is_name_first:
            is_open = opens_clause(tokens, index)
        else:
            is_open = words_match(tokens, index, frame.before) and not (
                is_doubted(tokens, index) or is_report_of_others(tokens, index)
            )
        # A frame without a word after it is none: there is no room for a name.
        if is_open and index + len(frame.before) < len(tokens):
            yield frame


def may_open_frame(tokens: Sequence[Token], index: int) -> bool:
    """Tell cheaply whether `find_frames` may find anything: most words of a call open no frame."""
    return tokens[index].full in _FRAMES_BY_FIRST_WORD or opens_clause(tokens, index)


def find_end(frame: Frame, tokens: Sequence[Token], index: int) -> int | None:
    """The index after the frame's closing words, which have to stand at `index`; None when they do not."""
    if not frame.after:
        return index
    for words in frame.after:
        if words_match(tokens, index, words) and not tokens[index].follows_punctuation:
            return index + len(words)
    return None


def is_greeting(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a greeting ends with the token at `index`."""
    word = tokens[index].full
    return word in GREETINGS or (word in TIMES_OF_DAY and index > 0 and tokens[index - 1].full == "good")


def is_report(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether what begins at `index` is told, not said here and now: "and then I said hi Tobias"."""
    return _find_report(tokens, index) is not None


def is_report_of_others(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether somebody else's words are told; "I said my name is Meera" is still about the one who says it."""
    report = _find_report(tokens, index)
    return report is not None and (report == 0 or tokens[report - 1].full != "i")


def _find_report(tokens: Sequence[Token], index: int) -> int | None:
    """Where a verb of saying leads to `index`, in the same sentence and with few words between them."""
    at, distance = index, 0
    while at > 0 and not tokens[at].starts_sentence and distance < _REPORT_TOKENS:
        at -= 1
        distance += tokens[at].full not in HESITATIONS
        if tokens[at].full in REPORTS:
            return at
    return None


def opens_clause(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a sentence begins at `index`, or goes on after a greeting or a yes."""
    if tokens[index].starts_sentence:
        return True
    before = tokens[index - 1].full
    return before in YES_WORDS or (before in GREETING_ENDS and is_greeting(tokens, index - 1))


def is_doubted(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether the speaker only supposes what follows, in the same sentence ("I think that this is ...")."""
    first = tokens[index].full
    while index > 0 and not tokens[index].starts_sentence:
        index -= 1
        # Of a stutter ("I think this this is"), the first word is none of its own.
        if tokens[index].full not in ("that", first) and tokens[index].full not in HESITATIONS:
            return tokens[index].full in _DOUBTS
    return False
