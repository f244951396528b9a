import pytest

from app.providers.local_analysis.intents import Intent, find_intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I will call the warehouse", Intent.CALL),
        ("I'll give you a ring tomorrow", Intent.CALL),
        ("I will send you an email this afternoon", Intent.EMAIL),
        ("I will send you an e-mail", Intent.EMAIL),
        ("I will send you the revised price", Intent.EMAIL),
        ("I will send the contract by post", Intent.TASK),
        ("I will send you the photos on WhatsApp", Intent.MESSAGE),
        ("I'll text you later", Intent.MESSAGE),
        ("Can you schedule a meeting with my manager?", Intent.MEETING),
        ("I will send a calendar invite today", Intent.MEETING),
        ("Can you arrange a call with Anna?", Intent.MEETING),
        ("Remember to bring the second key", Intent.REMINDER),
        ("Don't forget to call your grandma", Intent.CALL),
        ("I will ask my manager for a refund", Intent.TASK),
        ("I will put a note on the order", Intent.TASK),
        ("Please book a table", Intent.TASK),
    ],
)
def test_intent_follows_the_words(find, text, intent):
    [statement] = find(text)

    assert find_intent(statement) is intent
