"""Gather the texts people read and say which have no French; ``--write`` adds the missing to the catalogues."""

from __future__ import annotations

import io
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
KEYWORDS = {"N_": None, "gettext": None, "_": None, "_n": None}
METHODS = [("**/revisions/**", "ignore"), ("**/migrations/**", "ignore"), ("**/testing/**", "ignore"),
           ("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]  # fmt: skip
OPTIONS = {"templates/**.html": {"encoding": "utf-8", "silent": "false", "newstyle_gettext": "true"}}


def packages() -> Iterator[Path]:
    """Yield the folders that have a catalogue: the kernel and each bundled plugin."""
    yield ROOT / "crm_core"
    yield from sorted((ROOT / "plugins").glob("*/crm_*"))


def texts(package: Path) -> dict[str, list[tuple[str, int]]]:
    """Return every text of a package with the places it stands in."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name, line, message, _, _ in extract_from_dir(str(package), METHODS, OPTIONS, KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if text and any(c.isalpha() for c in text):
                found.setdefault(text, []).append((name, line))
    said = tomllib.loads((package / "plugin.toml").read_text("utf-8")) if (package / "plugin.toml").is_file() else {}
    for key in ("title", "summary"):
        if key in said:
            found.setdefault(said[key], []).append(("plugin.toml", 1))
    return found


def catalogue(package: Path, language: str = "fr") -> Catalog:
    """Return a package's catalogue, empty when it has none."""
    path = package / "translations" / f"{language}.po"
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8")
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def missing(package: Path) -> list[str]:
    """Return the texts without a translation."""
    known = {m.id for m in catalogue(package) if m.id and m.string and not m.fuzzy}
    return [text for text in texts(package) if text not in known]


def write(package: Path) -> None:
    """Write the catalogue anew: every text that is used, sorted, with the translations there are."""
    old = {m.id: m.string for m in catalogue(package) if m.id}
    new = Catalog(locale="fr", charset="utf-8", header_comment="# French.", fuzzy=False)
    for text in sorted(texts(package)):
        new.add(text, old.get(text, ""))
    path = package / "translations" / "fr.po"
    path.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    write_po(buffer, new, omit_header=True, width=0, sort_output=True)
    head = b'# French.\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: fr\\n"\n\n'
    path.write_bytes(head + buffer.getvalue())


if __name__ == "__main__":
    lacking = 0
    for folder in packages():
        if "--write" in sys.argv:
            write(folder)
        for text in missing(folder):
            print(f"{folder.name}: {text!r}")
            lacking += 1
    sys.exit(1 if lacking else 0)
