"""The gateway: what happens to every request before and after its route.

A request gets an id; host, origin and key are checked, and the key's limit is counted; bodies are bounded in
size and time; errors get their envelope; every answer gets its id and, for pages of allowed origins, the
headers that browsers want; and it is counted and logged. A request for speech that was answered before is
answered here, from the store: the way through the framework would take longer than reading the file.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from voxpress.errors import SpeechError
from voxpress.server.errors import Refusal, other_version, refusal
from voxpress.server.http.body_limits import Patience
from voxpress.server.http.content import requested_part
from voxpress.server.http.hit_cache import Hit, Hits
from voxpress.server.http.multipart import Form
from voxpress.server.http.origins import Headers, Origins, is_own, is_preflight
from voxpress.server.keys import ANYONE, Key, Limits, Ring
from voxpress.server.logs import AccessLog, Visit
from voxpress.server.metrics import Metrics
from voxpress.server.settings import Settings
from voxpress.store import Store

log = logging.getLogger("voxpress.server")

SPEECH = "/v1/audio/speech"
CLIPS = "/v1/audio/clips/"
_CLIP_ROUTE = CLIPS + "{name}"
OPEN = frozenset({"/healthz", "/readyz"})
_FILES, _VOICES, _BATCHES = "/v1/files", "/v1/audio/voices", "/v1/batches"
MOST_SAMPLE = 10 * 2**20
"""Bytes of a recording of somebody's voice."""
_FORM = 2**20
"""What a form may have besides its file."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", re.IGNORECASE)
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]*)(:[0-9]{1,5})?")
_ONCE = frozenset(
    {
        b"host",
        b"authorization",
        b"origin",
        b"content-type",
        b"content-length",
        b"range",
        b"if-range",
        b"access-control-request-method",
        b"access-control-request-headers",
        b"sec-fetch-site",
        b"sec-fetch-mode",
    }
)
"""Headers that decide something: of two, the one that somebody checked may not be the one that counts."""
_NOTE_USE_EVERY = 60.0
_MOST_UNWRITTEN = 128
"""Requests that are counted and logged at once: those that come meanwhile wait."""
_LONGEST_HEADER = 1024


class Gateway:
    """The outermost ASGI application."""

    def __init__(
        self,
        inside: ASGIApp,
        *,
        settings: Settings,
        store: Store,
        ring: Ring,
        limits: Limits,
        hits: Hits,
        metrics: Metrics,
        access: AccessLog,
    ) -> None:
        self._inside, self._settings, self._store = inside, settings, store
        self._origins = Origins(settings.cors_origins)
        self._ring, self._limits, self._hits, self._metrics, self._access = (
            ring,
            limits,
            hits,
            metrics,
            access,
        )
        self._largest = 8 * settings.max_characters + 65536
        self._local = store.folder is not None
        self._patience = Patience(settings.body_timeout)
        # Unique across servers and starts, and made in a tenth of a UUID's time.
        self._series, self._count = secrets.token_hex(8), itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not _is_http(scope):
            await self._inside(scope, receive, send)
            return
        method, path = str(scope["method"]), scope["path"]  # type: ignore[typeddict-item]
        visit = Visit(request_id=f"req_{self._series}{next(self._count):08x}", method=method, path=path)
        every: Headers = list(scope["headers"])
        headers = dict(every)
        told = [
            *self._origins.headers(headers.get(b"origin")),
            (b"x-request-id", visit.request_id.encode()),
        ]
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                visit.status = message["status"]
                message["headers"] = [*message["headers"], *told]
            await send(message)

        try:
            _is_well_formed(scope, every, headers)
            if is_preflight(method, headers):
                await _empty(204, self._origins.preflight(headers), answer)
                return
            key = self._who(method, path, headers)
            visit.key = key.name
            if method == "POST" and path == SPEECH:
                body = await self._body(headers, receive)
                if await self._replayed(body, key, headers, visit, told, send):
                    return
                receive = _again(body, receive)
            elif path.startswith(CLIPS) and await self._kept(path, key, headers, visit, answer):
                return
            else:
                receive = self._checked(method, path.rstrip("/"), headers, receive)
            scope["voxpress"] = (visit, key)  # type: ignore[typeddict-unknown-key]
            # Whatever can be asked for with GET can be with HEAD; the protocol leaves the body out.
            inside: Any = {**scope, "method": "GET"} if method == "HEAD" else scope
            try:
                await self._inside(inside, receive, answer)
            finally:
                visit.route = inside.get("path_template", "")
        except Exception as error:  # the edge: whatever it is, the client must not take it for a success
            if started:
                # Without an end of the body the connection is cut, which every client notices.
                visit.error = "cut_off"
                log.warning("%s was cut off: %s", visit.request_id, _cause(error))
                return
            refused = _refusal(error)
            visit.error = refused.code or ""
            await refuse(refused, answer)
        finally:
            self._close(visit)

    def _close(self, visit: Visit) -> None:
        visit.route = visit.route or (
            SPEECH if visit.path == SPEECH else _CLIP_ROUTE if visit.path.startswith(CLIPS) else "other"
        )
        if self._access.add(visit) >= _MOST_UNWRITTEN:
            self._metrics.count(self._access.flush())

    def sweep(self) -> None:
        """Count and write what was answered since the last time, and end what waits for bodies too long."""
        self._metrics.count(self._access.flush())
        self._patience.sweep()

    def _who(self, method: str, path: str, headers: dict[bytes, bytes]) -> Key:
        """Whose request it is, by its host, its origin and its key.

        Raises:
            Refusal: it is nobody's who may use the server, or one too many.
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
            self._same_site(method, headers)
            return ANYONE
        if self._settings.clips_public and path.startswith(CLIPS):
            return ANYONE
        page = path == "/docs" or path.startswith("/docs/")
        basic = page and method in ("GET", "HEAD") and self._of_own_page(headers)
        try:
            key = self._ring.find(headers.get(b"authorization", b"").decode("latin-1"), basic=basic)
        except Refusal as error:
            if basic:
                error.headers["www-authenticate"] = 'Basic realm="voxpress"'
            raise
        self._limits.request(key)
        return key

    def _is_here(self, host: str) -> bool:
        return bool(_OURS.fullmatch(host)) or host.partition(":")[0] in self._settings.trusted_hosts

    def _same_site(self, method: str, headers: dict[bytes, bytes]) -> None:
        """A page of another site can send forms to this machine without asking first; it says where it comes from."""
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

    def _of_own_page(self, headers: dict[bytes, bytes]) -> bool:
        """Whether no page of another site sent it. Browsers send a password that they know with whatever is sent."""
        origin, host = (headers.get(name, b"").decode("latin-1") for name in (b"origin", b"host"))
        if origin and not is_own(origin, host, self._settings.public_url):
            return False
        # A link may lead here from everywhere: the page with the link sees nothing of the answer.
        own = headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin")
        return own or headers.get(b"sec-fetch-mode") == b"navigate"

    def _checked(self, method: str, path: str, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        if method != "POST" or path not in (_FILES, _VOICES):
            if method == "POST" and path == _BATCHES:
                _json(headers)
            return self._patience.bounded(receive, headers, self._largest)
        most = (self._settings.max_upload if path == _FILES else MOST_SAMPLE) + _FORM
        form = Form(headers.get(b"content-type", b"").decode("latin-1"))
        return self._patience.bounded(receive, headers, most, form)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        _json(headers)
        bounded = self._patience.bounded(receive, headers, self._largest)
        parts: list[bytes] = []
        while True:
            message = await bounded()
            parts.append(message["body"])  # type: ignore[typeddict-item]  # there is no other message
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _replayed(
        self, body: bytes, key: Key, headers: dict[bytes, bytes], visit: Visit, always: Headers, send: Send
    ) -> bool:
        hit = self._hits.find(body)
        if hit is None or "speech" not in key.may:
            return False
        tag = headers.get(b"if-none-match")
        unchanged = tag == f'"{hit.clip.sha256}"'.encode()
        if tag is not None and not unchanged:
            return False  # several tags, or a weak one
        data: bytes | None = b""
        if hit.accel:
            data = None if self._store.look(hit.clip) is None else b""
        elif not unchanged:
            data = self._read(hit) if self._local else await asyncio.to_thread(self._read, hit)
        if data is None:
            self._hits.forget(body)
            return False
        self._limits.characters(key, hit.characters)
        self._limits.note(key, hit.characters, hit=True)
        self._note_use(hit)
        visit.cache, visit.characters, visit.engine = "hit", hit.characters, hit.engine
        visit.status = 304 if unchanged else 200
        told = [each for each in hit.headers if each[0] != b"x-accel-redirect"] if unchanged else hit.headers
        length = [] if unchanged or hit.accel else [(b"content-length", b"%d" % len(data))]
        await send(
            {
                "type": "http.response.start",
                "status": visit.status,
                "headers": [*told, *length, *always],
            }
        )
        await send({"type": "http.response.body", "body": data, "more_body": False})
        return True

    def _read(self, hit: Hit) -> bytes | None:
        """The clip's bytes. A checksum takes longer than all else, and is made again when the file looks otherwise."""
        look = self._store.look(hit.clip)
        verified = look is not None and look == hit.look
        data = self._store.read(hit.clip, verify=not verified)
        hit.look = look if data is not None else None
        return data

    def _note_use(self, hit: Hit) -> None:
        """Have the store know now and then that a clip is used, so that it is not pruned."""
        if self._local and (now := time.monotonic()) - hit.noted > _NOTE_USE_EVERY:
            hit.noted, hit.look = now, None
            self._store.clip(hit.clip.key)

    async def _kept(
        self, path: str, key: Key, headers: dict[bytes, bytes], visit: Visit, answer: Send
    ) -> bool:
        """Answer a request for a clip that was served before; False where that is left to the route."""
        name = path.removeprefix(CLIPS)
        hit = self._hits.clip(name)
        if hit is None or visit.method not in ("GET", "HEAD") or "speech" not in key.may:
            return False
        tag = f'"{hit.clip.sha256}"'
        if (known := headers.get(b"if-none-match")) is not None:
            if known != tag.encode():
                return False  # several tags, or a weak one
            visit.cache = "hit"
            await _empty(304, [(b"etag", known), (b"cache-control", IMMUTABLE.encode())], answer)
            return True
        if hit.accel:
            if visit.method == "HEAD" or self._store.look(hit.clip) is None:
                return False
            visit.cache = "hit"
            self._note_use(hit)
            await _empty(200, hit.headers, answer)
            return True
        data = self._read(hit) if self._local else await asyncio.to_thread(self._read, hit)
        if data is None:
            self._hits.forget_clip(name)
            return False
        visit.cache = "hit"
        self._note_use(hit)
        status, told = 200, hit.headers
        if visit.method == "GET" and b"range" in headers:
            asked, fresh = (headers.get(each, b"").decode("latin-1") for each in (b"range", b"if-range"))
            if (part := requested_part(asked, fresh, tag, len(data))) is not None:
                status = 206
                told = [*told, (b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, len(data)))]
                data = data[part]
        length = (b"content-length", b"%d" % len(data))
        await answer({"type": "http.response.start", "status": status, "headers": [*told, length]})
        body = b"" if visit.method == "HEAD" else data
        await answer({"type": "http.response.body", "body": body, "more_body": False})
        return True


