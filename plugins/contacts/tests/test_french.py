"""Contacts in French: the page, the lists, the problems."""

from crm_core.models import User


def test_pages_lists_and_problems_are_in_french(crm, rest, browser_of, alice):
    with crm.database.transaction() as session:
        session.get_one(User, alice).language = "fr"
    rest().patch("/settings", {"contacts.private": False}, status=204)
    made = rest(alice).company("Kergal", nature=["customer"], temperature="Froid")
    page = browser_of(alice).get(f"/contacts/{made['id']}")
    for text in ("Relations", "Contacts liés", "Client", "Coordonnées", "Température", "Froid"):
        assert text in page, text
    answer = rest(alice).post("/contacts", {"kind": "person", "first_name": "Anne"}, status=422)
    assert "Nom de famille" in answer["errors"][0]["message"]
