"""Looking inside: ``jobs``, ``explain``, ``hooks``, ``routes``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from crm_core.cli.base import as_option, deployment, json_option, operation, say, show, write_json
from crm_core.i18n import N_, gettext


@click.group()
def jobs() -> None:
    """Background jobs: list, cancel, retry."""


@jobs.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(["waiting", "running", "done", "failed", "cancelled"]),
    help="Only jobs in this state; may be given several times.",
)  # fmt: skip
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
@json_option
@click.pass_context
def list_jobs(ctx: click.Context, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List everyone's jobs, the newest first."""
    from crm_core import jobs as work

    wanted = (*states, "queued") if "waiting" in states else states
    with operation(ctx, write=False) as found:
        rows = [
            {
                "id": job.id,
                "name": job.name,
                "state": job.state,
                "done": job.done,
                "total": job.total,
                "created": job.created_at,
                "finished": job.finished_at,
                "message": job.error.strip().rpartition("\n")[2] or job.message,
            }
            for job in work.listing(found, everyone=True, states=wanted, limit=limit)
        ]
        headers = ("id", "name", "state", "done", "total", "created", "finished", "message")
        show(as_json, headers, rows, N_("There are no such jobs"))


@jobs.command()
@click.argument("job_id", metavar="ID", type=int)
@click.pass_context
def cancel(ctx: click.Context, job_id: int) -> None:
    """Cancel a job: at once while it waits, at its next step while it runs."""
    from crm_core import jobs as work

    with operation(ctx) as found:
        job = work.cancel(found, job_id)
        running = job.state == "running"
    message = N_("Job %(id)s will end at its next step") if running else N_("Job %(id)s is %(state)s")
    say(message, id=job_id, state=job.state)


@jobs.command()
@click.argument("job_id", metavar="ID", type=int)
@click.pass_context
def retry(ctx: click.Context, job_id: int) -> None:
    """Start a failed or cancelled job again; it goes on from what it has saved."""
    from crm_core import jobs as work

    with operation(ctx) as found:
        work.retry(found, job_id)
    say(N_("Job %(id)s waits for a worker"), id=job_id)


@click.command()
@click.argument("action", type=click.Choice(["read", "create", "update", "delete", "export"]))
@click.argument("entity")
@click.argument("record_id", metavar="ID", type=click.IntRange(1))
@as_option
@json_option
@click.pass_context
def explain(ctx: click.Context, action: str, entity: str, record_id: int, email: str | None, as_json: bool) -> None:
    """Say why someone may or may not do something with a record: crm explain --as EMAIL read contacts 7."""
    from crm_core.access import explain as reasons

    with operation(ctx, email, write=False) as found:
        lines = list(reasons(found, entity, record_id, action).reasons)
    if as_json:
        write_json(lines)
    else:
        click.echo("\n".join(lines))


@click.command()
@click.option("--measure", is_flag=True, help="Read and check a record of every kind first; nothing is kept.")
@json_option
@click.pass_context
def hooks(ctx: click.Context, measure: bool, as_json: bool) -> None:
    """Show which plugins answer which hooks, in the order they are asked, and what happens when one fails.

    Calls and times are those of this process: with --measure what a page of each kind of record takes. What the
    servers take is shown under Settings, Diagnostics.
    """
    from crm_core.hookspecs import POLICIES
    from crm_core.web import diagnostics

    if measure:
        with operation(ctx) as found:
            diagnostics.measure(found)
    lines = diagnostics.hook_lines(deployment(ctx).registry.hooks)
    rows: list[dict[str, Any]] = [
        {"hook": hook, "failure": policy, "plugins": [n.plugin for n in lines if n.hook == hook]}
        for hook, policy in POLICIES.items()
    ]
    if as_json:
        timings = [{**asdict(n), "slow": n.slow} for n in lines]
        write_json([{**r, "timings": [t for t in timings if t["hook"] == r["hook"]]} for r in rows])
        return
    show(False, ("hook", "failure", "plugins"), [{**r, "plugins": _names(r["plugins"])} for r in rows])
    if measure:
        click.echo()
        headers = ("hook", "plugin", "calls", "mean_ms", "longest_ms", "failures")
        show(False, headers, [asdict(n) for n in sorted(lines, key=lambda n: -n.longest_ms) if n.calls])


def _names(plugins: list[str]) -> str:
    return ", ".join(plugins) or gettext(N_("nobody"))


@click.command()
@json_option
@click.pass_context
def routes(ctx: click.Context, as_json: bool) -> None:
    """Show the addresses of the application: methods, who may call them, and whose they are."""
    from crm_core.app import create_app
    from crm_core.web import diagnostics

    rows = [asdict(line) for line in diagnostics.route_lines(create_app(deployment(ctx)))]
    if not as_json:
        words = {key: gettext(text) for key, text in diagnostics.WHO.items()}
        rows = [{**r, "access": words[r["access"]]} for r in rows]
    show(as_json, ("address", "methods", "access", "plugin", "endpoint"), rows)
