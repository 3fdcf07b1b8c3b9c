"""Pages of its own: the plan of an erasure, which asks before it is done, and the trial of a rule."""

from __future__ import annotations

import flask

from crm_core.api import BlueprintDef, CrmError, NotFound, access, operation, records, signed_in
from crm_privacy import erasures, retention
from crm_privacy.lists import HOW, REASONS
from crm_privacy.models import ERASURE, RULE

Answer = flask.typing.ResponseReturnValue
ID = "<int(max=9007199254740991):number>"


def blueprint() -> flask.Blueprint:
    """Return the pages."""
    pages = flask.Blueprint("privacy", __name__, template_folder="templates")
    pages.add_url_rule(f"/erase/<slug>/{ID}", "erase", signed_in(ask))
    pages.add_url_rule(f"/erase/<slug>/{ID}", "erase_do", signed_in(do), methods=["POST"])
    pages.add_url_rule(f"/rules/{ID}/trial", "trial", signed_in(trial))
    return pages


def ask(slug: str, number: int) -> Answer:
    """Show what would happen."""
    return _page(slug, number)


def _page(slug: str, number: int, error: CrmError | None = None) -> Answer:
    ctx = operation()
    if not access.may(ctx, ERASURE, "create"):
        raise NotFound
    how = flask.request.values.get("how", "anonymise")
    definition, _ = erasures.named(ctx, f"{slug}:{number}")
    plan = erasures.plan_of(ctx, f"{slug}:{number}", how)
    page = flask.render_template(
        "privacy/erase.html", plan=erasures.told(ctx, plan), definition=definition, number=number, hows=HOW,
        reasons=REASONS, title=records.title_of(definition, plan.subject.record), error=error,
    )  # fmt: skip
    return page if error is None else flask.make_response(page, error.status)


def do(slug: str, number: int) -> Answer:
    """Do it, and lead to what stays of it."""
    ctx, form = operation(), flask.request.form
    if not access.may(ctx, ERASURE, "create"):
        raise NotFound
    options = {"with_comments": "with_comments" in form, "with_mentions": "with_mentions" in form}
    try:
        with ctx.session.begin_nested():
            made = erasures.erase(
                ctx, f"{slug}:{number}", form.get("how", ""), {}, {**options, "reason": form.get("reason") or None}
            )
    except NotFound:
        raise
    except CrmError as error:
        return _page(slug, number, error)
    return flask.redirect(f"/erasures/{made.id}", 303)


def trial(number: int) -> Answer:
    """List what a rule would find now."""
    ctx = operation()
    if not access.may(ctx, RULE, "read"):
        raise NotFound
    found = retention.trial(ctx, number)
    definition = ctx.registry.entity(found["source"])
    return flask.render_template("privacy/trial.html", trial=found, number=number, definition=definition, hows=HOW)


PAGES = BlueprintDef(blueprint=blueprint)
