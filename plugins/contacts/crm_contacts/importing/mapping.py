"""Which column feeds which field, and the row builder made from it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from crm_contacts.importing import targets
from crm_contacts.importing.assemble import Draft, Rules, finish
from crm_contacts.importing.errors import MappingError
from crm_contacts.importing.lines import MULTIPLE
from crm_contacts.importing.normalise import DateOrder, fold, truth
from crm_contacts.importing.rows import RowProblem
from crm_core.api import N_

_UNKNOWN_COLUMN = N_("There is no column %(value)s in the file. The nearest: %(near)s")
_UNKNOWN_FIELD = N_("There is no field %(value)s. The nearest: %(near)s")
_TWICE = N_(
    "%(value)s gets both the column %(first)s and the column %(column)s, but holds one value that is no text; leave "
    "one of them out"
)
_NOT_A_PAIR = N_("%(value)s is not of the form Column=field")
_NO_NAME = N_(
    "None of the columns holds a name, a company or an e-mail address (%(value)s). Say which one does, as in --map "
    '"Column=last_name"'
)
_NAMING = ("first_name", "last_name", "full_name", "name", "company")
_IGNORE = frozenset({"", "-", "ignore"})
_PRIVATE = frozenset({"private individual", "particulier", "individu prive", "te_private", "individual"})
# Third parties of Dolibarr: 0 none, 1 customer, 2 prospect, 3 both.
_CLIENT = {"1": "customer", "2": "prospect", "3": "prospect;customer", "0": ""}


def _flag(meaning: str) -> Callable[[str], str]:
    return lambda text: meaning if truth(text) or (text.isdigit() and int(text) > 0) else ""


def _company_flag(text: str) -> str:
    answer = truth(text)
    return text if answer is None else "company" if answer else "person"


def _client_code(text: str) -> str:
    if text in _CLIENT:
        return _CLIENT[text]
    answer = truth(text)
    return text if answer is None else "customer" if answer else ""


CONVERTERS: Mapping[str, Callable[[str], str]] = {
    "company_flag": _company_flag,
    "customer_flag": _flag("customer"),
    "supplier_flag": _flag("supplier"),
    "client_code": _client_code,
    "private_type": lambda text: "person" if fold(text) in _PRIVATE else "",
    # Google Contacts puts several organisations into one cell.
    "first_of": lambda text: text.partition(MULTIPLE)[0],
    "rest_of": lambda text: text.partition(MULTIPLE)[2],
    # Odoo shows a person as "Company, Person".
    "after_comma": lambda text: text.rpartition(", ")[2],
    "before_comma": lambda text: text.rpartition(", ")[0],
}


class Column(NamedTuple):
    """One column's way: its number from 0, the target, and the converter (a key of ``CONVERTERS`` or empty)."""

    number: int
    target: str
    converter: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns of one file: where each goes, and how the preset says to read them.

    ``preset`` names the program that wrote the file; ``kind`` is the kind of records that do not say; ``joined``
    are the targets that a person wants the texts of several columns joined in.
    """

    preset: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    date_order: DateOrder = "dmy"
    kind: str | None = None
    tag_gap: str = r"[,;]|:::"
    joined: frozenset[str] = frozenset()

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the names of the columns that go nowhere."""
        used = {column.number for column in self.columns}
        return tuple(name for index, name in enumerate(self.header) if index not in used)

    def by_name(self) -> dict[str, tuple[str, ...]]:
        """Return the targets by column name, for showing the mapping."""
        shown: dict[str, tuple[str, ...]] = {}
        for index, target, _ in self.columns:
            shown[self.header[index]] = (*shown.get(self.header[index], ()), target)
        return shown


def check_names(mapping: ColumnMapping) -> None:
    """Make sure that rows can be told apart from one another at all.

    Raises:
        MappingError: no column holds a name, a company or an e-mail address.
    """
    for column in mapping.columns:
        if column.target in _NAMING or (column.target.startswith("emails.") and column.target.endswith(".address")):
            return
    names = ", ".join(mapping.header[:8])
    raise MappingError("no_name_column", _NO_NAME, value=names)


