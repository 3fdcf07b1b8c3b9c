"""Documents of a record that another module, which knows nothing of documents, brings along (DC-03)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.testing.sources import on_path, project_of

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def crm_on_path() -> Iterator[None]:
    """Let the example fleet be found."""
    with on_path((project_of(EXAMPLES / "fleet"),)):
        yield


@pytest.fixture
def crm_plugins() -> tuple[str, ...]:
    """Documents, and the fleet."""
    return ("documents", "fleet")


def test_dc_03_a_record_of_any_module_stores_its_documentation(ann, bob, crm):
    car = crm.make("fleet.vehicle", by=ann.id, plate="AB-123-CD", visibility="private")
    page = ann.page(f"/vehicles/{car}?tab=documents")
    assert "drop-box" in page
    sent = {"record": f"vehicles:{car}", "file": (io.BytesIO(b"registered"), "papers.txt")}
    assert ann.post("/documents/upload", sent).location == f"/vehicles/{car}?tab=documents"
    made = ann.get("/documents")["items"][0]
    assert made["record"] == {"entity": "fleet.vehicle", "id": car, "title": "AB-123-CD"}
    assert ann.file(made["file_id"]).data == b"registered"
    assert "papers.txt" in ann.page(f"/vehicles/{car}?tab=documents")
    assert ann.names(f"record=fleet.vehicle:{car}") == ["papers.txt"]
    for path in (f"/documents/{made['id']}", f"/files/{made['file_id']}", f"/vehicles/{car}"):
        bob.get(path, status=404)
    assert bob.names() == []
    assert bob.post("/documents/upload", {**sent, "file": (io.BytesIO(b"x"), "x.txt")}, status=404)
