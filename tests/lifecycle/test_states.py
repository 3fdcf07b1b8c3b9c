"""Every plugin has a state with a reason and a next step, and one that fails never takes the others along."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm_core.db import Base
from crm_core.errors import Conflict, NotFound, PluginError
from crm_core.lifecycle import NotInitialised, assemble, build
from crm_core.migrations import MigrationError
from crm_core.models import Stamp, User
from crm_core.plugin_states import State
from crm_core.switching import disable, enable, initialise, plan_enable, prepare

CONTRIBUTES = """
from crm_core.contributions import MenuItem
from crm_core.hookspecs import hookimpl

@hookimpl
def crm_contribute():
    return [MenuItem(label="{label}", url="/{label}")]
"""
TOML = """
name = "{name}"
title = "{name}"
core = "{core}"
requires = {requires}
after = {after}
default = "{default}"
"""
HOOK = "from crm_core.hookspecs import hookimpl\n@hookimpl"


@pytest.fixture
def plugin(make_plugin):
    """``plugin("zoo", requires=["ark"], plugin="…")``"""

    def make(name, *, core=">=0.1", requires=(), after=(), default="off", plugin=None, **more):
        toml = TOML.format(name=name, core=core, requires=list(requires), after=list(after), default=default)
        return make_plugin(name, toml, CONTRIBUTES.format(label=name) if plugin is None else plugin, **more)

    return make


def status(database, config, name, **kw):
    return assemble(database, config, **kw).statuses[name]


def labels(registry):
    from crm_core.contributions import MenuItem

    return [m.label for m in registry.of(MenuItem)]


def stamp(database):
    with database.transaction(write=False) as session:
        return session.scalar(sa.select(Stamp.value).where(Stamp.name == "registry")) or 0


def test_a_database_without_tables_says_how_to_begin(database, config):
    with pytest.raises(NotInitialised, match="crm init"):
        build(database, config)


def test_a_plugin_is_available_then_active_then_disabled(ready, config, plugin):
    plugin("zoo")
    assert status(ready, config, "zoo").state is State.AVAILABLE
    assert "crm plugin enable zoo" in status(ready, config, "zoo").next_step.text()
    before = stamp(ready)
    assert enable(ready, config, "zoo") == ["zoo"]
    assert stamp(ready) == before + 1
    registry = build(ready, config)
    assert (labels(registry), registry.generation) == (["zoo"], before + 1)
    assert registry.plugins["zoo"].version == "1.0"
    assert enable(ready, config, "zoo") == []
    disable(ready, config, "zoo")
    assert (status(ready, config, "zoo").state, stamp(ready)) == (State.DISABLED, before + 2)
    assert labels(build(ready, config)) == []


def test_what_is_on_by_default_is_wanted_once(database, config, plugin):
    plugin("zoo", default="on")
    prepare(database)
    assert status(database, config, "zoo").state is State.ACTIVE
    disable(database, config, "zoo")
    prepare(database)
    assert status(database, config, "zoo").state is State.DISABLED


def test_requirements_come_first_and_along(ready, config, plugin):
    plugin("ark", requires=["zoo>=1"])
    plugin("zoo")
    assert plan_enable(ready, "ark") == ["zoo", "ark"]
    assert enable(ready, config, "ark") == ["zoo", "ark"]
    assert labels(build(ready, config)) == ["zoo", "ark"]
    with pytest.raises(Conflict, match="ark needs it"):
        disable(ready, config, "zoo")
    disable(ready, config, "ark")
    disable(ready, config, "zoo")


def test_soft_order_counts_only_for_what_runs(ready, config, plugin):
    plugin("ark", after=["zoo", "nowhere"])
    plugin("zoo")
    assert enable(ready, config, "ark") == ["ark"]
    enable(ready, config, "zoo")
    assert labels(build(ready, config)) == ["zoo", "ark"]


def test_a_broken_plugin_is_left_out_with_file_line_and_message(ready, config, plugin):
    folder = plugin("ark", plugin="\n\nraise RuntimeError('no water')")
    plugin("zoo")
    found = assemble(ready, config, wanted=["ark", "zoo"])
    assert found.statuses["ark"].state is State.BROKEN
    text = found.statuses["ark"].reason.text()
    assert str(folder / "plugin.py") in text and "line 3" in text and "no water" in text
    assert "Traceback" in found.statuses["ark"].detail
    assert found.statuses["ark"].next_step.text()
    assert labels(found.registry) == ["zoo"]
    with pytest.raises(Conflict, match="no water"):
        enable(ready, config, "ark")
    assert status(ready, config, "ark").state is State.AVAILABLE


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f(:\n", "invalid syntax"),
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
        (
            HOOK + "\ndef crm_contribute():\n    return [3]",
            "not a contribution",
        ),
        (
            HOOK + "\ndef crm_contribute():\n    return 1 / 0",
            "division by zero",
        ),
        (HOOK + "\ndef crm_unknown():\n    pass", "crm_unknown"),
        (HOOK + "\ndef crm_validate(ctx, chnage):\n    pass", "chnage"),
        (
            HOOK + "(tryfirst=True)\ndef crm_validate(ctx):\n    pass",
            "tryfirst",
        ),
    ],
)
def test_every_way_to_be_broken_is_told(ready, config, plugin, code, words):
    plugin("ark", plugin=code)
    found = status(ready, config, "ark", wanted=["ark"])
    assert (found.state, words in found.reason.text()) == (State.BROKEN, True), found.reason.text()


MODEL = """
from sqlalchemy.orm import Mapped, mapped_column, relationship
from crm_core.db import Base, Identifier

