"""Whom one record is shared with: a dialog on its page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import flask

from crm_core import records
from crm_core.contributions import EntityDef, FieldDef
from crm_core.fieldtypes import MultiChoice
from crm_core.i18n import N_, gettext
from crm_core.records.sharing import held
from crm_core.web import forms, questions
from crm_core.web.rawvalues import read_posted
from crm_core.web.records_read import ID
from crm_core.web.request import current, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx

blueprint = flask.Blueprint("sharing", __name__)
READERS, WRITERS = "readers", "writers"


def people(ctx: Ctx) -> dict[str, str]:
    """Return everyone a record can be shared with: ``user:3`` and ``team:2`` to names, teams first."""
    teams = {f"team:{t.id}": gettext(N_("Team %(name)s"), name=t.name) for t in ctx.directory.teams()}
    return teams | {f"user:{u.id}": u.name for u in ctx.directory.users() if u.id != ctx.actor.id}


def _fields(ctx: Ctx, entity: str) -> dict[str, FieldDef]:
    kind = MultiChoice(choices=people(ctx))
    texts = ((READERS, N_("May read")), (WRITERS, N_("May read and change")))
    return {key: FieldDef(entity=entity, key=key, type=kind, label=label) for key, label in texts}


@blueprint.get(f"/<entity:definition>/{ID}/share")
def ask(definition: EntityDef, record_id: int) -> str:
    """Show whom the record is shared with."""
    ctx = current()
    _, people_now = held(ctx, definition.key, record_id)
    row = records.read(ctx, definition.key, record_id, [])
    fields = _fields(ctx, definition.key)
    raw: dict[str, Any] = {READERS: [], WRITERS: []}
    for kind, number, write in people_now:
        raw[WRITERS if write else READERS].append(f"{kind}:{number}")
    url = f"/{definition.slug}/{record_id}/share"
    form = forms.build(ctx, definition, raw, _no_titles, action=url, only=fields)
    return questions.dialog("record/share.html", definition, row, form=form)


@blueprint.post(f"/<entity:definition>/{ID}/share")
def share(definition: EntityDef, record_id: int) -> flask.Response:
    """Share the record with those who were ticked, and with nobody else by name."""
    ctx = current()
    raw = read_posted(_fields(ctx, definition.key).values(), flask.request.form)
    known = people(ctx)
    chosen = {code: False for code in raw.get(READERS, ()) if code in known}
    chosen |= {code: True for code in raw.get(WRITERS, ()) if code in known}
    records.share(ctx, definition.key, record_id, list(_entries(chosen)))
    notify(gettext(N_("Shared with %(n)s"), n=len(chosen)))
    return questions.go(f"/{definition.slug}/{record_id}")


def _entries(chosen: Mapping[str, bool]) -> Iterable[tuple[str, int, bool]]:
    for code, write in chosen.items():
        kind, _, number = code.partition(":")
        yield kind, int(number), write


def _no_titles(entity: str, ids: Any) -> Mapping[int, str]:
    return {}
