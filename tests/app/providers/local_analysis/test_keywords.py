from app.providers.local_analysis.keywords import choose_tags, find_keywords


def test_keywords_are_things_without_names_numbers_and_days(read_turns, dialogues):
    keywords = find_keywords(read_turns(*dialogues["pricing"]), ["Alice", "Robert"])

    assert {"sales team", "revised price", "contract", "delivery date", "calendar invite"} <= set(keywords)
    assert {"alice", "robert", "friday", "tuesday", "morning", "late", "goodbye"}.isdisjoint(keywords)


def test_misheard_words_count_only_when_repeated_or_confirmed(read):
    clauses = read("I saw the garage. The key is for the garage. The moto is on the floor.")

    assert find_keywords(clauses, confirmed="Bring the key") == ["garage", "key"]


def test_long_call_counts_repeated_words_only(read):
    clauses = read("The garage is open. " * 2 + "The moto is red. " + "It was so. " * 100)

    assert find_keywords(clauses) == ["garage"]


def test_tags_are_few_and_short():
    assert choose_tags(["x" * 41, *(f"word{number}" for number in range(10))]) == [
        f"word{number}" for number in range(8)
    ]


def test_no_words_have_no_keywords():
    assert find_keywords(()) == []
