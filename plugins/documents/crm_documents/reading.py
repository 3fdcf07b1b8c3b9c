"""The text and the pages of files, made in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from crm_core.api import N_, Ctx, JobDef, JobRun, NotFound, Previewer, WrongType, files, records
from crm_documents.child import NO_PAGE
from crm_documents.kinds import DOCX, ODF, PDF, XLSX, is_text
from crm_documents.operations import READ_JOB
from crm_documents.rules import DOCUMENT, facts, with_trash

_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
"""What the process learns of its surroundings: no keys, no addresses."""
WAIT = 60
"""Seconds a file is waited for; the process itself gets fewer seconds of the processor."""


@dataclass(frozen=True)
class Found:
    """What came of reading a file: its text, or why there is none, and how many pages can be looked at."""

    text: str = ""
    skipped: str = ""
    pages: int = 0

    @property
    def state(self) -> str:
        """Return the code that is kept with the document."""
        return "skipped" if self.skipped else "read" if self.text else "none"


def reader_of(content_type: str) -> str:
    """Return which reader reads a type of file; nothing where none does."""
    known = {PDF: "pdf", DOCX: "docx", XLSX: "xlsx"}
    if content_type.startswith(ODF):
        return "odf"
    return known.get(content_type) or ("plain" if is_text(content_type) else "")


def text_of(path: Path, content_type: str) -> Found:
    """Return the text of a file; it never raises for what is in the file."""
    reader = reader_of(content_type)
    if not reader:
        return Found()
    try:
        answer = json.loads(_child("text", reader, str(path)))
    except (subprocess.SubprocessError, ValueError):
        return Found(skipped="slow")
    return Found(answer.get("text", ""), answer.get("skipped", ""), answer.get("pages", 0))


def first_page(path: Path, side: int) -> tuple[bytes, str]:
    """Return a picture of the first page of a PDF. Raises as :func:`page`."""
    return page(path, side, 1)


def page(path: Path, side: int, number: int) -> tuple[bytes, str]:
    """Return a picture of a page of a PDF; the first is 1.

    Raises:
        NotFound: there is no such page, or it is after those that are drawn.
        WrongType: it can't be drawn.
    """
    try:
        return _child("draw", "pdf", str(path), str(side), str(number)), "image/png"
    except subprocess.SubprocessError as exc:
        if NO_PAGE.encode() in (getattr(exc, "stderr", None) or b""):
            raise NotFound(N_("There is no such page")) from exc
        raise WrongType(N_("The page can't be shown")) from exc


def _child(*arguments: str) -> bytes:
    command = [sys.executable, "-m", "crm_documents.child", *arguments]
    folder = str(Path(__file__).parents[1])
    known = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    run = subprocess.run(  # noqa: S603 - our own module, and the path of a stored file
        command, capture_output=True, check=True, timeout=WAIT, stdin=subprocess.DEVNULL, cwd=folder, env=known
    )
    if not run.stdout:
        raise subprocess.SubprocessError("nothing was answered")
    return run.stdout


def read(run: JobRun) -> dict[str, str]:
    """Keep the text of a document's newest file, so that it is found by it."""
    number = int(run.args["document"])
    with run.operation(write=False) as ctx:
        document = _document(ctx, number)
        if document is None or not document[0]:
            return {}
        opened = files.open_(ctx, document[0])
        path, content_type = opened.path, opened.file.content_type
    found = text_of(path, content_type)
    with run.operation(quiet=True) as ctx:
        if _document(ctx, number) == document:
            values = {"text": found.text or None, "text_state": found.state, "text_note": found.skipped or None,
                      "pages": found.pages or None}  # fmt: skip
            inside = with_trash(ctx)
            with facts(inside, values):
                records.update(inside, DOCUMENT, number, {})
    return {"state": found.state}


def _document(ctx: Ctx, number: int) -> tuple[int, int] | None:
    """Return file and version of a document that is still there."""
    try:
        found = records.get(with_trash(ctx), DOCUMENT, number)
    except NotFound:
        return None
    return found.file_id or 0, found.number or 0  # type: ignore[attr-defined]


JOB = JobDef(name=READ_JOB, label=N_("Text of uploaded files"), handler=read)
PREVIEW = Previewer(key="documents.pdf", label=N_("Pages of PDF files"), types=(PDF,), draw=first_page, draw_page=page)
