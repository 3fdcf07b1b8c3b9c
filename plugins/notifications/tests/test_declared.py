"""A module only declares a kind of news: the mechanism of NT-02 to NT-04, NT-12 and NT-13, by the docs' example."""

from __future__ import annotations

import re
from pathlib import Path

from crm_core import switching

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "what-people-are-told.md"


def test_nt_03_12_kinds_that_a_module_declares_are_chosen_and_told(ann, bob, crm):
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S))
    crm.config.plugins.mkdir(parents=True, exist_ok=True)
    (crm.config.plugins / "rounds.py").write_text(code, "utf-8")
    switching.enable(crm.database, crm.config, "rounds")
    crm.refresh(force=True)
    kinds = [k["key"] for k in bob.api("GET", "/notifications/preferences")["kinds"]]
    assert {"rounds.lost", "rounds.access", "rounds.top"} <= set(kinds)
    contact = ann.contact("Kergal", managers=[ann.id, bob.id])
    ann.api("PATCH", f"/contacts/{contact}", {"score": 5})
    ann.api("PATCH", f"/contacts/{contact}", {"score": 4})
    ann.api("PATCH", f"/contacts/{contact}", {"score": 5})
    ann.api("PATCH", f"/contacts/{contact}", {"managers": [ann.id]})
    ann.api("PUT", f"/contacts/{contact}/sharing", {"shared_with": [{"user": bob.id}]})
    assert bob.subjects() == [
        "You may see Kergal", "No longer yours: Kergal", "Best score: Kergal", "You are now a manager of Kergal",
    ]  # fmt: skip
    bob.only("rounds.access", "app")
    ann.api("PUT", f"/contacts/{contact}/sharing", {"shared_with": []})
    ann.api("PUT", f"/contacts/{contact}/sharing", {"shared_with": [{"user": bob.id}]})
    ann.api("PATCH", f"/contacts/{contact}", {"managers": [ann.id, bob.id]})
    assert bob.subjects()[0] == "You may see Kergal" and len(bob.notices()) == 5
