"""Doctor, backup and restore."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm_core import files
from crm_core.backup import BackupError, backup, restore
from crm_core.db import Base, Database
from crm_core.errors import Conflict, CrmError
from crm_core.models import Tag, User
from crm_core.plugin_loading import forget_models
from crm_core.switching import initialise


@pytest.fixture
def filled(crm, both):
    """A deployment with a record, a custom field and a stored file."""
    both.run("field", "add", "contacts", "score", "integer", "--label", "Score", "--indexed")
    both.run(
        "record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=King", "cf.score=7", 'tags=["vip"]'
    )
    with crm.as_user(crm.admin) as ctx:
        files.store(ctx, io.BytesIO(b"some notes"), "notes.txt", max_bytes=1000)
    return crm


@pytest.fixture
def elsewhere(crm, tmp_path, request):
    """An empty deployment of the same kind."""
    url = "" if crm.database.is_sqlite else request.getfixturevalue("empty_postgres")
    config = replace(crm.config, home=tmp_path / "elsewhere", database_url=url)
    database = Database(config.url)
    yield database, config
    database.dispose()


def rows(database):
    """Every row of every table, as text, without what a running server writes on its own."""
    found = {}
    with database.reader.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            if "_fts" not in table and table != "core_worker":
                found[table] = sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{table}"')))
    return found


def indexes(database):
    """The names of all indexes that have one."""
    query = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    if not database.is_sqlite:
        query = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
    with database.reader.connect() as connection:
        return sorted(connection.exec_driver_sql(query).scalars())


NOTES = """# /// crm-plugin
# name = "jotting"
# title = "Jottings"
# core = ">=0.1"
# ///
from sqlalchemy.orm import Mapped

from crm_core.api import *


class Jotting(Record):
    __tablename__ = "jotting_note"
    __entity__ = entity("jotting.note", label="Note", plural="Notes", slug="jottings", title="name")
    name: Mapped[str | None] = field(Text(80), label="Name")


@hookimpl
def crm_contribute():
    return [Jotting]
