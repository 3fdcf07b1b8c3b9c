"""Splitting a person's name that stands in one cell."""

from __future__ import annotations

from crm_contacts.importing.normalise import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words("""
    dame dipl docteur don dona dr frau herr ing m madame mademoiselle maitre me miss mlle mme monsieur mr mrs ms mx
    prof professeur professor rev sir sr sra
""")
_SUFFIXES = _words("bsc cpa dds esq ii iii iv jr junior mba md msc phd senior sr")
# Small words that open a family name: "van den Berg", "de la Tour", "dos Santos".
_PARTICLES = _words("""
    af al av ben bin bint d' da dal dalla das de degli dei del dela della den der di do dos du e el het ibn la las le
    lo los op san st 't ten ter tot van vande vander vom von y zu zum zur
""")


def split_name(text: str) -> tuple[str, str]:
    """Return first and last name of a person; one of them is empty when there is only one word.

    Understands "Anne Martin", "Martin, Anne", "MARTIN Anne", "Anne Marie Martin", "Dr. Anne-Marie van den Berg" and
    "John Doe, Jr."; titles and such suffixes are left out.
    """
    before, comma, after = text.partition(",")
    if comma and _word(after) in _SUFFIXES:
        before, comma = before.strip(), ""
    if comma:
        return " ".join(_bare(after.split())), " ".join(_bare(before.split()))
    words = _bare(before.split())
    if len(words) < 2:
        return "", words[0] if words else ""
    start = _last_name_first(words)
    if start:
        return " ".join(words[start:]), " ".join(words[:start])
    start = _last_name_start(words)
    return " ".join(words[:start]), " ".join(words[start:])


def _word(text: str) -> str:
    return fold(text).replace(".", "").strip()


def _bare(words: list[str]) -> list[str]:
    """Drop titles before and suffixes after the name, as long as a name is left."""
    while len(words) > 1 and _word(words[0]) in _TITLES:
        words = words[1:]
    while len(words) > 2 and _word(words[-1]) in _SUFFIXES:
        words = words[:-1]
    return words


def _last_name_first(words: list[str]) -> int:
    """Return how many words at the beginning are a family name in capitals ("DE LA TOUR Anne"), 0 for none."""
    capitals = [len(word) > 1 and word.isupper() and "." not in word for word in words]
    count = capitals.index(False) if False in capitals else 0
    return count if count and not any(capitals[count:]) else 0


def _last_name_start(words: list[str]) -> int:
    for index in range(1, len(words) - 1):
        if words[index].lower() in _PARTICLES and (words[index].islower() or index == len(words) - 2):
            return index
    return len(words) - 1
