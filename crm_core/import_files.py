"""A file on its way into an import: looked at, and made a table where it is none, before anything of it is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crm_core.contributed_faces import FileConverter
from crm_core.errors import Invalid, Problem, TooLarge
from crm_core.files import size_text
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx

HEAD = 8192
_PIECE = 1 << 20


@contextmanager
def arrived(ctx: Ctx, stream: IO[bytes], name: str, max_bytes: int) -> Iterator[Path]:
    """Yield where an uploaded file lies, as a table if a module can make one of it; gone after the block.

    Raises:
        TooLarge: more than ``max_bytes``.
        Invalid: the file is empty, or the module can't read it.
    """
    folder = ctx.config.files / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "upload"
        _copy(stream, path, max_bytes)
        with path.open("rb") as kept:
            head = kept.read(HEAD)
        converter = next((c for c in ctx.registry.of(FileConverter) if c.takes(head, name)), None)
        if converter is None:
            yield path
            return
        table = Path(place) / "table"
        try:
            converter.convert(path, table)
        except ValueError as exc:
            code, message = getattr(exc, "code", "unreadable"), getattr(exc, "message", str(exc))
            raise Invalid([Problem("file", code, message, getattr(exc, "params", {}), converter.plugin)]) from exc
        yield table


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
