"""Where the bytes of stored files lie, by their SHA-256: in a folder, or in whatever fsspec reaches, such as S3.

Bytes never change once they are there. What is on its way, small pictures, and copies of what lies elsewhere are in
the folder ``files`` of the deployment in either case.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from crm_core.errors import CrmError, Unavailable
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.config import Config

COPIES = "copies"
"""Folder of copies of what lies elsewhere; whatever is in it can be fetched again."""
_BLOCK = 1024 * 1024


def place(digest: str) -> str:
    """Return the path of the bytes with this digest, below the root of a store."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


class FileStore(ABC):
    """Bytes by digest. Each method takes and gives whole files; what is half written is never seen by another."""

    remote = False

    def __init__(self, folder: Path) -> None:
        """Use a folder for what is on its way."""
        self.folder = folder

    @abstractmethod
    def put(self, source: Path, digest: str) -> None:
        """Take over a complete file; equal content is kept once, and counts as new again."""

    @abstractmethod
    def local(self, digest: str) -> Path:
        """Return where a program finds the bytes as a file.

        Raises:
            FileNotFoundError: they are gone.
        """

    @abstractmethod
    def open(self, digest: str) -> IO[bytes]:
        """Return the bytes as a stream that can be sought in; only what is read is fetched.

        Raises:
            FileNotFoundError: they are gone.
        """

    @abstractmethod
    def modified(self, digest: str) -> float:
        """Return when the bytes came for the last time, in seconds of the epoch; infinity where they are gone."""

    @abstractmethod
    def touch(self, digest: str) -> None:
        """Let bytes count as new again, because something refers to them anew."""

    @abstractmethod
    def digests(self) -> Iterator[str]:
        """Yield the digests of all that is kept."""

    @abstractmethod
    def remove(self, digest: str) -> None:
        """Forget bytes."""

    @abstractmethod
    def check(self) -> None:
        """Write and remove something small.

        Raises:
            OSError: it can't be written to.
        """

    def leftovers(self, limit: float) -> int:
        """Remove what arrived half, and copies, older than this moment (seconds of the epoch); return how many."""
        removed = 0
        for path in [*(self.folder / "incoming").glob("*"), *(self.folder / COPIES).glob("*")]:
            try:
                if path.stat().st_mtime < limit:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed

    @contextmanager
    def locked(self, *, alone: bool) -> Iterator[None]:
        """Keep the removal of unused bytes (``alone``) and the arrival of equal ones apart, on one machine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield


class FolderStore(FileStore):
    """A folder of this machine, or one that several share."""

    def path(self, digest: str) -> Path:
        """Return where the bytes lie, whether they are there or not."""
        return self.folder / place(digest)

    def put(self, source: Path, digest: str) -> None:
        """Rename into place."""
        path = self.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, path)
        os.utime(path)

    def local(self, digest: str) -> Path:
        """Return the file itself."""
        path = self.path(digest)
        if not path.is_file():
            raise FileNotFoundError(str(path))
        return path

    def open(self, digest: str) -> IO[bytes]:
        """Open the file itself."""
        return self.path(digest).open("rb")

    def modified(self, digest: str) -> float:
        """Return the time of the file."""
        try:
            return self.path(digest).stat().st_mtime
        except FileNotFoundError:
            return float("inf")

    def touch(self, digest: str) -> None:
        """Set the time of the file."""
        if self.path(digest).is_file():
            os.utime(self.path(digest))

    def digests(self) -> Iterator[str]:
        """Yield the names of the files."""
        yield from (path.name for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")))

    def remove(self, digest: str) -> None:
        """Remove the file."""
        self.path(digest).unlink(missing_ok=True)

    def check(self) -> None:
        """Write a file that is gone at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder):
            pass


