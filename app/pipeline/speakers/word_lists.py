"""Words that decide about names, as `Token.word` and `Token.full` spell them.

Source: transcript.md, sections 5.1, 5.3, 5.4, 5.8, 5.11; the lists are longer than those of the rules where that keeps
a word from being taken for a name.
"""

from app.pipeline.speakers.tokens import HONORIFICS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GREETINGS = _words("hi hey hello hallo namaste namaskar salaam")
TIMES_OF_DAY = _words("morning afternoon evening")
"""After "good", these are a greeting."""
GREETING_ENDS = GREETINGS | TIMES_OF_DAY

YES_WORDS = _words("yes yeah yep yup haan ha ji")

COMMON_WORDS = _words("will may mark bill grace hope joy faith art rose june april sunny jack drew")
"""First names that are also words: they count only when written with a capital."""

_PRONOUNS = _words("""
    i i'm i'll i've i'd im me my mine myself you you're you'll you've you'd your yours yourself he he'll him his himself
    she she'll her hers herself it it'll its itself we we're we'll we've us our ours ourselves they they're they'll them
    their theirs one this that these those who whom whose what which where when why how there somebody something anybody
    anything anyone nothing none everybody everything nobody someone everyone another other others each both
    """)
_DAYS_AND_MONTHS = _words("""
    monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight morning afternoon evening
    night january february march april may june july august september october november december
    """)
_FUNCTION_WORDS = _words("""
    a an the about above across after against along among around as at before behind below beside between beyond by
    despite down during except for from in inside into like near of off on onto out outside over past per since than
    through till to toward towards under until up upon via with within without
    and or but nor so yet if whether because although though while unless
    am is isn't are aren't was wasn't were be been being do does did don't has have had having can can't could would
    shall should might must ought not never no nope nah nahi ok okay alright sure right
    """)
_PLAIN_WORDS = _words("""
    great good fine urgent important regarding calling speaking here just support sales service reception customer
    english hindi
    absolutely actually again all almost already also always any awesome amazing bad best better broken cold correct
    crazy different difficult easy enough even every exactly excellent false fantastic few first free further getting
    going gone happy hard honestly horrible hot huge impossible interesting joking kind last late least less little long
    lovely many maybe merely more most mostly much necessary new next nice now often old only own perfect perhaps
    possible pretty probably quite ready really ridiculous sad same second serious simply simple some somehow sometimes
    soon sorry still such supposed terrible then thank thanks third too totally true truly unacceptable unbelievable
    unfortunately usual usually very well wonderful wrong
    zero two three four five six seven eight nine ten hundred
    bye cheers er god gosh goodbye hell hmm jesus oh ah please uh um welcome wow
    american australian austrian british canadian chinese dutch french german greek indian irish italian japanese korean
    mexican polish portuguese russian scottish spanish swedish swiss turkish
    account appointment billing business call caller department finance front helpdesk hotline information management
    manager message office operator order owner part people place problem question reservations security staff team
    technical things voicemail
    """)

STOP_WORDS = (
    _PRONOUNS | _DAYS_AND_MONTHS | _FUNCTION_WORDS | _PLAIN_WORDS | GREETINGS | TIMES_OF_DAY | YES_WORDS | HONORIFICS
)
"""No unknown name begins with one of these, and none goes on over one (rule I4)."""

ORGANISATION_STOP_WORDS = (
    _PRONOUNS | _DAYS_AND_MONTHS | GREETINGS | _words("am are can could do does did have has is was")
)
"""No organisation goes over one of these: recognisers write many of them with a capital wherever they stand."""

THIRD_PERSON_LEADS = _words("""
    a about against an around as at behind between by for from in like no not of on than the to via which with without
    ask asked asking bring brought bringing call called calling find found gave get give got help helped invite invited
    know knew known knows let like liked love loved meet meeting met need needed pay paid put reach reached remember
    remind reminded saw see seeing seen send sent told tell telling tells understand understood visit visited want
    wanted know until since before after next last this every late early mid
    """)
"""A name right after one of these is talked about: "for Tobias", "I met Tobias", "next May"."""

AUXILIARIES = _words("""
    is isn't was wasn't has hasn't had hadn't will won't would wouldn't can can't cannot could couldn't should shouldn't
    does doesn't did didn't may might must
    """)
INVERTED_SUBJECTS = _words("you we i it this that there they he she everything everybody everyone anybody anyone")
"""After a name and an auxiliary, without punctuation: "Tobias can you help", "Tobias is it late"."""

THIRD_PERSON_VERBS = _words("""
    agreed asked asks called calls came comes decided gave gets goes got gives helps knew knows left likes lives looks
    made makes moved needed needs said says seems sent tells thinks thought told took takes wanted wants went who whose
    works worked wrote
    """)
"""A name right before one of these does something: "Tobias said"."""

NAME_QUESTIONS = tuple(
    tuple(phrase.split())
    for phrase in (
        "your name",
        "your full name",
        "what name",
        "which name",
        "the name please",
        "who is calling",
        "who's calling",
        "who is this",
        "who's this",
        "who is it",
        "who am i speaking",
        "who am i talking",
        "whom am i speaking",
        "who do i have",
        "who is speaking",
        "who's speaking",
        "who is there",
        "who's there",
    )
)
"""Whoever is asked so answers with the own name."""

HESITATIONS = _words("uh um er erm ah eh hm hmm")
"""Said while one thinks; what stands around them belongs together."""

REPORTS = _words("said says say saying told tell tells telling")
"""What follows is somebody's words, and not said here and now: "he said this is Tobias"."""

ORGANISATION_WORDS = _words("""
    ag agency airlines airport association bakery bank bar cafe centre center church clinic club college company
    consulting corp council dental dentist electric energy foundation garage gmbh group health hospital hotel inc
    institute insurance kindergarten lab labs laboratory library limited llc logistics ltd motors museum office pharmacy
    plumbing police practice press restaurant school service services shop society solutions station store studio
    studios support surgery systems taxi telecom theatre theater travel university workshop
    """)
"""A saved name with one of these after its first word is a company's: it answers with its name, and is not greeted."""

NOT_BEFORE_HERE = _words("""
    back be click come done get go leave life live look meet park press put see sign sit stand start stay stop turn wait
    work
    """)
"""What stands before "here" at the start of a sentence without being a name ("Wait here."), besides stop words."""

GENERIC_NAMES = _words("caller operator representative customer user contact unknown you me host guest")
"""What a model calls somebody whose name it does not know (rule M6)."""
