"""``crm record``, ``crm comment``, ``crm history``: what the pages and REST reach, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

import click

from crm_core.cli.base import (
    as_option,
    confirm,
    json_option,
    operation,
    pairs,
    say,
    show,
    table,
    warn,
    with_options,
    write_json,
    yes_option,
)
from crm_core.errors import BadRequest
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.contributions import EntityDef
    from crm_core.records import Row

_entity = click.argument("entity")
_id = click.argument("record_id", metavar="ID", type=click.IntRange(1))
_values = click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
_data = click.option("--data", type=click.File("rb"), help="A file with a JSON object of values; - for standard input.")
_version = click.option("--version", type=int, help="Refuse when somebody saved since this version.")
common: Callable[[Any], Any] = with_options(as_option, json_option)


@click.group()
def record() -> None:
    """Records: list, show, create, update, delete, act, share.

    ENTITY is a slug such as contacts, or a key such as contacts.contact. Values are KEY=VALUE, as REST takes
    them: last_name=Lovelace cf.score=3 tags='["vip"]'; KEY= empties a field.
    """


@record.command("list")
@_entity
@click.option("--filter", "expression", help='Such as: name startswith "Ker" and not email is null.')
@click.option("-q", "words", default="", help="Words to search for.")
@click.option("--sort", default="", help="Such as: -updated_at,name.")
@click.option("--fields", default="", help="Such as: name,city,cf.score; the list's columns without it.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500), help="Records a page.")
@click.option("--after", help="Where the page before ended.")
@common
@click.pass_context
def list_(ctx: click.Context, /, entity: str, email: str | None, as_json: bool, **options: Any) -> None:
    """List the records of an entity that one may see."""
    from crm_core import records
    from crm_core.filters import parse
    from crm_core.records import ListQuery
    from crm_core.rest.records import listed_fields

    with operation(ctx, email, write=False) as found:
        definition = found.registry.entity(entity)
        names = options["fields"] or ",".join(found.registry.view(definition.key).columns)
        fields = listed_fields(found, definition, names)
        query = ListQuery(
            fields=tuple(f.key for f in fields),
            filter=parse(options["expression"]) if options["expression"] else None,
            q=options["words"],
            sort=records.parse_sort(options["sort"]),
            limit=options["limit"],
            after=options["after"],
        )
        page = records.list_(found, definition.key, query)
        if as_json:
            total = {"value": page.total, "exact": page.exact}
            write_json({"items": _json(found, definition, page.items), "next": page.next, "total": total})
            return
        keys = [f.key for f in fields]
        rows = [(row.id, dict(_shown(found, definition, row))) for row in page.items]
        table(("id", *keys), [[number, *(texts.get(k) for k in keys)] for number, texts in rows])
        message = N_("%(shown)s of %(total)s") if page.exact else N_("%(shown)s of more than %(total)s")
        warn(message, shown=len(page.items), total=page.total)
        if page.next:
            warn(N_("More: --after %(cursor)s"), cursor=page.next)


def _json(found: Ctx, definition: EntityDef, rows: list[Row]) -> list[dict[str, Any]]:
    from crm_core.rest.serial import Serializer

    known = found.registry.fields(definition.key)
    keys = list(rows[0].values) if rows else []
    write = Serializer(found, definition, [known[k] for k in keys if k in known]).record
    return [write(row) for row in rows]


def _shown(found: Ctx, definition: EntityDef, row: Row) -> list[tuple[str, str]]:
    """Return (key, text) of a row's values as a person reads them."""
    known = found.registry.fields(definition.key)
    texts = []
    for key, value in row.values.items():
        label = row.labels.get(key)
        if isinstance(label, dict):
            text = ", ".join(str(v) for v in label.values())
        elif label is not None:
            text = str(label)
        else:
            text = known[key].type.show(value, found) if value not in (None, [], "") else ""
        texts.append((key, text))
    return texts


