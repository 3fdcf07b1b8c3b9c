"""Reads and draws one file in a process of its own, with little time and memory: what a file breaks, it breaks alone.

``python -m crm_documents.child text pdf FILE`` writes JSON, ``… draw pdf FILE 192 1`` a PNG of a page.
Nothing of the CRM is imported here, so that the start is quick and nothing can be reached.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

MEMORY, SECONDS = 1 << 30, 20
UNPACKED = 30 * 1024 * 1024
"""Bytes that are unpacked of a file, at most."""
PLAIN = 1024 * 1024
LETTERS = 60_000
PAGES = 300
NO_PAGE = "no page"
_PARTS: Mapping[str, tuple[str, ...]] = {
    "docx": ("word/document.xml", "word/footnotes.xml", "word/comments.xml"),
    "xlsx": ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"),
    "odf": ("content.xml",),
}
_BLOCKS = frozenset({"p", "h", "si", "is", "c", "table-cell"})
_BREAKS = frozenset({"br", "tab", "s", "line-break"})


class Skipped(Exception):
    """The file is not read; the code of the reason."""


class Limited(io.RawIOBase):
    """A stream that ends with an error once too much was unpacked."""

    def __init__(self, stream: IO[bytes], left: list[int]) -> None:
        """Share what is left with other parts of the same file."""
        self._stream, self._left = stream, left

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        found = self._stream.read(min(size, 65536) if size > 0 else 65536)
        self._left[0] -= len(found)
        if self._left[0] < 0:
            raise Skipped("unpacks")
        return found


def pdf(path: Path) -> Iterator[str]:
    """Yield the text of the pages."""
    document = _opened(path)
    for number in range(min(len(document), PAGES)):
        yield document[number].get_textpage().get_text_bounded()


def _opened(path: Path) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(str(path))
    except pypdfium2.PdfiumError as exc:
        raise Skipped("protected" if "password" in str(exc).lower() else "damaged") from exc


def packed(kind: str) -> Callable[[Path], Iterator[str]]:
    """Return the reader of a kind of packed XML."""

    def read(path: Path) -> Iterator[str]:
        left = [UNPACKED]
        try:
            with zipfile.ZipFile(path) as archive:
                there = set(archive.namelist())
                for part in _PARTS[kind]:
                    if part in there:
                        with archive.open(part) as stream:
                            yield from _words(Limited(stream, left))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as exc:
            raise Skipped("protected" if "password" in str(exc) else "damaged") from exc

    return read


def _words(stream: Any) -> Iterator[str]:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        element = None
        for _, element in iterparse(stream, events=("end",), forbid_dtd=True):
            name = str(element.tag).rpartition("}")[2]
            if name in _BREAKS:
                element.text = " "
            elif name in _BLOCKS:
                yield "".join(element.itertext()) + " "
                element.clear()
        if element is not None:  # the root: what stands in no block
            yield "".join(element.itertext())
    except DefusedXmlException as exc:
        raise Skipped("entities") from exc
    except ParseError as exc:
        raise Skipped("damaged") from exc


def plain(path: Path) -> Iterator[str]:
    """Yield the text of a file that is text."""
    with path.open("rb") as stream:
        raw = stream.read(PLAIN)
    try:
        yield raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        found = from_bytes(raw).best()
        if found is None:
            raise Skipped("damaged") from None
        yield str(found)


READERS: Mapping[str, Callable[[Path], Iterator[str]]] = {
    "pdf": pdf, "plain": plain, **{kind: packed(kind) for kind in _PARTS},
}  # fmt: skip


def text(kind: str, path: Path) -> str:
    """Return the beginning of a file's text, spaces drawn together."""
    found, length = [], 0
    for piece in READERS[kind](path):
        clean = "".join(c if c.isprintable() else " " for c in piece)
        found.append(clean)
        length += len(clean)
        if length >= LETTERS:
            break
    return " ".join("".join(found).split())[:LETTERS]


def pages(kind: str, path: Path) -> int:
    """Return how many pages can be looked at; none of a file without pages."""
    return min(len(_opened(path)), PAGES) if kind == "pdf" else 0


def draw(path: Path, side: int, number: int) -> bytes:
    """Return a page as PNG, made to fit; the first is 1."""
    document = _opened(path)
    if not 0 < number <= min(len(document), PAGES):
        raise Skipped(NO_PAGE)
    page = document[number - 1]
    width, height = page.get_size()
    scale = side / max(width, height, 1)
    target = io.BytesIO()
    page.render(scale=scale).to_pil().save(target, "PNG", optimize=True)
    return target.getvalue()


def main(what: str, kind: str, path: str, *more: str) -> None:
    """Write what was asked for to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer: dict[str, Any]
    try:
        if what == "draw":
            sys.stdout.buffer.write(draw(Path(path), int(more[0]), int(more[1])))
            return
        answer = {"text": text(kind, Path(path)), "pages": pages(kind, Path(path))}
    except Skipped as exc:
        if what == "draw":
            sys.exit(str(exc))
        answer = {"skipped": str(exc)}
    except MemoryError:
        answer = {"skipped": "slow"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
