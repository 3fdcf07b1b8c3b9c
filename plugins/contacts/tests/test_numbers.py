"""Customer codes (CT-39, CT-53)."""

import re
import threading
from typing import Any


def test_ct_39_each_contact_gets_a_code_of_its_own(rest):
    api = rest()
    codes = [api.company("One")["code"], api.person()["code"], api.company("Two")["code"]]
    assert len(set(codes)) == 3
    assert all(re.fullmatch(r"C\d{5}", code) for code in codes)


def test_ct_39_two_at_the_same_time_get_different_codes(crm):
    codes, barrier = [], threading.Barrier(2)

    def create(number):
        from crm_core.api import records

        barrier.wait()
        with crm.as_user(crm.admin) as ctx:
            made: Any = records.create(ctx, "contacts.contact", {"kind": "company", "name": f"Company {number}"})
            codes.append(made.code)

    crm.actor(crm.admin)
    threads = [threading.Thread(target=create, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["C00001", "C00002"]


def test_ct_53_reference_is_shown_read_only_and_found(rest, browser_of):
    api = rest()
    made = api.company()
    assert api.problems("PATCH", f"/contacts/{made['id']}", {"code": "X1"}) == {"code": "readonly"}
    assert api.problems("POST", "/contacts", {"kind": "company", "name": "B", "code": "X1"}) == {"code": "readonly"}
    assert made["code"] in browser_of().get(f"/contacts/{made['id']}")
    assert api.titles(f"q={made['code']}") == ["Kergal SA"]


def test_ct_39_a_refused_contact_uses_no_number(rest):
    api = rest()
    api.company("One")
    api.post("/contacts", {"kind": "company"}, status=422)
    assert api.company("Two")["code"] == "C00002"