@record.command("show")
@_entity
@_id
@common
@click.pass_context
def show_(ctx: click.Context, entity: str, record_id: int, email: str | None, as_json: bool) -> None:
    """Show one record with all its fields."""
    with operation(ctx, email, write=False) as found:
        _print(found, entity, record_id, as_json)


def _print(found: Ctx, entity: str, record_id: int, as_json: bool) -> None:
    from crm_core import records

    definition = found.registry.entity(entity)
    row = records.read(found, definition.key, record_id)
    if as_json:
        write_json(_json(found, definition, [row])[0])
        return
    click.echo(f"{definition.slug}/{row.id}  {row.title}  (version {row.version})")
    table(("field", "value"), [(k, v) for k, v in _shown(found, definition, row) if v], widest=10_000)


def _given(values: tuple[str, ...], data: IO[bytes] | None) -> dict[str, Any]:
    """Return the values of ``--data`` with those of the arguments over them."""
    found: Any = {}
    if data is not None:
        try:
            found = json.loads(data.read())
        except ValueError as exc:
            raise BadRequest(N_("--data is not JSON: %(reason)s"), params={"reason": str(exc)}) from exc
        if not isinstance(found, dict):
            raise BadRequest(N_("--data is not a JSON object"))
    return {**found, **pairs(values)}


@record.command()
@_entity
@_values
@_data
@common
@click.pass_context
def create(
    ctx: click.Context, entity: str, values: tuple[str, ...], data: IO[bytes] | None, email: str | None, as_json: bool
) -> None:
    """Create a record and show it."""
    from crm_core import records

    given = _given(values, data)
    with operation(ctx, email) as found:
        record_id = records.create(found, entity, given).id
    with operation(ctx, email, write=False) as found:
        _print(found, entity, record_id, as_json)