def with_overrides(mapping: ColumnMapping, header: Sequence[str], overrides: Iterable[str]) -> ColumnMapping:
    """Return the mapping changed by ``Column=field`` pairs; ``Column=`` takes a column out.

    ``field`` is any name of ``targets``. A field that holds one value leaves the column it was taken for;
    ``Column=email`` adds an address to those mapped already. Several columns that are named for one field are joined
    (names, texts, lines of an address), become entries or lines of their own (tags, companies, e-mails, phones), or are
    refused.

    Raises:
        MappingError: not a pair, an unknown column or field (the nearest names are given), or several columns for a
            field that holds one value.
    """
    columns = list(mapping.columns)
    joined: set[str] = set()
    said: dict[str, str] = {}
    for pair in overrides:
        name, equals, field = pair.rpartition("=")
        if not equals or not name.strip():
            raise MappingError("override", _NOT_A_PAIR, value=pair)
        index = _column_index(name.strip(), header)
        columns = [column for column in columns if column.number != index]
        if field.strip() in _IGNORE:
            continue
        target = _target(field.strip(), columns)
        if target in said:
            target = _together(target, columns, said[target], name.strip())
            joined.add(target)
        elif target not in targets.MANY:
            columns = [column for column in columns if column.target != target]
        said.setdefault(target, name.strip())
        columns.append(Column(index, target))
    return replace(mapping, header=tuple(header), columns=tuple(sorted(columns)), joined=frozenset(joined))


def _together(target: str, columns: Sequence[Column], first: str, column: str) -> str:
    """Return where a further column for a target goes: the same place, or a line of its own.

    Raises:
        MappingError: the target holds one value that no texts make together.
    """
    group, _, part = targets.split(target)
    if target in targets.MANY or target in targets.JOINED or part in targets.JOINED_PARTS or target.startswith("cf."):
        return target
    if part and part == targets.PARTS[group][0]:
        return free_target(target, columns)
    raise MappingError("twice", _TWICE, value=target, first=first, column=column)


def _column_index(name: str, header: Sequence[str]) -> int:
    if name in header:
        return header.index(name)
    folded = [fold(column) for column in header]
    if fold(name) in folded:
        return folded.index(fold(name))
    near = difflib.get_close_matches(fold(name), folded, n=3, cutoff=0.4) or folded[:3]
    shown = ", ".join(header[folded.index(column)] for column in near)
    raise MappingError("unknown_column", _UNKNOWN_COLUMN, value=name, near=shown)


def _target(field: str, columns: Sequence[Column]) -> str:
    target = targets.canonical(field)
    if target is None:
        near = difflib.get_close_matches(field.lower(), targets.suggestions(), n=3, cutoff=0.4)
        raise MappingError("unknown_field", _UNKNOWN_FIELD, value=field, near=", ".join(near or targets.FIELDS[:3]))
    return free_target(target, columns) if field in targets.SHORT else target


def free_target(target: str, columns: Iterable[Column]) -> str:
    """Return the target, or that of a further line where another column has taken it; an address is one line."""
    group, slot, part = targets.split(target)
    if not part or group == "addresses":
        return target
    taken, free, number = {column.target for column in columns}, target, 2
    while free in taken:
        free = f"{group}.{slot}{number}.{part}"
        number += 1
    return free


Put = Callable[[Draft, str], None]


class RowBuilder:
    """Turns the cells of a record into the values of a contact, as a mapping and rules say."""

    def __init__(self, mapping: ColumnMapping, rules: Rules) -> None:
        self._rules = replace(rules, date_order=mapping.date_order, kind=mapping.kind, tag_gap=mapping.tag_gap)
        self._joined = mapping.joined
        self._plan = [(column.number, _put(column)) for column in mapping.columns]

    def build(self, cells: Sequence[str]) -> tuple[dict[str, Any], list[RowProblem]]:
        """Return the values and the problems of one record, whose cells are as many as the header's."""
        draft = Draft(self._joined, self._rules.joiner)
        for index, put in self._plan:
            if cell := cells[index]:
                put(draft, cell)
        return finish(draft, self._rules)


def _put(column: Column) -> Put:
    """Return what to do with a cell of a column."""
    put = _putter(*targets.split(column.target))
    convert = CONVERTERS.get(column.converter)
    return put if convert is None else lambda draft, text: put(draft, convert(text))


def _putter(group: str, slot: str, part: str) -> Put:
    if part:
        return lambda draft, text: draft.put_part(group, slot, part, text)
    if group.startswith("cf."):
        return lambda draft, text: draft.put_custom(group, text)
    return lambda draft, text: draft.put(group, text)
