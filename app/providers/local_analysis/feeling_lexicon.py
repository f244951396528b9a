"""Words that show worries, troubles, feelings and manners."""

from app.providers.local_analysis.lexicon import word_set

WORRIES = ("worried about", "concerned about", "afraid of", "nervous about", "anxious about", "worry about")
"""Openings of a worry; what follows is what it is about."""

TROUBLES = (
    "is down", "has been down", "was down", "are down", "is broken", "was broken", "broken down", "is late", "was late",
    "were late", "are late", "is delayed", "was delayed", "been delayed", "is missing", "was missing", "are missing",
    "is wrong", "was wrong", "were wrong", "not working", "not work", "stopped working", "not arrived", "never arrived",
    "not received", "never received", "was damaged", "is damaged", "were damaged", "was cancelled", "was canceled",
    "out of order", "out of stock", "was lost", "got lost", "nobody has called", "nobody called", "no one has called",
    "no one called", "never called", "not fixed", "keeps failing", "was charged twice", "overcharged",
    "does not start", "is leaking", "is too high", "too expensive", "crashes", "crashed", "failed",
)  # fmt: skip
"""What is said about a thing that is in trouble ("the last order was late")."""

PROBLEM_NOUNS = ("problem with", "problems with", "issue with", "issues with", "trouble with", "complaint about")
"""Openings of a problem; what follows is what it is about."""

SEVERE = word_set(
    "angry furious unacceptable terrible awful horrible lawyer legal court sue emergency urgent dangerous outrageous "
    "ridiculous disgusted cancel"
)
"""Words that make a concern of the same turn a severe one."""

MILD = word_set("slightly bit little minor small somewhat")
"""Words that make a concern a light one."""

EMOTIONS = {
    "angry": "angry", "furious": "angry", "mad": "angry", "annoyed": "annoyed", "frustrated": "frustrated",
    "frustrating": "frustrated", "disappointed": "disappointed", "disappointing": "disappointed", "upset": "upset",
    "worried": "worried", "concerned": "worried", "anxious": "worried", "nervous": "nervous", "afraid": "worried",
    "scared": "worried", "confused": "confused", "surprised": "surprised", "stressed": "stressed", "sad": "sad",
    "happy": "pleased", "glad": "pleased", "pleased": "pleased", "delighted": "pleased", "excited": "excited",
    "relieved": "relieved", "grateful": "grateful", "appreciate": "grateful", "sorry": "apologetic",
    "apologise": "apologetic", "apologize": "apologetic",
}  # fmt: skip
"""Words of feeling and the adjective that names it."""

TENSE = frozenset({"angry", "furious", "annoyed", "frustrated", "upset", "unacceptable", "ridiculous", "outrageous"})
POLITE = ("please", "thank you", "thanks", "sorry", "could you", "would you", "may i", "you are welcome", "of course")
FORMAL = (
    "could you", "would you", "may i", "sir", "madam", "regarding", "concerning", "good morning", "good afternoon",
    "good evening", "customer", "appointment", "invoice", "contract", "department", "mister", "thank you for calling",
    "kindly", "please", "certainly",
)  # fmt: skip
"""Manners that make a call more formal."""

INFORMAL = (
    "yeah", "yep", "hey", "cool", "guys", "dude", "mate", "buddy", "kinda", "sorta", "awesome", "nope", "no worries",
    "see you", "love you", "mum", "mom", "dad", "honey", "darling", "bye bye", "haha",
)  # fmt: skip
"""Manners that make it less so."""

FORMULAS = word_set("please hello hi hey dear welcome help sure ok okay well fine yes no like want")
"""Words that a lexicon of feelings rates, but that are mere manners on the telephone."""

CLOSINGS = ("good morning", "good afternoon", "good evening", "have a good", "have a nice", "have a great")
"""Greetings and farewells whose friendly words are no feeling."""
