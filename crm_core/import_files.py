"""A file on its way into an import: looked at before anything of it is kept, and made a table in a job."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crm_core.contributed_faces import FileConverter
from crm_core.errors import Invalid, Problem, TooLarge
from crm_core.files import size_text
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.registry import Registry

HEAD = 8192
_PIECE = 1 << 20


@contextmanager
def room(ctx: Ctx) -> Iterator[Path]:
    """Yield a folder for what is on its way; gone after the block, or with the nightly sweep if the process dies."""
    folder = ctx.config.files / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield Path(place)


def received(stream: IO[bytes], folder: Path, max_bytes: int) -> Path:
    """Write an upload into a folder, and return where it lies.

    Raises:
        TooLarge: more than ``max_bytes``.
        Invalid: the file is empty.
    """
    path = folder / "upload"
    _copy(stream, path, max_bytes)
    return path


def converter_of(registry: Registry, path: Path, name: str) -> FileConverter | None:
    """Return what makes a table of a file; ``None`` for one that importers read themselves."""
    with path.open("rb") as kept:
        head = kept.read(HEAD)
    return next((c for c in registry.of(FileConverter) if c.takes(head, name)), None)


def check(converter: FileConverter, path: Path) -> None:
    """Refuse what its module can see to be wrong without reading the file through.

    Raises:
        Invalid: with the module's words.
    """
    if converter.check is not None:
        found = converter.check
        _translated(converter, lambda: found(path))


def convert(converter: FileConverter, path: Path, target: Path, told: Callable[[int, int], None]) -> None:
    """Make a table of a file.

    Raises:
        Invalid: it can't be read, with the module's words.
    """
    _translated(converter, lambda: converter.convert(path, target, told))


def _translated(converter: FileConverter, do: Callable[[], None]) -> None:
    try:
        do()
    except ValueError as exc:
        code, message = getattr(exc, "code", "unreadable"), getattr(exc, "message", str(exc))
        raise Invalid([Problem("file", code, message, getattr(exc, "params", {}), converter.plugin)]) from exc


def _copy(stream: IO[bytes], path: Path, max_bytes: int) -> None:
    size = 0
    with path.open("wb") as target:
        while piece := stream.read(min(_PIECE, max_bytes - size + 1)):
            size += len(piece)
            if size > max_bytes:
                message = N_("The file is larger than %(limit)s, the most that is accepted here")
                raise TooLarge(message, params={"limit": size_text(max_bytes)})
            target.write(piece)
    if not size:
        raise Invalid([Problem("file", "empty", N_("The file is empty"))])
