"""The importer of every kind of record that has none of its own."""

from __future__ import annotations

from crm_core.api import N_, Importer
from crm_transfer import guessing, reading, writing

IMPORTER = Importer(
    entity="*",
    slug="",
    label=N_("Import"),
    open=reading.open_file,
    write=writing.write,
    formats=("csv", "txt", "tsv"),
    matches=writing.matches,
    guess=guessing.guess,
    making=(
        ("", N_("Refuse the rows that name them")),
        ("1", N_("Make missing entries of lists and missing linked records")),
    ),
)
