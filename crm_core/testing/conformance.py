"""What every plugin has to hold to, as tests of the plugin's project.

Its ``tests/test_conformance.py`` is one line::

    from crm_core.testing.conformance import *  # noqa: F403

A record of each entity is made with values found out from the fields. Where a rule wants more, ``tests/conftest.py``
says what: a fixture ``samples`` that returns ``{"fleet.vehicle": {"plate": "AB-123-CD"}}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.routing import Rule

from crm_core import migrations, records, switching
from crm_core.change import Change
from crm_core.contributions import MenuItem, Tab
from crm_core.db import KERNEL, Base
from crm_core.discovery import installed
from crm_core.drift import drift
from crm_core.manifest import Manifest
from crm_core.models import Incident
from crm_core.plugin_loading import tables_of
from crm_core.testing import inspection
from crm_core.testing.deployments import TestDeployment
from crm_core.testing.samples import Samples, make_sample
from crm_core.testing.sources import Project

STATEMENTS = 10
"""How many statements a hook may send when it is asked about a record that is not the plugin's."""


# ---------------------------------------------------------------- which plugin


@pytest.fixture
def manifest(crm_project: Project | None, crm_on_path: None) -> Manifest:
    """What the plugin under test says about itself."""
    assert crm_project is not None, 'the test\'s project declares no plugin: [project.entry-points."crm.plugins"]'
    name = next(iter(crm_project.plugins))
    found = next((f for f in installed() if f.name == name), None)
    assert found is not None, f"{name} is not found; install the project: pip install -e {crm_project.folder}"
    assert found.manifest is not None, found.error
    return found.manifest


def _entities(crm: TestDeployment, name: str) -> list[str]:
    return [key for key, one in crm.registry.entities.items() if one.plugin == name]


# ---------------------------------------------------------------- what it is made of


def test_the_manifest_and_the_readme_say_what_it_is(manifest: Manifest, crm_project: Project) -> None:
    """Title, summary and a fitting version of the core; the README says how to remove it."""
    assert manifest.title and manifest.summary and manifest.fits_core
    readme = crm_project.folder / "README.md"
    assert readme.is_file(), "there is no README.md"
    assert "remove" in readme.read_text("utf-8").lower(), "README.md does not say how to remove the plugin"


def test_only_the_facade_is_imported(manifest: Manifest) -> None:
    """``crm_core.api``, and the ``api`` of the plugins it requires or comes after; nothing else of the CRM."""
    assert inspection.private_imports(manifest) == []


def test_texts_are_translated(manifest: Manifest) -> None:
    """Each catalogue the plugin ships has every text, with the same parameters."""
    assert inspection.untranslated(manifest) == []


def test_what_it_contributes_has_words(sqlite_crm: TestDeployment, manifest: Manifest) -> None:
    """Whatever people see has a label; options say what they do."""
    mine = [i for i in inspection.contributions(sqlite_crm.registry, manifest.name)]
    mine += [i for i in sqlite_crm.registry.dormant if i.plugin == manifest.name]
    assert mine, "the plugin contributes nothing"
    nameless = [repr(item)[:120] for item in mine if getattr(item, "label", "-") in ("", {})]
    assert nameless == []


def test_tables_carry_its_name(sqlite_crm: TestDeployment, manifest: Manifest) -> None:
    """Every table of the plugin's models begins with its name, so that none clashes and all are found again."""
    package = manifest.module.partition(".")[0]
    own = {m.local_table for m in Base.registry.mappers if m.class_.__module__.partition(".")[0] == package}
    names = [getattr(t, "name", "") for t in own]
    assert [n for n in names if not n.startswith(f"{manifest.name}_")] == []


# ---------------------------------------------------------------- its tables, and what happens to its rows


def test_revisions_make_the_tables_and_take_them_away(crm: TestDeployment, manifest: Manifest) -> None:
    """Up, there is what the models say; down, nothing of the plugin's is left; up again, all is there again."""
    others = [f.name for f in installed() if f.name != manifest.name]
    assert drift(crm.database, manifest.name, others) == []
    if not manifest.migrations.is_dir():
        return
    migrations.downgrade(crm.database, manifest.name, manifest.migrations)
    with crm.database.reader.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())
    assert there & set(tables_of(manifest.name, others)) == set()
    migrations.upgrade(crm.database, manifest.name, manifest.migrations)
    assert drift(crm.database, manifest.name, others) == []


def test_turning_it_off_and_on_keeps_every_row(crm: TestDeployment, manifest: Manifest, samples: Samples) -> None:
    """What was entered is there again, unchanged; meanwhile its pages are gone."""
    made = {key: make_sample(crm, key, samples) for key in _entities(crm, manifest.name)}
    before = {key: _values(crm, key, made[key]) for key in made}
    slugs = [crm.registry.entities[key].slug for key in made]
    switching.disable(crm.database, crm.config, manifest.name)
    client = crm.client_of(crm.admin)
    assert manifest.name not in crm.registry.plugins
    assert [client.get(f"/{slug}").status_code for slug in slugs] == [404] * len(slugs)
    switching.enable(crm.database, crm.config, manifest.name)
    crm.refresh(force=True)
    assert {key: _values(crm, key, made[key]) for key in made} == before


def _values(crm: TestDeployment, entity: str, record_id: int) -> dict[str, Any]:
    keys = [k for k, f in crm.registry.fields(entity).items() if f.storage != "computed"]
    with crm.as_user(crm.admin) as ctx:
        return dict(records.read(ctx, entity, record_id, keys).values)


# ---------------------------------------------------------------- its pages and routes


