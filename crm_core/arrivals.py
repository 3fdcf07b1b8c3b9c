"""How bytes arrive in the store of files: read to the limit, looked into, and put where their digest belongs."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import sniff
from crm_core.contributed_services import FileScanner
from crm_core.db import KERNEL
from crm_core.errors import Invalid, Problem, TooLarge, Unavailable
from crm_core.filestore import store_of
from crm_core.i18n import N_, current_language, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx

_CHUNK = 64 * 1024
_NAME_LENGTH = 150
_UNITS = (N_("%(n)s kB"), N_("%(n)s MB"), N_("%(n)s GB"))


def size_text(size: int) -> str:
    """Return a size as people write it: ``512 bytes``, ``1 MB`` (1,048,576 bytes), ``2.5 GB``, in French ``2,5 Go``."""
    from babel.numbers import format_decimal

    if size < 1024:
        return gettext(N_("%(n)s bytes"), n=size)
    power = min((size.bit_length() - 1) // 10, len(_UNITS))
    value = format_decimal(round(size / 1024**power, 1), format="0.#", locale=current_language())
    return gettext(_UNITS[power - 1], n=value)


def clean_name(name: str) -> str:
    """Return a file name without folders, control characters and direction marks, at most 150 characters long."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    base = "".join(c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")).strip(" .")
    stem, dot, ending = base.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: _NAME_LENGTH - len(ending) - 1]}.{ending}"
    return base[:_NAME_LENGTH] or "file"


def too_large(limit: int) -> TooLarge:
    """Return the error for more bytes than a limit."""
    message = N_("The file is larger than %(limit)s, the most that is accepted here")
    return TooLarge(message, params={"limit": size_text(limit)})


def scan(ctx: Ctx, path: Path, name: str, kind: str) -> None:
    """Let modules look into a file before anybody can be sent it."""
    for scanner in ctx.registry.of(FileScanner):
        try:
            words = scanner.scan(path, name, kind)
        except Exception as exc:
            ctx.registry.hooks.incident(scanner.plugin, f"scanner {scanner.key}", exc)
            message = N_("Files can't be checked at the moment, so none is taken; please try again later")
            raise Unavailable(message, plugin=scanner.plugin) from exc
        if words:
            raise Invalid([Problem("file", "refused", N_("The file was refused: %(reason)s"), {"reason": words[:300]})])


def receive(stream: IO[bytes], target: Any, max_bytes: int) -> tuple[bytes, str, int]:
    """Copy a stream; return its first bytes, digest and size."""
    digest, size, head = hashlib.sha256(), 0, b""
    while chunk := stream.read(min(_CHUNK, max_bytes - size + 1)):
        size += len(chunk)
        if size > max_bytes:
            raise too_large(max_bytes)
        if len(head) < sniff.HEAD:
            head += chunk[: sniff.HEAD - len(head)]
        digest.update(chunk)
        target.write(chunk)
    if not size:
        raise Invalid([Problem("file", "empty", N_("The file is empty"))])
    target.flush()
    return head, digest.hexdigest(), size


def replace(target: Any, content: bytes) -> tuple[str, int]:
    """Write other bytes into an arriving file; return their digest and size."""
    target.seek(0)
    target.truncate()
    target.write(content)
    target.flush()
    return hashlib.sha256(content).hexdigest(), len(content)


def place(ctx: Ctx, target: Any, digest: str) -> None:
    """Move a complete file to where its digest belongs."""
    os.fsync(target.fileno())
    with locked(ctx, alone=False):
        store_of(ctx.config).put(Path(target.name), digest)


_LOCK = 0x6372_6D66
"""The number of the lock between machines that share a store and a PostgreSQL database."""


@contextmanager
def locked(ctx: Ctx, *, alone: bool) -> Iterator[None]:
    """Keep the removal of unused bytes and the arrival of equal ones apart, across processes and machines."""
    store = store_of(ctx.config)
    if not store.remote or ctx.database.is_sqlite:
        with store.locked(alone=alone):
            yield
        return
    if not alone:  # until the end of the transaction: then the row is there that says the bytes are used
        shared = sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK))
        ctx.session.execute(shared, execution_options=KERNEL)
        yield
        return
    with ctx.database.transaction() as session:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)), execution_options=KERNEL)
        yield
