"""Reads a table of words and their odd forms."""


def read(table: str) -> dict[str, str]:
    """Each line is a word, a colon and its forms; the answer leads from the form to the word."""
    found: dict[str, str] = {}
    for line in table.strip().splitlines():
        word, _, forms = line.partition(":")
        found.update(dict.fromkeys(forms.split(), word.strip()))
    return found
