"""One action for many ticked records (KN-11): its dialog, and what became of each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flask

from crm_core import access, records
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import CrmError, Invalid, NotFound, Problem
from crm_core.fieldtypes import Address, File, Lines
from crm_core.i18n import N_, gettext
from crm_core.records import BulkResult, ListQuery
from crm_core.web import forms, listing, merging
from crm_core.web.controls import control
from crm_core.web.rawvalues import read_posted
from crm_core.web.request import current, is_fragment
from crm_core.web.views import views_of
from crm_core.web.widgets import Control

if TYPE_CHECKING:
    from crm_core.context import Ctx

LIMIT = 1000
REASONS = 20
TITLES: Mapping[str, str] = {
    "update": N_("Set a field"),
    "owner": N_("Change the owner"),
    "tags": N_("Add or take away tags"),
    "delete": N_("Delete"),
}
NEEDS: Mapping[str, str] = {
    "update": "update",
    "owner": "update",
    "tags": "update",
    "delete": "delete",
    "merge": "update",
}
DO, MERGE = "do.", "merge"


@dataclass(frozen=True)
class Outcome:
    """What a bulk action did: how many, and why some were left as they were."""

    changed: int
    skipped: int
    reasons: Sequence[tuple[str, int]]
    titles: Sequence[str] = ()


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/<entity:definition>/bulk", "bulk", ask)
    app.add_url_rule("/<entity:definition>/bulk", "bulk.run", run, methods=["POST"])


def ask(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Show the dialog of an action for the ticked records."""
    ctx, args = current(), flask.request.args
    action, ids = _checked(ctx, definition, args.get("action", "")), _ids(ctx, definition)
    if action == MERGE:
        return merging.to_page(definition, ids)
    return _dialog(ctx, definition, action, ids)


def run(definition: EntityDef) -> flask.typing.ResponseReturnValue:
    """Do the action and say how many records were changed, which were not, and why."""
    ctx, form = current(), flask.request.form
    action, ids = _checked(ctx, definition, form.get("action", "")), _posted_ids()
    try:
        name, data = _data(ctx, definition, action)
        results = records.bulk(ctx, definition.key, ids, name, data)
    except Invalid as error:
        response = flask.make_response(_dialog(ctx, definition, action, ids, error), 422)
        response.headers["X-Fragment"] = "1"
        return response
    page = flask.render_template(
        "list/bulk_result.html",
        layout=_layout(),
        definition=definition,
        outcome=outcome(results),
        title=_title(ctx, definition, action),
        deleted=action == "delete",
        batch=results.batch_id,
    )
    response = flask.make_response(page)
    response.headers["HX-Trigger"] = flask.json.dumps({"crm:refresh": True})
    return response


def outcome(results: Sequence[BulkResult]) -> Outcome:
    """Return the sum of what became of each record; equal reasons are counted together."""
    reasons: dict[str, int] = {}
    for result in results:
        if result.error is not None:
            text = "; ".join(p.text() for p in result.error.problems()) or result.error.text()
            reasons[text] = reasons.get(text, 0) + 1
    changed = sum(r.ok for r in results)
    common = sorted(reasons.items(), key=lambda item: -item[1])[:REASONS]
    return Outcome(changed, len(results) - changed, common)


def _layout() -> str:
    return "ui/dialog.html" if is_fragment() else "ui/question.html"


def _checked(ctx: Ctx, definition: EntityDef, action: str) -> str:
    """Return the action if the actor may do it to some record.

    Raises:
        NotFound: there is no such action.
        Forbidden: no role allows it.
    """
    if action in NEEDS:
        access.require(ctx, definition.key, NEEDS[action])
    elif action.removeprefix(DO) not in {a.name for a in records.available_actions(ctx, definition.key) if a.bulk}:
        raise NotFound(N_("There is no action called %(name)s"), params={"name": action[:60]})
    return action


def _title(ctx: Ctx, definition: EntityDef, action: str) -> str:
    if action in TITLES:
        return gettext(TITLES[action])
    return gettext(next(a.label for a in ctx.registry.actions(definition.key) if a.name == action.removeprefix(DO)))


