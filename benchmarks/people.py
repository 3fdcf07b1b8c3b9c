"""Fictional contacts, the same at every run: values as field types' ``parse`` returns them, fit for ``bulk_create``."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from benchmarks import names

PER_COMPANY = 20
"""Persons a company."""
SCORES = 100_000
TIERS = 1000


@dataclass(frozen=True)
class Cast:
    """The users and tags that contacts refer to."""

    salespeople: tuple[int, ...]
    half: int
    everything: int
    tags: tuple[int, ...]


def company_count(size: int) -> int:
    """Return how many of ``size`` contacts are companies."""
    return max(1, size // (PER_COMPANY + 1))


def companies(size: int, cast: Cast) -> Iterator[dict[str, Any]]:
    """Yield the companies of a data set, which are written first."""
    chance = random.Random(20)
    for number in range(company_count(size)):
        name = f"{chance.choice(names.TRADES)} {surname(chance)} {chance.choice(names.LEGAL)}"
        host = f"{_plain(name.split()[1])}{number}.example.com"
        yield {
            **_shared(chance, number, cast),
            "kind": "company",
            "name": name,
            "nature": ["customer"] if chance.random() < 0.4 else ["prospect"],
            "emails": [{"address": f"office@{host}", "kind": "work", "primary": True}],
            "websites": [{"url": f"https://{host}/", "kind": "work"}],
        }


def persons(size: int, cast: Cast, company_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the persons of a data set, each linked to one of the companies."""
    chance = random.Random(30)
    for number in range(size - company_count(size)):
        first, last = chance.choice(names.FIRST), surname(chance)
        company = company_ids[chance.randrange(len(company_ids))]
        local = f"{_plain(first)}.{_plain(last)}"
        yield {
            **_shared(chance, number, cast),
            "kind": "person",
            "first_name": first,
            "last_name": last,
            "job_title": chance.choice(names.JOBS),
            "company": company,
            "companies": [company],
            "nature": ["prospect"],
            "emails": [
                {"address": f"{local}@{number % 9973}.example.com", "kind": "work", "primary": True},
                {"address": f"{local}{number}@example.org", "kind": "home", "primary": False},
            ],
        }


def _shared(chance: random.Random, number: int, cast: Cast) -> dict[str, Any]:
    """Return what persons and companies have alike. Each salesperson owns 1 % of them, and they are private."""
    owner = cast.salespeople[number % len(cast.salespeople)]
    halves = (number // len(cast.salespeople)) % 2 == 0
    zip_code, city, country = chance.choice(names.TOWNS)
    phones = [{"number": f"+3363998{chance.randrange(10_000):04d}", "kind": "mobile", "primary": True}]
    if chance.random() < 0.5:
        phones.append({"number": f"+3319900{chance.randrange(10_000):04d}", "kind": "work", "primary": False})
    score, tier = chance.randrange(SCORES), f"tier {chance.randrange(TIERS):04d}"
    return {
        "owner": owner,
        "visibility": "private",
        "managers": [owner],
        "account_owner": cast.half if halves else None,
        "salespeople": [cast.everything],
        "phones": phones,
        "addresses": [
            {"kind": "work", "street": f"{chance.randrange(1, 200)} {chance.choice(names.STREETS)}", "zip": zip_code,
             "city": city, "country": country, "is_default": True}
        ],
        "tags": [cast.tags[number % 6], cast.tags[(number + 1) % 6]][: number % 3],
        "temperature": chance.choice(("cold", "warm", "hot", None)),
        "qualification": chance.choice(("a", "b", "c", None)),
        "score": score,
        "external_id": tier,
        "cf.score": score,
        "cf.tier": tier,
        "cf.amount": Decimal(chance.randrange(10_000_000)) / 100,
        "cf.motto": surname(chance),
    }  # fmt: skip


def surname(chance: random.Random) -> str:
    """Return a surname: a common one now and then, else one made of syllables."""
    if chance.random() < 0.25:
        return chance.choice(names.COMMON)
    return "".join(chance.choices(names.SYLLABLES, k=chance.randrange(3, 6))).capitalize()


@cache
def _plain(text: str) -> str:
    """Return letters fit for an address."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(c for c in folded if c.isascii() and c.isalnum())


_LETTERS = str.maketrans({"ł": "l", "ø": "o", "ß": "ss"})
