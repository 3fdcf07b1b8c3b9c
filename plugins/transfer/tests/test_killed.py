"""Imports whose process is killed: they go on or are undone, no row is lost and none is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from crm_core.db import KERNEL
from crm_core.models import Import
from crm_core.testing.deployments import SECRET

SLUG = "group-companies"
TOTAL = 90
DYING = Path(__file__).with_name("dying.py")
TAKING, COUNTING = "INSERT INTO core_file", "UPDATE core_import SET position"
"""Where processes die: with the table of a workbook made, and with a chunk's rows written, both not committed."""


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Import and export, and a module with plain records."""
    return ("transfer", "companies")


@pytest.fixture
def killed(crm):
    """``killed(statement, after, *arguments)``: run a command until it dies, and return the newest import."""

    def run(statement: str, after: int, *arguments: str) -> Import:
        env = {**os.environ, "CRM_HOME": str(crm.config.home), "CRM_DATABASE_URL": crm.config.url,
               "CRM_SECRET_KEY": SECRET, "CRM_WORKER": "manual"}  # fmt: skip
        command = [sys.executable, str(DYING), statement, str(after), "import", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == -signal.SIGKILL, (done.stdout, done.stderr)
        with crm.database.transaction(write=False) as session:
            found = session.scalars(sa.select(Import).order_by(Import.id.desc()), execution_options=KERNEL).first()
            session.expunge_all()
        return found

    return run


def names(admin) -> list[str]:
    return [c["name"] for c in admin.get(f"/{SLUG}?limit=200")["items"]]


def test_ie_01_a_killed_import_goes_on_from_any_moment_or_is_undone(crm, admin, program, killed, tmp_path) -> None:
    book, path = openpyxl.Workbook(), tmp_path / "many.xlsx"
    for row in (["name"], *([f"Company {n}"] for n in range(TOTAL))):
        book.active.append(row)
    book.save(path)
    begun = killed(TAKING, 1, SLUG, str(path), "--match", "name")
    assert (begun.conversion, begun.position, names(admin)) == ("asked", 0, [])
    half = killed(COUNTING, 2, "--resume", str(begun.id))
    assert (half.id, half.conversion, half.position, half.created) == (begun.id, "done", 40, 40)
    assert sorted(names(admin)) == sorted(f"Company {n}" for n in range(40))
    program.run("import", "--resume", str(begun.id))
    report = admin.get(f"/{SLUG}/import/{begun.id}")
    assert (report["state"], report["counts"]["created"], report["position"]) == ("done", TOTAL, TOTAL)
    assert sorted(names(admin)) == sorted(f"Company {n}" for n in range(TOTAL))
    table = tmp_path / "others.csv"
    table.write_text("name\n" + "".join(f"Other {n}\n" for n in range(TOTAL)))
    other = killed(COUNTING, 1, SLUG, str(table))
    assert len([n for n in names(admin) if n.startswith("Other")]) == other.created == 20
    for number, status in ((other.id, 200), (begun.id, 202)):
        batch = admin.get(f"/{SLUG}/import/{number}")["batch"]
        admin.api("POST", f"/batches/{batch}/undo", {}, status=status)
        crm.run_jobs()
    assert names(admin) == []