def _ids(ctx: Ctx, definition: EntityDef) -> list[int]:
    """Return the ticked records, or the first thousand that fit the list."""
    args = flask.request.args
    if args.get("all") != "1":
        return _numbers(",".join(args.getlist("ids")))
    wanted = args.copy()
    for name in ("ids", "all", "action", "after", "before"):
        wanted.poplist(name)
    state = listing.read_state(ctx, definition, wanted, views_of(ctx, definition))
    if state.error is not None:
        raise state.error
    found: list[int] = []
    after: str | None = None
    sort = state.query(()).sort
    while len(found) < LIMIT:
        query = ListQuery((definition.title,), state.node, state.q, sort, limit=500, after=after, count=False)
        page = records.list_(ctx, definition.key, query)
        found += [row.id for row in page.items]
        after = page.next
        if after is None:
            break
    return found[:LIMIT]


def _numbers(text: str) -> list[int]:
    return [int(v) for v in text.split(",") if v.isascii() and v.isdigit() and len(v) < 17][:LIMIT]


def _posted_ids() -> list[int]:
    found = _numbers(flask.request.form.get("ids", ""))
    if not found:
        raise Invalid([Problem("ids", "required", N_("Tick at least one record"))])
    return found


# ---------------------------------------------------------------- the dialog


def settable(ctx: Ctx, definition: EntityDef) -> dict[str, FieldDef]:
    """Return the fields that can be set for many records at once: those with one value of their own."""
    return {
        key: f
        for key, f in forms.form_fields(ctx, definition.key).items()
        if not isinstance(f.type, Lines | Address | File) and not f.unique and key != definition.title
    }


def _fields(ctx: Ctx, definition: EntityDef, action: str) -> dict[str, FieldDef]:
    """Return the fields the dialog asks for."""
    known = settable(ctx, definition)
    if action == "update":
        key = flask.request.values.get("field", "")
        return {key: known[key]} if key in known else {}
    if action in ("owner", "tags"):
        return {action: known[action]} if action in known else {}
    found = next((a for a in ctx.registry.actions(definition.key) if a.name == action.removeprefix(DO)), None)
    return {f.key: f for f in found.form} if found is not None else {}


def _dialog(ctx: Ctx, definition: EntityDef, action: str, ids: Sequence[int], error: CrmError | None = None) -> str:
    fields = _fields(ctx, definition, action)
    typed = read_posted(fields.values(), flask.request.form) if error else {}
    found = next((a for a in ctx.registry.actions(definition.key) if a.name == action.removeprefix(DO)), None)
    return flask.render_template(
        "list/bulk.html",
        layout=_layout(),
        definition=definition,
        action=action,
        title=_title(ctx, definition, action),
        confirm=gettext(found.confirm) if found is not None and found.confirm else "",
        ids=list(ids),
        limited=len(ids) >= LIMIT,
        limit=LIMIT,
        controls=_controls(ctx, fields, typed, error),
        settable=settable(ctx, definition) if action == "update" else {},
        chosen=flask.request.values.get("field", ""),
        error=error,
    )


def _controls(
    ctx: Ctx, fields: Mapping[str, FieldDef], typed: Mapping[str, Any], error: CrmError | None
) -> list[Control]:
    from crm_core.web.choosers import link_titles

    problems = error.problems() if error is not None else ()
    return [
        control(ctx, f, typed.get(key, [] if f.type.multiple else ""), lambda e, i: link_titles(ctx, e, i),
                problems=[p for p in problems if p.field == key])
        for key, f in fields.items()
    ]  # fmt: skip


def _data(ctx: Ctx, definition: EntityDef, action: str) -> tuple[str, dict[str, Any]]:
    """Return the verb for the records and what it sets.

    Raises:
        Invalid: nothing was chosen.
    """
    if action == "delete":
        return "delete", {}
    fields = _fields(ctx, definition, action)
    data = read_posted(fields.values(), flask.request.form)
    if action.startswith(DO):
        return action.removeprefix(DO), data
    if not fields:
        raise Invalid([Problem("field", "required", N_("Choose a field"))])
    if action == "tags":
        if not data.get("tags"):
            raise Invalid([Problem("tags", "required", N_("Choose at least one tag"))])
        sign = "-" if flask.request.form.get("way") == "remove" else "+"
        return "update", {f"{sign}tags": data["tags"]}
    return "update", data
