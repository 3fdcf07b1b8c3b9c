"""Requests through the WSGI callable, without a socket between: what the application itself costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.test import EnvironBuilder

from crm_core.accounts.web import COOKIE
from crm_core.testing.deployments import TestDeployment


class Caller:
    """One person calling an application, by session for pages and by token for REST."""

    def __init__(self, deployment: TestDeployment, user_id: int) -> None:
        """Sign in."""
        self.app: Any = deployment.wsgi
        client = deployment.client_of(user_id)
        cookie = client.get_cookie(COOKIE)
        self.cookie = f"{COOKIE}={cookie.value}" if cookie else ""
        self.token = deployment.token_of(user_id)

    def get(self, path: str) -> bytes:
        """Return the body of a page; anything but 200 ends the run."""
        return fetch(self.app, self.environ(path))

    def environ(self, path: str) -> dict[str, Any]:
        """Return the environment of a GET."""
        headers = {"Authorization": f"Bearer {self.token}"} if path.startswith("/api/") else {"Cookie": self.cookie}
        return EnvironBuilder(path, headers=list(headers.items())).get_environ()


def fetch(app: Callable[..., Any], environ: dict[str, Any]) -> bytes:
    """Return the body that a WSGI application answers.

    Raises:
        RuntimeError: the answer is not 200.
    """
    seen: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        seen.append(status)
        return lambda data: None

    answer = app(environ, start)
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    if not seen[0].startswith("200"):
        raise RuntimeError(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}: {seen[0]} {body[:500]!r}")
    return body
