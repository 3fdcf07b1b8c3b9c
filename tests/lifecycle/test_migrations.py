"""Revisions run the same on both databases, one transaction a plugin, and drift is seen."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap

import pytest
import sqlalchemy as sa

from crm_core import migrations
from crm_core.db import Database
from crm_core.discovery import installed
from crm_core.drift import drift
from crm_core.manifest import in_order
from crm_core.migrations import KERNEL_FOLDER, MigrationError
from crm_core.revision_writer import write_revision

MODELS = """
from __future__ import annotations
from decimal import Decimal as D
from sqlalchemy.orm import Mapped
from crm_core.entities import Line, Record, entity, field, lines
from crm_core.fieldtypes import Date, Decimal, Integer, Link, Text

class Tail(Line):
    __tablename__ = "zoo_tail"
    __parent__ = "zoo_animal"
    __main__ = "colour"
    colour: Mapped[str | None] = field(Text(40), label="Colour", index=True)

class Animal(Record):
    __tablename__ = "zoo_animal"
    __entity__ = entity("zoo.animal", label="Animal", plural="Animals", slug="animals")
    name: Mapped[str] = field(Text(120), label="Name", required=True, index=True, search=True)
    born: Mapped[object] = field(Date(), label="Born", index=True)
    weight: Mapped[D | None] = field(Decimal(3), label="Weight")
    mother_id: Mapped[int | None] = field(Link("zoo.animal"), label="Mother", fk="zoo_animal.id")
    code: Mapped[str | None] = field(Text(20), label="Code", unique=True)
    tails: Mapped[list[Tail]] = lines(Tail, label="Tails")
