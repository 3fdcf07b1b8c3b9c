"""The companies that imported persons belong to: found once, else made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crm_contacts.import_values import Draft
from crm_core.api import And, Cond, Ctx, ListQuery, Row, fold, records

CONTACT = "contacts.contact"
CHUNK = 200
"""Names looked up with one statement."""
_NAME_LENGTH = 201
_OLDEST = (("id", False),)
_COMPANY = Cond("kind", "=", "company")
_FACTS = ("name", "external_id", "origin", "email", "phone", "city", "zip", "country", "job_title")


class Companies:
    """Visible companies by folded name and by the id another system gave them.

    ``bare`` are those that an import made from nothing but their name, waiting for a row that says more.
    """

    def __init__(self, ctx: Ctx) -> None:
        """Know nothing yet."""
        self.ctx = ctx
        self.by_name: dict[str, int] = {}
        self.by_external: dict[str, int] = {}
        self.bare: dict[str, int] = {}
        self._asked: set[str] = set()

    def add(self, company_id: int, values: Mapping[str, Any]) -> None:
        """Remember a company that was just written."""
        self.by_name.setdefault(fold(values["name"]), company_id)
        self.bare.pop(fold(values["name"]), None)
        if external := values.get("external_id"):
            self.by_external[fold(external)] = company_id

    def look_up(self, names: Iterable[str], externals: Iterable[str] = ()) -> None:
        """Find the companies of these names and foreign ids among those the actor may see."""
        wanted = [n for n in dict.fromkeys(map(fold, names)) if n and n not in self._asked]
        self._asked.update(wanted)
        for row in self._found("name", wanted):
            self._take(row)
        missing = [e for e in dict.fromkeys(map(fold, externals)) if e and e not in self.by_external]
        for row in self._found("external_id", missing):
            self.by_external.setdefault(fold(row.values["external_id"]), row.id)

    def _take(self, row: Row) -> None:
        name, facts = fold(row.values["name"]), row.values
        if self.by_name.setdefault(name, row.id) != row.id:
            return
        if facts["origin"] == "import" and row.editable and not any(facts[key] for key in _FACTS[3:]):
            self.bare[name] = row.id

    def _found(self, key: str, wanted: Sequence[str]) -> Iterator[Row]:
        for start in range(0, len(wanted), CHUNK):
            condition = And((_COMPANY, Cond(key, "in", tuple(wanted[start : start + CHUNK]))))
            query = ListQuery(fields=_FACTS, filter=condition, sort=_OLDEST, limit=500, count=False, editable=True)
            yield from records.list_(self.ctx, CONTACT, query).items

    def id_of(self, name: str, external: str = "") -> int | None:
        """Return the company with this foreign id, else with this name."""
        found = self.by_external.get(fold(external)) if external else None
        return found or self.by_name.get(fold(name))

    def make(self, wanted: Mapping[str, str], drafts: Mapping[str, list[Draft]]) -> None:
        """Make companies that don't exist yet, each once.

        Args:
            wanted: the name as written first, and the foreign id or nothing, by folded name.
            drafts: the rows that name them, to be told when a company can't be made.
        """
        names = {key: drafts[key][0] for key in wanted}
        values = [_new(drafts[key][0], key, wanted[key]) for key in names]
        for key, made, given in zip(names, records.bulk_create(self.ctx, CONTACT, values), values, strict=True):
            if isinstance(made, int):
                self.add(made, given)
                continue
            for draft in drafts[key]:
                draft.reject(made)


def _new(draft: Draft, key: str, external: str) -> dict[str, Any]:
    names = [draft.source.get("company") or "", *draft.source.get("companies", ())]
    name = next(n for n in names if fold(n) == key)
    made: dict[str, Any] = {"kind": "company", "name": name[:_NAME_LENGTH], "origin": "import"}
    if nature := draft.values.get("nature"):
        made["nature"] = list(nature)
    if external:
        made["external_id"] = external
    return made
