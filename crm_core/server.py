"""Serving: waitress in one process, granian in several, and the WSGI factory any other server can load.

``crm_core.server:wsgi`` is the factory: ``gunicorn "crm_core.server:wsgi()"``.
"""

from __future__ import annotations

import signal
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING, Any

from crm_core.app import AppSwitch, create_app
from crm_core.config import load_config
from crm_core.deployment import Deployment
from crm_core.errors import CrmError
from crm_core.i18n import N_
from crm_core.jobs.worker import start_inline

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 8
FACTORY = "crm_core.server:wsgi"


def wsgi() -> Any:
    """Return the application of the deployment that the environment describes; call it after any fork.

    Raises:
        NotInitialised: ``crm init`` has not been run.
    """
    return application(Deployment.open(load_config()))


def application(deployment: Deployment) -> Any:
    """Return the WSGI application of a deployment, with its background worker started where it is inline."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    app: Any = AppSwitch(deployment)
    start_inline(deployment)
    if count := deployment.config.trusted_proxies:
        app = ProxyFix(app, x_for=count, x_proto=count, x_host=count)
    return app


def several_possible() -> bool:
    """Tell whether the server for several processes is installed."""
    return find_spec("granian") is not None


def serve(deployment: Deployment, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve in this process until SIGINT or SIGTERM; ``ready`` is given the address once it listens.

    Raises:
        CrmError: the address can't be listened on.
    """
    from waitress.server import create_server  # type: ignore[import-untyped]

    try:
        server = create_server(
            application(deployment),
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=deployment.config.max_upload + deployment.config.max_body,
            clear_untrusted_proxy_headers=not deployment.config.trusted_proxies,
        )
    except (OSError, ValueError) as exc:
        raise _unlistenable(host, port, exc) from exc
    signal.signal(signal.SIGTERM, _end)
    ready(address(host, int(getattr(server, "effective_port", port))))
    server.run()


def serve_several(deployment: Deployment, host: str, port: int, workers: int, ready: Callable[[str], None]) -> None:
    """Serve in several processes until SIGINT or SIGTERM. The deployment is tried out here, then closed.

    Raises:
        CrmError: the address can't be listened on.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    create_app(deployment)  # what fails is said once here, not again and again by each process
    deployment.close()
    _check_free(host, port)
    ready(address(host, port))
    Granian(
        FACTORY,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=max(2, THREADS // workers),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
    ).serve()


def address(host: str, port: int) -> str:
    """Return the address a browser on this machine opens."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _check_free(host: str, port: int) -> None:
    """Fail before any process is started; granian's own would only log it and start again."""
    import socket

    try:
        family, kind, _, _, place = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as exc:
        raise _unlistenable(host, port, exc) from exc


def _unlistenable(host: str, port: int, exc: Exception) -> CrmError:
    message = N_("Can't listen on %(host)s port %(port)s: %(reason)s")
    reason = getattr(exc, "strerror", None) or str(exc)
    return CrmError(message, params={"host": host, "port": port, "reason": reason})


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
