import pytest

from app.providers.local_analysis.titles import make_sentence, make_title, neutralize, quote_clause


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("I will send you the revised price by Friday.", "Send the revised price"),
        ("I will send a calendar invite today.", "Send a calendar invite"),
        ("I will call the warehouse and give you an answer tomorrow.", "Call the warehouse and give an answer"),
        ("Can you schedule a meeting with my manager next Tuesday at ten?", "Schedule a meeting with the manager"),
        ("I will ask my manager for a refund of thirty dollars", "Ask the manager for a refund of thirty dollars"),
        ("I will send you an email this afternoon", "Send an email"),
        ("Please come before six this evening", "Come before six this evening"),
        ("Remember to bring the second key", "Bring the second key"),
        ("Make sure the engineer calls me before he arrives", "Make sure the engineer calls before he arrives"),
        ("I'll send the contract to you tomorrow", "Send the contract"),
        ("I'll discuss the price with you on Monday", "Discuss the price"),
        ("please come before six this you think", "Come before six"),
        ("I'll text you later", "Send a text message"),
        ("I'll email you", "Send an email"),
        ("I'll call you tomorrow", "Call back"),
        ("I'll let you know", "Report back"),
        ("Please call me at five in the afternoon tomorrow", "Call at five in the afternoon tomorrow"),
        ("Send the list to Anna, the new one, please", "Send the list to Anna, the new one"),
        ("please call me back on five five five one two three four five", "Call back"),
        ("An engineer will visit your house on Thursday", "An engineer will visit the house on Thursday."),
    ],
)  # fmt: skip
def test_title_is_a_short_imperative_without_the_parties(find, text, title):
    found = find(text) or find(f"Please {text}")

    assert [make_title(statement) for statement in found] == [title]


@pytest.mark.parametrize("text", ["I will call you tomorrow", "Please call me back"])
def test_partner_is_named_where_a_call_needs_somebody(find, text):
    [statement] = find(text)

    assert make_title(statement, "Meera Nair") == "Call Meera Nair"


def test_title_is_cut_at_twelve_words(find):
    [statement] = find("I will send red green blue yellow black white brown orange purple pink golden grey houses")

    assert make_title(statement) == "Send red green blue yellow black white brown orange purple pink golden grey"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("your car is ready", "The car is ready."),
        ("nobody has called me back", "Nobody has called back."),
        ("that was a problem for us", "That was a problem."),
        ("the line is down", "The line is down."),
        ("you are late", None),
        ("i lost two days", None),
        ("the house that we bought", None),
        ("the form you have to sign", None),
    ],
)
def test_sentence_names_no_party_or_is_not_made(read, text, sentence):
    words = [word for clause in read(text) for word in clause.words]

    assert make_sentence(words) == sentence


def test_generic_speaker_labels_are_taken_out():
    assert neutralize("ask Speaker 2 or speaker_10 again") == "ask someone or someone again"


def test_quote_begins_without_its_connector(read):
    [_, clause] = read("Please come before six and remember to bring the key.")

    assert quote_clause(clause) == '"Remember to bring the key."'
