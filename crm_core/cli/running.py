"""Setting up and running: ``init``, ``demo``, ``run``, ``worker``, ``migrate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crm_core.cli.base import actor, configuration, deployment, say, warn
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.config import Config
    from crm_core.deployment import Deployment


def _initialise(config: Config) -> None:
    """Make folders, key, tables, seeds and the first administrator, whatever of them is missing."""
    from crm_core import accounts, migrations, switching
    from crm_core.accounts import keys, setup
    from crm_core.db import Database

    config.files.mkdir(parents=True, exist_ok=True)
    keys.mac(config, "setup", "")  # makes the key file when there is neither file nor setting
    database = Database(config.url)
    try:
        done = switching.initialise(database, config)
        with database.transaction() as session:
            migrations.alone(session)
            password = accounts.first_run(session)
    finally:
        database.dispose()
    for line in done:
        say(N_("migrated %(what)s"), what=line)
    if password:
        say(N_("First administrator: %(email)s"), email=setup.FIRST_EMAIL)
        say(N_("Password, shown this once: %(password)s"), password=password)
    elif not done:
        say(N_("Everything is up to date"))


@click.command()
@click.pass_context
def init(ctx: click.Context) -> None:
    """Set up the database, or bring it up to date; safe to repeat.

    Makes CRM_HOME with its secret key and files folder, every table, the lists and roles the CRM starts with,
    and, in an empty database, a first administrator, whose password is printed once.
    """
    config = configuration(ctx)
    _initialise(config)
    _report(deployment(ctx))
    say(N_("The deployment is in %(home)s"), home=config.home)


def _report(opened: Deployment) -> None:
    """Name the wanted plugins that don't run."""
    for status in opened.statuses.values():
        if status.wanted and status.state.value != "active":
            message = N_("plugin %(name)s is %(state)s: %(reason)s. %(step)s")
            warn(
                message, name=status.name, state=status.state.value, reason=status.reason.text(),
                step=status.next_step.text(),
            )  # fmt: skip


@click.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the tables of the kernel and the plugins up to date.

    Each plugin is one transaction: what fails leaves it as it was. New reference lists are filled.
    """
    from crm_core import switching
    from crm_core.db import Database

    config = configuration(ctx)
    database = Database(config.url)
    try:
        done = switching.initialise(database, config)
    finally:
        database.dispose()
    for line in done:
        say(N_("migrated %(what)s"), what=line)
    if not done:
        say(N_("Everything is up to date"))
    _report(deployment(ctx))


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Add demonstration data of the active plugins; safe to repeat.

    The people in it are made up, with addresses at example.com. Meant for a deployment of its own.
    """
    from crm_core.contributed_faces import DemoData

    opened = deployment(ctx)
    administrators = [u.email for u in opened.directory.users() if opened.directory.actor(u.id).moderator]
    for item in sorted(opened.registry.of(DemoData), key=lambda d: d.order):
        with opened.operation(actor(opened, administrators[0] if administrators else None), quiet=True) as found:
            text = item.load(found)
        say(N_("%(plugin)s: %(what)s"), plugin=item.plugin or "core", what=text or N_("nothing to do"))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Number of processes.")
@click.option("--reload", is_flag=True, help="Start again when a file of a plugin changes; for authors of plugins.")
@click.pass_context
def run(ctx: click.Context, host: str, port: int, workers: int, reload: bool) -> None:
    """Serve the CRM; a deployment that is not set up yet is set up first.

    One process serves with threads and runs background jobs itself (CRM_WORKER=inline). Several need the
    package granian (pip install "crm-core[server]"). Put a proxy with TLS in front of anything public.
    """
    from crm_core import server
    from crm_core.lifecycle import NotInitialised

    config = configuration(ctx)
    if reload:
        from crm_core.cli import reloading

        reloading.keep_running(reloading.this_command(), reloading.folders(config))
    try:
        opened = deployment(ctx)
    except NotInitialised:
        warn(N_("The deployment is not set up for this version; doing it now"))
        _initialise(config)
        opened = deployment(ctx)
    _report(opened)
    if workers > 1 and not server.several_possible():
        warn(N_("Several processes need the package granian (pip install 'crm-core[server]'); serving with one"))
        workers = 1
    if workers == 1:
        server.serve(opened, host, port, _announce)
    else:
        server.serve_several(opened, host, port, workers, _announce)


def _announce(address: str) -> None:
    say(N_("The CRM is at %(address)s (end with Ctrl+C)"), address=address)
    say(N_("Sign in with an account; crm user --help makes one or gives it a new password"))


@click.command()
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Jobs at the same time.")
@click.pass_context
def worker(ctx: click.Context, threads: int) -> None:
    """Run background jobs in a process of their own, until it is ended.

    Start the web processes with CRM_WORKER=external then.
    """
    from crm_core.jobs.worker import JobWorker

    made = JobWorker(deployment(ctx), threads=threads)
    say(N_("Worker %(id)s waits for jobs (end with Ctrl+C)"), id=made.id)
    made.run_forever()
