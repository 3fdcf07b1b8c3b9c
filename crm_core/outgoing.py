"""Calling a web address that somebody typed, without being led into the network the CRM stands in.

The name is resolved once, every address it stands for is checked, and the connection goes to the checked address:
a second answer of the name server changes nothing. Redirects are not followed. Proxies of the environment are not used.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

TIMEOUT, DEADLINE = 10.0, 20.0
MOST_READ = 65_536
"""Bytes of an answer that are read."""
_PORTS = {"http": 80, "https": 443}
_EMBEDDING = ipaddress.ip_network("64:ff9b::/96")
"""Addresses of IPv6 that a translator turns into the IPv4 address of their last bytes."""


class Refused(Exception):
    """The address may not be called, now or later."""


class Failed(Exception):
    """There was no answer, or not a good one; a later try may do better."""


@dataclass(frozen=True)
class Target:
    """A web address taken apart."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Read an address.

    Raises:
        Refused: it is not one of http or https, names a user, or holds signs no address has.
    """
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except ValueError as exc:
        raise Refused("not a web address") from exc
    if parts.scheme not in _PORTS or not host or parts.username or parts.password:
        raise Refused("not a plain address of http or https")
    path = quote(parts.path or "/", safe="/%:=@!$&'()*+,;~") + (f"?{quote(parts.query, safe='/%:=@!$&()*+,;~?')}"
                                                               if parts.query else "")  # fmt: skip
    return Target(parts.scheme == "https", host, port or _PORTS[parts.scheme], path)


def is_public(address: str) -> bool:
    """Tell whether an IP address lies in the open internet."""
    found: Any = ipaddress.ip_address(address.partition("%")[0])
    if found.version == 6:
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _EMBEDDING:
            inner = ipaddress.ip_address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return bool(found.is_global and not found.is_multicast)


def addresses(target: Target, private: Collection[str]) -> list[str]:
    """Return the IP addresses of a host, all of them checked unless the host is one of one's own.

    Raises:
        Refused: one of them is not public.
        Failed: the name is not known.
    """
    try:
        answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise Failed(f"{target.host} is not known") from exc
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    own = {target.host.lower(), f"{target.host.lower()}:{target.port}"}
    if own.isdisjoint(private) and not all(map(is_public, found)):
        raise Refused(f"{target.host} lies in a private network")
    return found


class _Connection(http.client.HTTPConnection):
    """A connection to an IP address that was checked; the certificate is the host's."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT)
        self._target, self._address = target, address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self._target.port), TIMEOUT)
        if self._target.tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._target.host)

    def cut(self) -> None:
        """End it from another thread."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Reply:
    """What the other side answered: status, and the beginning of its body."""

    status: int
    body: bytes


def exchange(method: str, url: str, body: bytes, headers: Mapping[str, str], private: Collection[str] = ()) -> Reply:
    """Send a request and return the answer, whatever its status; redirects are answers like others.

    ``private`` are hosts of one's own, with or without a port, that may be called though they aren't public.

    Raises:
        Refused: the address may not be called.
        Failed: no answer in time.
    """
    target = target_of(url)
    failure: Exception | None = None
    for address in addresses(target, private):
        try:
            return _exchange(method, target, address, body, headers)
        except ssl.SSLCertVerificationError as exc:
            raise Failed(f"its certificate is not trusted: {exc.verify_message}") from exc
        except (OSError, http.client.HTTPException) as exc:
            failure = exc
    raise Failed(f"it does not answer ({type(failure).__name__})") from failure


def post(url: str, body: bytes, headers: Mapping[str, str], private: Collection[str] = ()) -> int:
    """Post a body and return the status of a good answer (2xx).

    Raises:
        Refused: the address may not be called.
        Failed: no answer in time, or another status; a redirect is another status.
    """
    status = exchange("POST", url, body, headers, private).status
    if not 200 <= status < 300:
        raise Failed(f"it answered {status}")
    return status


def _exchange(method: str, target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Send and read the answer; one who answers byte by byte is cut off."""
    connection = _Connection(target, address)
    watch = threading.Timer(DEADLINE, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request(method, target.path, body, {**headers, "Host": target.netloc, "Connection": "close"})
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(MOST_READ))
    finally:
        watch.cancel()
        connection.close()