"""


@pytest.fixture
def zoo(make_plugin):
    """A plugin with an entity, lines and a first revision made from its models."""
    folder = make_plugin("zoo", plugin="from crm_zoo import models", files={"models.py": MODELS})
    importlib.import_module("crm_zoo.plugin")
    write_revision("zoo", folder / "migrations", "initial")
    return folder / "migrations"


def columns(database, table):
    with database.engine.connect() as connection:
        return {c["name"] for c in sa.inspect(connection).get_columns(table)}


def test_the_kernel_goes_up_down_and_up_again_without_drift(database):
    assert migrations.current(database, "core") == ()
    waiting = migrations.pending(database, "core", KERNEL_FOLDER)
    assert tuple(migrations.upgrade(database, "core", KERNEL_FOLDER)) == waiting
    assert migrations.pending(database, "core", KERNEL_FOLDER) == ()
    assert drift(database, "core") == []
    migrations.downgrade(database, "core", KERNEL_FOLDER)
    assert sa.inspect(database.engine).get_table_names() == ["core_alembic_version"]
    migrations.upgrade(database, "core", KERNEL_FOLDER)
    assert drift(database, "core") == []
    assert migrations.upgrade(database, "core", KERNEL_FOLDER) == []


def test_drift_names_what_differs(database):
    migrations.upgrade(database, "core", KERNEL_FOLDER)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE core_tag ADD COLUMN extra INTEGER")
        connection.exec_driver_sql("DROP INDEX ix_core_change_at")
        connection.exec_driver_sql("CREATE TABLE core_stray (id INTEGER)")
        connection.exec_driver_sql("CREATE TABLE other_table (id INTEGER)")
        connection.exec_driver_sql("DROP TABLE core_share")
    assert sorted(drift(database, "core")) == [
        "column core_tag.extra has no model",
        "missing index core_change.ix_core_change_at",
        "missing table core_share",
        "table core_stray has no model",
    ]


def test_a_generated_revision_makes_what_the_models_say(database, zoo):
    migrations.upgrade(database, "zoo", zoo)
    assert drift(database, "zoo") == []
    assert migrations.current(database, "zoo") == ("0001",)
    names = {i["name"] for i in sa.inspect(database.engine).get_indexes("zoo_animal")}
    assert {"ix_zoo_animal_name_key", "ix_zoo_animal_born", "uq_zoo_animal_code", "ix_zoo_animal_owner"} <= names
    migrations.downgrade(database, "zoo", zoo)
    migrations.upgrade(database, "zoo", zoo)
    assert drift(database, "zoo") == []


def test_missing_values_come_first_in_the_indexes_on_postgresql(database, zoo):
    migrations.upgrade(database, "zoo", zoo)
    if database.is_sqlite:
        return
    with database.engine.connect() as connection:
        ddl = connection.scalar(sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_zoo_animal_born'"))
    assert "(born NULLS FIRST, id, access_id)" in ddl


def test_indexes_of_custom_fields_are_no_drift(database, zoo):
    migrations.upgrade(database, "zoo", zoo)
    value = "json_extract(custom, '$.cf__x')" if database.is_sqlite else "(custom ->> 'cf__x')"
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE INDEX cf_zoo_animal_cf__x ON zoo_animal ({value}, id)")
        connection.exec_driver_sql(f"CREATE UNIQUE INDEX cf_zoo_animal_cf__y ON zoo_animal ({value})")
    assert drift(database, "zoo") == []


def test_a_plugin_whose_name_begins_like_another_is_told_apart(database, zoo):
    migrations.upgrade(database, "zoo", zoo)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE zoo_shop_ticket (id INTEGER)")
    assert drift(database, "zoo", others=["zoo_shop"]) == []
    assert drift(database, "zoo") == ["table zoo_shop_ticket has no model"]


def test_a_second_revision_holds_the_difference_only(database, zoo):
    from sqlalchemy.orm import mapped_column

    animal = sys.modules["crm_zoo.models"].Animal
    animal.legs = mapped_column(sa.Integer, nullable=True)
    path = write_revision("zoo", zoo, "Count the legs")
    text = path.read_text()
    assert path.name == "0002_count_the_legs.py"
    assert 'down_revision = "0001"' in text
    assert "legs" in text and "create_table" not in text
    migrations.upgrade(database, "zoo", zoo)
    assert drift(database, "zoo") == []
    assert "legs" in columns(database, "zoo_animal")
    migrations.downgrade(database, "zoo", zoo, "0001")
    assert "legs" not in columns(database, "zoo_animal")


def test_nothing_to_write_is_said(zoo):
    from crm_core.errors import Conflict

    with pytest.raises(Conflict, match="agree"):
        write_revision("zoo", zoo, "again")
    first = write_revision("zoo", zoo, "by hand", empty=True)
    assert first.name == "0002_by_hand.py"
    assert write_revision("zoo", zoo, "by hand too", empty=True, replace=True).name == "0002_by_hand_too.py"
    assert not first.exists()


def test_crm_dev_revision_writes_and_refuses_in_words(zoo):
    from click.testing import CliRunner

    from crm_core.cli import cli

    refused = CliRunner().invoke(cli, ["dev", "revision", "zoo", "again"])
    assert (refused.exit_code, "nothing to write" in refused.stderr) == (1, True)
    written = CliRunner().invoke(cli, ["dev", "revision", "zoo", "by hand", "--empty"])
    assert (written.exit_code, "0002_by_hand.py" in written.stdout) == (0, True)
    unknown = CliRunner().invoke(cli, ["dev", "revision", "ghosts", "x"])
    assert (unknown.exit_code, "not installed" in unknown.stderr) == (1, True)


REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "{revision}"
down_revision = {down}
def upgrade():
    {up}
def downgrade():
    pass
"""


def write(folder, revision, up, down=None):
    folder.mkdir(exist_ok=True)
    (folder / f"{revision}.py").write_text(REVISION.format(revision=revision, down=repr(down), up=up))


def test_a_failing_revision_leaves_nothing_behind_and_names_the_plugin(database, tmp_path):
    folder = tmp_path / "broken"
    write(folder, "a", 'op.create_table("broken_one", sa.Column("id", sa.Integer, primary_key=True))')
    write(folder, "b", 'op.execute("SELECT nonsense FROM nowhere")', down="a")
    with pytest.raises(MigrationError, match="broken: a migration failed and nothing of it was kept") as caught:
        migrations.upgrade(database, "broken", folder)
    assert caught.value.plugin == "broken"
    assert "broken_one" not in sa.inspect(database.engine).get_table_names()
    assert migrations.current(database, "broken") == ()


