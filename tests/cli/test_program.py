"""The program itself: quick help, one-line errors, exit codes, the life of a deployment from nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from crm_core.cli import cli
from crm_core.cli.base import sentence
from crm_core.errors import Invalid, PluginError, Problem

PROGRAM = Path(sys.executable).with_name("crm")


def commands(group=cli, path=()):
    """Yield every command of the program with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_has_help(program):
    names = [path for path, command in commands() if command.get_short_help_str()]
    assert len(names) == len(list(commands()))
    for path in names:
        assert "Usage:" in program.run(*path, "--help").stdout


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from crm_core.cli import main; sys.argv = ['crm', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'flask', 'dbos', 'alembic', 'babel'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_unknown_commands_and_options_are_usage_errors(program):
    assert "No such command" in program.run("explode", code=2).stderr
    assert "No such option" in program.run("doctor", "--explode", code=2).stderr


def test_errors_name_the_plugin_and_every_problem():
    error = Invalid([Problem("name", "required", "Name it"), Problem(None, "rule", "Not today")], plugin="zoo")
    assert sentence(error) == "[zoo] Some values need your attention\n  name: Name it\n  Not today"
    assert sentence(PluginError(plugin="zoo")) == "[zoo] A module failed; nothing was saved"


def run(home, *args, **environment):
    done = subprocess.run(
        [PROGRAM, *args],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "CRM_HOME": str(home), **environment},
    )
    return done.returncode, done.stdout, done.stderr


def test_init_makes_everything_once_and_prints_the_password_once(tmp_path, blank, monkeypatch):
    home = tmp_path / "home"
    code, out, _ = run(home, "init")
    assert code == 0
    assert "admin@example.org" in out and "Password, shown this once:" in out
    assert (home / "crm.sqlite3").is_file() and (home / "files").is_dir()
    assert (home / "secret.key").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("CRM_HOME", str(home))
    monkeypatch.delenv("CRM_DATABASE_URL", raising=False)
    again = blank.run("init").stdout
    assert ("Password" in again, "up to date" in again) == (False, True)
    assert "up to date" in blank.run("migrate").stdout
    blank.run("doctor")


def test_two_that_begin_together_set_up_one_deployment(tmp_path, database_kind, request):
    url = ""
    if database_kind == "postgresql":
        url = request.getfixturevalue("empty_postgres")
    environment = {"PATH": "/usr/bin:/bin", "CRM_HOME": str(tmp_path / "home"), "CRM_DATABASE_URL": url}
    both = [subprocess.Popen([PROGRAM, "init"], stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    outputs = [p.communicate()[0] for p in both]
    assert [p.returncode for p in both] == [0, 0], outputs
    assert "".join(outputs).count("Password, shown this once:") == 1


def test_a_deployment_that_is_not_set_up_says_so(tmp_path):
    code, out, err = run(tmp_path / "home", "record", "list", "contacts")
    assert (code, out) == (1, "")
    assert "crm init" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"CRM_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "busy"),
        ({"CRM_MAX_UPLOAD": "much"}, "CRM_MAX_UPLOAD"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path, environment, words):
    code, _, err = run(tmp_path, "plugin", "list", **environment)
    assert (code, words in err, "Traceback" in err) == (1, True, False), err


def test_a_settings_file_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "crm.toml").write_text("base_url = ")
    code, _, err = run(tmp_path, "doctor")
    assert (code, "crm.toml" in err, "Traceback" in err) == (1, True, False), err


def test_demo_data_are_added_once(program):
    first = program.run("demo").stdout
    second = program.run("demo").stdout
    assert "colleagues added" in first
    assert set(second.splitlines()) == {"core: nothing to do", "contacts: nothing to do"}
    assert program.json("record", "list", "contacts", "--limit", "1")["total"]["value"] > 10


def test_hooks_routes_and_jobs_are_shown(program):
    hooks = {h["hook"]: h["plugins"] for h in program.json("hooks")}
    assert hooks["crm_contribute"] == ["contacts"] and hooks["crm_authenticate"] == []
    assert {"/healthz", "/readyz"} <= {r["address"] for r in program.json("routes")}
    assert program.json("jobs", "list") == []
    assert "no such job" in program.fails("jobs", "cancel", "7")


def test_jobs_are_cancelled_and_started_again(sqlite_crm, program):
    from crm_core.jobs import enqueue

    with sqlite_crm.as_user() as ctx:
        number = str(enqueue(ctx, "core.sweep"))
    assert [j["state"] for j in program.json("jobs", "list", "--state", "waiting")] == ["waiting"]
    assert "cancelled" in program.run("jobs", "cancel", number).stdout
    program.run("jobs", "retry", number)
    assert [j["state"] for j in program.json("jobs", "list")] == ["waiting"]
    assert "Only a failed or cancelled job" in program.fails("jobs", "retry", number)
