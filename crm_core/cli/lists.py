"""``crm lists`` and ``crm tags``: what records are sorted by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import (
    as_option,
    confirm,
    json_option,
    operation,
    pairs,
    say,
    show,
    write_json,
    yes_option,
)
from crm_core.errors import NotFound
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.directory import ListEntryView, TagEntry
    from crm_core.list_merging import Plan

_list = click.argument("list_key", metavar="LIST")
_code = click.argument("code")


@click.group()
def lists() -> None:
    """Reference lists: entries, labels, order. LIST is a key such as contacts.type, CODE an entry's code."""


@lists.command("list")
@click.argument("list_key", metavar="[LIST]", required=False)
@json_option
@click.pass_context
def show_lists(ctx: click.Context, list_key: str | None, as_json: bool) -> None:
    """List the reference lists, or the entries of one."""
    with operation(ctx, write=False) as found:
        if list_key:
            _check(found, list_key)
            show(as_json, ("code", "label", "active", "role", "colour"), _entries(found, list_key))
            return
        rows = [
            {"list": d.key, "label": d.label, "entries": len(found.directory.entries(d.key)), "fixed": d.fixed}
            for d in found.registry.lists.values()
        ]
        show(as_json, ("list", "label", "entries", "fixed"), rows)


def _check(found: Ctx, list_key: str) -> None:
    from crm_core import lists as service

    service.definition_of(found, list_key)


def _entries(found: Ctx, list_key: str) -> list[dict[str, Any]]:
    return [
        {
            "code": e.code, "label": e.title(), "labels": dict(e.label), "active": e.active, "role": e.role,
            "colour": e.colour, "icon": e.icon, "parent": e.parent, "values": dict(e.values),
        }
        for e in found.directory.entries(list_key)
    ]  # fmt: skip


def _entry(found: Ctx, list_key: str, code: str) -> ListEntryView:
    _check(found, list_key)
    entry = found.directory.find_entry(list_key, code)
    if entry is None:
        raise NotFound(N_("%(list)s has no entry %(code)s"), params={"list": list_key, "code": code})
    return entry


@lists.command("add")
@_list
@click.argument("label")
@click.option("--fr", "french", help="The label in French.")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@as_option
@click.pass_context
def add_entry(
    ctx: click.Context, list_key: str, label: str, french: str | None, values: tuple[str, ...], email: str | None
) -> None:
    """Add an entry: crm lists add contacts.source "Trade fair" colour=#2266aa."""
    from crm_core import lists as service

    with operation(ctx, email) as found:
        labels = {"en": label, "fr": french} if french else label
        entry = service.add_entry(found, list_key, labels, **pairs(values))
        code = entry.code
    say(N_("The entry %(code)s is there"), code=code)


@lists.command("rename")
@_list
@_code
@click.argument("label")
@click.option("--fr", "french", help="The label in French.")
@as_option
@click.pass_context
def rename_entry(
    ctx: click.Context, list_key: str, code: str, label: str, french: str | None, email: str | None
) -> None:
    """Give an entry another label; its code stays."""
    from crm_core import lists as service

    with operation(ctx, email) as found:
        entry = _entry(found, list_key, code)
        labels = {**entry.label, "en": label} | ({"fr": french} if french else {})
        service.update_entry(found, entry.id, label=labels)
    say(N_("%(code)s is called %(label)s"), code=code, label=label)


@lists.command("change")
@_list
@_code
@click.argument("values", nargs=-1, metavar="KEY=VALUE...", required=True)
@as_option
@click.pass_context
def change_entry(ctx: click.Context, list_key: str, code: str, values: tuple[str, ...], email: str | None) -> None:
    """Change colour, icon, role, parent, or what the list declares beside."""
    from crm_core import lists as service

    with operation(ctx, email) as found:
        service.update_entry(found, _entry(found, list_key, code).id, **pairs(values))
    say(N_("%(code)s is changed"), code=code)


def _set_active(ctx: click.Context, list_key: str, code: str, email: str | None, active: bool) -> None:
    from crm_core import lists as service

    with operation(ctx, email) as found:
        service.update_entry(found, _entry(found, list_key, code).id, active=active)
    say(N_("%(code)s is offered again") if active else N_("%(code)s is offered no more; records keep it"), code=code)


@lists.command("deactivate")
@_list
@_code
@as_option
@click.pass_context
def deactivate_entry(ctx: click.Context, list_key: str, code: str, email: str | None) -> None:
    """Offer an entry no more; records that have it keep it."""
    _set_active(ctx, list_key, code, email, False)


@lists.command("activate")
@_list
@_code
@as_option
@click.pass_context
def activate_entry(ctx: click.Context, list_key: str, code: str, email: str | None) -> None:
    """Offer an entry again."""
    _set_active(ctx, list_key, code, email, True)


@lists.command("remove")
@_list
@_code
@as_option
@click.pass_context
def remove_entry(ctx: click.Context, list_key: str, code: str, email: str | None) -> None:
    """Remove an entry that no record uses."""
    from crm_core import lists as service

    with operation(ctx, email) as found:
        service.remove_entry(found, _entry(found, list_key, code).id)
    say(N_("%(code)s is removed"), code=code)


