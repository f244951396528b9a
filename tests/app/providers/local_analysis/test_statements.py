import pytest

from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.statements import find_statements


def _tell(statements):
    return [(str(found.kind), found.verb, " ".join(word.lower for word in found.tail)) for found in statements]


@pytest.mark.parametrize(
    ("text", "verb", "tail"),
    [
        ("I will send you the revised price by Friday.", "send", "you the revised price by friday"),
        ("sure i'll call the warehouse and give you an answer", "call", "the warehouse and give you an answer"),
        ("We will prepare a new offer for you.", "prepare", "a new offer for you"),
        ("I'm going to pay the invoice tomorrow", "pay", "the invoice tomorrow"),
        ("I will put a note on the order.", "put", "a note on the order"),
        ("Okay I'll also pick up the parcel", "pick up", "the parcel"),
        ("I'll talk to my manager", "talk to", "my manager"),
        ("I will check with the garage", "check with", "the garage"),
        ("I think I will book a flight", "book", "a flight"),
        ("I'll e-mail the landlord", "email", "the landlord"),
        ("I'll give you a ring", "call", ""),
        ("I will call you back tomorrow", "call", "tomorrow"),
        ("Cher hi will send a calendar invite today.", "send", "a calendar invite today"),
    ],
)
def test_commitment_has_verb_and_object(find, text, verb, tail):
    assert _tell(find(text)) == [("commitment", verb, tail)]


@pytest.mark.parametrize(
    ("text", "verb", "tail"),
    [
        ("Can you also schedule a meeting with my manager?", "schedule", "a meeting with my manager"),
        ("please come before six this evening", "come", "before six this evening"),
        ("Remember to bring the second key.", "bring", "the second key"),
        ("Don't forget to call your grandma", "call", "your grandma"),
        ("Please make sure the engineer calls me", "make sure", "the engineer calls me"),
        ("Make sure you bring the key", "bring", "the key"),
        ("I want a refund for the days that I could not use the service", "provide", "a refund for the days"),
        ("i am but I want a refund and it ain't that not yet", "provide", "a refund"),
        ("I'd like you to send the invoice", "send", "the invoice"),
        ("You need to sign the form", "sign", "the form"),
        ("Send me the list.", "send", "me the list"),
        ("Could you please mail us the images?", "mail", "us the images"),
        ("Would you call me back on Monday?", "call", "on monday"),
        ("Please let me know by Friday", "report back", "by friday"),
        ("Can you look into the problem?", "look into", "the problem"),
    ],
)  # fmt: skip
def test_request_has_verb_and_object(find, text, verb, tail):
    assert _tell(find(text)) == [("request", verb, tail)]


@pytest.mark.parametrize(
    ("text", "verb", "tail"),
    [
        ("I need to call my insurance", "call", "my insurance"),
        ("I will look into the problem", "look into", "the problem"),
        ("I'll let you know", "report back", ""),
        ("We will discuss the budget next week", "discuss", "the budget next week"),
        ("Let's meet on Monday", "meet", "on monday"),
        ("We will deliver on Thursday", "deliver", "on thursday"),
        ("I'll arrive tomorrow", "arrive", "tomorrow"),
        ("An engineer will visit your house on Thursday", "", "an engineer will visit your house on thursday"),
        ("Peter will prepare the slides", "", "peter will prepare the slides"),
    ],
)
def test_planned_progression_is_a_step(find, text, verb, tail):
    assert _tell(find(text)) == [("step", verb, tail)]


@pytest.mark.parametrize(
    "text",
    [
        "I will be happy to help you",
        "I'll see",
        "Let me look at your account",
        "I will check that for you",
        "I'll take it",
        "I won't send the invoice",
        "I will never call the police",
        "I can send you the list",
        "I hope I will get a refund",
        "If the price changes I will cancel the contract",
        "Can you tell me the last four numbers of your account?",
        "Can you hear me?",
        "Can I send you the invoice?",
        "Would you like me to send the invoice?",
        "Please hold on",
        "Please call me David",
        "I'll call it a day",
        "Can you give me your number?",
        "I'll put you on hold",
        "The engineer will visit your house",
        "You will receive an email",
        "When will you send the invoice?",
        "I'll ask you a question",
        "Hi Will send the invoice",
        "hi will send me the invoice",
    ],
)
def test_talk_is_no_statement(find, text):
    assert find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "of course i will do to note on the floor don't have a good day",
        "it is high word from hell man i'll last two days",
        "i left my manager for a refund of thirty dollars",
        "hello i'll highlight the repaired they admitted that it is",
        "and i'll get a",
        "that i remember i love that either and i tried by friday",
        "remember to bring the second he dumped you",
        "and an engineer will be that your bottom of the between nine and twelve",
        "please send and or the",
    ],
)
def test_misheard_words_make_no_statement(find, text):
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("please complete paperwork his shooting him", 0),
        ("i will send invoices", 0),
        ("i will call the warehouse", 1),
        ("remember to bring the second key", 1),
        ("i will ask my manager", 1),
        ("i'll call you back tomorrow", 1),
        ("i will talk to the landlord", 1),
        ("please make sure that the engineer calls me", 1),
    ],
)
def test_object_of_misheard_words_needs_its_article(read, recorded_at, text, count):
    found = [statement for clause in read(text) for statement in find_statements(clause, recorded_at, is_misheard=True)]

    assert len(found) == count


def test_second_task_behind_and_is_a_statement_of_its_own(find):
    found = find("I'll review the contract by Wednesday and send you my comments")

    assert _tell(found) == [
        ("commitment", "review", "the contract by wednesday"),
        ("commitment", "send", "you my comments"),
    ]
    assert [statement.when.text if statement.when else None for statement in found] == ["by wednesday", None]


def test_what_somebody_would_like_to_book_is_not_assigned(find):
    [statement] = find("I would like to book a table for four people")

    assert statement.kind is StatementKind.REQUEST
    assert statement.is_assigned is False


@pytest.mark.parametrize("text", ["I will send it tomorrow", "I'll do that today", "we will sign them"])
def test_object_that_stands_for_something_earlier_is_known_as_such(find, text):
    [statement] = find(text)

    assert statement.is_anaphoric is True
