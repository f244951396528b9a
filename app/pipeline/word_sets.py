"""Word lists of the rules, written as a person reads them."""


def word_set(*lines: str) -> frozenset[str]:
    """The words of some lines of text, split at spaces."""
    return frozenset(word for line in lines for word in line.split())