"""


def test_a_plugin_of_a_single_file_gets_revisions_and_comes_back_from_an_archive(crm, both, tmp_path, request):
    place = crm.config.plugins / "jotting.py"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(NOTES, "utf-8")
    try:
        written = both.run("dev", "revision", "jotting", "initial").stdout.strip()
        assert written.endswith("plugins/jotting/migrations/0001_initial.py")
        both.run("plugin", "enable", "jotting", "--yes")
        both.run("record", "create", "jottings", "name=buy milk")
        assert both.run("plugin", "check", "jotting").exit_code == 0
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(shutil, "which", lambda name: None)
            backup(crm.database, crm.config, tmp_path / "crm.tar.gz")
        database, config = request.getfixturevalue("elsewhere")
        if not database.is_sqlite:
            with pytest.raises(CrmError, match="jotting"):
                restore(database, config, tmp_path / "crm.tar.gz")
        shutil.copytree(crm.config.plugins, config.plugins)
        restore(database, config, tmp_path / "crm.tar.gz")
        with database.reader.connect() as connection:
            assert connection.exec_driver_sql("SELECT name FROM jotting_note").scalars().all() == ["buy milk"]
    finally:
        mappers = [m for m in filter(None, Base.registry.mappers) if m.class_.__module__ == "crm_local_jotting"]
        forget_models(mappers, [t for t in Base.metadata.tables if t.startswith("jotting_")])
        sys.modules.pop("crm_local_jotting", None)


@pytest.mark.parametrize("way", ["as it is", "copy"])
def test_a_backup_restored_elsewhere_is_the_same(filled, elsewhere, tmp_path, monkeypatch, way):
    if way == "copy":
        monkeypatch.setattr(shutil, "which", lambda name: None)
    archive = tmp_path / "crm.tar.gz"
    made = backup(filled.database, filled.config, archive)
    assert archive.stat().st_mode & 0o077 == 0
    database, config = elsewhere
    read = restore(database, config, archive)
    assert read == made
    assert rows(database) == rows(filled.database)
    initialise(database, config)
    assert indexes(database) == indexes(filled.database)
    assert "cf_contacts_contact_cf__score" in indexes(database)
    stored = [p for p in config.files.glob("*/*/*") if p.is_file()]
    assert [p.read_bytes() for p in stored] == [b"some notes"]
    with database.transaction() as session:  # numbering goes on, and the search index is alive
        session.add(User(email="new@example.com", name="New"))
        session.add(Tag(name="new", key="new"))
    from crm_core.deployment import Deployment
    from crm_core.records import ListQuery, create, list_

    opened = Deployment(config, database)
    with opened.operation(opened.system_actor()) as ctx:
        create(ctx, "contacts", {"kind": "person", "first_name": "Ada", "last_name": "Queen"})
        assert [r.title for r in list_(ctx, "contacts", ListQuery(q="kin")).items] == ["Ada King"]
        assert [r.title for r in list_(ctx, "contacts", ListQuery(q="quee")).items] == ["Ada Queen"]


def test_a_database_that_is_not_empty_is_overwritten_only_when_told(filled, both, tmp_path):
    archive = str(tmp_path / "crm.tar.gz")
    assert "1 stored files" in both.run("backup", archive).stdout
    before = rows(filled.database)
    both.run("record", "create", "contacts", "kind=person", "first_name=Ada", "last_name=Later")
    assert "not empty" in both.fails("restore", archive)
    assert both.run("restore", archive, "--force", input="n\n", code=1)
    assert rows(filled.database) != before
    both.run("restore", archive, "--force", "--yes")
    assert rows(filled.database) == before
    with pytest.raises(Conflict):
        restore(filled.database, filled.config, tmp_path / "crm.tar.gz")


def test_archives_that_cannot_be_used_change_nothing(sqlite_crm, program, tmp_path):
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(b"not an archive")
    assert "can't be read" in program.fails("restore", str(path), "--force", "--yes")
    for manifest in ({"format": 99}, {}, {"format": 1, "nonsense": 2}):
        with tarfile.open(path, "w:gz") as tar:
            text = json.dumps(manifest).encode()
            info = tarfile.TarInfo("manifest.json")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        assert "not an archive of this version" in program.fails("restore", str(path), "--force", "--yes")
    with pytest.raises(BackupError):
        backup(sqlite_crm.database, sqlite_crm.config, tmp_path / "nowhere" / "x.tar.gz")
    assert program.json("plugin", "list")


def test_an_archive_of_another_kind_of_database_is_refused(sqlite_crm, tmp_path, postgres_url):
    archive = tmp_path / "crm.tar.gz"
    backup(sqlite_crm.database, sqlite_crm.config, archive)
    other = Database(postgres_url)
    with pytest.raises(BackupError, match="another kind"):
        restore(other, sqlite_crm.config, archive)
    other.dispose()


def test_a_backup_that_fails_leaves_the_old_archive(sqlite_crm, tmp_path, monkeypatch):
    archive = tmp_path / "crm.tar.gz"
    archive.write_bytes(b"the old one")

    def broken(*args, **options):
        raise OSError("disk full")

    monkeypatch.setattr(tarfile.TarFile, "add", broken)
    with pytest.raises(BackupError, match="disk full"):
        backup(sqlite_crm.database, sqlite_crm.config, archive)
    assert archive.read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".crm-backup")] == []


def levels(program, code=0):
    result = program.run("doctor", "--json", code=code)
    return {c["name"]: c["level"] for c in json.loads(result.stdout)}


def test_the_doctor_finds_a_sound_deployment_sound(both):
    found = levels(both)
    assert {found[n] for n in ("database", "tables", "plugin contacts", "drift", "search", "clock", "files")} == {"ok"}
    assert found["mail"] == "warning"


def test_the_doctor_sees_drift_and_a_search_index_that_lags(sqlite_crm, program):
    with sqlite_crm.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE core_tag ADD COLUMN extra INTEGER")
        connection.exec_driver_sql("DROP TRIGGER contacts_contact_fts_i")
    found = levels(program, code=1)
    assert (found["drift core"], found["search"]) == ("warning", "error")
    assert "contacts_contact rebuilt" in program.run("doctor", "--repair").stdout
    assert levels(program)["search"] == "ok"


def test_the_doctor_speaks_of_mail_and_addresses(program, monkeypatch):
    monkeypatch.setenv("CRM_SMTP_URL", "smtp://mail.example.com:2525")
    monkeypatch.setenv("CRM_BASE_URL", "https://crm.example.com")
    text = program.run("doctor").stdout
    assert "mail.example.com:2525" in text and "CRM_SECURE_COOKIES=1" in text


def test_the_doctor_works_when_nothing_else_does(blank, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    monkeypatch.setenv("CRM_DATABASE_URL", "postgresql://nobody:hunter@127.0.0.1:1/none")
    text = blank.run("doctor", code=1).stdout
    assert "does not answer" in text and "hunter" not in text
    monkeypatch.setenv("CRM_DATABASE_URL", "")
    assert "crm init" in blank.run("doctor", code=1).stdout


def test_the_doctor_names_a_plugin_that_is_missing(sqlite_crm, program):
    from crm_core.models import PluginRow

    with sqlite_crm.database.transaction() as session:
        session.add(PluginRow(name="ghost", wanted=True, seeded=[]))
    assert levels(program, code=1)["plugin ghost"] == "error"


def test_pg_dump_is_used_where_it_is_there(crm, tmp_path):
    if crm.database.is_sqlite or shutil.which("pg_dump") is None:
        return
    assert backup(crm.database, crm.config, tmp_path / "x.tar.gz").database in ("pg_dump", "copy")
