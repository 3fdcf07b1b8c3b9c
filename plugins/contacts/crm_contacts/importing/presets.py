"""Recognising the program that wrote a file by its header, and mapping the columns accordingly.

The header rows were taken from real exports and from the programs' published sources and translations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_contacts.importing import preset_tables as tables
from crm_contacts.importing import preset_tables_more as more
from crm_contacts.importing import preset_tables_sales as sales
from crm_contacts.importing import targets
from crm_contacts.importing.mapping import Column, ColumnMapping, free_target, with_overrides
from crm_contacts.importing.normalise import DateOrder, fold
from crm_contacts.importing.phone_headers import phone_target

__all__ = ["PRESETS", "Preset", "key", "map_columns", "recognise", "with_overrides"]

_GOOGLE_LINE = re.compile(r"(e-mail|phone|website|address) (\d+) - (.+)")
_TECHNICAL = re.compile(r".*\((\w+\.\w+)\)")


def key(name: str) -> str:
    """Return a column's name for comparison: folded, without the star of required columns.

    An import template of Dolibarr puts the technical name in brackets (``Name* (s.nom)``), which then counts.
    """
    technical = _TECHNICAL.fullmatch(name)
    return fold(technical[1] if technical else name).rstrip("*: ")


@dataclass(frozen=True, slots=True)
class Preset:
    """One program's export: its columns, those that tell it, how many of them must be there, and those it never has."""

    name: str
    table: tables.Table
    signature: frozenset[str]
    minimum: int = 2
    date_order: DateOrder = "dmy"
    kind: str | None = None
    tag_gap: str = r"[,;]|:::"
    foreign: frozenset[str] = frozenset()
    dynamic: Callable[[str], str | None] | None = None

    def score(self, keys: frozenset[str]) -> int:
        """Return how many columns speak for this preset, 0 if not enough do."""
        if keys & self.foreign:
            return 0
        count = len(keys & self.signature)
        if self.dynamic:
            count += sum(self.dynamic(name) is not None for name in keys)
        return count if count >= self.minimum else 0


def _google_line(name: str) -> str | None:
    found = _GOOGLE_LINE.fullmatch(name)
    goal = tables.GOOGLE_LINES.get((found[1], found[3])) if found else None
    return f"{goal[0]}.{found[2]}.{goal[1]}" if found and goal else None


_ONLYOFFICE_INFO = re.compile(
    r"(e-?mail|phone|web ?site|address) \((work|home|mobile|fax|direct|other|postal|office|billing)\)"
    r"(?: (street|city|state|zip|country).*)?"
)
_ONLYOFFICE_PARTS = {"email": "emails", "e-mail": "emails", "phone": "phones", "website": "websites",
                     "web site": "websites", "address": "addresses"}  # fmt: skip


def _onlyoffice_info(name: str) -> str | None:
    """Return the target of a column such as ``Phone (mobile)`` or ``Address (billing) city``."""
    found = _ONLYOFFICE_INFO.fullmatch(name)
    if found is None or (found[1] == "address") != bool(found[3]):
        return None
    group = _ONLYOFFICE_PARTS[found[1]]
    return f"{group}.{found[2]}.{found[3] or targets.PARTS[group][0]}"


