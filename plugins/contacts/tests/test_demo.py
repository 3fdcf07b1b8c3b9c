"""Demonstration data."""

from crm_contacts import demo


def test_demonstration_contacts_are_made_once(crm, rest):
    with crm.as_user(crm.admin, quiet=True) as ctx:
        assert demo.load(ctx) == f"{len(demo.PEOPLE)} persons and {len(demo.COMPANIES)} companies"
    with crm.as_user(crm.admin, quiet=True) as ctx:
        assert demo.load(ctx) == ""
    api = rest()
    found = api.get("/contacts?limit=500&fields=name,emails,company")["items"]
    assert len(found) == len(demo.PEOPLE) + len(demo.COMPANIES)
    domains = {line["domain"] for contact in found for line in contact["emails"]}
    assert all(domain.endswith((".example.com", ".example.org")) for domain in domains)
    assert len(api.get("/relations")["items"]) == len(demo.RELATIONS)