def test_a_database_newer_than_the_package_is_refused_in_words(database, tmp_path):
    folder = tmp_path / "moved"
    write(folder, "a", "pass")
    write(folder, "b", "pass", down="a")
    migrations.upgrade(database, "moved", folder)
    (folder / "b.py").unlink()
    for call in (migrations.pending, migrations.upgrade):
        with pytest.raises(MigrationError, match="the database and the installed version don't fit"):
            call(database, "moved", folder)


def test_processes_that_start_together_migrate_once(database, tmp_path):
    code = """
        import sys
        from crm_core.db import Database
        from crm_core import migrations
        database = Database(sys.argv[1])
        print(len(migrations.upgrade(database, "core", migrations.KERNEL_FOLDER)))
    """
    url = database.url.render_as_string(hide_password=False)
    start = [sys.executable, "-c", textwrap.dedent(code), url]
    both = [subprocess.Popen(start, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    revisions = list(migrations.scripts(migrations.KERNEL_FOLDER).walk_revisions())
    assert sorted(int(p.communicate()[0]) for p in both) == [0, len(revisions)]


def test_copying_a_table_on_sqlite_keeps_its_children_index_and_search(zoo, tmp_path):
    database = Database(f"sqlite:///{tmp_path}/copy.sqlite3")
    migrations.upgrade(database, "zoo", zoo)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX cf_zoo_animal_x ON zoo_animal (json_extract(custom, '$.x'), id)")
        connection.exec_driver_sql(
            "INSERT INTO zoo_animal (id, name, name_key, version, created_at, updated_at, visibility, access_id,"
            " custom, search_text) VALUES (7, 'Rex', 'rex', 1, '2026-01-01', '2026-01-01', 'read', 1, '{}', ' rex')"
        )
        connection.exec_driver_sql("INSERT INTO zoo_tail (id, position, parent_id, colour_key) VALUES (1, 0, 7, '')")
    batch = 'with op.batch_alter_table("zoo_animal", recreate="always") as t:\n        t.drop_column("weight")'
    write(zoo, "0002", batch, down="0001")
    migrations.upgrade(database, "zoo", zoo)
    assert "weight" not in columns(database, "zoo_animal")
    with database.engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM zoo_tail")) == 1
        assert connection.scalar(sa.text("SELECT count(*) FROM sqlite_master WHERE name = 'cf_zoo_animal_x'")) == 1
        connection.exec_driver_sql("UPDATE zoo_animal SET search_text = ' waldi' WHERE id = 7")
        match = "SELECT rowid FROM zoo_animal_fts WHERE search_text LIKE '%wald%'"
        assert connection.scalar(sa.text(match)) == 7
        assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
    database.dispose()


def test_a_migration_that_breaks_references_is_rolled_back_on_sqlite(zoo, tmp_path):
    database = Database(f"sqlite:///{tmp_path}/refs.sqlite3")
    migrations.upgrade(database, "zoo", zoo)
    insert = "INSERT INTO zoo_tail (id, position, parent_id, colour_key) VALUES (1, 0, 99, '')"
    write(zoo, "0002", f'op.execute("{insert}")', down="0001")
    with pytest.raises(MigrationError, match="zoo_tail refers to a row of zoo_animal"):
        migrations.upgrade(database, "zoo", zoo)
    assert migrations.current(database, "zoo") == ("0001",)
    database.dispose()


def test_installed_plugins_have_no_drift(database):
    """Every plugin in this repository: its revisions make exactly what its models say."""
    manifests = [f.manifest for f in installed() if f.manifest and f.manifest.migrations.is_dir()]
    for manifest in in_order(manifests)[0]:
        importlib.import_module(manifest.module)
        migrations.upgrade(database, manifest.name, manifest.migrations)
        assert drift(database, manifest.name, [m.name for m in manifests]) == []
        migrations.downgrade(database, manifest.name, manifest.migrations)
        migrations.upgrade(database, manifest.name, manifest.migrations)
