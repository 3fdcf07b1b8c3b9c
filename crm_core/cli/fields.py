"""``crm field``: the fields that administrators add."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy as sa

from crm_core.cli.base import as_option, deployment, json_option, operation, pairs, say, show, write_json
from crm_core.errors import BadRequest, NotFound
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.models import CustomField


@click.group()
def field() -> None:
    """Custom fields: list, add, change, order, retire, bring back, remove."""


@field.command("list")
@click.argument("entity", required=False)
@click.option("--all", "everything", is_flag=True, help="Retired ones too.")
@json_option
@click.pass_context
def list_(ctx: click.Context, entity: str | None, everything: bool, as_json: bool) -> None:
    """List custom fields, of one entity or of all."""
    from crm_core.db import KERNEL
    from crm_core.models import CustomField

    with operation(ctx, write=False) as found:
        query = sa.select(CustomField).order_by(CustomField.entity, CustomField.order, CustomField.id)
        if entity:
            query = query.where(CustomField.entity == found.registry.entity(entity).key)
        if not everything:
            query = query.where(CustomField.retired_at.is_(None))
        rows = [_row(r) for r in found.session.scalars(query, execution_options=KERNEL)]
    headers = ("entity", "field", "type", "label", "required", "unique", "indexed", "retired")
    show(as_json, headers, rows, N_("There are no custom fields"))


def _row(row: CustomField) -> dict[str, Any]:
    from crm_core.i18n import translate_mapping

    return {
        "entity": row.entity, "field": f"cf.{row.key}", "type": row.type, "label": translate_mapping(row.label),
        "options": row.options, "required": row.required, "unique": row.unique, "indexed": row.indexed,
        "retired": row.retired_at,
    }  # fmt: skip


@field.command()
@click.argument("entity")
@click.argument("key")
@click.argument("type_", metavar="TYPE")
@click.option("--label", required=True, help="What people read.")
@click.option("--label-fr", help="The label in French.")
@click.option("--options", default="{}", help='Options of the type, as JSON, such as {"scale": 3}.')
@click.option("--choice", "choices", multiple=True, metavar="CODE=LABEL", help="A choice; may be given several times.")
@click.option("--required", is_flag=True, help="A record can't be saved without it.")
@click.option("--unique", is_flag=True, help="No two records may have the same value.")
@click.option("--indexed", is_flag=True, help="Filtering and sorting stay fast in large tables.")
@click.option("--search", is_flag=True, help="Searching finds records by it.")
@as_option
@click.pass_context
def add(ctx: click.Context, /, entity: str, key: str, type_: str, email: str | None, **given: Any) -> None:
    """Add a field to an entity: crm field add contacts score integer --label Score --indexed."""
    from crm_core import customfields

    labels = {"en": given["label"]} | ({"fr": given["label_fr"]} if given["label_fr"] else {})
    flags = {name: given[name] for name in ("required", "unique", "indexed", "search")}
    with operation(ctx, email) as found:
        row = customfields.create(
            found, entity, key=key, type=type_, label=labels, options=_object(given["options"]),
            choices=pairs(given["choices"]), **flags,
        )  # fmt: skip
        name = f"cf.{row.key}"
    _index(ctx)
    say(N_("The field %(name)s is there"), name=name)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise BadRequest(N_("--options is not JSON: %(reason)s"), params={"reason": str(exc)}) from exc
    if not isinstance(found, dict):
        raise BadRequest(N_("--options is not a JSON object"))
    return found


def _index(ctx: click.Context) -> None:
    """Build the indexes that are wanted and not there."""
    from crm_core import kernel

    opened = deployment(ctx)
    opened.refresh(force=True)
    kernel.build_indexes(opened.database, opened.registry)


@field.command()
@click.argument("entity")
@click.argument("key")
@click.argument("values", nargs=-1, metavar="PROPERTY=VALUE...", required=True)
@as_option
@click.pass_context
def change(ctx: click.Context, entity: str, key: str, values: tuple[str, ...], email: str | None) -> None:
    """Change a field's label, help, order, section …; key and type are for ever."""
    from crm_core import customfields

    with operation(ctx, email) as found:
        customfields.update(found, _find(found, entity, key).id, **{k: _typed(v) for k, v in pairs(values).items()})
    _index(ctx)
    say(N_("The field %(name)s is changed"), name=f"cf.{key.removeprefix('cf.')}")


def _typed(value: Any) -> Any:
    """Read true, false and whole numbers; everything else stays text."""
    if value in ("true", "false") or (isinstance(value, str) and value.lstrip("-").isdigit()):
        return json.loads(value)
    return value


@field.command()
@click.argument("entity")
@click.argument("key")
@as_option
@click.pass_context
def retire(ctx: click.Context, entity: str, key: str, email: str | None) -> None:
    """Take a field out of use; its values stay."""
    from crm_core import customfields

    with operation(ctx, email) as found:
        customfields.retire(found, _find(found, entity, key).id)
    _index(ctx)
    say(N_("The field %(name)s is retired; its values stay"), name=f"cf.{key.removeprefix('cf.')}")


@field.command()
@click.argument("entity")
@click.argument("key")
@as_option
@click.pass_context
def restore(ctx: click.Context, entity: str, key: str, email: str | None) -> None:
    """Bring a retired field back, with the values it had."""
    from crm_core import customfields

    with operation(ctx, email) as found:
        customfields.restore(found, _find(found, entity, key).id)
    _index(ctx)
    say(N_("The field %(name)s is back"), name=f"cf.{key.removeprefix('cf.')}")


@field.command()
@click.argument("entity")
@click.argument("section")
@click.argument("keys", nargs=-1, required=True)
@click.option("--before", multiple=True, metavar="KEY", help="Stands before the module's own fields; several times.")
@as_option
@click.pass_context
def order(
    ctx: click.Context, entity: str, section: str, keys: tuple[str, ...], before: tuple[str, ...], email: str | None
) -> None:
    """Put fields into a section of the form, in this order: crm field order contacts general rank score."""
    from crm_core import field_admin

    with operation(ctx, email) as found:
        first, then = ([_find(found, entity, key).id for key in part] for part in (before, keys))
        field_admin.arrange(found, entity, section, first, then)
    say(N_("The fields are in order"))


@field.command()
@click.argument("entity")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Remove it; without, only what would go is shown.")
@as_option
@json_option
@click.pass_context
def purge(ctx: click.Context, entity: str, key: str, yes: bool, email: str | None, as_json: bool) -> None:
    """Remove a retired field for good, with its values; shows first what would go."""
    from crm_core import field_admin

    with operation(ctx, email) as found:
        row = _find(found, entity, key)
        held = field_admin.holdings(found, row)
        job = field_admin.purge(found, row) if yes else None
    summary = {"records": held.records, "entries": held.entries, "views": list(held.views), "job": job}
    if as_json:
        write_json(summary)
    elif job is None:
        say(N_("%(records)s records hold a value; give --yes to remove the field for good"), records=held.records)
    else:
        say(N_("Job %(id)s waits for a worker"), id=job)


def _find(found: Ctx, entity: str, key: str) -> CustomField:
    from crm_core.db import KERNEL
    from crm_core.models import CustomField

    where = (CustomField.entity == found.registry.entity(entity).key, CustomField.key == key.removeprefix("cf."))
    row = found.session.scalar(sa.select(CustomField).where(*where), execution_options=KERNEL)
    if row is None:
        raise NotFound(N_("There is no such field"))
    return row
