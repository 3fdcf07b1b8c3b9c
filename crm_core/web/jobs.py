"""Background jobs: one's own, and for administrators everyone's, with progress while they run."""

from __future__ import annotations

import flask
import sqlalchemy as sa

from crm_core import jobs
from crm_core.db import KERNEL
from crm_core.duplicates import JOB as DUPLICATES
from crm_core.i18n import N_, gettext
from crm_core.imports import JOB, PREPARE
from crm_core.models import DuplicateScan, Import, Job, Worker
from crm_core.undo import JOB as UNDO
from crm_core.web.request import admin, current, notify

ID = "<int(max=9007199254740991):job_id>"
LIMIT = 50
CHOICES = {"active": jobs.ACTIVE, "failed": ("failed",), "done": ("done",), "cancelled": ("cancelled",)}


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/jobs", "jobs", mine)
    app.add_url_rule(f"/jobs/{ID}", "job", show)
    app.add_url_rule(f"/jobs/{ID}/progress", "job.progress", progress)
    app.add_url_rule(f"/jobs/{ID}/cancel", "job.cancel", cancel, methods=["POST"])
    app.add_url_rule(f"/jobs/{ID}/retry", "job.retry", retry, methods=["POST"])
    app.add_url_rule("/settings/jobs", "settings.jobs", everyone)


def mine() -> str:
    """Show one's own jobs."""
    found = jobs.listing(current(), before=_before(), limit=LIMIT)
    return flask.render_template("jobs/list.html", everyone=False, **_listed(found))


@admin
def everyone() -> str:
    """Show all jobs, and the processes that run them."""
    ctx = current()
    chosen = flask.request.args.get("state", "")
    found = jobs.listing(ctx, everyone=True, states=CHOICES.get(chosen, ()), before=_before(), limit=LIMIT)
    workers = list(ctx.session.scalars(sa.select(Worker).order_by(Worker.started_at), execution_options=KERNEL))
    return flask.render_template("jobs/list.html", everyone=True, chosen=chosen, workers=workers, **_listed(found))


def _before() -> int | None:
    text = flask.request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else None


def _listed(found: list[Job]) -> dict[str, object]:
    return {
        "jobs": found,
        "title_of": title_of,
        "states": jobs.STATES,
        "more": found[-1].id if len(found) == LIMIT else None,
    }


def title_of(job: Job) -> str:
    """Return what a job is called; its bare name while its plugin is off."""
    definition = current().registry.jobs.get(job.name)
    return gettext(definition.label) if definition else job.name


def show(job_id: int) -> str:
    """Show one job."""
    return flask.render_template("jobs/page.html", **_one(jobs.find(current(), job_id)))


def progress(job_id: int) -> str:
    """Show how far a job is: the part of its page that asks again while the job is active."""
    return flask.render_template("jobs/progress.html", **_one(jobs.find(current(), job_id)))


def _one(job: Job) -> dict[str, object]:
    return {
        "job": job,
        "title": title_of(job),
        "states": jobs.STATES,
        "active": job.state in jobs.ACTIVE,
        "report": _report(job),
    }


def _report(job: Job) -> str:
    """Return the address of the report of an import or an undoing."""
    if job.name == UNDO:
        return f"/profile/changes/batch/{job.args.get('batch_id')}"
    if job.name == DUPLICATES:
        return duplicate_report(job)
    if job.name not in (JOB, PREPARE):
        return ""
    ctx = current()
    number = job.args.get("import_id")
    row = ctx.session.scalar(sa.select(Import).where(Import.id == number), execution_options=KERNEL)
    definition = ctx.registry.entities.get(row.entity) if row is not None else None
    return f"/{definition.slug}/import/{number}" if definition else ""


def duplicate_report(job: Job) -> str:
    """Return the address of what a search for duplicates found."""
    ctx = current()
    query = sa.select(DuplicateScan.entity).where(DuplicateScan.id == job.args.get("scan"))
    definition = ctx.registry.entities.get(ctx.session.scalar(query, execution_options=KERNEL) or "")
    return f"/{definition.slug}/duplicates/{job.args.get('scan')}" if definition else ""


def cancel(job_id: int) -> flask.typing.ResponseReturnValue:
    """Cancel a job."""
    found = jobs.cancel(current(), job_id)
    if found.state == "cancelled":
        notify(gettext(N_("The job is cancelled")), "info")
    else:
        notify(gettext(N_("The job stops at its next step")), "info")
    return flask.redirect(f"/jobs/{job_id}", 303)


def retry(job_id: int) -> flask.typing.ResponseReturnValue:
    """Start a failed or cancelled job again."""
    jobs.retry(current(), job_id)
    notify(gettext(N_("The job goes on from where it stopped")))
    return flask.redirect(f"/jobs/{job_id}", 303)
