"""Admission: whose request it is, by its host, its origin and its key."""

from __future__ import annotations

import re
from collections.abc import Mapping

from voxpress.server.errors import Refusal
from voxpress.server.http.origins import Origins, is_own
from voxpress.server.http.paths import CLIPS, OPEN
from voxpress.server.keys import ANYONE, Key, Ring
from voxpress.server.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_THIS_MACHINE = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", re.IGNORECASE)


class Admission:
    """Admits requests."""

    def __init__(self, settings: Settings, ring: Ring, origins: Origins) -> None:
        self._settings, self._ring, self._origins = settings, ring, origins

    def admit(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Key:
        """The key of a request; `ANYONE` where it needs none.

        Raises:
            Refusal: the request has no right to be here.
        """
        if path in OPEN:
            return ANYONE
        if not self._ring and self._settings.loopback:
            host = headers.get(b"host", b"").decode("latin-1")
            if not self._is_here(host):
                raise Refusal(
                    403,
                    f"a server without keys answers only to this machine, not to {host!r}: voxpress keys add NAME",
                    "host_not_allowed",
                )
            self._check_origin(method, headers)
            return ANYONE
        if self._settings.clips_public and path.startswith(CLIPS):
            return ANYONE
        page = path == "/docs" or path.startswith("/docs/")
        basic = page and method in ("GET", "HEAD") and self._is_from_own_page(headers)
        try:
            return self._ring.find(headers.get(b"authorization", b"").decode("latin-1"), basic=basic)
        except Refusal as error:
            if basic:
                error.headers["www-authenticate"] = 'Basic realm="voxpress"'
            raise

    def _is_here(self, host: str) -> bool:
        """Whether a name is one of this machine's own, or trusted."""
        return bool(_THIS_MACHINE.fullmatch(host)) or host.partition(":")[0] in self._settings.trusted_hosts

    def _check_origin(self, method: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what a page of another site sends: it can send forms to this machine without asking first."""
        given = headers.get(b"origin", b"")
        if method in _SAFE or not given or self._origins.allows(given):
            return
        origin = given.decode("latin-1")
        if not self._is_here(origin.partition("://")[2]):
            raise Refusal(
                403,
                f"a server without keys takes nothing from pages of {origin!r} (cors_origins in [server])",
                "origin_not_allowed",
            )

    def _is_from_own_page(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether no page of another site sent it: a browser adds a password that it knows to every request."""
        origin, host = (headers.get(name, b"").decode("latin-1") for name in (b"origin", b"host"))
        if origin and not is_own(origin, host, self._settings.public_url):
            return False
        # A link may lead here from everywhere: the page with the link does not see the answer.
        own = headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin")
        return own or headers.get(b"sec-fetch-mode") == b"navigate"
