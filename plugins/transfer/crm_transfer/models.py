"""An export that is kept: what was asked for, how it stands, and its file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.orm import Mapped

from crm_core import api as crm
from crm_core.api import N_, Choice, Ctx, ExportFormat, Record, access, entity, field, gettext

EXPORT = "transfer.export"
EVERYTHING, ARCHIVE = "*", "archive"
ALL_DATA = N_("All data")
STATES = {
    "waiting": N_("Waiting"), "running": N_("Running"), "done": N_("Done"), "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}  # fmt: skip
EVERY = {"daily": N_("Every day"), "weekly": N_("Every week")}
HEADINGS = {"names": N_("Names for programs and imports"), "labels": N_("Words for people")}
SEPARATORS = {"comma": N_("Comma"), "semicolon": N_("Semicolon"), "tab": N_("Tab")}
FILE_BYTES = 1 << 50


class EntityChoice(Choice):
    """A kind of record that the person may export; for administrators also all data together."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return key and name of each kind of record."""
        found = ((k, gettext(e.plural)) for k, e in ctx.registry.entities.items() if access.may(ctx, k, "export"))
        whole = [(EVERYTHING, gettext(ALL_DATA))] if ctx.actor.is_admin else []
        return [*whole, *sorted(found, key=lambda item: item[1])]

    def convert(self, raw: Any, ctx: Ctx) -> Any:
        """Return the key of a kind of record given by its key, slug or name."""
        key = ctx.registry.slugs.get(str(raw).strip(), raw)
        return super().convert(key, ctx)

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the name; the key while its module is off."""
        if value == EVERYTHING:
            return gettext(ALL_DATA)
        found = ctx.registry.entities.get(value)
        return gettext(found.plural) if found is not None else str(value or "")


class FormatChoice(Choice):
    """A format that some kind of record can be written to."""

    custom = False

    def entries(self, ctx: Ctx, *, all: bool = False) -> list[tuple[str, str]]:  # noqa: A002
        """Return key and name of each format once."""
        found = {item.key: gettext(item.label) for item in ctx.registry.of(ExportFormat)}
        return [*found.items(), (ARCHIVE, gettext(N_("Archive of all data")))]

    def show(self, value: Any, ctx: Ctx) -> str:
        """Return the name; the key while its module is off."""
        return dict(self.entries(ctx)).get(value, str(value or ""))


class Export(Record):
    """A list written to a file in the background, once or again and again."""

    __tablename__ = "transfer_export"
    __entity__ = entity(
        EXPORT, label=N_("Export"), plural=N_("Exports"), slug="exports", icon="download", visibility="private",
        comments=False, tags=False,
    )  # fmt: skip
    name: Mapped[str | None] = field(crm.Text(200), label=N_("Name"), search=True, index=True)
    source: Mapped[str] = field(EntityChoice(), label=N_("Kind of record"), required=True)
    format: Mapped[str] = field(FormatChoice(), label=N_("Format"), required=True, default="csv")
    filter: Mapped[str | None] = field(
        crm.LongText(10_000), label=N_("Only if this filter holds"),
        help=N_("As in lists, such as: score >= 3 and not email is null"),
    )  # fmt: skip
    words: Mapped[str | None] = field(crm.Text(200), label=N_("Words to search for"))
    sort: Mapped[str | None] = field(crm.Text(500), label=N_("Order"), help=N_("Such as -updated_at,name"))
    columns: Mapped[str | None] = field(
        crm.LongText(10_000), label=N_("Columns"),
        help=N_("Names of fields separated by commas; all that you may read without any"),
    )  # fmt: skip
    headings: Mapped[str | None] = field(Choice(choices=HEADINGS), label=N_("Headings and values"), default="labels")
    separator: Mapped[str | None] = field(Choice(choices=SEPARATORS), label=N_("Separator of a CSV table"),
                                          default="comma")  # fmt: skip
    every: Mapped[str | None] = field(
        Choice(choices=EVERY), label=N_("Repeat"), index=True,
        help=N_("Written again by itself; you get a message if mail is set up"),
    )  # fmt: skip
    state: Mapped[str | None] = field(Choice(choices=STATES), label=N_("State"), readonly=True, index=True)
    rows: Mapped[int | None] = field(crm.Integer(), label=N_("Rows"), readonly=True)
    file_id: Mapped[int | None] = field(crm.File(max_bytes=FILE_BYTES), key="file", label=N_("File"), readonly=True)
    ended_at: Mapped[dt.datetime | None] = field(crm.DateTime(), label=N_("Ended"), readonly=True, index=True)
    error: Mapped[str | None] = field(crm.LongText(), label=N_("What went wrong"), readonly=True)
    job: Mapped[int | None] = field(crm.Integer(), label=N_("Job"), readonly=True, tracked=False)