class Ark(Base):
    __tablename__ = "ark_ark"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    {more}
"""


def test_a_model_that_cannot_be_mapped_harms_nobody_else(ready, config, plugin):
    plugin("ark", plugin=MODEL.format(more='captain = relationship("Noah")'))
    plugin("zoo")
    found = assemble(ready, config, wanted=["ark", "zoo"])
    assert found.statuses["ark"].state is State.BROKEN
    assert "Noah" in found.statuses["ark"].reason.text()
    assert labels(found.registry) == ["zoo"]
    assert "ark_ark" not in Base.metadata.tables
    assert "crm_ark.plugin" not in sys.modules
    with ready.transaction() as session:
        assert session.scalars(sa.select(User)).all() == []


def test_a_mended_plugin_is_imported_anew(ready, config, plugin):
    plugin("ark", plugin=MODEL.format(more='captain = relationship("Noah")'))
    assert status(ready, config, "ark", wanted=["ark"]).state is State.BROKEN
    plugin("ark", plugin=MODEL.format(more="") + "# mended, and of another length\n", files=ARK)
    assert status(ready, config, "ark", wanted=["ark"], unmigrated=["ark"]).state is State.ACTIVE


ARK = {
    "migrations/0001.py": """
from alembic import op
import sqlalchemy as sa
revision = "0001"
down_revision = None