@record.command()
@_entity
@_id
@_values
@_data
@_version
@common
@click.pass_context
def update(
    ctx: click.Context,
    entity: str,
    record_id: int,
    values: tuple[str, ...],
    data: IO[bytes] | None,
    version: int | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Change some values of a record and show it."""
    from crm_core import records

    given = _given(values, data)
    with operation(ctx, email) as found:
        records.update(found, entity, record_id, given, version=version)
    with operation(ctx, email, write=False) as found:
        _print(found, entity, record_id, as_json)


@record.command()
@_entity
@_id
@_version
@yes_option
@as_option
@click.pass_context
def delete(ctx: click.Context, entity: str, record_id: int, version: int | None, yes: bool, email: str | None) -> None:
    """Delete a record; its history stays."""
    from crm_core import records

    with operation(ctx, email, write=False) as found:
        title = records.read(found, entity, record_id, []).title
    confirm(yes, N_("This deletes %(title)s. Go on?"), title=title)
    with operation(ctx, email) as found:
        records.delete(found, entity, record_id, version=version)
    say(N_("Deleted %(title)s"), title=title)


@record.command()
@_entity
@_id
@click.argument("action")
@_values
@_data
@_version
@as_option
@click.pass_context
def act(
    ctx: click.Context,
    entity: str,
    record_id: int,
    action: str,
    values: tuple[str, ...],
    data: IO[bytes] | None,
    version: int | None,
    email: str | None,
) -> None:
    """Run an action on a record and write what it answers as JSON."""
    from crm_core import records

    given = _given(values, data)
    with operation(ctx, email) as found:
        write_json({"result": records.act(found, entity, record_id, action, given, version=version)})


@record.command()
@_entity
@_id
@click.option("--read", "readers", multiple=True, metavar="WHO", help="Who may read it; may be given several times.")
@click.option("--write", "writers", multiple=True, metavar="WHO", help="Who may read and change it.")
@click.option("--nobody", is_flag=True, help="Share it with nobody by name.")
@_version
@common
@click.pass_context
def share(
    ctx: click.Context,
    entity: str,
    record_id: int,
    readers: tuple[str, ...],
    writers: tuple[str, ...],
    nobody: bool,
    version: int | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Share a record with these people and nobody else by name; without any of them say how it is shared.

    WHO is the address of a user, or team:NAME.
    """
    from crm_core.records import sharing
    from crm_core.rest.sharing import document

    if nobody and (readers or writers):
        raise click.UsageError("--nobody goes without --read and --write")
    given = [_who(text, write) for people, write in ((readers, False), (writers, True)) for text in people]
    if given or nobody:
        with operation(ctx, email) as found:
            definition = found.registry.entity(entity)
            sharing.shareable(found, definition, record_id)
            people = sharing.people_given(found, given)
            sharing.share(found, definition.key, record_id, people, version=version)
    with operation(ctx, email, write=False) as found:
        shown, _ = document(found, entity, record_id)
    if as_json:
        write_json(shown)
        return
    click.echo(shown["visibility"])
    write = gettext(N_("May read and change"))
    rows = [(p["name"], write if p["write"] else gettext(N_("May read"))) for p in shown["shared_with"]]
    for name, right in rows:
        click.echo(f"  {name}: {right}")


def _who(text: str, write: bool) -> dict[str, Any]:
    kind, colon, name = text.partition(":")
    return {kind: name, "write": write} if colon and kind in ("user", "team") else {"user": text, "write": write}


@click.group()
def comment() -> None:
    """Comments on records."""


@comment.command("add")
@_entity
@_id
@click.argument("text")
@click.option("--channel", default="", help="How the person was reached, such as call or email.")
@as_option
@click.pass_context
def add_comment(ctx: click.Context, entity: str, record_id: int, text: str, channel: str, email: str | None) -> None:
    """Write a comment on a record."""
    from crm_core import comments

    with operation(ctx, email) as found:
        made = comments.add(found, entity, record_id, text, channel)
        say(N_("Comment %(id)s is written"), id=made.id)


@comment.command("list")
@_entity
@_id
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
@common
@click.pass_context
def list_comments(
    ctx: click.Context, entity: str, record_id: int, limit: int, email: str | None, as_json: bool
) -> None:
    """Show the comments of a record, the newest first."""
    from crm_core import comments

    with operation(ctx, email, write=False) as found:
        rows = [
            {"id": c.id, "at": c.at, "author": c.author, "channel": c.channel_label, "body": c.body}
            for c in comments.entries(found, entity, record_id, limit=limit)
        ]
        show(as_json, ("id", "at", "author", "channel", "body"), rows, N_("There are no comments"))


@click.command()
@_entity
@_id
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
@common
@click.pass_context
def history(ctx: click.Context, entity: str, record_id: int, limit: int, email: str | None, as_json: bool) -> None:
    """Show who changed what in a record, the newest first."""
    from crm_core import history as history_of

    with operation(ctx, email, write=False) as found:
        entries = history_of.entries(found, entity, record_id, limit=limit)
        if as_json:
            write_json([_change(e) for e in entries])
            return
        for entry in entries:
            words = f"{entry.actor}  {entry.verb}  ({entry.via})  {entry.note}".rstrip()
            click.echo(f"{entry.id}  {entry.at:%Y-%m-%d %H:%M}  {words}")
            for change in entry.changes:
                old = change.old or gettext(N_("nothing"))
                click.echo(f"    {change.label}: {old} -> {change.new or gettext(N_('nothing'))}")


def _change(entry: Any) -> dict[str, Any]:
    changes = [{"field": c.key, "label": c.label, "old": c.old, "new": c.new} for c in entry.changes]
    return {
        "id": entry.id, "at": entry.at, "actor": entry.actor, "action": entry.action, "via": entry.via,
        "operation": entry.operation, "note": entry.note, "batch": entry.batch_id, "undoes": entry.undoes_id,
        "changes": changes,
    }  # fmt: skip
