"""What the core's import engine needs to know of contacts: how a file is opened and who writes its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_contacts import import_fields, import_writer
from crm_contacts.importing import Source, SourceRow, open_source
from crm_core.api import N_, Importer, ImportOptions


@dataclass(frozen=True, slots=True)
class OptionRow(SourceRow):
    """A row with the options of its import, which the one who writes it needs."""

    options: ImportOptions = ImportOptions()


class ContactSource:
    """A file open for import, as the engine wants it."""

    def __init__(self, source: Source, options: ImportOptions) -> None:
        """Keep the reader and the options."""
        self._source, self._options = source, options
        self._rows: Any = None

    @property
    def header(self) -> Sequence[str]:
        """Return the names of the columns; none for cards."""
        return self._source.header

    @property
    def mapping(self) -> Mapping[str, Any]:
        """Return what each column is taken for, and the columns that are not used."""
        mapping = self._source.mapping
        found = {name: list(targets) for name, targets in mapping.by_name().items()} if mapping else {}
        return {**found, **{name: [] for name in self._source.ignored}}

    @property
    def preset(self) -> str:
        """Return the program that wrote the file, as far as it was recognised."""
        return self._source.preset

    @property
    def encoding(self) -> str:
        """Return the character encoding."""
        return self._source.encoding

    @property
    def delimiter(self) -> str:
        """Return what stands between the cells of a table, nothing for cards."""
        return self._source.delimiter

    @property
    def quote(self) -> str:
        """Return what stands around the cells of a table, nothing for cards."""
        return self._source.quote

    @property
    def progress(self) -> float:
        """Return the share of the file that has been read, from 0 to 1."""
        return self._source.progress

    def __iter__(self) -> Iterator[SourceRow]:
        """Yield the records."""
        self._rows = iter(self._source)
        for row in self._rows:
            yield OptionRow(row.line, row.values, row.problems, row.raw, row.position, self._options)

    def close(self) -> None:
        """Close the file."""
        if hasattr(self._rows, "close"):
            self._rows.close()


def open_file(path: Path, options: ImportOptions) -> ContactSource:
    """Open a CSV or vCard file.

    Raises:
        ValueError: it can't be read as either, or its columns can't be used.
    """
    overrides = [f"{column}={target}" for column, target in options.overrides.items()]
    keys = (options.match,) if options.match else import_writer.KEYS
    source = open_source(
        path, region=options.region, overrides=overrides, lenient=options.lenient, resume_at=options.resume_at,
        encoding=options.encoding, separator=options.separator, quote=options.quote, joiner=options.between,
        known_by=() if options.mode == "create" or options.looking else keys, looking=options.looking,
    )  # fmt: skip
    return ContactSource(source, options)


IMPORTER = Importer(
    entity="contacts.contact",
    slug="contacts",
    label=N_("Import contacts"),
    open=open_file,
    write=import_writer.write,
    formats=("csv", "txt", "tsv", "vcf"),
    fields=import_fields.fields,
    matches=import_fields.matches,
    making=(
        ("", N_("Make missing companies and tags, refuse rows with unknown entries of lists")),
        ("1", N_("Make missing companies, tags and entries of lists")),
        ("0", N_("Refuse the rows that name them")),
    ),
)