class RemoteStore(FileStore):
    """A file system of fsspec that takes objects whole: ``s3://bucket/prefix`` and its like."""

    remote = True

    def __init__(self, folder: Path, url: str, options: Mapping[str, Any]) -> None:
        """Reach nothing yet.

        Raises:
            CrmError: the package for this kind of address is not installed, or the address is none.
        """
        super().__init__(folder)
        import fsspec

        try:
            self._fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        except (ImportError, ValueError, TypeError) as exc:
            raise CrmError(
                "Setting CRM_FILES_URL: %(url)s can't be used: %(reason)s",
                params={"url": url.partition("@")[2] or url, "reason": str(exc)},
            ) from exc
        self._root = root.rstrip("/")

    def _at(self, digest: str) -> str:
        return f"{self._root}/{place(digest)}"

    def put(self, source: Path, digest: str) -> None:
        """Send the file; the storage shows it once it is complete."""
        with _reaching():
            self._fs.makedirs(self._at(digest).rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(source), self._at(digest))
        source.unlink(missing_ok=True)

    def local(self, digest: str) -> Path:
        """Return a copy, fetched unless one is there already."""
        copy = self.folder / COPIES / digest
        if copy.is_file():
            os.utime(copy)
            return copy
        copy.parent.mkdir(parents=True, exist_ok=True)
        with arriving(self.folder) as target:
            with _reaching():
                self._fs.get_file(self._at(digest), target.name)
            if _digest_of(Path(target.name)) != digest:
                raise FileNotFoundError(f"{self._at(digest)} is damaged")
            os.replace(target.name, copy)
        return copy

    def open(self, digest: str) -> IO[bytes]:
        """Open the object; it is read block by block."""
        with _reaching():
            stream: IO[bytes] = self._fs.open(self._at(digest), "rb", block_size=_BLOCK)
            return stream

    def modified(self, digest: str) -> float:
        """Ask the storage."""
        try:
            with _reaching():
                return float(self._fs.modified(self._at(digest)).timestamp())
        except FileNotFoundError:
            return float("inf")

    def touch(self, digest: str) -> None:
        """Do nothing: what refers to the bytes already keeps them until the new reference is committed."""

    def digests(self) -> Iterator[str]:
        """List the storage."""
        with _reaching():
            found = self._fs.find(self._root)
        yield from sorted(name for path in found if len(name := path.rpartition("/")[2]) == 64)

    def remove(self, digest: str) -> None:
        """Remove the object and its copy."""
        with _reaching():
            self._fs.rm_file(self._at(digest))
        (self.folder / COPIES / digest).unlink(missing_ok=True)

    def check(self) -> None:
        """Write and remove an object."""
        at = f"{self._root}/incoming/check"
        with _reaching():
            self._fs.makedirs(at.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(at, b"crm")
            self._fs.rm_file(at)


@contextmanager
def _reaching() -> Iterator[None]:
    """Tell a storage that can't be reached from a file that isn't there."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as exc:
        raise Unavailable(N_("The store of files can't be reached; please try again"), hint=repr(exc)[:300]) from exc


def _digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def arriving(folder: Path) -> Iterator[Any]:
    """Yield a new file in the store's own folder, so that it can be renamed into place; removed on any error."""
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as stream:
        try:
            yield stream
        finally:
            Path(stream.name).unlink(missing_ok=True)


def store_of(config: Config) -> FileStore:
    """Return the store of a deployment: the folder ``files``, or what ``CRM_FILES_URL`` names.

    Raises:
        CrmError: the settings can't be used.
    """
    return _made(config.files, config.files_url, config.files_options)


@lru_cache(maxsize=16)
def _made(folder: Path, url: str, options: str) -> FileStore:
    if not url:
        return FolderStore(folder)
    try:
        found = json.loads(options or "{}")
        if not isinstance(found, dict):
            raise ValueError("not an object")
    except ValueError as exc:
        raise CrmError("Setting CRM_FILES_OPTIONS: %(reason)s", params={"reason": str(exc)}) from exc
    return RemoteStore(folder, url, found)
