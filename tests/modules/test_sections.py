"""The settings by section: the kernel's, and one a module while it is on (AD-13)."""

from __future__ import annotations

import html
import re

from tests.modules.conftest import Browser, turn


def sections(admin):
    """Return the addresses of the pages in the settings by the heading of their section."""
    parts = re.findall(r'<section class="set-section".*?</section>', admin.get("/settings").text, re.S)
    heading = re.compile(r"<h2[^>]*>(.*?)</h2>")
    return {html.unescape(heading.search(p)[1]): re.findall(r'<a class="set-card" href="([^"]+)"', p) for p in parts}


def test_ad_13_every_page_of_the_settings_is_reached_from_its_section(crm):
    admin = Browser(crm, crm.admin)
    found = sections(admin)
    pages = {"/settings/fields", "/settings/lists", "/settings/tags", "/settings/recorded", "/settings/currencies"}
    assert set(found["Data"]) >= pages
    assert {"/settings/lists/contacts.type", "/settings/fields/contacts"} <= set(found["Contacts"])
    reached = [url for urls in found.values() for url in urls]
    assert {url: status for url in reached if (status := admin.get(url).status_code) != 200} == {}
    rules = (r.rule for r in crm.wsgi.app.url_map.iter_rules() if "GET" in r.methods and not r.arguments)
    own = {r for r in rules if re.fullmatch(r"/settings/[a-z]+", r)}
    assert own - set(reached) <= {"/settings/explain"}


def test_ad_13_a_module_adds_its_section_and_takes_it_away(zoo):
    assert "Zoo" not in sections(Browser(zoo, zoo.admin))
    turn(zoo, on="zoo")
    admin = Browser(zoo, zoo.admin)
    assert {"/settings/lists/zoo.kind", "/settings/fields/animals"} <= set(sections(admin)["Zoo"])
    assert "What they eat" in admin.get("/settings/options").text
    turn(zoo, off="zoo")
    admin = Browser(zoo, zoo.admin)
    assert "Zoo" not in sections(admin)
    assert admin.get("/settings/lists/zoo.kind").status_code == 404
    assert admin.get("/settings/fields/animals").status_code == 404
    user = Browser(zoo, zoo.add_user("u@example.org", "Una User"))
    assert user.get("/settings").status_code == 403
