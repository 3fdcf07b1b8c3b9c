"""Icons of modules from elsewhere: their own drawings, and what is shown and said for names that stand for nothing."""

from __future__ import annotations

import re

from crm_core import plugin_check
from tests.modules.conftest import turn

ARK = """
@hookimpl
def crm_contribute():
    yield MenuItem(label="Boats", url="/contacts?boats", icon="ark/boat")
    yield MenuItem(label="Oars", url="/contacts?oars", icon="ark/oar")
    yield MenuItem(label="Sails", url="/contacts?sails", icon="ark/sail")
    yield MenuItem(label="Decks", url="/contacts?decks", icon="bookmarkk")
    yield MenuItem(label="Ropes", url="/contacts?ropes", icon="link-45deg")
"""
DRAWING = """\
<svg id="icon" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="currentColor"><path d="M1 9h14"/></svg>
"""


def test_a_module_ships_its_own_icons_and_others_are_named_by_the_check(crm, folder, admin):
    files = {"static/icons/boat.svg": DRAWING, "static/icons/oar.svg": DRAWING.replace(' id="icon"', "")}
    folder("ark", ARK, files=files, requires=["contacts"])
    crm.refresh(force=True)
    turn(crm, on="ark")
    page = admin.get("/contacts").text
    used = {name: re.search(rf'href="/contacts\?{name}".*?<use href="([^"]+)"', page, re.S)[1] for name in (
        "boats", "oars", "sails", "decks", "ropes",
    )}  # fmt: skip
    assert used["boats"].startswith("/static/plugins/ark/icons/boat.svg?v=")
    drawing = admin.get(used["boats"].partition("#")[0])
    assert (drawing.status_code, drawing.mimetype, used["boats"].partition("#")[2]) == (200, "image/svg+xml", "icon")
    assert 'id="icon"' in drawing.text
    for name in ("oars", "sails", "decks"):
        assert used[name].endswith("#puzzle"), name
    assert used["ropes"].endswith("#link-45deg")
    told = " ".join(plugin_check.check(crm.config, "ark")["ark"])
    assert told.count("The icon") == 3
    assert 'ark/oar of /contacts?oars: the root of its drawing needs id="icon"' in told
    assert "ark/sail of /contacts?sails is not one of the CRM's" in told
    assert "bookmarkk of /contacts?decks" in told and "near: bookmark" in told
    turn(crm, off="ark")
    assert admin.get(used["boats"].partition("#")[0]).status_code == 404
