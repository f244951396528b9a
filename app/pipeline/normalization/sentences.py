"""Where sentences end. Source: transcript.md, section 4.9, X1."""

import re

from app.pipeline.word_sets import word_set

_END = re.compile(r"[.!?…।॥。！？]+[\"'”’»)\]]*(?= |$)")
_ABBREVIATIONS = word_set("mr mrs ms dr st vs no e.g i.e")
_OPENING_MARKS = "\"'“‘«(["


def split_sentences(text: str) -> list[str]:
    """Cut a text with single spaces into sentences; joined with spaces they are the text. Blank text gives none."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() < len(text) and not _is_abbreviation(text, start, match):
            sentences.append(text[start : match.end()])
            start = match.end() + 1
    if start < len(text):
        sentences.append(text[start:])
    return sentences


def _is_abbreviation(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the mark is a dot after an abbreviation or a letter, or one between digits."""
    if match[0] != ".":
        return False
    word = text[max(start, text.rfind(" ", start, match.start()) + 1) : match.start()].lstrip(_OPENING_MARKS).casefold()
    last = word.rpartition(".")[2]
    if word in _ABBREVIATIONS or (len(last) == 1 and last.isalpha()):
        return True
    return word[-1:].isdigit() and text[match.end() + 1 : match.end() + 2].isdigit()
