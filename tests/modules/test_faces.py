"""Modules by page, REST and command line: plans first, then the same thing done by each."""

from __future__ import annotations

import json
import zipfile

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from crm_core import plugin_data, records, uninstalling
from crm_core.cli import cli
from crm_core.errors import Conflict
from crm_core.models import Change, ListEntry, PluginRow
from crm_core.plugin_states import State
from tests.modules.conftest import Browser, anew, turn


@pytest.fixture
def run(crm, monkeypatch):
    """Run ``crm plugin …`` on the deployment."""
    monkeypatch.setenv("CRM_HOME", str(crm.config.home))
    monkeypatch.setenv("CRM_DATABASE_URL", crm.config.url)

    def call(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(cli, ["plugin", *words])
        assert (done.exit_code != 0) is fails, done.output
        return done.output

    return call


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_turning_on_shows_first_what_it_adds_and_pulls_in(zoo, admin, folder, run):
    folder("keeper", "@hookimpl\ndef crm_contribute():\n    return []\n", requires=["zoo"])
    words = ("zoo_animal", "Animals", "Favourite animal", "Count animals", "What they eat", "Kinds of animal")
    anew(zoo)
    page = admin.get("/settings/plugins/keeper/enable")
    assert [w for w in words if w not in page.text] == [] and page.status_code == 200
    plan = admin.get("/api/v1/plugins/keeper/enable").json["items"]
    assert [one["name"] for one in plan] == ["zoo", "keeper"]
    assert {p["kind"] for p in plan[0]["adds"]} >= {"tables", "entities", "fields", "menu", "tabs", "jobs", "settings"}
    done = json.loads(run("enable", "keeper", "--yes", "--json"))
    assert done["enabled"] == ["zoo", "keeper"] and len(done["plan"]) == 2
    zoo.refresh(force=True)
    assert admin.get("/settings/plugins/zoo/disable").text.count("Keeper needs it") == 1
    refused = admin.send("POST", "/api/v1/plugins/zoo/disable")
    assert (refused.status_code, "Keeper" in refused.json["detail"]) == (409, True), refused.json
    assert "Keeper needs it" in run("disable", "zoo", "--yes", fails=True)
    assert admin.send("POST", "/api/v1/plugins/keeper/disable").status_code == 204
    gone = run("disable", "zoo", "--yes")
    assert "Favourite animal" in gone and "Animals" in gone


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_list_info_and_page_agree_in_every_state(zoo, admin, folder, run):
    folder("broken", "raise RuntimeError('no water')")
    turn(zoo, on="zoo")
    with zoo.database.transaction() as session:
        session.add(PluginRow(name="broken", wanted=True, version="1", seeded=[]))
        session.add(PluginRow(name="gone", wanted=True, version="1", seeded=[]))
        session.add(PluginRow(name="past", wanted=False, version="1", seeded=[]))
    anew(zoo)
    listed = {one["name"]: one for one in admin.get("/api/v1/plugins").json["items"]}
    states = {"zoo": "active", "broken": "broken", "gone": "missing", "past": "missing", "contacts": "active"}
    assert {n: listed[n]["state"] for n in states} == states
    assert {one["name"]: one["state"] for one in json.loads(run("list", "--json"))} == {
        n: one["state"] for n, one in listed.items()
    }
    for name in states:
        assert admin.get(f"/settings/plugins/{name}").status_code == 200
        assert json.loads(run("info", name, "--json"))["state"] == states[name]
    assert "no water" in admin.get("/settings/plugins/broken").text
    assert "crm plugin forget past" in admin.get("/settings/plugins/past").text
    user = Browser(zoo, zoo.add_user("eve@example.org", "Eve"))
    pages = ("/settings/plugins", "/settings/plugins/zoo", "/settings/plugins/zoo/uninstall", "/api/v1/plugins")
    assert [user.get(p).status_code for p in pages] == [403] * 4
    assert user.post("/settings/plugins/zoo/disable").status_code == 403
    assert zoo.statuses["zoo"].state is State.ACTIVE
    assert admin.get("/settings/plugins/nothing").status_code == 404
    assert admin.send("POST", "/api/v1/plugins/nothing/enable").status_code == 404


@pytest.fixture
def lived_in(zoo):
    """The zoo with something in each place a module leaves things."""
    turn(zoo, on="zoo")
    zoo.made = [zoo.make("zoo.animal", name=name, kind="cat") for name in ("Mog", "Tom")]
    values = {"zoo.pet": "cat", "zoo.animals": zoo.made}
    zoo.contact = zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **values)
    return zoo


def test_uninstalling_counts_first_takes_an_archive_and_leaves_only_the_history(lived_in, admin, run, tmp_path):
    counted = admin.get("/api/v1/plugins/zoo/uninstall").json
    found = {(one["kind"], one["name"]): one["count"] for one in counted["holdings"]}
    assert found["rows", "zoo_animal"] == 2
    assert found["values", "contacts_contact: zoo__pet"] == 1
    assert found["values", "contacts_contact_link: zoo.animals"] == 2
    assert found["list_entries", ""] == 1 and counted["possible"]
    page = admin.get("/settings/plugins/zoo/uninstall").text
    assert "zoo_animal" in page and "export.zip" in page
    assert admin.get("/settings/plugins/zoo/export.zip?format=csv").data[:2] == b"PK"
    dry = run("uninstall", "zoo", "--dry-run", "--export", str(tmp_path / "zoo.zip"))
    assert "zoo_animal" in dry
    with zipfile.ZipFile(tmp_path / "zoo.zip") as archive:
        rows = [json.loads(line) for line in archive.read("zoo_animal.jsonl").splitlines()]
        assert [row["name"] for row in rows] == ["Mog", "Tom"]
        assert b"cat" in archive.read("values of contacts_contact.jsonl")
    lived_in.refresh(force=True)
    assert lived_in.statuses["zoo"].state is State.ACTIVE
    run("uninstall", "zoo", "--yes")
    nothing_left(lived_in)
    turn(lived_in, on="zoo")
    assert admin.get("/api/v1/animals").json["items"] == []


