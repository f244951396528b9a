"""Whether a name that was told may be another form of a known one: then it is no proof of somebody else (I6).

A known name is never *found* in this way (transcript.md 5.1: nothing is fuzzy), only a conclusion is not drawn.
"""

from collections.abc import Sequence

from app.pipeline.word_sets import word_set

MAX_CHANGED_SHARE = 0.4
"""Of the letters of a name, as many may be heard wrong: "Mira" for "Meera", "Rupert" for "Robert"."""
MIN_SHORT_FORM_CHARS = 3

_NICKNAMES = tuple(
    word_set(names)
    for names in (
        "robert bob bobby rob robbie bert",
        "william bill billy will willy liam",
        "richard dick rick ricky rich",
        "elizabeth liz lizzie beth betty bess eliza lisa",
        "margaret peggy maggie meg greta rita",
        "john jack johnny ian ivan",
        "james jim jimmy jamie",
        "edward ted teddy ed ned eddie",
        "theodore ted teddy theo",
        "henry harry hank hal",
        "harold harry hal",
        "anthony tony",
        "charles chuck charlie carl",
        "mary molly polly may",
        "sarah sally sadie",
        "ann anne anna nancy annie",
        "dorothy dot dolly dora",
        "katherine catherine kate kathy kitty katie",
        "alexander alexandra sasha alex sandy sandra",
        "michael mike mick misha mikhail",
        "francisco paco pancho francis frank",
        "josé jose pepe joseph joe giuseppe beppe",
        "ignacio nacho",
        "johannes hans johann jan",
        "andrew andy drew",
        "patricia pat patty trish tricia",
        "stephen steven steve",
        "rebecca becky",
        "susan sue susie",
        "deborah debbie",
    )
)


def may_be_same(spoken: Sequence[str], known: Sequence[str]) -> bool:
    """Tell whether two names, as folded words, may be one person's: they share a word, or the first ones are alike."""
    if not spoken or not known:
        return False
    return not set(spoken).isdisjoint(known) or _are_alike(spoken[0], known[0])


def _are_alike(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    # The short form of a name is its beginning: "Alex", "Sam", "Tobi".
    if len(shorter) >= MIN_SHORT_FORM_CHARS and longer.startswith(shorter):
        return True
    if any(word in names and other in names for names in _NICKNAMES):
        return True
    return _count_changes(word, other) <= MAX_CHANGED_SHARE * len(longer)


def _count_changes(word: str, other: str) -> int:
    """Letters that are added, left out or changed between two words (Levenshtein)."""
    distances = list(range(len(other) + 1))
    for row, char in enumerate(word, start=1):
        diagonal, distances[0] = distances[0], row
        for column, expected in enumerate(other, start=1):
            changed = diagonal + (char != expected)
            diagonal = distances[column]
            distances[column] = min(changed, distances[column] + 1, distances[column - 1] + 1)
    return distances[-1]
