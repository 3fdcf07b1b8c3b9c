"""Files to import, written row by row: fictional people, in the columns of a Google export or in plain ones."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

from benchmarks.people import Cast, persons

HEADER = (
    "First Name", "Last Name", "Organization Name", "Organization Title", "Birthday", "Notes", "Labels",
    "E-mail 1 - Label", "E-mail 1 - Value", "E-mail 2 - Label", "E-mail 2 - Value",
    "Phone 1 - Label", "Phone 1 - Value", "Phone 2 - Label", "Phone 2 - Value",
    "Address 1 - Label", "Address 1 - Street", "Address 1 - City", "Address 1 - Postal Code", "Address 1 - Country",
    "Website 1 - Label", "Website 1 - Value", "cf.score", "cf.tier",
)  # fmt: skip
PLAIN = (
    "first_name", "last_name", "company", "job_title", "email", "phone", "street", "zip", "city", "country", "cf.score",
    "cf.tier",
)  # fmt: skip
_NOBODY = Cast((1,), 1, 1, (1, 2, 3, 4, 5, 6))


def google(path: Path, rows: int, *, per_company: int = 20) -> int:
    """Write a file of ``rows`` persons who work for a company a twenty; return its bytes."""
    everyone = persons(10**9, _NOBODY, range(max(1, rows // per_company)))
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(HEADER)
        for number, person in enumerate(itertools.islice(everyone, rows)):
            first, second = person["emails"]
            phones = [_spaced(line["number"]) for line in person["phones"]] + [""]
            place = person["addresses"][0]
            writer.writerow((
                person["first_name"], person["last_name"], f"Maison {person['company']:06d} & Cie",
                person["job_title"], "1970-02-03" if number % 3 == 0 else "",
                "Met at the fair" if number % 5 == 0 else "",
                "* myContacts" if number % 2 else "* myContacts ::: vip",
                "* Work", first["address"], "Home", second["address"],
                "Mobile", phones[0], "Work", phones[1],
                "Work", place["street"], place["city"], place["zip"], place["country"],
                "Blog" if number % 4 == 0 else "", f"https://blog.example.org/{number}" if number % 4 == 0 else "",
                person["cf.score"], person["cf.tier"],
            ))  # fmt: skip
    return path.stat().st_size


def plain(path: Path, rows: int, *, per_company: int = 20) -> int:
    """Write a file of ``rows`` persons with one address of each kind and a company; return its bytes."""
    everyone = persons(10**9, _NOBODY, range(max(1, rows // per_company)))
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(PLAIN)
        for person in itertools.islice(everyone, rows):
            place = person["addresses"][0]
            writer.writerow((
                person["first_name"], person["last_name"], f"Maison {person['company']:06d} & Cie",
                person["job_title"], person["emails"][0]["address"], _spaced(person["phones"][0]["number"]),
                place["street"], place["zip"], place["city"], place["country"], person["cf.score"], person["cf.tier"],
            ))  # fmt: skip
    return path.stat().st_size


def _spaced(number: str) -> str:
    """Return a French number as people write it: +33 6 39 98 12 34."""
    pairs = number[4:]
    return f"+33 {number[3]} " + " ".join(pairs[i : i + 2] for i in range(0, 8, 2))
