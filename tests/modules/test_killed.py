"""A process killed in the middle of switching: the next start explains, and goes on or takes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_core import switching, uninstalling
from tests.modules.conftest import Browser, anew, state_of

PLUGIN = """
from .holding import hold

@hookimpl
def crm_contribute():
    return [ListDef(key="ark.kind", label="Kinds", entries=(Entry(code="a", label="A"),))]

@hookimpl
def crm_plugin_state(ctx, old, new):
    hold("state")
"""
FILES = {
    "holding.py": """
        import time
        from pathlib import Path

        def hold(step):
            place = Path(__file__).parent
            if (place / f"hold-{step}").exists():
                (place / f"at-{step}").touch()
                time.sleep(120)
        """,
    "migrations/0001.py": """
        import sqlalchemy as sa
        from alembic import op
        from crm_local_ark.holding import hold

        revision, down_revision = "0001", None

        def upgrade():
            op.create_table("ark_cabin", sa.Column("id", sa.Integer, primary_key=True))
            hold("upgrade")

        def downgrade():
            op.drop_table("ark_cabin")
            hold("downgrade")
        """,
}


@pytest.fixture
def ark(crm, folder):
    """A deployment with a plugin that can be made to stand still at a step; not turned on yet."""
    crm.place = folder("ark", PLUGIN, files=FILES)
    crm.refresh(force=True)
    return crm


def killed_at(crm, step: str, *words: str) -> None:
    """Run ``crm plugin …`` in a process of its own and kill it when it has come to a step."""
    place: Path = crm.place
    (place / f"hold-{step}").touch()
    env = {**os.environ, "CRM_HOME": str(crm.config.home), "CRM_DATABASE_URL": crm.config.url}
    command = [str(Path(sys.executable).with_name("crm")), "plugin", *words]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(1200):
            if (place / f"at-{step}").exists():
                break
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (place / f"hold-{step}").unlink()
    crm.refresh(force=True)


@pytest.mark.parametrize("step", ["upgrade", "state"])
def test_killed_while_turning_on(ark, step):
    killed_at(ark, step, "enable", "ark", "--yes")
    anew(ark)
    admin = Browser(ark, ark.admin)
    assert state_of(ark, "ark") == "pending"
    page = admin.get("/settings/plugins/ark").text
    assert "interrupted" in page and "crm plugin enable ark" in page
    assert admin.get("/").status_code == 200
    tables = sa.inspect(ark.database.engine).get_table_names()
    assert ("ark_cabin" in tables) is (step == "state")
    if step == "upgrade":
        switching.initialise(ark.database, ark.config)  # as crm init and crm migrate do
    else:
        assert admin.post("/settings/plugins/ark/enable").status_code == 303
    ark.refresh(force=True)
    assert state_of(ark, "ark") == "active"
    assert [e.code for e in ark.directory.entries("ark.kind")] == ["a"]


def test_killed_while_uninstalling(ark):
    switching.enable(ark.database, ark.config, "ark")
    ark.refresh(force=True)
    killed_at(ark, "downgrade", "uninstall", "ark", "--yes")
    anew(ark)
    admin = Browser(ark, ark.admin)
    assert state_of(ark, "ark") == "pending"
    assert "crm plugin uninstall ark" in admin.get("/settings/plugins/ark").text
    assert "ark_cabin" in sa.inspect(ark.database.engine).get_table_names()
    uninstalling.uninstall(ark.database, ark.config, "ark")
    ark.refresh(force=True)
    assert state_of(ark, "ark") == "available"
    assert [t for t in sa.inspect(ark.database.engine).get_table_names() if t.startswith("ark_")] == []
