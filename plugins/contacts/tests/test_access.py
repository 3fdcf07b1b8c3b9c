"""Who sees a contact and who changes it (CT-12 to CT-16, CT-29, CT-30, CT-41)."""


def test_ct_12_creator_is_manager_by_default(rest, alice):
    made = rest(alice).person()
    assert [m["name"] for m in made["managers"]] == ["Alice Roux"]
    assert made["owner"]["name"] == "Alice Roux"


def test_ct_13_another_manager_can_be_added_and_edits(rest, alice, bob):
    made = rest(alice).person()
    path = f"/contacts/{made['id']}"
    rest(bob).patch(path, {"job_title": "Buyer"}, status=404)
    managers = rest(alice).patch(path, {"managers": [alice, bob]})["managers"]
    assert [m["name"] for m in managers] == ["Alice Roux", "Bob Petit"]
    assert rest(bob).patch(path, {"job_title": "Buyer"})["job_title"] == "Buyer"


def test_ct_14_new_contact_is_visible_to_its_managers_only(rest, browser_of, alice, carol):
    made = rest(alice).person("Anne", "Secrète", emails=["anne@example.org"])
    assert made["visibility"] == "private"
    stranger = rest(carol)
    stranger.get(f"/contacts/{made['id']}", status=404)
    for query in ("", "q=anne", "last_name=Secrète", "email=anne@example.org", f"id={made['id']}"):
        found = stranger.get(f"/contacts?{query}")
        assert (found["items"], found["total"]["value"]) == ([], 0), query
    assert stranger.get("/search?q=anne")["items"] == []
    page = browser_of(carol)
    page.get(f"/contacts/{made['id']}", status=404)
    page.get(f"/contacts/{made['id']}/card", status=404)
    assert "Secrète" not in page.get("/contacts?q=anne")
    assert rest(alice).titles() == ["Anne Secrète"]


def test_ct_14_setting_makes_new_contacts_open(rest, alice, carol):
    rest().patch("/settings", {"contacts.private": False}, status=204)
    made = rest(alice).person()
    assert made["visibility"] == "read"
    assert rest(carol).get(f"/contacts/{made['id']}")["title"] == "Anne Martin"


def test_ct_15_public_contact_is_read_only_by_default(rest, alice, carol):
    made = rest(alice).person()
    path = f"/contacts/{made['id']}"
    answer = rest(alice).post(f"{path}/actions/make_public", status=200)
    assert answer["result"]["visibility"] == "read"
    assert rest(carol).get(path)["title"] == "Anne Martin"
    rest(carol).patch(path, {"job_title": "Buyer"}, status=403)


def test_ct_15_public_contact_can_be_open_for_writing(rest, alice, carol):
    made = rest(alice).person()
    path = f"/contacts/{made['id']}"
    rest(alice).post(f"{path}/actions/make_public", {"access": "write"}, status=200)
    assert rest(carol).patch(path, {"job_title": "Buyer"})["job_title"] == "Buyer"
    rest(alice).post(f"{path}/actions/make_private", status=200)
    rest(carol).get(path, status=404)


def test_ct_15_reading_is_preselected_in_the_dialog(rest, browser_of, alice):
    made = rest(alice).person()
    dialog = browser_of(alice).get(f"/contacts/{made['id']}/actions/make_public", part=True)
    assert "Allow access for all CRM users" in dialog
    before = dialog[: dialog.index("Reading and writing")]
    assert 'value="read" checked' in before or 'value="read" selected' in before


def test_ct_16_public_contacts_carry_an_icon(rest, browser_of, alice):
    public = rest(alice).person("Anne", "Publique", visibility="read")
    rest(alice).person("Paul", "Privé")
    flags = {i["title"]: i["visibility"] for i in rest(alice).get("/contacts")["items"]}
    assert flags == {"Anne Publique": "read", "Paul Privé": "private"}
    page = browser_of(alice).get("/contacts")
    assert page.count("public-mark") == 1
    assert "public-mark" in browser_of(alice).get(f"/contacts/{public['id']}")


def test_ct_29_both_salespeople_see_the_contact_in_assigned_to_me(rest, browser_of, alice, bob):
    api = rest()
    made = api.person(managers=[], salespeople=[alice, bob])
    for user in (alice, bob):
        assert rest(user).titles("filter=managers has me or salespeople has me") == ["Anne Martin"]
        assert "Anne Martin" in browser_of(user).get("/contacts?view=mine")
    assert [s["name"] for s in made["salespeople"]] == ["Alice Roux", "Bob Petit"]


def test_ct_30_one_salesperson_alone_sees_the_contact(rest, alice, bob):
    api = rest()
    made = api.person(managers=[], salespeople=[bob])
    assert rest(alice).titles() == []
    assert rest(bob).titles() == ["Anne Martin"]
    api.patch(f"/contacts/{made['id']}", {"salespeople": [alice, bob]})
    assert rest(alice).titles() == rest(bob).titles() == ["Anne Martin"]


def test_ct_41_several_representatives_are_attached_and_found(rest, alice, bob):
    api = rest()
    api.company("Kergal", salespeople=[alice, bob])
    api.company("Sével", salespeople=[bob])
    assert api.titles(f"salespeople={alice}") == ["Kergal"]
    assert api.titles(f"salespeople={bob}") == ["Kergal", "Sével"]


def test_ct_56_account_owner_is_found_and_may_edit(rest, browser_of, alice, bob):
    made = rest(alice).company("Kergal", account_owner=bob)
    rest(alice).company("Sével")
    assert rest(bob).titles("account_owner=me") == ["Kergal"]
    assert "Kergal" in browser_of(bob).get("/contacts?view=accounts")
    assert rest(bob).patch(f"/contacts/{made['id']}", {"score": 3})["score"] == 3


def test_ct_57_a_contact_is_associated_with_a_team(rest, crm, alice):
    api = rest()
    team = crm.directory.team_by_name("North").id
    api.company("Kergal", team=team)
    api.company("Sével")
    assert api.titles(f"team={team}") == ["Kergal"]


def test_kn_27_a_colleague_sees_the_same_record_and_its_comments(rest, browser_of, alice, bob):
    made = rest(alice).company("Kergal", description="Prefers mornings", visibility="read")
    rest(alice).post(f"/contacts/{made['id']}/comments", {"body": "Wants a quote"})
    seen = rest(bob)
    assert seen.get(f"/contacts/{made['id']}")["description"] == "Prefers mornings"
    assert [c["body"] for c in seen.get(f"/contacts/{made['id']}/comments")["items"]] == ["Wants a quote"]
    assert "Wants a quote" in browser_of(bob).get(f"/contacts/{made['id']}")
