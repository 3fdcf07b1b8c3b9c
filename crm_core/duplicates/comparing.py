"""What two values have in common: keys that are equal where values are the same but for their writing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any

from crm_core.duplicates.criteria import EXACT, Part
from crm_core.errors import ValueProblem
from crm_core.fieldtypes import Email, Phone, Text, Url
from crm_core.fieldtypes.texts import normal_phone
from crm_core.text import fold_once

LEGAL_FORMS = frozenset({
    "ab", "ag", "aps", "as", "asbl", "bv", "bvba", "co", "company", "corp", "corporation", "ei", "eirl", "eurl",
    "eg", "ev", "gbr", "gie", "gmbh", "ggmbh", "inc", "incorporated", "kft", "kg", "kgaa", "kk", "limited", "llc",
    "llp", "lp", "ltd", "mbh", "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl", "sas", "sasu", "sca",
    "scop", "sci", "scs", "selarl", "snc", "spa", "srl", "sro", "srls", "ste", "societe", "sl", "slu", "ug",
})  # fmt: skip
"""Ways of saying that something is a company, of Europe and the English-speaking world."""
SIMILAR = 88
"""From so many of 100 (rapidfuzz ``ratio``) two texts are similar; one letter in nine may differ."""
INSIDE = 10
"""Letters of a word from which on it is sought by what lies between its first and last one."""
_JOINED = re.compile(r"[.'\u2019`´]")
_APART = re.compile(r"[^\w]+|_+")
_TAG = re.compile(r"\+[^@]*(?=@)")


@lru_cache(maxsize=8192)
def plain_text(text: str) -> str:
    """Return a text without case, accents, punctuation, and legal forms at its ends."""
    words = _APART.sub(" ", _JOINED.sub("", fold_once(text))).split()
    first, last = 0, len(words)
    while last - first > 1 and words[last - 1] in LEGAL_FORMS:
        last -= 1
    while last - first > 1 and words[first] in LEGAL_FORMS:
        first += 1
    return " ".join(words[first:last])


def plain_email(text: str) -> str:
    """Return an address in lower case, without the tag that some people put behind a plus."""
    return _TAG.sub("", text.strip().lower())


def plain_phone(text: str, region: str) -> str:
    """Return a number in E.164; what is no number is compared by its characters."""
    if text.startswith("+"):
        return text
    try:
        return normal_phone(text, region)
    except ValueProblem:
        return fold_once(text)


def plain_url(text: str) -> str:
    """Return a web address without scheme, ``www.`` and the slash at its end."""
    return re.sub(r"^[a-z]+://(www\.)?", "", text.strip().lower()).rstrip("/")


def plain(part: Part, value: Any, region: str) -> str:
    """Return what a value is compared by; nothing for what is empty."""
    kind = part.kind
    if not isinstance(kind, Text):
        return str(kind.dump([value])[0] if kind.multiple else kind.dump(value))
    if part.how == EXACT:
        return str(value)
    if isinstance(kind, Email):
        return plain_email(value)
    if isinstance(kind, Phone):
        return plain_phone(value, region)
    return plain_url(value) if isinstance(kind, Url) else plain_text(str(value))


def all_plain(part: Part, values: Iterable[Any], region: str) -> list[str]:
    """Return what the values of a field are compared by, each once."""
    return list(dict.fromkeys(text for value in values if (text := plain(part, value, region))))


def sorted_words(text: str) -> str:
    """Return a text with its words in order: names are written both ways round."""
    return " ".join(sorted(text.split()))


def blocks(text: str) -> Iterator[str]:
    """Yield keys that similar texts share: beginnings and ends of their longest two words, each with each.

    One wrong letter spoils the beginning of a word or its end, hardly both; of a long word the inside is a key, too.
    """
    words = sorted(text.split(), key=lambda w: (-len(w), w))[:2]
    size = 3 if len(words) > 1 else 4
    ends = [(f"<{word[:size]}", f"{word[-size:]}>") for word in words]
    yield from dict.fromkeys("|".join(sorted(pieces)) for pieces in product(*ends))
    if words and len(words[0]) >= INSIDE:
        yield f"={words[0][1:-1]}"