def _is_well_formed(scope: Scope, every: Headers, headers: Mapping[bytes, bytes]) -> None:
    """Check what the parser lets through and HTTP does not.

    Raises:
        Refusal: it is malformed (RFC 9110, RFC 9112).
    """
    version = scope["http_version"]
    if version not in ("1.1", "1.0"):
        raise other_version()
    if len(headers) < len(every):
        names = [name for name, _ in every]
        for name in sorted(_ONCE):
            if names.count(name) > 1:
                shown = name.decode()
                raise Refusal(
                    400,
                    f"the header {shown} may come once, not {names.count(name)} times",
                    "invalid_host" if name == b"host" else "repeated_header",
                )
    # Addresses are made with it (RFC 9112, 3.2).
    host = headers.get(b"host")
    if not _HOST.fullmatch(host or b"") or (host is None and version == "1.1"):
        raise Refusal(400, "a request must have one header host, and a name in it", "invalid_host")
    if b"transfer-encoding" in headers:
        codings = _listed(every, b"transfer-encoding")
        if version == "1.0":
            raise Refusal(400, "HTTP/1.0 has no transfer-encoding", "invalid_http")
        if codings != [b"chunked"]:
            shown = b", ".join(codings).decode("latin-1")
            raise Refusal(
                501,
                f"the transfer-encoding {shown!r} is not there: send the body as it is, or chunked",
                "unsupported_transfer_encoding",
                type="invalid_request_error",
                headers={"x-should-retry": "false"},
            )
    if b"content-encoding" in headers:
        codings = [coding for coding in _listed(every, b"content-encoding") if coding != b"identity"]
        if codings:
            shown = b", ".join(codings).decode("latin-1")
            raise Refusal(
                415,
                f"the body must be sent as it is, not encoded as {shown!r}",
                "unsupported_content_encoding",
                headers={"accept-encoding": "identity"},
            )


