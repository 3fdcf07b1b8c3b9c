"""``crm plugin new``: what it writes runs as it is, and passes its own tests."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from click.testing import CliRunner

from crm_core.cli import cli


def new(*args: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["plugin", "new", *map(str, args)])
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit | None)
    return result.output


def code_lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_a_project_passes_its_own_tests_before_it_is_edited(tmp_path):
    new("parking", "--folder", tmp_path, "--entity", "exit_permit")
    project = tmp_path / "parking"
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not postgresql", str(project)]
    done = subprocess.run(run, cwd=project, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout


def test_a_project_is_named_after_itself_and_is_never_written_over(tmp_path):
    new("loan_desk", "--folder", tmp_path)
    project = tomllib.loads((tmp_path / "loan_desk" / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["crm.plugins"] == {"loan_desk": "crm_loan_desk.plugin"}
    models = (tmp_path / "loan_desk" / "crm_loan_desk" / "models.py").read_text("utf-8")
    assert 'slug="loan-desks"' in models and "class LoanDesk(Record)" in models
    assert "loan_desk" in new("loan_desk", "--folder", tmp_path, code=1)


def test_names_that_cannot_be_are_refused_in_words(tmp_path):
    for name in ("Parking", "api", "class", "a__b", "x" * 31):
        assert name in new(name, "--folder", tmp_path, code=1)
    assert list(tmp_path.iterdir()) == []


def test_a_single_file_is_at_most_six_lines_of_code_and_runs(sqlite_crm, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(sqlite_crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", sqlite_crm.config.url)
    new("nickname", "--single-file")
    path = sqlite_crm.config.plugins / "nickname.py"
    assert len(code_lines(path)) <= 6
    done = CliRunner().invoke(cli, ["plugin", "enable", "nickname", "--yes"])
    assert done.exit_code == 0, done.output
    sqlite_crm.refresh(force=True)
    fields = {f for e in sqlite_crm.registry.entities for f in sqlite_crm.registry.fields(e)}
    assert "nickname.note" in fields