PRESETS: tuple[Preset, ...] = (
    Preset(
        "google",
        tables.GOOGLE,
        frozenset({"given name", "family name", "additional name", "group membership", "organization name", "labels"})
        | {"organization title", "organization 1 - name", "organization 1 - title", "file as", "yomi name"},
        tag_gap=":::",
        dynamic=_google_line,
    ),
    Preset(
        "outlook",
        tables.OUTLOOK,
        frozenset(tables.OUTLOOK)
        - {"first name", "middle name", "last name", "company", "notes", "birthday", "language", "home phone"}
        - {"mobile phone", "categories", "job title"},
        date_order="mdy",
        tag_gap=r"[;,]",
    ),
    Preset(
        "outlook-fr",
        tables.OUTLOOK_FRENCH,
        frozenset(tables.OUTLOOK_FRENCH)
        - {"prenom", "nom", "societe", "titre", "notes", "categories", "langue", "fonction", "adresse e-mail"}
        - {"date de naissance", "telephone mobile"},
        tag_gap=r"[;,]",
    ),
    Preset(
        "dolibarr-contacts",
        tables.DOLIBARR_CONTACTS,
        frozenset({"c.lastname", "c.firstname", "c.poste", "c.phone_mobile", "c.email", "c.rowid", "post/function"})
        | {"poste/fonction", "contact id", "id contact", "civility code", "code civilite", "company id", "id societe"},
    ),
    Preset(
        "dolibarr",
        tables.DOLIBARR_THIRD_PARTIES,
        frozenset(name for name in tables.DOLIBARR_THIRD_PARTIES if name[:2] == "s.")
        | {"customer code", "code client", "supplier code", "vendor code", "code fournisseur", "third party type"}
        | {"third-party type", "type du tiers", "type de tiers", "prospect/customer", "prospect / customer"}
        | {"prospect / client", "prospect/client", "supplier", "vendor", "fournisseur", "customer", "client"}
        | {"accountancy code", "code compta", "alias name", "nom alternatif", "third-party name", "nom du tiers"},
        kind="company",
        foreign=frozenset({"first name", "last name", "firstname", "lastname", "prenom", "c.lastname", "given name"}),
    ),
    Preset("odoo", more.ODOO, more.ODOO_SIGNATURE),
    Preset("espocrm", more.ESPOCRM, more.ESPOCRM_SIGNATURE),
    Preset("onlyoffice", sales.ONLYOFFICE, sales.ONLYOFFICE_SIGNATURE, dynamic=_onlyoffice_info, tag_gap=r","),
    Preset("hubspot", sales.HUBSPOT, sales.HUBSPOT_SIGNATURE, date_order="mdy", tag_gap=r";"),
    Preset("zoho", sales.ZOHO, sales.ZOHO_SIGNATURE),
    Preset("suitecrm", sales.SUITECRM, sales.SUITECRM_SIGNATURE),
    Preset("pipedrive", sales.PIPEDRIVE, sales.PIPEDRIVE_SIGNATURE),
)
PLAIN = Preset("plain", more.PLAIN, frozenset(), minimum=0, dynamic=phone_target)
OWN = Preset("own", more.PLAIN, frozenset(), minimum=0, dynamic=phone_target)
_OWN_NAMES = frozenset(name for name in targets.FIELDS if "_" in name) | {"kind"}


def recognise(header: Sequence[str]) -> Preset:
    """Return the preset whose columns the header has most of; ``PLAIN`` (or ``OWN``) if no program is recognised."""
    own = sum(name in _OWN_NAMES or ("." in name and targets.canonical(name) is not None) for name in header)
    keys = frozenset(key(name) for name in header)
    best = max(PRESETS, key=lambda preset: preset.score(keys))
    score = best.score(keys)
    if score > own:
        return best
    return OWN if own else PLAIN


def map_columns(header: Sequence[str], preset: Preset | None = None) -> ColumnMapping:
    """Return the mapping of a header, by ``preset`` or by the one recognised."""
    preset = preset or recognise(header)
    keys = [key(name) for name in header]
    columns: list[Column] = []
    for index, name in enumerate(keys):
        goals = _goals(preset, name, header[index], frozenset(keys))
        if preset.table is more.PLAIN:
            goals = [(free_target(target, columns), converter) for target, converter in goals]
        columns.extend(Column(index, *goal) for goal in goals)
    return ColumnMapping(preset.name, tuple(header), tuple(columns), preset.date_order, preset.kind, preset.tag_gap)


def _goals(preset: Preset, name: str, given: str, keys: frozenset[str]) -> list[tuple[str, str]]:
    """Return targets and converters of one column."""
    if "." in given and (own := targets.canonical(given)):
        return [(own, "")]
    if preset.name == "outlook-fr" and name == "titre" and "titre (2)" in keys:
        return []  # of two columns "Titre" the first is the form of address
    if preset is PLAIN and name == "id":
        return [("external_id", "")]  # another program's; only our own export has ours
    if preset.table is more.PLAIN and name in ("name", "nom"):
        return [(target, "") for target in _plain_name(name, keys)]
    found = (preset.dynamic and preset.dynamic(name)) or preset.table.get(name, "")
    return [(target, converter) for target, _, converter in (goal.partition("|") for goal in found.split())]


def _plain_name(name: str, keys: frozenset[str]) -> list[str]:
    """Return the targets of a column "Name" in a file made by hand or by this product's export.

    ``name`` is a company's name in this product. It is a person's where the file has a column for the company, too;
    and it repeats the other two in a file with first and last names, unless a row is a company's.
    """
    if name == "nom" and "prenom" in keys:
        return ["last_name"]
    split_names = keys & {"first_name", "first name", "firstname", "last_name", "last name", "lastname", "prenom"}
    companies = keys & {column for column, target in more.PLAIN.items() if target in ("company", "kind")}
    return ["name", "full_name"] if companies and not split_names else ["name"]