def test_every_route_has_a_permission(sqlite_crm: TestDeployment, manifest: Manifest) -> None:
    """Each page of its own says who may call it, and shows strangers nothing unless it is marked public."""
    app = sqlite_crm.wsgi.app
    stranger = sqlite_crm.client_of(None)
    for rule in _rules(sqlite_crm, manifest.name):
        access = getattr(app.view_functions[rule.endpoint], "crm_access", None)
        assert access is not None, f"{rule.rule} does not say who may call it"
        if access in ("user", "admin") and not rule.arguments and "GET" in (rule.methods or ()):
            assert stranger.get(rule.rule).status_code in (302, 303, 401, 403), rule.rule


def _rules(crm: TestDeployment, name: str) -> Iterator[Rule]:
    app = crm.wsgi.app
    for rule in app.url_map.iter_rules():
        mine = app.extensions["crm_pages"].get(rule.endpoint.rpartition(".")[0]) == name
        if mine and not rule.endpoint.endswith(".static"):
            yield rule


def test_every_entity_answers_everyone(crm: TestDeployment, manifest: Manifest, samples: Samples) -> None:
    """List, record, form and REST answer administrators, users and strangers: with the page, or with a clear no."""
    user = crm.add_user("conformance@example.org", "Sample Person")
    made = {key: make_sample(crm, key, samples) for key in _entities(crm, manifest.name)}
    for person in (crm.admin, user, None):
        client = crm.client_of(person)
        head = {"Authorization": f"Bearer {crm.token_of(person)}"} if person else {}
        for key, record_id in made.items():
            for path in _pages(crm, key, record_id):
                status = client.get(path, headers=head if path.startswith("/api/") else {}).status_code
                assert _fits(crm, person, status), f"{path} answers {status} to {_who(crm, person)}"
            if person:
                answer = client.post(f"/api/v1/{crm.registry.entities[key].slug}", json={"no_field": 1}, headers=head)
                assert 400 <= answer.status_code < 500, f"POST {key} with nonsense: {answer.status_code}"
    assert _incidents(crm, manifest.name) == []


def test_every_page_of_its_own_answers(sqlite_crm: TestDeployment, manifest: Manifest, samples: Samples) -> None:
    """Menu entries lead somewhere, pages without parameters open, and nothing goes wrong beneath them."""
    client = sqlite_crm.client_of(sqlite_crm.admin)
    pages = [r.rule for r in _rules(sqlite_crm, manifest.name) if not r.arguments and "GET" in (r.methods or ())]
    pages += [i.url for i in sqlite_crm.registry.of(MenuItem) if i.plugin == manifest.name]
    assert {p: s for p in ["/", *pages] if (s := client.get(p).status_code) >= 400} == {}
    for tab in (t for t in sqlite_crm.registry.of(Tab) if t.plugin == manifest.name):
        record_id = make_sample(sqlite_crm, tab.entity, samples)
        url = f"/{sqlite_crm.registry.entities[tab.entity].slug}/{record_id}?tab={tab.key}"
        assert client.get(url).status_code in (200, 404), url
    assert _incidents(sqlite_crm, manifest.name) == []


def _pages(crm: TestDeployment, entity: str, record_id: int) -> list[str]:
    definition = crm.registry.entities[entity]
    slug = definition.slug
    found = [f"/{slug}", f"/{slug}?look=cards", f"/{slug}/{record_id}", f"/{slug}/{record_id}/card"]
    found += [f"/{slug}/{record_id}?tab={t.key}" for t in crm.registry.of(Tab) if t.entity == entity]
    found += [f"/{slug}/new", f"/{slug}/{record_id}/edit"] if definition.creatable else []
    rest = f"/api/v1/{slug}"
    return [*found, rest, f"{rest}/{record_id}", f"{rest}/{record_id}/history"]


def _fits(crm: TestDeployment, person: int | None, status: int) -> bool:
    if person is None:
        return status in (302, 303, 401, 403, 404)
    return status in (200, 404) if person == crm.admin else status < 500


def _who(crm: TestDeployment, person: int | None) -> str:
    return "a stranger" if person is None else "the administrator" if person == crm.admin else "a user"


def _incidents(crm: TestDeployment, name: str) -> list[str]:
    """Return what went wrong in the plugin without stopping the work; how long something took is left out."""
    rows = sa.select(Incident.where, Incident.message).where(Incident.plugin == name)
    with crm.database.transaction(write=False) as session:
        found = session.execute(rows, execution_options=KERNEL).all()
    return [f"{where}: {message}" for where, message in found if "took" not in message]


# ---------------------------------------------------------------- its hooks


def test_hooks_leave_other_records_in_peace(sqlite_crm: TestDeployment, manifest: Manifest, samples: Samples) -> None:
    """Asked about records of other modules, its hooks don't raise and send few statements."""
    crm = sqlite_crm
    foreign = [k for k, e in crm.registry.entities.items() if e.plugin != manifest.name and e.creatable]
    asked = crm.registry.hooks.implementations
    for entity in foreign:
        record_id = make_sample(crm, entity, samples)
        for hook in inspection.ASKED:
            for function, names in ((f, n) for plugin, f, n in asked.get(hook, ()) if plugin == manifest.name):
                with crm.as_user(crm.admin) as ctx:
                    given = inspection.arguments(ctx, hook, _change(ctx, entity, record_id))
                    with crm.statements() as sent:
                        list(function(**{n: given[n] for n in names}) or ())
                assert len(sent) <= STATEMENTS, f"{hook} sends {len(sent)} statements for a record of {entity}"


def _change(ctx: Any, entity: str, record_id: int) -> Change:
    record = records.get(ctx, entity, record_id)
    definition = ctx.registry.entity(entity)
    return Change(definition, "update", record, {}, records.values_of(ctx, definition, record))


__all__ = ["manifest", *[name for name in globals() if name.startswith("test_")]]
