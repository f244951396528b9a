"""Words that make tasks: the verbs we trust, what may follow them, and what people say without meaning a task.

Only a verb from these lists makes an action item. Recognisers invent sentences; they rarely invent one that has a known
verb and a plausible object in a known frame.
"""

from app.providers.local_analysis.lexicon import word_set

OBJECT_VERBS = word_set(
    "send resend email mail forward share schedule reschedule book rebook reserve arrange organise organize "
    "cancel order reorder bring collect deliver pay refund return sign review check confirm verify update prepare "
    "write draft create submit print upload attach replace install repair fix register renew request buy purchase "
    "finish complete ask contact inform notify remind escalate invite process issue credit reimburse clean test "
    "file fill message visit extend approve publish deploy translate ship post fax scan"
)
"""Verbs that make a task together with an object."""

FREE_VERBS = ("call back", "follow up", "call", "phone", "ring", "text", "email", "message", "reply", "respond")
"""Verbs that make a task with or without an object."""

PHRASAL_VERBS = (
    "send over", "send out", "send back", "set up", "pick up", "drop off", "fill out", "fill in", "hand in", "sort out",
    "find out", "talk to", "talk with", "speak to", "speak with", "check with", "bring back", "take back",
    "sign up for", "apply for", "look for", "write down", "pay for", "take care of", "follow up on",
)  # fmt: skip
"""Verbs of several words that make a task together with an object."""

LIGHT_VERB_OBJECTS = {
    "make": word_set(
        "appointment payment reservation booking list copy note transfer complaint offer deposit call order"
    ),
    "give": word_set(
        "answer call ring update discount refund quote estimate feedback details list notice confirmation"
    ),
    "put": word_set("note order request reminder application notice stop sign"),
    "get": word_set(
        "quote answer copy estimate confirmation approval refund replacement documents permission signature"
    ),
    "open": word_set("ticket case account claim complaint request"),
    "raise": word_set("ticket case complaint request issue invoice"),
    "leave": word_set("note message key keys package parcel"),
    "take": word_set("picture pictures photo photos"),
    "move": word_set("meeting appointment date delivery visit call"),
    "change": word_set("appointment date address password order booking plan contract number name settings delivery"),
    "add": word_set("note item name number user line option item items"),
    "remove": word_set("charge fee name item items line user"),
    "provide": word_set("refund quote estimate copy details documents invoice discount update replacement report"),
    "transfer": word_set("money amount funds sum payment deposit balance"),
    "copy": word_set("contract document documents file files key keys"),
    "report": word_set("fault problem issue incident error damage"),
}
"""Verbs that mean nothing alone: only with one of these nouns behind them do they make a task."""

IN_CALL_VERBS = word_set("check confirm verify review update open process register test")
"""What people also do while they speak: a task only with a day, or with somebody or something to turn to."""

SECOND_TASK_VERBS = word_set(
    "send email mail forward call phone text message schedule book order bring cancel sign ask contact return pay "
    "collect"
)
"""After "and", these begin a task of their own; others ("and give you an answer") go on with the first one."""

STEP_VERBS = (
    "look into", "think about", "come back", "be back", "wait for", "work on", "discuss", "consider", "decide",
    "investigate", "start", "continue", "travel", "leave", "arrive", "go", "meet", "deliver", "move", "finish", "come",
)  # fmt: skip
"""Verbs of planned progression: a next step when the speaker plans it, a task only for some of them when asked for."""

DATED_STEP_VERBS = (
    frozenset(STEP_VERBS)
    - {"look into", "think about", "wait for", "work on", "discuss", "consider", "decide"}
    - {"investigate"}
)
"""Steps that mean something only with a day or an hour."""

REQUESTABLE_STEPS = word_set("investigate deliver finish come") | {"look into", "work on", "come back"}
"""Steps that are a task when the other party is asked for them."""

PLAN_VERBS = word_set(
    "visit come call arrive deliver send start install contact email ship begin meet happen be take bring repair "
    "fix finish return pay"
)
"""What a third party or a thing will do ("an engineer will visit ..."): a next step when a day is named."""

REQUEST_NOUNS = {
    "refund": "Provide", "replacement": "Provide", "copy": "Send", "invoice": "Send", "receipt": "Send",
    "quote": "Send", "estimate": "Send", "appointment": "Arrange", "callback": "Arrange", "discount": "Offer",
    "confirmation": "Send", "meeting": "Arrange", "delivery": "Arrange", "prescription": "Provide",
    "reservation": "Arrange", "cancellation": "Arrange", "repair": "Arrange",
}  # fmt: skip
"""Things that people ask for with "I want ...", and the verb that makes a title of them."""

WANTED_VERBS = word_set("book schedule reschedule cancel order change reserve renew extend")
"""What somebody who says "I would like to ..." asks the other party to do."""

DOCUMENTS = word_set(
    "price prices quote offer contract report invoice form forms details list copy document documents file files "
    "link image images photo photos picture pictures receipt information proposal agreement presentation estimate "
    "draft summary statement certificate confirmation brochure catalogue"
)
"""What goes by e-mail when somebody sends it and names no other channel."""

MEETING_NOUNS = word_set("meeting appointment invite invitation call visit demo interview session conference")

SMALL_TALK_OBJECTS = word_set(
    "question questions sense difference mistake mind name hold care luck sorry hand favour favor honest sure "
    "happy glad"
)
"""Objects that are never a task ("ask a question", "put you on hold")."""

PLACE_PREPOSITIONS = word_set("to at in over by back home into round around")

HIGH_PRIORITY = (
    "urgent", "urgently", "asap", "as soon as possible", "immediately", "right away", "straight away", "at once",
    "critical", "emergency", "very important", "top priority", "without delay",
)  # fmt: skip
LOW_PRIORITY = (
    "maybe", "perhaps", "if you can", "if possible", "if you like", "when you have time", "whenever you have time",
    "some time", "sometime", "at some point", "no rush", "no hurry", "not urgent", "eventually", "i think i", "i guess",
    "probably", "one day", "when you get a chance",
)  # fmt: skip