def nothing_left(crm) -> None:
    """Check that of the zoo only the history is there, and the contact as it was."""
    crm.refresh(force=True)
    assert [t for t in sa.inspect(crm.database.engine).get_table_names() if t.startswith("zoo_")] == []
    with crm.database.transaction(write=False) as session:
        assert session.get(PluginRow, "zoo") is None
        assert list(session.scalars(sa.select(ListEntry).where(ListEntry.list.startswith("zoo")))) == []
        assert session.scalar(sa.select(sa.func.count()).where(Change.entity == "zoo.animal")) == 2
    own = plugin_data.Belongings("zoo", {}, frozenset({"contacts", "core"}))
    with crm.database.reader.connect() as connection:
        assert plugin_data.holdings(connection, own) == []
    with crm.as_user(crm.admin) as ctx:
        assert records.read(ctx, "contacts.contact", crm.contact).values["last_name"] == "Example"


def test_what_is_left_of_a_module_whose_package_is_gone_can_be_removed(lived_in, admin, folder, run):
    assert "is installed" in run("forget", "zoo", "--yes", fails=True)
    turn(lived_in, off="zoo")
    folder.path.joinpath("zoo").rename(folder.path.parent / "elsewhere")
    anew(lived_in)
    assert lived_in.statuses["zoo"].state is State.MISSING
    with pytest.raises(Conflict, match="crm plugin forget zoo"):
        uninstalling.uninstall(lived_in.database, lived_in.config, "zoo")
    assert "zoo_animal" in admin.get("/settings/plugins/zoo/forget").text
    assert admin.post("/settings/plugins/zoo/forget").status_code == 303
    nothing_left(lived_in)


def test_tables_that_others_refer_to_stay(lived_in, run):
    with lived_in.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE ark_cabin (id INTEGER PRIMARY KEY, a BIGINT REFERENCES zoo_animal(id))"
        )
    assert "ark_cabin refers to" in run("uninstall", "zoo", "--yes", fails=True)
    lived_in.refresh(force=True)
    assert lived_in.statuses["zoo"].state is State.ACTIVE


PHRASES = """
def page():
    import flask
    made = flask.Blueprint("{name}", __name__)

    @made.get("/words")
    @signed_in
    def words():
        return gettext("Bank") + " " + gettext("Save") + " " + flask.render_template("{name}/words.html")
    return made

@hookimpl
def crm_contribute():
    return [BlueprintDef(blueprint=page), MenuItem(label=N_("Bank"), url="/{name}/words")]
"""


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_equal_messages_of_two_modules_are_translated_by_each(crm, folder):
    words = {"money": "Banque", "river": "Rive"}
    for name, french in words.items():
        catalogue = f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8"\n\nmsgid "Bank"\nmsgstr "{french}"\n'
        shown = {"translations/fr.po": catalogue, f"templates/{name}/words.html": '{{ _("Bank") }} {{ _("Save") }}'}
        folder(name, PHRASES.format(name=name), files=shown, title="Bank")
    for name in words:
        turn(crm, on=name)
    eve = Browser(crm, crm.add_user("eve@example.org", "Eve"))
    assert eve.send("PATCH", "/api/v1/me", {"language": "fr"}).status_code == 200
    for name, french in words.items():
        assert eve.get(f"/{name}/words").text == f"{french} Enregistrer {french} Enregistrer"
        assert f'href="/{name}/words"' in eve.get("/").text
    assert [french in eve.get("/").text for french in words.values()] == [True, True]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_plans_notices_and_refusals_name_titles(zoo, admin, folder, run):
    """In the reader's language, also of a module that never ran; keys stay in REST."""
    french = 'msgid "Zoo"\nmsgstr "Ménagerie"\n\nmsgid "Animals"\nmsgstr "Animaux"\n'
    folder.path.joinpath("zoo", "translations").mkdir()
    folder.path.joinpath("zoo", "translations", "fr.po").write_text(french, "utf-8")
    folder("keeper", "@hookimpl\ndef crm_contribute():\n    return []\n", requires=["zoo"], title="Keepers")
    anew(zoo)
    boss = Browser(zoo, zoo.add_user("boss@example.org", "Boss", "crm_admin"))
    assert boss.send("PATCH", "/api/v1/me", {"language": "fr"}).status_code == 200
    assert "Ménagerie" in boss.get("/settings/plugins").text
    plan = admin.get("/settings/plugins/zoo/enable").text
    assert "Contacts: Favourite animal" in plan and "contacts.contact" not in plan
    fields = next(p for p in admin.get("/api/v1/plugins/zoo/enable").json["items"][0]["adds"] if p["kind"] == "fields")
    assert "Contacts: Favourite animal" in fields["names"]
    admin.post("/settings/plugins/keeper/enable")
    assert "Keepers is on" in admin.get("/settings/plugins").text
    refused = boss.get("/settings/plugins/zoo/disable").text
    assert "Keepers" in refused
    boss.post("/settings/plugins/zoo/disable")
    assert "Ménagerie ne peut pas" in boss.get("/").text
    turn(zoo, off="keeper")
    zoo.make("contacts.contact", kind="person", first_name="Ada", last_name="Example", **{"zoo.pet": "cat"})
    assert "Contacts: Favourite animal" in admin.get("/settings/plugins/zoo/uninstall").text
    assert "Zoo is off" in run("disable", "zoo", "--yes")
