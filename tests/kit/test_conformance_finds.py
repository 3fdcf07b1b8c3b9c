"""The conformance suite finds what it is there for: each fault of a plugin fails the test that is named after it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_core.cli import cli
from crm_core.discovery import installed
from crm_core.testing import inspection
from crm_core.testing.sources import on_path, project_at


@pytest.fixture
def project(tmp_path) -> Path:
    assert CliRunner().invoke(cli, ["plugin", "new", "garage", "--folder", str(tmp_path)]).exit_code == 0
    return tmp_path / "garage"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def manifest_of(project: Path):
    found = project_at(project)
    assert found is not None
    with on_path([found]):
        return next(f.manifest for f in installed() if f.name == "garage")


def test_private_imports_and_missing_french(project):
    package = project / "crm_garage"
    assert inspection.private_imports(manifest_of(project)) == []
    assert inspection.untranslated(manifest_of(project)) == []
    (package / "more.py").write_text("from crm_core.records import writing\nimport crm_contacts.models\n", "utf-8")
    edit(package / "rules.py", "A name needs letters or digits", "A name needs something")
    found = " ".join(inspection.private_imports(manifest_of(project)))
    assert "more.py:1 imports crm_core.records.writing" in found and "crm_contacts.models" in found
    assert inspection.untranslated(manifest_of(project)) == ["fr.po: 'A name needs something' is missing"]


def test_faults_that_show_when_it_runs(project):
    package = project / "crm_garage"
    edit(package / "models.py", "crm.Text(120)", "crm.Text(99)")
    edit(
        package / "plugin.py",
        "return rules",
        'change.record.no_such_thing if change.entity != "garage.garage" else 0\n    return rules',
    )
    (project / "README.md").write_text("# Garage\n", "utf-8")
    picked = "readme or revisions or hooks"
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        f"({picked}) and not postgresql",
        str(project),
    ]
    done = subprocess.run(run, cwd=project, capture_output=True, text=True, timeout=280, check=False)
    failed = sorted(line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED"))
    assert failed == [
        "test_hooks_leave_other_records_in_peace",
        "test_revisions_make_the_tables_and_take_them_away[sqlite]",
        "test_the_manifest_and_the_readme_say_what_it_is",
    ], done.stdout[-3000:]
