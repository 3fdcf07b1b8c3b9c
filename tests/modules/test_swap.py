"""Applications are swapped while people work: who is inside ends on the old one, and what fails leaves it serving."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from crm_core.app import AppSwitch
from crm_core.deployment import Deployment
from crm_core.directory import touch
from crm_core.models import Incident
from tests.modules.conftest import Browser, turn

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])  # what is stored where is tested elsewhere

WAITING = """
import threading
ENTERED, GO = threading.Event(), threading.Event()

def page():
    import flask
    made = flask.Blueprint("patient", __name__)

    @made.get("/wait")
    @signed_in
    def wait():
        ENTERED.set()
        GO.wait(30)
        from crm_core.web.request import current
        ctx = current()
        return ctx.directory.setting("patient.word") + " of " + ", ".join(ctx.registry.plugins)
    return made

@hookimpl
def crm_contribute():
    return [
        BlueprintDef(blueprint=page),
        SettingDef(key="word", type=Text(40), label="Word", default="patience"),
    ]
"""


def test_a_request_inside_ends_on_the_application_it_began_with(crm, folder):
    folder("patient", WAITING)
    turn(crm, on="patient")
    ann, bob = Browser(crm, crm.admin), Browser(crm, crm.admin)
    module = sys.modules["crm_local_patient"]
    with ThreadPoolExecutor(1) as pool:
        inside = pool.submit(ann.get, "/patient/wait")
        assert module.ENTERED.wait(30)
        turn(crm, off="patient")
        assert bob.get("/patient/wait").status_code == 404
        assert bob.get("/").status_code == 200
        module.GO.set()
        answer = inside.result(30)
    assert (answer.status_code, answer.text) == (200, "patience of contacts, patient")
    assert ann.get("/patient/wait").status_code == 404


def test_every_process_follows_the_generation(crm, folder):
    folder("patient", WAITING)
    other = Deployment(crm.config)
    switch = AppSwitch(other)
    first = switch.current()[0]
    turn(crm, on="patient")
    other.refresh(force=True)
    assert "patient" in other.registry.plugins
    second = switch.current()[0]
    assert second is not first and switch.current()[0] is second
    assert any(rule.rule == "/patient/wait" for rule in second.url_map.iter_rules())
    other.close()


ONCE = """
def fail(state):
    if "home" in state.app.view_functions:
        raise RuntimeError("only once")

def page():
    import flask
    made = flask.Blueprint("once", __name__)
    made.record(fail)
    return made

@hookimpl
def crm_contribute():
    return [BlueprintDef(blueprint=page)]
"""


def incident_of(crm, plugin: str) -> Incident:
    """Return the incident of a plugin, which is written after the answer."""
    for _ in range(200):
        with crm.database.transaction(write=False) as session:
            found = session.scalar(sa.select(Incident).where(Incident.plugin == plugin, Incident.where == "build"))
            if found is not None:
                return found
        time.sleep(0.05)
    raise AssertionError("no incident")


def test_an_application_that_cannot_be_made_leaves_the_one_before_serving(crm, folder, admin):
    before = crm.wsgi.app
    folder("once", ONCE)
    turn(crm, on="once")
    assert admin.get("/").status_code == 200
    assert crm.wsgi.app is before
    assert "only once" in incident_of(crm, "once").message
    assert "only once" in admin.get("/settings/plugins/once").text
    turn(crm, off="once")
    assert admin.get("/").status_code == 200 and crm.wsgi.app is not before


def test_a_registry_that_cannot_be_built_leaves_the_one_before_serving(crm, admin):
    registry = crm.registry
    with crm.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE core_alembic_version SET version_num = '0001'")
        touch(session, "registry")
    crm.refresh(force=True)
    assert crm.registry is registry
    assert admin.get("/").status_code == 200
    assert "crm init" in incident_of(crm, "core").message


def test_requests_that_come_while_a_build_runs_do_not_wait_for_it(crm, folder, admin):
    holding = """
        import threading
        GO = threading.Event()

        @hookimpl
        def crm_contribute():
            if not GO.is_set() and threading.current_thread().name == "builder":
                GO.wait(30)
            return [MenuItem(label="Held", url="/held")]
        """
    folder("held", holding)
    assert admin.get("/").status_code == 200
    turn_on = threading.Thread(target=turn, args=(crm,), kwargs={"on": "held"}, name="enabler")
    turn_on.start()
    turn_on.join(30)
    module = sys.modules["crm_local_held"]
    with crm.database.transaction() as session:
        touch(session, "registry")
    builder = threading.Thread(target=crm.refresh, kwargs={"force": True}, name="builder")
    builder.start()
    assert admin.get("/").status_code == 200  # ends although the builder holds the lock
    assert builder.is_alive()
    module.GO.set()
    builder.join(30)
    assert admin.get("/").status_code == 200


LISTENING = """
HEARD = []

def hear(sender, event, deployment):
    HEARD.append((sender, dict(event.data), sorted(deployment.registry.plugins)))

def fail(sender, **kw):
    raise RuntimeError("deaf")

events.plugins_changed.connect(fail)
events.plugins_changed.connect(hear)

@hookimpl
def crm_contribute():
    return []
"""


def test_every_process_says_that_modules_changed_when_it_has_swapped(crm, folder, admin):
    folder("ears", LISTENING)
    folder("patient", WAITING)
    turn(crm, on="ears")
    heard = sys.modules["crm_local_ears"].HEARD
    assert heard == [("core.plugin", {"on": ["ears"], "off": [], "changed": []}, ["contacts", "ears"])]
    other = Deployment.open(crm.config)
    heard.clear()
    turn(crm, on="patient")
    assert heard == [("core.plugin", {"on": ["patient"], "off": [], "changed": []}, ["contacts", "ears", "patient"])]
    other.refresh(force=True)
    assert len(heard) == 2 and heard[0] == heard[1]
    with crm.database.transaction() as session:
        touch(session, "registry")  # something else of the registry, such as a custom field
    other.refresh(force=True)
    assert len(heard) == 2
    heard.clear()
    assert admin.post("/settings/plugins/patient/disable").status_code == 303
    assert [one[1]["off"] for one in heard] == [["patient"]]
    turn(crm, off="ears")
    assert len(heard) == 1  # a module that is off hears nothing
    other.close()
