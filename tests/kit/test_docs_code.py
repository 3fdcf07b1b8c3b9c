"""The plugins of the docs work: the code of a page, in its order, is one file; its tests are run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from crm_core import switching

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["tutorial/first-plugin.md", "how-to/extend-contacts.md"])
def test_the_plugin_of_a_page_does_what_the_page_says(sqlite_crm, page):
    crm = sqlite_crm
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.S)
    tests = [b for b in blocks if b.startswith("def test_")]
    code = "\n\n".join(b for b in blocks if b not in tests)
    name = re.search(r'# name = "(\w+)"', code)
    assert name and tests
    crm.config.plugins.mkdir(parents=True, exist_ok=True)
    (crm.config.plugins / f"{name[1]}.py").write_text(code, "utf-8")
    assert switching.enable(crm.database, crm.config, name[1]) == [name[1]]
    crm.refresh(force=True)
    values: dict[str, Any] = {}
    for text in tests:
        exec(text, values)
    for run in [v for k, v in values.items() if k.startswith("test_")]:
        run(crm, crm.client_of(crm.admin), crm.make)
