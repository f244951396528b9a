def test_summary_of_a_call_with_a_reason(analyze, dialogues):
    document = analyze(dialogues["pricing"])

    assert document["suggestedTitle"] == "Price of the new contract"
    assert document["oneLineSummary"] == (
        "The call was about the price of the new contract; a promise was made to send the revised price by Friday."
    )
    assert document["executiveSummary"] == (
        "The call was about the price of the new contract. There is a worry about the delivery date. "
        "Promises were made to send the revised price by Friday, to send a calendar invite today and to call the "
        "warehouse and give an answer tomorrow. "
        "A request was made to schedule a meeting with the manager next Tuesday at ten in the morning."
    )
    assert document["conversationOutcome"] == (
        "Promised: send the revised price by Friday; send a calendar invite today; "
        "call the warehouse and give an answer tomorrow."
    )


def test_summary_of_a_voicemail(analyze, dialogues):
    document = analyze(dialogues["voicemail"])

    assert document["suggestedTitle"] == "Car is ready"
    assert document["executiveSummary"] == (
        "The car is ready. Requests were made to come before six this evening and to bring the second key."
    )
    assert document["conversationOutcome"] is None


def test_many_tasks_are_counted(analyze):
    document = analyze(
        [
            ("A", "I will send the invoice. I will call the garage. I will pay the rent."),
            ("A", "I will book a flight. I will sign the lease."),
        ]
    )

    assert document["executiveSummary"] == (
        "Promises were made to send the invoice, to call the garage, to pay the rent and 2 more."
    )


def test_title_is_at_most_eighty_characters_of_whole_words(analyze):
    document = analyze(
        [("A", "I am calling about " + "the extraordinarily " + "complicated " * 3 + "misunderstandings " * 9)]
    )

    assert document["suggestedTitle"] == "Extraordinarily complicated complicated complicated misunderstandings"


def test_call_without_findings_has_no_summary(analyze):
    document = analyze([("A", "Well, yes."), ("B", "Hm, so it goes.")])

    assert document["suggestedTitle"] is None
    assert document["oneLineSummary"] is None
    assert document["executiveSummary"] is None
    assert document["executiveSummaryBullets"] == []