def _listed(every: Headers, wanted: bytes) -> list[bytes]:
    """What a header lists, in all of its lines."""
    values = b",".join(value for name, value in every if name == wanted).lower().split(b",")
    return [value.strip() for value in values if value.strip()]


def _json(headers: dict[bytes, bytes]) -> None:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json" and not kind.endswith(b"+json"):
        shown = kind.decode("latin-1") or "nothing"
        raise Refusal(415, f"the body must be application/json, not {shown}", "unsupported_media_type")


IMMUTABLE = "public, max-age=31536000, immutable"


async def _empty(status: int, headers: Headers, send: Send) -> None:
    """Answer without a body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(error: Refusal, send: Send) -> None:
    """Answer with an error's envelope."""
    body = error.body()
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *encoded(error.headers.items()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers as ASGI has them; what a header cannot hold becomes a question mark."""
    return [(name.lower().encode("ascii"), header(value)) for name, value in headers]


def _refusal(error: Exception) -> Refusal:
    """What an error is answered with; one that nobody expected is logged."""
    match error:
        case Refusal():
            return error
        case SpeechError():
            return refusal(error)
    log.error("a request failed", exc_info=error)
    return Refusal(500, "something went wrong here; the log says what", "internal_error")


def _cause(error: BaseException) -> str:
    """The error that others were made of, in a line."""
    while isinstance(error, BaseExceptionGroup) or error.__cause__ is not None:
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error
    return f"{type(error).__name__}: {error}"


def _is_http(scope: Scope) -> bool:
    return scope["type"] == ScopeType.HTTP


def header(value: str) -> bytes:
    """The value of a header: what it cannot hold becomes a question mark, and what is too long is cut."""
    plain = "".join(c if c.isprintable() else "?" for c in value[:_LONGEST_HEADER]).encode("ascii", "replace")
    return plain if len(value) <= _LONGEST_HEADER else plain + b"..."


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
