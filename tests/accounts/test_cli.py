"""``crm user`` and ``crm token``, as scripts call them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.accounts import passwords, tokens, users
from crm_core.cli import cli
from crm_core.db import utcnow
from crm_core.testing.deployments import SECRET

GOOD = "correct horse battery"


@pytest.fixture
def crm_program(sqlite_crm, monkeypatch):
    """Run the program on a fresh deployment; returns its result."""
    for name, value in {
        "CRM_HOME": str(sqlite_crm.config.home),
        "CRM_DATABASE_URL": sqlite_crm.config.database_url,
        "CRM_SECRET_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)

    return Program(sqlite_crm)


class Program:
    """The program on a deployment."""

    def __init__(self, crm):
        self.crm = crm

    def __call__(self, *args, stdin=None, code=0):
        result = CliRunner().invoke(cli, list(args), input=stdin)
        assert result.exit_code == code, result.output
        return result


def found(run, email) -> Any:
    with run.crm.database.transaction(write=False) as session:
        return users.by_email(session, email)


def holder(run, token) -> Any:
    with run.crm.database.transaction(write=False) as session:
        return tokens.resolve(session, token, utcnow())


def test_a_user_is_created_with_a_password_from_standard_input(crm_program):
    crm_program("user", "create", "Ada@example.org", "--role", "crm_admin", "--password-stdin", stdin=f"{GOOD}\n")
    ada = found(crm_program, "ada@example.org")
    assert passwords.verify(ada.password_hash, GOOD)
    assert ada.name == "Ada"
    again = crm_program("user", "create", "ada@example.org", "--password-stdin", stdin=GOOD, code=1)
    assert "already" in again.stderr and "Traceback" not in again.output


def test_a_generated_password_is_printed_once_and_works(crm_program):
    made = json.loads(crm_program("user", "create", "ada@example.org", "--name", "Ada", "--json").stdout)
    assert passwords.verify(found(crm_program, "ada@example.org").password_hash, made["password"])
    shown = crm_program("user", "create", "bob@example.org").stdout
    assert passwords.verify(found(crm_program, "bob@example.org").password_hash, shown.split()[-1])


@pytest.mark.parametrize(
    ("args", "stdin", "code"),
    [
        (("nobody",), GOOD, 1),
        (("ada@example.org",), "short", 1),
        (("ada@example.org",), "", 2),
        (("ada@example.org", "--role", "king"), GOOD, 2),
    ],
)
def test_wrong_users_are_refused_in_a_line(crm_program, args, stdin, code):
    result = crm_program("user", "create", *args, "--password-stdin", stdin=stdin, code=code)
    assert "Traceback" not in result.output
    assert found(crm_program, "ada@example.org") is None


def test_users_are_listed_deactivated_and_given_passwords(crm_program):
    crm_program("user", "create", "ada@example.org", "--password-stdin", stdin=GOOD)
    crm_program("user", "deactivate", "ada@example.org")
    listed = json.loads(crm_program("user", "list", "--all", "--json").stdout)
    assert {u["email"]: u["active"] for u in listed}["ada@example.org"] is False
    assert "ada@example.org" not in crm_program("user", "list").stdout
    crm_program("user", "activate", "ada@example.org")
    crm_program("user", "set-password", "ada@example.org", "--password-stdin", stdin="yellow submarine\n")
    crm_program("user", "reset-2fa", "ada@example.org")
    crm_program("user", "set-role", "ada@example.org", "user", "crm_admin")
    assert passwords.verify(found(crm_program, "ada@example.org").password_hash, "yellow submarine")
    crm_program("user", "deactivate", "nobody@example.org", code=1)
    crm_program("user", "set-role", "ada@example.org", "king", code=1)


def test_the_last_administrator_stays(crm_program):
    result = crm_program("user", "deactivate", "admin@example.org", code=1)
    assert "last" in result.stderr


def test_a_token_is_printed_alone_and_has_the_users_rights(crm_program):
    crm_program("user", "create", "ada@example.org", "--password-stdin", stdin=GOOD)
    for email, scopes in (("admin@example.org", {"read", "write", "admin"}), ("ada@example.org", {"read", "write"})):
        out = crm_program("token", "create", email).stdout
        assert out.count("\n") == 1 and out.startswith("crm_")
        who = holder(crm_program, out.strip())
        assert who.email == email and who.scopes == scopes
    crm_program("token", "create", "nobody@example.org", code=1)
    crm_program("token", "create", "ada@example.org", "--days", "0", code=1)


def test_tokens_are_listed_and_revoked(crm_program):
    made = json.loads(
        crm_program("token", "create", "admin@example.org", "--name", "Sync", "--scope", "read", "--json").stdout
    )
    listed = json.loads(crm_program("token", "list", "admin@example.org", "--json").stdout)
    assert [(t["id"], t["name"], t["scopes"]) for t in listed] == [(made["id"], "Sync", ["read"])]
    assert made["token"] not in crm_program("token", "list").stdout
    crm_program("token", "revoke", str(made["id"]))
    assert holder(crm_program, made["token"]) is None
    crm_program("token", "revoke", "999", code=1)