@lists.command("merge")
@_list
@_code
@click.option("--into", required=True, metavar="CODE", help="The entry that stays.")
@click.option("--dry-run", is_flag=True, help="Say what would change, change nothing.")
@yes_option
@json_option
@as_option
@click.pass_context
def merge_entry(
    ctx: click.Context, list_key: str, code: str, into: str, dry_run: bool, yes: bool, as_json: bool, email: str | None
) -> None:
    """Make an entry another: records, kept filters and defaults that name it follow."""
    from crm_core import list_merging
    from crm_core.rest.lists import merge_document

    with operation(ctx, email, write=False) as found:
        ids = _entry(found, list_key, code).id, _entry(found, list_key, into).id
        plan = list_merging.plan(found, *ids)
        if not as_json:
            _tell(plan)
    if not dry_run:
        confirm(yes, N_("Merge them?"))
        with operation(ctx, email) as found:
            plan = list_merging.merge(found, *ids)
    if as_json:
        write_json(merge_document(plan))
    elif not dry_run:
        say(N_("Merged; crm undo --batch %(batch)s takes it back"), batch=plan.batch_id)


def _tell(plan: Plan) -> None:
    """Write what a merge changes."""
    from crm_core.stored_filters import in_words

    say(N_("%(old)s becomes %(new)s"), old=plan.source.title(), new=plan.target.title())
    for use in plan.uses:
        click.echo(f"  {use.place.entity.key} {use.place.key}: {use.records}")
    for text, count in (*in_words(plan.named), (gettext(N_("comments")), plan.comments)):
        if count:
            click.echo(f"  {text}: {count}")


@lists.command("reorder")
@_list
@click.argument("codes", metavar="CODE...", nargs=-1, required=True)
@as_option
@click.pass_context
def reorder_entries(ctx: click.Context, list_key: str, codes: tuple[str, ...], email: str | None) -> None:
    """Put entries in this order; those not named follow."""
    from crm_core import lists as service

    with operation(ctx, email) as found:
        service.reorder(found, list_key, [_entry(found, list_key, code).id for code in codes])
    say(N_("The order of %(list)s is changed"), list=list_key)


@click.group()
def tags() -> None:
    """Tags: list, add, rename, merge, delete."""


@tags.command("list")
@click.option("--q", "text", default="", help="Part of a name.")
@json_option
@click.pass_context
def list_tags(ctx: click.Context, text: str, as_json: bool) -> None:
    """List the tags with the number of records that carry each."""
    from crm_core import tags as service
    from crm_core.text import fold

    with operation(ctx, write=False) as found:
        wanted = [t for t in found.directory.tags() if fold(text) in fold(t.name)]
        counts = service.counts(found, [t.id for t in wanted] if text else None)
        rows = [{"id": t.id, "name": t.name, "colour": t.colour, "records": counts[t.id]} for t in wanted]
    show(as_json, ("name", "colour", "records"), rows, N_("There are no tags"))


def _tag(found: Ctx, name: str) -> TagEntry:
    tag = found.directory.tag_by_name(name)
    if tag is None:
        raise NotFound(N_("There is no tag %(name)s"), params={"name": name})
    return tag


@tags.command("add")
@click.argument("name")
@click.option("--colour", default="", help="Such as #2266aa.")
@as_option
@click.pass_context
def add_tag(ctx: click.Context, name: str, colour: str, email: str | None) -> None:
    """Add a tag."""
    from crm_core import tags as service

    with operation(ctx, email) as found:
        service.create(found, name, colour)
    say(N_("The tag %(name)s is there"), name=name)


@tags.command("rename")
@click.argument("name")
@click.argument("new")
@click.option("--colour", help="Such as #2266aa.")
@as_option
@click.pass_context
def rename_tag(ctx: click.Context, name: str, new: str, colour: str | None, email: str | None) -> None:
    """Rename a tag; every record follows."""
    from crm_core import tags as service

    with operation(ctx, email) as found:
        service.update(found, _tag(found, name).id, name=new, colour=colour)
    say(N_("%(name)s is called %(new)s"), name=name, new=new)


@tags.command("merge")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--into", required=True, metavar="NAME", help="The tag that stays.")
@as_option
@click.pass_context
def merge_tags(ctx: click.Context, names: tuple[str, ...], into: str, email: str | None) -> None:
    """Give the records of several tags one tag, and remove the others."""
    from crm_core import tag_merging

    with operation(ctx, email) as found:
        done = tag_merging.merge(found, [_tag(found, n).id for n in names], _tag(found, into).id)
    say(N_("%(names)s became %(name)s"), names=", ".join(names), name=into)
    _way_back(done.batch_id)


def _way_back(batch_id: int | None) -> None:
    if batch_id is not None:
        say(N_("crm undo --batch %(batch)s takes it back"), batch=batch_id)


@tags.command("delete")
@click.argument("name")
@yes_option
@as_option
@click.pass_context
def delete_tag(ctx: click.Context, name: str, yes: bool, email: str | None) -> None:
    """Delete a tag; every record loses it."""
    from crm_core import tag_merging
    from crm_core import tags as service

    with operation(ctx, email, write=False) as found:
        tag = _tag(found, name)
        count = sum(service.usage(found, tag.id).values())
    confirm(yes, N_("%(count)s records lose the tag %(name)s. Go on?"), count=count, name=tag.name)
    with operation(ctx, email) as found:
        done = tag_merging.delete(found, tag.id)
    say(N_("The tag %(name)s is deleted"), name=tag.name)
    _way_back(done.batch_id)
