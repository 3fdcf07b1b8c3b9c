"""Record pages and forms in a real browser: keyboard, scripts, small screens, accessibility."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from crm_core import comments, records
from crm_core.accounts.web import COOKIE
from tests.browser.conftest import faults
from tests.web.record.gallery import ENTITY, Gallery

pytestmark = pytest.mark.browser
SAVED = re.compile(r"/artists/\d+$")
AXE = Path(__file__).parents[3] / "frontend/node_modules/axe-core/axe.min.js"


@pytest.fixture
def tab(page: Page, plain_gallery: Gallery, site: str) -> Page:
    """A page signed in as the administrator; ``tab.goto`` takes paths."""
    page.context.add_cookies([{"name": COOKIE, "value": plain_gallery.key_of(plain_gallery.admin), "url": site}])
    go = page.goto

    def goto(path: str) -> None:
        go(site + path)
        page.wait_for_selector("html[data-booted]")
        if page.locator("#record-form").count():
            page.wait_for_selector("#record-form[data-settled]")

    page.goto = goto  # type: ignore[method-assign, assignment]
    return page


def problems(tab: Page) -> list[str]:
    """Return what axe finds wrong on the page."""
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}"
    found = tab.evaluate(f"{AXE.read_text()}; axe.run({rules})")
    return [f"{v['id']}: {n['html'][:160]}" for v in found["violations"] for n in v["nodes"]]


def fill_and_save(tab: Page, keys: str) -> None:
    tab.goto("/artists/new")
    tab.fill("#f-name", "Ann")
    tab.keyboard.press(keys)
    tab.wait_for_url(SAVED)


@pytest.mark.parametrize("keys", ["Control+s", "Control+Enter"])
def test_keys_save_the_form(tab: Page, plain_gallery: Gallery, keys: str) -> None:
    fill_and_save(tab, keys)
    expect(tab.locator("h1")).to_have_text("Ann")
    assert tab.url.endswith(tab.evaluate("location.pathname"))


def test_kn_24_a_date_is_chosen_in_a_calendar_or_typed(tab: Page, plain_gallery: Gallery) -> None:
    tab.goto("/artists/new")
    expect(tab.locator("[data-field=born] [data-calendar]")).to_be_visible()
    tab.evaluate(
        """() => { const box = document.querySelector('[data-field=born] [data-native]');
        box.value = '2026-12-31'; box.dispatchEvent(new Event('change')); }"""
    )
    expect(tab.locator("#f-born")).to_have_value("31/12/2026")
    tab.fill("#f-born", "1/2/2026")
    tab.keyboard.press("Tab")
    expect(tab.locator("#f-born")).to_have_value("01/02/2026")


def test_the_first_mistake_has_the_focus(tab: Page) -> None:
    tab.goto("/artists/new")
    tab.fill("#f-name", "Ann")
    tab.fill("#f-price", "abc")
    tab.fill("#f-born", "31/02/2026")
    tab.keyboard.press("Control+s")
    tab.wait_for_selector("#record-form[data-typed][data-settled]")
    expect(tab.locator("#f-price")).to_be_focused()
    tab.click("[data-summary] a[href='#f-born']")
    expect(tab.locator("#f-born")).to_be_focused()
    assert problems(tab) == []


def test_kn_15_leaving_asks_and_what_was_typed_comes_back(tab: Page, plain_gallery: Gallery) -> None:
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    tab.on("dialog", answer)
    tab.goto("/artists/new")
    tab.fill("#f-name", "Half")
    tab.fill("[name='mails[0][address]']", "half@example.org")
    with tab.expect_event("dialog"):
        tab.click(".crumbs a")
    expect(tab.locator("#f-name")).to_have_value("Half")
    assert asked == ["beforeunload"] and tab.url.endswith("/artists/new")
    tab.click(".crumbs a")
    tab.wait_for_url("**/artists")
    tab.goto("/artists/new")
    expect(tab.locator("[data-draft-offer]")).to_be_visible()
    tab.click("[data-draft-restore]")
    tab.wait_for_selector("#record-form[data-typed][data-settled]")
    expect(tab.locator("#f-name")).to_have_value("Half")
    expect(tab.locator("[name='mails[0][address]']")).to_have_value("half@example.org")
    tab.keyboard.press("Control+s")
    tab.wait_for_url(SAVED)
    tab.goto("/artists/new")
    expect(tab.locator("[data-draft-offer]")).to_be_hidden()
    assert asked == ["beforeunload"] * 2


def test_an_untouched_form_lets_one_go(tab: Page, plain_gallery: Gallery) -> None:
    record = plain_gallery.make(
        name="Ann", mails=["a@example.org"], friends=[plain_gallery.make(name="Bob")], currency="EUR"
    )
    tab.goto(f"/artists/{record}/edit")
    tab.click(".crumbs a")
    tab.wait_for_url("**/artists")
    tab.goto(f"/artists/{record}/edit")
    tab.fill("#f-nickname", "x")
    tab.click("[data-cancel]")
    tab.wait_for_url(f"**/artists/{record}")


def test_parts_follow_the_kind(tab: Page) -> None:
    tab.goto("/artists/new")
    expect(tab.locator("#f-nickname")).to_be_visible()
    expect(tab.locator("#f-staff")).to_be_hidden()
    tab.locator("[data-field=kind]").get_by_label("Studio").check()
    expect(tab.locator("#f-nickname")).to_be_hidden()
    expect(tab.locator("#f-nickname")).to_be_disabled()
    tab.fill("#f-staff", "12")
    tab.fill("#f-name", "Atelier")
    tab.keyboard.press("Control+s")
    tab.wait_for_url(SAVED)


def test_lines_are_added_ordered_and_removed_by_keyboard(tab: Page, plain_gallery: Gallery) -> None:
    record = plain_gallery.make(
        name="Ann", mails=[{"address": "a@example.org", "primary": True}, {"address": "b@example.org"}]
    )
    tab.goto(f"/artists/{record}/edit")
    lines = tab.locator("[data-field=mails] [data-line]")
    expect(lines).to_have_count(2)
    tab.locator("[data-field=mails] [data-add]").press("Enter")
    expect(lines).to_have_count(3)
    tab.keyboard.type("c@example.org")
    lines.nth(2).locator("[data-up]").press("Enter")
    lines.nth(1).locator("[data-up]").press("Enter")
    lines.nth(1).locator("[data-remove]").press("Enter")
    expect(lines).to_have_count(2)
    tab.keyboard.press("Control+s")
    tab.wait_for_url(f"**/artists/{record}")
    found = [(m["address"], m["primary"]) for m in plain_gallery.read(record).values["mails"]]
    assert found == [("c@example.org", True), ("b@example.org", False)]


def test_a_record_is_linked_and_a_tag_made_by_typing(tab: Page, plain_gallery: Gallery) -> None:
    studio = plain_gallery.make(name="Atelier Kermorvan", kind="studio")
    plain_gallery.make(name="Bob")
    tab.goto("/artists/new")
    tab.fill("#f-name", "Ann")
    tab.locator("[data-field=studio] .ts-control").click()
    tab.keyboard.type("kerm", delay=20)
    expect(tab.locator("[data-field=studio] .ts-dropdown .option")).to_have_count(1)
    tab.keyboard.press("Enter")
    tab.locator("[data-field=tags] .ts-control").click()
    tab.keyboard.type("oil painter", delay=10)
    tab.keyboard.press("Enter")
    assert problems(tab) == []
    tab.keyboard.press("Control+s")
    tab.wait_for_url(SAVED)
    values = plain_gallery.read(int(tab.url.rpartition("/")[2])).values
    assert values["studio"] == studio and len(values["tags"]) == 1
    expect(tab.locator(".record-sub .tag")).to_have_text("oil painter")


def test_kn_22_the_plus_adds_an_entry_and_chooses_it(tab: Page, plain_gallery: Gallery) -> None:
    tab.goto("/artists/new")
    tab.fill("#f-name", "Ann")
    tab.click("[data-for=f-style]")
    expect(tab.locator("#extend-label")).to_be_focused()
    tab.keyboard.type("Fauvist")
    tab.keyboard.press("Enter")
    expect(tab.locator("#f-style")).to_have_value("fauvist")
    expect(tab.locator("[data-for=f-style]")).to_be_focused()
    tab.locator("[data-field=media] .plus").click()
    expect(tab.locator("#extend-label")).to_be_focused()
    tab.keyboard.type("Chalk")
    tab.keyboard.press("Enter")
    expect(tab.locator("[data-field=media]").get_by_label("Chalk")).to_be_checked()
    tab.keyboard.press("Control+s")
    tab.wait_for_url(SAVED)
    values = plain_gallery.read(int(tab.url.rpartition("/")[2])).values
    assert values["style"] == "fauvist" and values["media"] == ["chalk"]


def test_ct_61_the_warning_comes_while_one_types(tab: Page, plain_gallery: Gallery) -> None:
    plain_gallery.make(name="Ann")
    tab.goto("/artists/new")
    tab.fill("#f-name", "Ann")
    tab.keyboard.press("Tab")
    expect(tab.locator("[data-warnings]")).to_contain_text("already an artist with this name")
    tab.keyboard.press("Control+s")
    tab.get_by_role("button", name="Save anyway").click()
    tab.wait_for_url(SAVED)


def test_kn_06_a_conflict_is_settled_by_keyboard(tab: Page, plain_gallery: Gallery) -> None:
    record = plain_gallery.make(name="Ann", nickname="Nan")
    tab.goto(f"/artists/{record}/edit")
    tab.fill("#f-nickname", "Mine")
    with plain_gallery.operation(plain_gallery.directory.actor(plain_gallery.admin)) as ctx:
        records.update(ctx, ENTITY, record, {"nickname": "Theirs", "phone": "02 40 12 34 56"})
    tab.keyboard.press("Control+s")
    tab.wait_for_selector(".conflict-form")
    assert problems(tab) == []
    tab.locator("[name='_pick[nickname]']:checked").focus()
    tab.keyboard.press("ArrowRight")
    tab.locator("[data-save]").press("Enter")
    tab.wait_for_url(f"**/artists/{record}")
    values = plain_gallery.read(record).values
    assert values["nickname"] == "Theirs" and values["phone"] == "+33240123456"


def test_comments_are_written_changed_and_removed_without_leaving(tab: Page, plain_gallery: Gallery) -> None:
    record = plain_gallery.make(name="Ann")
    tab.goto(f"/artists/{record}")
    tab.get_by_label("Phone call").check()
    tab.fill("#comment-body", "She said yes")
    tab.keyboard.press("Control+Enter")
    comment = tab.locator(".event-comment")
    expect(comment).to_contain_text("She said yes")
    expect(comment).to_contain_text("Phone call")
    expect(tab.locator("#comment-body")).to_have_value("")
    comment.get_by_role("button").click()
    comment.get_by_role("button", name="Edit").click()
    tab.fill(".comment-edit textarea", "She said maybe")
    tab.locator(".comment-edit").get_by_role("button", name="Save").click()
    expect(comment).to_contain_text("She said maybe")
    tab.on("dialog", lambda dialog: dialog.accept())
    comment.get_by_role("button").first.click()
    comment.get_by_role("button", name="Remove").click()
    expect(comment).to_have_count(0)


def test_a_half_written_comment_waits(tab: Page, plain_gallery: Gallery) -> None:
    record = plain_gallery.make(name="Ann")
    tab.goto(f"/artists/{record}")
    tab.fill("#comment-body", "half a thought")
    tab.goto("/artists/new")
    tab.goto(f"/artists/{record}")
    expect(tab.locator("#comment-body")).to_have_value("half a thought")


def test_tabs_actions_and_deleting_work_in_place(tab: Page, plain_gallery: Gallery) -> None:
    record = plain_gallery.make(name="Ann")
    tab.goto(f"/artists/{record}")
    expect(tab.locator("[data-tab=works] .n")).to_have_text("3")
    tab.click("[data-tab=works]")
    expect(tab.locator("#tab-body")).to_have_text("Three works")
    expect(tab).to_have_url(re.compile(r"\?tab=works$"))
    tab.get_by_role("link", name="Plan a visit").click()
    tab.locator("dialog[open] [data-save]").click()
    expect(tab.locator("dialog[open] .invalid-feedback")).to_contain_text("required")
    assert problems(tab) == []
    tab.locator("dialog[open]").get_by_label("When", exact=False).first.fill("31/12/2026")
    tab.locator("dialog[open] [data-save]").click()
    expect(tab.locator(".toast-item")).to_contain_text("The visit is planned")
    tab.get_by_role("button", name="More actions").click()
    tab.get_by_role("link", name="Delete").click()
    tab.locator("dialog[open]").get_by_role("button", name="Delete").click()
    tab.wait_for_url("**/artists")


def test_kn_25_pages_fit_a_phone_and_pass_axe(tab: Page, plain_gallery: Gallery) -> None:
    studio = plain_gallery.make(name="Atelier Kermorvan", kind="studio")
    record = plain_gallery.make(
        name="Maëlle Le Goff with a rather long name", status="talking", studio=studio, rating=3,
        friends=[studio], notes="x" * 200,
        mails=[{"address": "a.very.long.address.of.somebody@mail.example.org", "primary": True}],
        places=[{"street": "1 quai", "city": "Brest", "country": "FR"}], site="example.org/" + "a" * 90,
    )  # fmt: skip
    with plain_gallery.operation(plain_gallery.directory.actor(plain_gallery.admin)) as ctx:
        comments.add(ctx, ENTITY, record, "words " * 60 + "w" * 120, "phone")
        records.update(ctx, ENTITY, record, {"notes": "y" * 300})
    paths = ("", "?tab=history", "/edit", "/delete", "/share", "/actions/visit")
    for path in [*(f"/artists/{record}{p}" for p in paths), "/artists/new?kind=studio"]:
        tab.goto(path)
        assert faults(tab, path) == []
    tab.set_viewport_size({"width": 360, "height": 780})
    tab.goto(f"/artists/{record}")
    expect(tab.locator("#facts-body")).to_be_hidden()
    tab.get_by_role("button", name="Show the details").click()
    expect(tab.locator("#facts-body")).to_be_visible()


def test_forms_work_without_scripts(plain_gallery: Gallery, site: str, browser: object) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    context.add_cookies([{"name": COOKIE, "value": plain_gallery.key_of(plain_gallery.admin), "url": site}])
    tab = context.new_page()
    tab.goto(f"{site}/artists/new")
    tab.fill("#f-name", "Ann")
    tab.fill("[name='mails[0][address]']", "a@example.org")
    tab.fill("[name='mails[1][address]']", "b@example.org")
    expect(tab.locator("#f-staff")).to_be_visible()
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.locator("h1")).to_have_text("Ann")
    record = int(tab.url.partition("#")[0].rpartition("/")[2])
    tab.goto(f"{site}/artists/{record}/edit")
    tab.check("[name='mails[0][_delete]']")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.locator("h1")).to_have_text("Ann")
    tab.fill("#comment-body", "plain words")
    tab.get_by_role("button", name="Add comment").click()
    expect(tab.locator(".comment-text")).to_have_text("plain words")
    assert [m["address"] for m in plain_gallery.read(record).values["mails"]] == ["b@example.org"]
    context.close()


def test_kn_15_leaving_for_the_settings_of_fields_asks_first(tab: Page, plain_gallery: Gallery) -> None:
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    tab.on("dialog", answer)
    tab.goto("/artists/new")
    tab.fill("#f-name", "Half")
    with tab.expect_event("dialog"):
        tab.click("a[href='/settings/fields/artists']")
    expect(tab.locator("#f-name")).to_have_value("Half")
    assert asked == ["beforeunload"] and tab.url.endswith("/artists/new")
    tab.click("a[href='/settings/fields/artists']")
    tab.wait_for_url("**/settings/fields/artists")
    tab.goto("/artists/new")
    expect(tab.locator("[data-draft-offer]")).to_be_visible()
