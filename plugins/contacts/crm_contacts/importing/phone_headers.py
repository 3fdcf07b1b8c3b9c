"""Columns of phone numbers in files made by hand: the many ways to head them, in English and French.

A header is taken for one when each of its words says that it is a phone number, or which: ``Tél. mobile``,
``Portable (pro)``, ``N° de téléphone 2``, ``Office phone``.
"""

from __future__ import annotations

import re

_NOUNS = frozenset({"tel", "telephone", "telephones", "phone", "phones"})
_FILLERS = frozenset({"numero", "number", "num", "no", "n°", "nr", "de", "du", "ligne", "line", "principal", "main"})
_FAX = frozenset({"fax", "telecopie", "telecopieur"})
_MOBILE = frozenset({"mobile", "mobiles", "portable", "cell", "cellphone", "cellular", "cellulaire", "gsm"})
_LAND = frozenset({"fixe", "landline"})
_WORK = frozenset({"bureau", "pro", "professionnel", "travail", "work", "business", "office", "direct", "directe",
                   "standard", "entreprise", "societe", "company"})  # fmt: skip
_HOME = frozenset({"domicile", "maison", "perso", "personnel", "prive", "home", "private", "personal"})
_KNOWN = _NOUNS | _FILLERS | _FAX | _MOBILE | _LAND | _WORK | _HOME
_TELLING = _NOUNS | _FAX | _MOBILE | _LAND
_BETWEEN = re.compile(r"[\s.,:;/()_-]+")
_NUMBERED = re.compile(r"(.*?)\s*([2-9])?")


def phone_target(name: str) -> str | None:
    """Return where a column goes that is headed as a phone number, by its folded name; ``None`` for others."""
    found = _NUMBERED.fullmatch(name)
    words = frozenset(filter(None, _BETWEEN.split(found[1]))) if found else frozenset()
    if not found or not words & _TELLING or words - _KNOWN:
        return None
    for kind, telling in (("fax", _FAX), ("mobile", _MOBILE), ("home", _HOME)):
        if words & telling:
            return f"phones.{kind}{found[2] or ''}.number"
    return f"phones.work{found[2] or ''}.number"
