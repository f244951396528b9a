"""English words that several rules share, and how word lists are written down here."""


def word_set(words: str) -> frozenset[str]:
    """Read a list of single words that is written as one text."""
    return frozenset(words.split())


def alternatives(*phrases: str) -> str:
    """Write phrases as alternatives of a regular expression, longer ones first, so that none hides another."""
    return "|".join(sorted(phrases, key=lambda phrase: (-len(phrase), phrase)))


PRONOUNS = word_set(
    "i me my mine myself you your yours yourself he him his she her hers it its we us our ours they them their "
    "theirs this that these those who whom whose which what somebody someone nobody anybody anyone everybody "
    "everyone something anything nothing everything one ones"
)
DETERMINERS = word_set("a an the some any no every each both all another other such much many more most few several")
PREPOSITIONS = word_set(
    "about above across after against along among around as at before behind below between by down during except "
    "for from in inside into like near of off on onto out over past per since through till to toward towards "
    "under until up upon via with within without"
)
CONJUNCTIONS = word_set("and or but nor so because if when while although though unless whether than then")
AUXILIARIES = word_set(
    "am is are was were be been being do does did done doing have has had having can could will would shall "
    "should may might must not"
)
ADVERBS = word_set(
    "also just only too very really quite still again already even ever never always often now here there where "
    "why how well back away soon later today tonight tomorrow yesterday maybe perhaps probably actually basically "
    "anyway else yet almost enough rather instead please kindly together ahead forward"
)
FILLERS = word_set(
    "um uh er ah oh hmm hm mhm yeah yes yep no nope ok okay alright right sure fine great well so hello hi hey "
    "bye goodbye thanks thank sorry good nice"
)
TIME_WORDS = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july august "
    "september october november december morning afternoon evening night noon midnight day days week weeks month "
    "months year years hour hours minute minutes second seconds moment time times weekend am pm o'clock next last"
)
NUMBER_WORDS = word_set(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million "
    "billion half first third fourth fifth sixth seventh eighth ninth tenth"
)
FUNCTION_WORDS = PRONOUNS | DETERMINERS | PREPOSITIONS | CONJUNCTIONS | AUXILIARIES | ADVERBS | FILLERS
EMPTY_WORDS = FUNCTION_WORDS | TIME_WORDS | NUMBER_WORDS


def is_content_word(word: str) -> bool:
    """Whether a lower-case word says something by itself: no function word, time word or number."""
    return len(word) > 2 and word not in EMPTY_WORDS and any(character.isalpha() for character in word)