def upgrade():
    op.create_table("ark_ark", sa.Column("id", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("ark_ark")
"""
}


def test_tables_without_a_revision_are_refused(ready, config, plugin):
    plugin("ark", plugin=MODEL.format(more=""))
    found = status(ready, config, "ark", wanted=["ark"])
    assert (found.state, "crm dev revision ark" in found.reason.text()) == (State.BROKEN, True)


CLASH = """
from crm_core.contributions import ListDef
from crm_core.hookspecs import hookimpl

@hookimpl
def crm_contribute():
    return [ListDef(key="animals", label="Animals")]
"""


def test_of_two_that_clash_the_later_is_refused_and_both_are_named(ready, config, plugin):
    plugin("ark", plugin=CLASH)
    plugin("zoo", plugin=CLASH)
    found = assemble(ready, config, wanted=["ark", "zoo"])
    assert found.statuses["ark"].state is State.ACTIVE
    assert found.statuses["zoo"].state is State.BROKEN
    assert "animals is claimed by both ark and zoo" in found.statuses["zoo"].reason.text()


def test_missing_incompatible_and_blocked_say_why(ready, config, plugin):
    plugin("old", core=">=99")
    plugin("ark", requires=["old"])
    plugin("picky", requires=["zoo>=7"])
    plugin("zoo")
    found = assemble(ready, config, wanted=["gone", "old", "ark", "picky", "zoo"]).statuses
    states = {name: s.state.value for name, s in found.items()}
    assert states == {
        "ark": "blocked", "gone": "missing", "old": "incompatible", "picky": "incompatible", "zoo": "active",
    }  # fmt: skip
    assert ">=99" in found["old"].reason.text()
    assert "old" in found["ark"].reason.text() and "Doesn't fit" in found["ark"].reason.text()
    assert ">=7" in found["picky"].reason.text() and "1.0" in found["picky"].reason.text()
    assert all(s.reason.text() and s.next_step.text() for n, s in found.items() if n != "zoo")


def test_what_needs_a_broken_plugin_is_blocked(ready, config, plugin):
    plugin("zoo", plugin="raise ValueError('x')")
    plugin("ark", requires=["zoo"])
    found = assemble(ready, config, wanted=["ark", "zoo"]).statuses
    assert (found["zoo"].state, found["ark"].state) == (State.BROKEN, State.BLOCKED)


def test_plugins_that_wait_for_each_other_are_refused(ready, config, plugin):
    plugin("ark", requires=["zoo"])
    plugin("zoo", requires=["ark"])
    found = assemble(ready, config, wanted=["ark", "zoo"]).statuses
    assert {s.state for s in found.values()} == {State.BROKEN}
    with pytest.raises(Conflict, match="wait for each other"):
        enable(ready, config, "zoo")


REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "0001"
down_revision = None

def upgrade():
    op.create_table("zoo_cage", sa.Column("id", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("zoo_cage")
"""


def test_tables_that_wait_for_a_migration_keep_a_plugin_pending(ready, config, plugin):
    plugin("zoo", files={"migrations/0001.py": REVISION})
    found = status(ready, config, "zoo", wanted=["zoo"])
    assert (found.state, "crm migrate" in found.next_step.text()) == (State.PENDING, True)
    enable(ready, config, "zoo")
    assert status(ready, config, "zoo").state is State.ACTIVE
    assert "zoo_cage" in sa.inspect(ready.engine).get_table_names()
    disable(ready, config, "zoo")
    assert "zoo_cage" in sa.inspect(ready.engine).get_table_names()


def test_a_migration_that_fails_is_rolled_back_and_explained_and_goes_on_when_mended(ready, config, plugin):
    broken = REVISION.replace("primary_key=True))", "primary_key=True))\n    op.execute('SELECT x FROM nowhere')")
    folder = plugin("zoo", files={"migrations/0001.py": broken})
    with pytest.raises(MigrationError, match="nowhere"):
        enable(ready, config, "zoo")
    found = status(ready, config, "zoo")
    assert (found.state, "nowhere" in found.reason.text()) == (State.PENDING, True)
    assert "crm migrate" in found.next_step.text() and "crm plugin disable zoo" in found.next_step.text()
    assert "zoo_cage" not in sa.inspect(ready.engine).get_table_names()
    initialise(ready, config)
    assert status(ready, config, "zoo").state is State.PENDING
    (folder / "migrations" / "0001.py").write_text(REVISION + "# mended\n", "utf-8")
    assert initialise(ready, config) == ["zoo 0001", "zoo is on"]
    assert status(ready, config, "zoo").state is State.ACTIVE


def test_a_migration_that_fails_can_be_given_up(ready, config, plugin):
    plugin("zoo", files={"migrations/0001.py": REVISION.replace("sa.Integer", "sa.Nonsense")})
    with pytest.raises(MigrationError, match="Nonsense"):
        enable(ready, config, "zoo")
    disable(ready, config, "zoo")
    assert status(ready, config, "zoo").state is State.AVAILABLE


def test_safe_mode_starts_with_what_is_released_with_the_kernel(ready, config, plugin):
    """Whatever is on by default: nobody else's code is imported, and none of it is migrated."""
    evil = "raise SystemExit('imported')"
    plugin("zoo", distribution="CRM_contacts")
    plugin("ark", default="on", plugin=evil, files={"migrations/0001.py": evil, "__init__.py": evil})
    local = config.plugins / "den.py"
    local.parent.mkdir(parents=True)
    local.write_text(f'# /// crm-plugin\n# name = "den"\n# title = "Den"\n# core = ">=0"\n# ///\n{evil}', "utf-8")
    safe = replace(config, safe_mode=True)
    initialise(ready, safe)
    assert "ark" not in status(ready, safe, "zoo").reason.text()
    found = assemble(ready, safe, wanted=["ark", "zoo", "den"]).statuses
    assert [found[n].state for n in ("zoo", "ark", "den")] == [State.ACTIVE, State.BLOCKED, State.BLOCKED]
    assert "CRM_SAFE_MODE" in found["ark"].next_step.text()
    with pytest.raises(Conflict, match="Safe mode"):
        enable(ready, safe, "den")
    assert not {"crm_ark", "crm_local_den"} & set(sys.modules)


def test_what_is_not_installed_cannot_be_switched(ready, config, plugin):
    plugin("ark", requires=["gone"])
    for name in ("nothing", "ark"):
        with pytest.raises(NotFound, match="not installed"):
            enable(ready, config, name)
    with pytest.raises(NotFound):
        disable(ready, config, "nothing")


TOLD = """
from crm_core.hookspecs import hookimpl

@hookimpl
def crm_plugin_state(ctx, old, new):
    assert ctx.actor.system
    if {when!r} == new:
        raise RuntimeError("no " + old + " to " + new)
"""


def test_a_plugin_is_told_of_its_state_and_may_refuse_to_be_turned_on(ready, config, plugin):
    plugin("zoo", plugin=TOLD.format(when="active"))
    with pytest.raises(PluginError, match="no disabled to active"):
        enable(ready, config, "zoo")
    assert status(ready, config, "zoo").state is State.AVAILABLE


def test_a_plugin_cannot_refuse_to_be_turned_off(ready, config, plugin):
    plugin("zoo", plugin=TOLD.format(when="disabled"))
    enable(ready, config, "zoo")
    disable(ready, config, "zoo")
    assert status(ready, config, "zoo").state is State.DISABLED
