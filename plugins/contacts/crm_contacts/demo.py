"""Fictional people and companies that show what contacts can do: ``crm demo``."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from crm_core.api import N_, Cond, Ctx, DemoData, ListQuery, fold, gettext, records

CONTACT, RELATION = "contacts.contact", "contacts.relation"
MARK = "demo-"
"""How the external ids of demonstration contacts begin."""
_SEED = 7

# name, sector, size, natures, street, postal code, city, country, currency, language, phone
COMPANIES: tuple[tuple[str, str, str, str, str, str, str, str, str, str, str], ...] = (
    ("Ateliers Kerven", "manufacturing", "medium", "customer", "14 quai des Tanneurs", "29200", "Brest", "FR", "EUR",
     "fr", "+33261910101"),
    ("Biscuiterie Belle-Rive", "manufacturing", "small", "prospect", "3 rue du Four", "56000", "Vannes", "FR", "EUR",
     "fr", "+33261910102"),
    ("Brûlerie du Canal", "retail", "micro", "customer", "27 quai de Jemmapes", "75010", "Paris", "FR", "EUR", "fr",
     "+33199000103"),
    ("Clinique Saint-Aubin", "health", "large", "prospect", "1 avenue des Tilleuls", "35000", "Rennes", "FR", "EUR",
     "fr", "+33261910104"),
    ("Zürcher Feinmechanik AG", "manufacturing", "medium", "customer", "Seestrasse 88", "8002", "Zürich", "CH", "CHF",
     "de", "+41440000105"),
    ("Harbour & Finch Ltd", "services", "small", "customer,supplier", "9 Quayside Row", "BS1 4RW", "Bristol", "GB",
     "GBP", "en", "+441174960106"),
    ("Imprimerie Lagrange", "manufacturing", "small", "supplier", "52 rue Gutenberg", "69003", "Lyon", "FR", "EUR",
     "fr", "+33465710107"),
    ("Kłos i Synowie", "agriculture", "medium", "prospect", "ul. Polna 12", "00-625", "Warszawa", "PL", "PLN", "pl",
     "+48220000108"),
    ("Librairie Ponchel", "retail", "micro", "prospect", "8 place du Marché", "59000", "Lille", "FR", "EUR", "fr",
     "+33353010109"),
    ("Mairie de Saint-Élan", "public", "medium", "customer", "1 place de la République", "22700", "Saint-Élan", "FR",
     "EUR", "fr", "+33261910110"),
    ("Nordlys Energi AS", "energy", "large", "prospect", "Havnegata 5", "7010", "Trondheim", "NO", "NOK", "no",
     "+4773000111"),
    ("Orchard Lane School", "education", "medium", "prospect", "4 Orchard Lane", "D06 X2P7", "Dublin", "IE", "EUR",
     "en", "+35310000112"),
    ("Pharmacie des Halles", "health", "micro", "customer", "19 rue Rambuteau", "75003", "Paris", "FR", "EUR", "fr",
     "+33199000113"),
    ("Quincaillerie Müller", "retail", "small", "customer", "6 rue des Orfèvres", "67000", "Strasbourg", "FR", "EUR",
     "fr", "+33353010114"),
    ("Río Verde Hoteles", "hospitality", "medium", "prospect", "Calle del Río 21", "41001", "Sevilla", "ES", "EUR",
     "es", "+34950000115"),
    ("Sável Transportes", "transport", "medium", "customer,supplier", "Rua do Cais 40", "4050-265", "Porto", "PT",
     "EUR", "pt", "+351220000116"),
    ("Tilia Software", "software", "small", "supplier", "2 passage du Génie", "75012", "Paris", "FR", "EUR", "fr",
     "+33199000117"),
    ("Union Factoring", "finance", "large", "factor", "110 boulevard Haussmann", "75008", "Paris", "FR", "EUR", "fr",
     "+33199000118"),
)  # fmt: skip

# first name, last name, job title, number of the company (None: none), role, birthday
PEOPLE: tuple[tuple[str, str, str, int | None, str, str], ...] = (
    ("Anne", "Le Goff", "Directrice générale", 0, "decision_maker", "1971-04-02"),
    ("Yannick", "Queméneur", "Responsable des achats", 0, "buyer", ""),
    ("Maëlle", "Riou", "Comptable", 0, "accounting", ""),
    ("Étienne", "Dufour", "Gérant", 1, "decision_maker", "1980-11-23"),
    ("Solène", "Brisset", "Chargée de clientèle", 1, "influencer", ""),
    ("Nadia", "Benslimane", "Fondatrice", 2, "decision_maker", "1988-07-14"),
    ("Loïc", "Pasquier", "Directeur administratif", 3, "decision_maker", ""),
    ("Hélène", "Castaing", "Cheffe de service", 3, "user", ""),
    ("Benoît", "Hérault", "Responsable informatique", 3, "technical", ""),
    ("Jürg", "Ammann", "Geschäftsführer", 4, "decision_maker", "1966-01-30"),
    ("Ursina", "Bürgi", "Einkauf", 4, "buyer", ""),
    ("Florence", "Finch", "Managing Director", 5, "decision_maker", ""),
    ("Alasdair", "Moore", "Operations Manager", 5, "user", ""),
    ("Céline", "Lagrange", "Gérante", 6, "decision_maker", ""),
    ("Rémi", "Vauquelin", "Chef d'atelier", 6, "technical", ""),
    ("Łukasz", "Kłos", "Właściciel", 7, "decision_maker", ""),
    ("Bożena", "Żak", "Księgowa", 7, "accounting", ""),
    ("Odile", "Ponchel", "Libraire", 8, "decision_maker", "1959-09-09"),
    ("François", "Trémaudan", "Maire", 9, "decision_maker", ""),
    ("Gwenaëlle", "Salaün", "Secrétaire générale", 9, "influencer", ""),
    ("Ingrid", "Sørensen", "Innkjøpssjef", 10, "buyer", ""),
    ("Bjørn", "Håkonsen", "Teknisk sjef", 10, "technical", ""),
    ("Siobhán", "Ó Briain", "Head Teacher", 11, "decision_maker", ""),
    ("Cian", "Ó Murchú", "IT Coordinator", 11, "technical", ""),
    ("Thérèse", "Garnier", "Pharmacienne", 12, "decision_maker", ""),
    ("Jean-Paul", "Müller", "Gérant", 13, "decision_maker", ""),
    ("Inès", "Weber", "Assistante", 13, "influencer", ""),
    ("Álvaro", "Núñez", "Director", 14, "decision_maker", ""),
    ("Begoña", "Ibáñez", "Compras", 14, "buyer", ""),
    ("João", "Sável", "Gerente", 15, "decision_maker", ""),
    ("Conceição", "Magalhães", "Contabilidade", 15, "accounting", ""),
    ("Clément", "Roussel", "Directeur technique", 16, "technical", ""),
    ("Zoé", "Delacroix-Petit", "Directrice commerciale", 16, "decision_maker", ""),
    ("Édouard", "de La Fresnaye", "Chargé de comptes", 17, "influencer", ""),
    ("Agnès", "Marchand", "Consultante", None, "", "1990-02-17"),
    ("Théo", "Lévêque", "Photographe", None, "", ""),
    ("Noëlle", "Bérard", "", None, "", "1963-12-25"),
    ("Ömer", "Yıldız", "Architecte", None, "", ""),
    ("Dvořák", "Novotný", "Traducteur", None, "", ""),
    ("Aïcha", "Traoré", "Graphiste", None, "", ""),
    ("Ulf", "Ångström", "Ingénieur", None, "", ""),
    ("Mikołaj", "Wójcik", "", None, "", ""),
)

# first, relation, second: names as above
RELATIONS = (
    ("Imprimerie Lagrange", "supplies", "Ateliers Kerven"),
    ("Tilia Software", "partner", "Harbour & Finch Ltd"),
    ("Inès Weber", "assistant", "Jean-Paul Müller"),
    ("Anne Le Goff", "recommended", "Étienne Dufour"),
    ("Agnès Marchand", "adviser", "Clinique Saint-Aubin"),
)


def load(ctx: Ctx) -> str:
    """Make the demonstration contacts unless they are there; return what was made, in one line."""
    first = ListQuery(fields=("name",), filter=Cond("external_id", "=", f"{MARK}1"), limit=1, count=False)
    if records.list_(ctx, CONTACT, first).items:
        return ""
    chance = random.Random(_SEED)  # noqa: S311 - variety, not secrecy
    ids = _create(ctx, list(_companies(chance)))
    ids |= _create(ctx, list(_people(chance, ids)))
    for one, relation, other in RELATIONS:
        records.create(ctx, RELATION, {"contact": ids[one], "relation": relation, "other": ids[other]})
    return gettext(N_("%(people)s persons and %(companies)s companies"), people=len(PEOPLE), companies=len(COMPANIES))


def _create(ctx: Ctx, items: list[dict[str, Any]]) -> dict[str, int]:
    made = (records.create(ctx, CONTACT, item) for item in items)
    return {str(one.name): one.id for one in made}  # type: ignore[attr-defined]


def _companies(chance: random.Random) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(COMPANIES, 1):
        name, industry, size, natures, street, code, city, country, currency, language, phone = row
        domain = _domain(name)
        item: dict[str, Any] = {
            "kind": "company", "name": name, "industry": industry, "size": size, "nature": natures.split(","),
            "currency": currency, "language": language, "visibility": "read", "external_id": f"{MARK}{number}",
            "emails": [f"info@{domain}"], "phones": [{"number": phone, "kind": "work"}],
            "websites": [f"https://www.{domain}"],
            "addresses": [{"kind": "headquarters", "street": street, "zip": code, "city": city, "country": country}],
            "temperature": chance.choice(("cold", "warm", "hot")), "qualification": chance.choice("abc"),
            "score": chance.randint(1, 5), "key_account": size == "large",
            "source": chance.choice(("web", "trade_show", "recommendation", "cold_call")), "tags": ["Démonstration"],
        }  # fmt: skip
        if "prospect" in natures:
            item["prospect_status"] = chance.choice(("never_contacted", "to_contact", "in_progress", "contacted"))
            item["prospect_level"] = chance.choice(("low", "medium", "high"))
        yield item


def _people(chance: random.Random, companies: dict[str, int]) -> Iterator[dict[str, Any]]:
    for number, (first, last, title, place, role, birthday) in enumerate(PEOPLE, 1):
        company = COMPANIES[place] if place is not None else None
        domain = _domain(company[0]) if company else f"{_word(last)}.example.org"
        item: dict[str, Any] = {
            "kind": "person", "first_name": first, "last_name": last, "job_title": title or None,
            "role": role or None, "birthday": birthday or None,
            "emails": [f"{_word(first)}.{_word(last)}@{domain}"], "visibility": "read",
            "phones": [{"number": f"+33639980{number:03d}", "kind": "mobile"}],
            "external_id": f"{MARK}p{number}", "temperature": chance.choice(("cold", "warm", "hot", None)),
            "tags": ["Démonstration"],
        }  # fmt: skip
        if company:
            item |= {"company": companies[company[0]], "nature": company[3].split(","), "language": company[9]}
        yield item


def _domain(name: str) -> str:
    """Return a mail domain below example.com, which belongs to nobody (RFC 2606)."""
    return f"{_word(name)}.example.com"


def _word(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in fold(text)).split())


DEMO = DemoData(load=load, order=10)
