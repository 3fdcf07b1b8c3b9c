"""Duplicates in pages: choose what is compared, look at the groups, merge them or say that they are two (CT-59)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flask

from crm_core import access, duplicates, filters, jobs, merging
from crm_core.contributions import EntityDef
from crm_core.errors import CrmError, FilterError, NotFound
from crm_core.fieldtypes import Text
from crm_core.i18n import N_, gettext
from crm_core.web import listing
from crm_core.web.filterwords import speaker
from crm_core.web.questions import local
from crm_core.web.request import current, notify
from crm_core.web.views import views_of

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.duplicates import Found
    from crm_core.models import DuplicateScan

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):scan_id>"
ALTERNATIVES, PARTS = 3, 3
"""How many the form offers; commands and REST take more."""


@dataclass(frozen=True)
class Field:
    """A field that can be chosen: its path, its label, whether similar values can be looked for."""

    path: str
    label: str
    text: bool


def install(app: flask.Flask) -> None:
    """Add the routes."""
    base = "/<entity:definition>/duplicates"
    app.add_url_rule(base, "duplicates", new)
    app.add_url_rule(base, "duplicates.start", start, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}", "duplicates.page", show)
    app.add_url_rule(f"{base}/{ID}/progress", "duplicates.progress", progress)
    app.add_url_rule(f"{base}/{ID}/apart", "duplicates.apart", apart, methods=["POST"])
    app.add_url_rule(f"{base}/{ID}/merge", "duplicates.merge", merge, methods=["POST"])


# ---------------------------------------------------------------- what is compared


def new(definition: EntityDef) -> Answer:
    """Ask what is compared; a list hands its filter over (CT-62)."""
    ctx = current()
    state = listing.read_state(ctx, definition, flask.request.args, views_of(ctx, definition))
    text = listing.text_of(state.node) if state.error is None else ""
    return _form(definition, text, state.q)


def _form(definition: EntityDef, text: str, q: str, error: CrmError | None = None) -> Answer:
    ctx = current()
    access.require(ctx, definition.key, "read")
    typed = [
        [(flask.request.form.get(f"f{a}_{p}", ""), flask.request.form.get(f"w{a}_{p}", "")) for p in range(PARTS)]
        for a in range(ALTERNATIVES)
    ]
    html = flask.render_template(
        "duplicates/new.html",
        definition=definition,
        error=error,
        fields=_fields(ctx, definition),
        rows=typed if error is not None else _usual(ctx, definition),
        ways=duplicates.WAYS,
        filter=text,
        q=q,
        words=_words(ctx, definition, text),
        recent=duplicates.recent(ctx, definition.key),
        on_of=lambda scan: _on(ctx, definition, scan),
        states=jobs.STATES,
    )
    return html if error is None else flask.make_response(html, error.status)


def _fields(ctx: Ctx, definition: EntityDef) -> list[Field]:
    found = []
    for path, field, line in duplicates.comparable(ctx, definition):
        part = duplicates.Part(path, field, "normal", line)
        found.append(Field(path, part.title(), isinstance(part.kind, Text)))
    return found


def _usual(ctx: Ctx, definition: EntityDef) -> list[list[tuple[str, str]]]:
    """Return the alternatives the form begins with, padded to its size."""
    rows = []
    for text in duplicates.usual(ctx, definition)[:ALTERNATIVES]:
        pieces = [piece.strip().partition(":") for piece in text.split(",")]
        rows.append([(path, how or "normal") for path, _, how in pieces][:PARTS])
    rows += [[] for _ in range(ALTERNATIVES - len(rows))]
    return [[*row, *[("", "normal")] * (PARTS - len(row))] for row in rows]


def _words(ctx: Ctx, definition: EntityDef, text: str) -> list[str]:
    """Return a filter in words, part by part."""
    try:
        node = filters.parse(text) if text.strip() else None
    except FilterError:
        return []
    say = speaker(ctx, definition.key)
    return [say(part) for part in listing.parts_of(node)]


def _on(ctx: Ctx, definition: EntityDef, scan: DuplicateScan) -> str:
    """Return what a scan compares in words."""
    labels: Mapping[str, str] = {f.path: f.label for f in _fields(ctx, definition)}

    def one(piece: str) -> str:
        path, _, how = piece.strip().partition(":")
        label = labels.get(path, path)
        return f"{label} ({gettext(duplicates.WAYS[how])})" if how in duplicates.WAYS else label

    alternatives = (" + ".join(map(one, text.split(","))) for text in scan.spec["on"])
    return gettext(N_(" or ")).join(alternatives)


def start(definition: EntityDef) -> Answer:
    """Start a scan."""
    ctx, form = current(), flask.request.form
    text, q = form.get("filter", "")[:10_000], form.get("q", "")[:200]
    on = []
    for a in range(ALTERNATIVES):
        pairs = ((form.get(f"f{a}_{p}", ""), form.get(f"w{a}_{p}", "")) for p in range(PARTS))
        pieces = [path if how in ("", "normal") else f"{path}:{how}" for path, how in pairs if path]
        if pieces:
            on.append(",".join(pieces))
    try:
        node = filters.parse(text) if text.strip() else None
        made = duplicates.start(ctx, definition.key, on or [","], node, q)
    except CrmError as error:
        return _form(definition, text, q, error)
    return flask.redirect(f"/{definition.slug}/duplicates/{made.id}", 303)


# ---------------------------------------------------------------- what was found


def show(definition: EntityDef, scan_id: int) -> Answer:
    """Show a scan: its progress, then its groups."""
    return flask.render_template("duplicates/page.html", **_one(definition, scan_id))


def progress(definition: EntityDef, scan_id: int) -> Answer:
    """Answer the part of the page that asks again while the scan goes on."""
    return flask.render_template("duplicates/found.html", **_one(definition, scan_id))


def _one(definition: EntityDef, scan_id: int, error: CrmError | None = None) -> dict[str, Any]:
    ctx = current()
    scan = duplicates.find(ctx, scan_id, definition.key)
    after = flask.request.args.get("after", "")
    start_at = int(after) if after.isascii() and after.isdigit() and len(after) < 17 else 0
    job = jobs.find(ctx, scan.job_id) if scan.state in ("waiting", "running") and scan.job_id else None
    going_on = job is not None and job.state in jobs.ACTIVE
    found = _found(ctx, scan, definition, start_at)
    return {
        "definition": definition, "scan": scan, "found": found, "job": job, "going_on": going_on, "error": error,
        "on": _on(ctx, definition, scan), "url": f"/{definition.slug}/duplicates/{scan.id}",
        "may_merge": all(access.allowed(ctx, definition.key, a) for a in ("update", "delete")),
        "may_join": found is not None and duplicates.may_join(ctx, scan),
        "states": jobs.STATES, "most": merging.MAX_RECORDS,
        "words": _words(ctx, definition, listing.text_of(_node(scan))),
    }  # fmt: skip


def _node(scan: DuplicateScan) -> Any:
    stored = scan.spec.get("filter")
    return filters.from_json(stored) if stored else None


def _found(ctx: Ctx, scan: DuplicateScan, definition: EntityDef, after: int) -> Found | None:
    if scan.state != "done":
        return None
    return duplicates.page(ctx, scan.id, definition.key, after=after, limit=10)


def _chosen() -> list[int]:
    texts = flask.request.form.getlist("group")
    return [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 17]


def apart(definition: EntityDef, scan_id: int) -> Answer:
    """Remember that the records of a group are no duplicates."""
    ctx, number = current(), flask.request.form.get("apart", type=int) or 0
    groups = duplicates.page(ctx, scan_id, definition.key, after=number - 1, limit=1).groups if number > 0 else ()
    if not groups or groups[0].number != number:
        raise NotFound
    duplicates.keep_apart(ctx, definition.key, groups[0].ids)
    notify(gettext(N_("They are not shown as duplicates any more")))
    return flask.redirect(local(flask.request.form.get("here")) or f"/{definition.slug}/duplicates/{scan_id}", 303)


def merge(definition: EntityDef, scan_id: int) -> Answer:
    """Merge the ticked groups by a job, after a question."""
    ctx, numbers = current(), _chosen()
    try:
        if flask.request.form.get("sure"):
            job = duplicates.start_merging(ctx, scan_id, numbers, definition.key)
            return flask.redirect(f"/jobs/{job}", 303)
        scan = duplicates.find(ctx, scan_id, definition.key)
    except NotFound:
        raise
    except CrmError as error:
        page = flask.render_template("duplicates/page.html", **_one(definition, scan_id, error))
        return flask.make_response(page, error.status)
    url = f"/{definition.slug}/duplicates/{scan.id}"
    return flask.render_template("duplicates/sure.html", definition=definition, numbers=numbers, url=url)
