"""The door: what happens to every request before and after it is dealt with.

It gets an id, a key is asked for and its limit counted, bodies are bounded in size and time, errors get their envelope,
and the answer is counted and logged. A request for speech that was answered before is answered here, from the store:
the way through the framework would take longer than reading the file.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from voxpress.errors import SpeechError
from voxpress.server.errors import Refusal, refusal
from voxpress.server.forms import Form
from voxpress.server.keys import ANYONE, Key, Limits, Ring
from voxpress.server.logs import AccessLog, Visit
from voxpress.server.meters import Meters
from voxpress.server.origins import Header, Origins, is_own
from voxpress.server.settings import Settings
from voxpress.speech import Clip, Seconds
from voxpress.store import Store

log = logging.getLogger("voxpress.server")

Headers: TypeAlias = list[Header]

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
_ONCE = frozenset({b"authorization", b"content-type", b"host", b"origin"})
"""Headers of which a request has one at most: two proxies could each look at another one (RFC 9110, 5.3)."""
_MOST_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 8192
_NOTE_USE_EVERY = 60.0
_LONGEST_HEADER = 1024
_SLOWEST_BODY = 8192
"""Bytes a second that a body has to have on average, once `body_timeout` has passed."""


class Hit(msgspec.Struct):
    """A request that was answered from the store, and will be again."""

    clip: Clip
    headers: Headers
    characters: int
    engine: str
    accel: bool = False
    look: tuple[int, int, int] | None = None
    """Of the clip's file, when it was last compared with its checksum."""
    noted: float = msgspec.field(default_factory=time.monotonic)


class Hits:
    """Answers by the bytes of their requests, and the tags of clips that were served; the latest of each."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Hit] = OrderedDict()
        self._etags: OrderedDict[str, bytes] = OrderedDict()

    def find(self, body: bytes) -> Hit | None:
        """The answer to a request with that body."""
        return self._answers.get(body)

    def remember(self, body: bytes, hit: Hit) -> None:
        """Answer requests with that body so, until `forget`."""
        if len(body) > _LONGEST_REMEMBERED:
            return
        self._answers[body] = hit
        if len(self._answers) > _MOST_REMEMBERED:
            self._answers.popitem(last=False)

    def forget(self, body: bytes) -> None:
        """Its clip is gone."""
        self._answers.pop(body, None)

    def served(self, name: str, etag: str) -> None:
        """A clip has that name under `CLIPS`, and that tag."""
        self._etags[name] = etag.encode()
        if len(self._etags) > _MOST_REMEMBERED:
            self._etags.popitem(last=False)

    def etag(self, name: str) -> bytes | None:
        """The tag of a clip that was served."""
        return self._etags.get(name)


class Door:
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
        meters: Meters,
        access: AccessLog,
    ) -> None:
        self._inside, self._settings, self._store = inside, settings, store
        self._ring, self._limits, self._hits, self._meters, self._access = ring, limits, hits, meters, access
        self._largest = 8 * settings.max_characters + 65536
        self._local = store.folder is not None
        self._origins, self._loopback = Origins(settings.cors_origins), settings.loopback
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
        started = False
        every = list(scope["headers"])
        headers = dict(every)
        origin = headers.get(b"origin")
        further = [*self._origins.headers(origin), (b"x-request-id", visit.request_id.encode())]

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                visit.status = message["status"]
                message["headers"] = [*message["headers"], *further]
            await send(message)

        try:
            _check_head(scope, every, headers)
            if method == "OPTIONS" and origin is not None and b"access-control-request-method" in headers:
                await self._preflight(origin, headers, answer)
                return
            key = self._who(method, path, headers)
            visit.key = key.name
            if method == "HEAD":
                scope = _as_get(scope)
            if method == "POST" and path == SPEECH:
                body = await self._body(headers, receive)
                if await self._replayed(body, key, headers, visit, answer):
                    return
                receive = _again(body, receive)
            elif path.startswith(CLIPS) and await self._unchanged(path, key, headers, visit, answer):
                return
            else:
                receive = self._checked(method, path.rstrip("/"), headers, receive)
            scope["voxpress"] = (visit, key)  # type: ignore[typeddict-unknown-key]
            await self._inside(scope, receive, answer)
        except Exception as error:  # the edge: whatever it is, the client must not take it for a success
            if started:
                # Without an end of the body the connection is cut, which every client notices.
                visit.error = "cut_off"
                log.warning("%s was cut off: %s", visit.request_id, _cause(error))
                return
            refused = _told(error)
            visit.error = refused.code or ""
            await refuse(refused, answer)
        finally:
            self._close(visit, scope)

    async def _preflight(self, origin: bytes, headers: dict[bytes, bytes], answer: Send) -> None:
        """Answer a browser that asks what a page may send. It has no key, and learns nothing."""
        self._check_host(headers)
        wanted = headers.get(b"access-control-request-headers", b"")
        told = self._origins.preflight(origin, wanted)
        await answer({"type": "http.response.start", "status": 204, "headers": told})
        await answer({"type": "http.response.body", "body": b"", "more_body": False})

    def _close(self, visit: Visit, scope: Scope) -> None:
        visit.route = scope.get("path_template") or (
            SPEECH if visit.path == SPEECH else _CLIP_ROUTE if visit.path.startswith(CLIPS) else "other"
        )
        self._access.add(visit)

    def sweep(self) -> None:
        """Count and write what was answered since the last time, and end what waits for bodies too long."""
        self._meters.count(self._access.flush())
        self._patience.sweep()

    def _who(self, method: str, path: str, headers: dict[bytes, bytes]) -> Key:
        if path in OPEN:
            return ANYONE
        self._check_host(headers)
        origin = headers.get(b"origin")
        if self._open:
            self._same_site(method, origin)
            return ANYONE
        if self._settings.clips_public and path.startswith(CLIPS):
            return ANYONE
        given = headers.get(b"authorization", b"").decode("latin-1")
        if given[:6].lower() == "basic ":
            _check_own_page(path, origin, headers, self._settings.public_url)
        try:
            key = self._ring.find(given)
        except Refusal as error:
            if path.startswith("/docs"):
                error.headers["www-authenticate"] = 'Basic realm="voxpress"'
            raise
        self._limits.request(key)
        return key

    @property
    def _open(self) -> bool:
        """Whether there are no keys, and this machine may do everything."""
        return not self._ring and self._loopback

    def _check_host(self, headers: dict[bytes, bytes]) -> None:
        """A server without keys answers to its own names only: any page can give its own name this address.

        Raises:
            Refusal
        """
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._open or _OURS.fullmatch(host) or host.partition(":")[0] in self._settings.trusted_hosts:
            return
        raise Refusal(
            403,
            f"a server without keys answers only to this machine, not to {host!r}: voxpress keys add NAME",
            "host_not_allowed",
        )

    def _same_site(self, method: str, origin: bytes | None) -> None:
        """A page of another site can send forms to this machine without asking first; it says where it comes from."""
        if method in _SAFE or not origin or self._origins.allows(origin):
            return
        shown = origin.decode("latin-1")
        host = shown.partition("://")[2]
        if not _OURS.fullmatch(host) and host.partition(":")[0] not in self._settings.trusted_hosts:
            raise Refusal(
                403,
                f"a server without keys takes nothing from pages of {shown!r} (cors_origins in [server])",
                "origin_not_allowed",
            )

    def _checked(self, method: str, path: str, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        if method != "POST" or path not in (_FILES, _VOICES):
            if method == "POST" and path == _BATCHES:
                _json(headers)
            return self._bounded(receive, headers, self._largest)
        most = (self._settings.max_upload if path == _FILES else MOST_SAMPLE) + _FORM
        form = Form(headers.get(b"content-type", b"").decode("latin-1"))
        return self._bounded(receive, headers, most, form)

    def _bounded(
        self, receive: Receive, headers: dict[bytes, bytes], most: int, form: Form | None = None
    ) -> Receive:
        """`receive` that refuses bodies of more than `most` bytes, those that do not go on coming, and bad forms."""
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            raise Refusal(
                413, f"the body has {int(announced):,} bytes, and {most:,} are allowed", "body_too_large"
            )
        total, whole, began = 0, False, time.monotonic()

        async def bounded() -> Any:
            nonlocal total, whole
            if whole:
                return await receive()
            message = await self._patience.wait(receive, began, total)
            if message["type"] == "http.disconnect":
                raise Refusal(400, "the body ended before it was whole", "incomplete_body")
            if message["type"] == "http.request":
                total += len(message.get("body", b""))
                whole = not message.get("more_body")
                if total > most:
                    raise Refusal(
                        413, f"the body has more than the {most:,} bytes that are allowed", "body_too_large"
                    )
                if form is not None:
                    form.feed(message.get("body", b""))
                    if whole:
                        form.end()
            return message

        return bounded

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        _json(headers)
        bounded = self._bounded(receive, headers, self._largest)
        parts: list[bytes] = []
        while True:
            message = await bounded()
            parts.append(message["body"])  # type: ignore[typeddict-item]  # there is no other message
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _replayed(
        self, body: bytes, key: Key, headers: dict[bytes, bytes], visit: Visit, answer: Send
    ) -> bool:
        hit = self._hits.find(body)
        if hit is None or "speech" not in key.may:
            return False
        unchanged = headers.get(b"if-none-match") == f'"{hit.clip.sha256}"'.encode()
        data: bytes | None = b""
        if not unchanged and not hit.accel:
            data = self._read(hit) if self._local else await asyncio.to_thread(self._read, hit)
        if data is None:
            self._hits.forget(body)
            return False
        self._limits.characters(key, hit.characters)
        self._limits.note(key, hit.characters, hit=True)
        if self._local and (now := time.monotonic()) - hit.noted > _NOTE_USE_EVERY:
            hit.noted, hit.look = now, None
            self._store.clip(hit.clip.key)
        visit.cache, visit.characters, visit.engine = "hit", hit.characters, hit.engine
        told = [each for each in hit.headers if each[0] != b"x-accel-redirect"] if unchanged else hit.headers
        length = [] if unchanged or hit.accel else [(b"content-length", b"%d" % len(data))]
        status = 304 if unchanged else 200
        await answer({"type": "http.response.start", "status": status, "headers": [*told, *length]})
        await answer({"type": "http.response.body", "body": data, "more_body": False})
        return True

    def _read(self, hit: Hit) -> bytes | None:
        """The clip's bytes. A checksum takes longer than all else, and is made again when the file looks otherwise."""
        look = self._store.look(hit.clip)
        verified = look is not None and look == hit.look
        data = self._store.read(hit.clip, verify=not verified)
        hit.look = look if data is not None else None
        return data

    async def _unchanged(
        self, path: str, key: Key, headers: dict[bytes, bytes], visit: Visit, answer: Send
    ) -> bool:
        tag = headers.get(b"if-none-match")
        if tag is None or visit.method not in ("GET", "HEAD") or "speech" not in key.may:
            return False
        known = self._hits.etag(path.removeprefix(CLIPS))
        if known is None or tag != known:
            return False
        visit.cache = "hit"
        await answer(
            {
                "type": "http.response.start",
                "status": 304,
                "headers": [(b"etag", known), (b"cache-control", IMMUTABLE.encode())],
            }
        )
        await answer({"type": "http.response.body", "body": b"", "more_body": False})
        return True


class Patience:
    """Ends what waits too long for a body. One sweep for all costs less than a timer for each.

    Args:
        seconds: for the next bytes; and for the whole, with a second more for each `_SLOWEST_BODY` bytes that came.
    """

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self._until: dict[asyncio.Task[Any], float] = {}

    async def wait(self, receive: Receive, began: Seconds, came: int) -> Any:
        """The next message of a body of which so many bytes came since `began`.

        Raises:
            Refusal: it did not come in time.
        """
        task = asyncio.current_task()
        assert task is not None
        whole = began + self._seconds + came / _SLOWEST_BODY
        self._until[task] = min(time.monotonic() + self._seconds, whole)
        try:
            return await receive()
        except asyncio.CancelledError:
            if task in self._until:
                raise
            task.uncancel()
            if time.monotonic() < whole:
                problem = f"nothing of the body came for {self._seconds:g} s"
            else:
                problem = f"the body came more slowly than {_SLOWEST_BODY:,} bytes a second"
            raise Refusal(408, problem, "body_timeout") from None
        finally:
            self._until.pop(task, None)

    def sweep(self) -> None:
        """Look who waits too long."""
        now = time.monotonic()
        for task in [task for task, until in self._until.items() if until < now]:
            del self._until[task]
            task.cancel()


def _check_head(scope: Scope, every: Headers, headers: dict[bytes, bytes]) -> None:
    """What HTTP/1.1 does not allow in a head, and what is not done here, each with its status.

    Raises:
        Refusal
    """
    if (version := scope["http_version"]) not in ("1.1", "1.0"):
        raise Refusal(505, f"this server speaks HTTP/1.1, not HTTP/{version}", "http_version_not_supported")
    if len(headers) < len(every):
        for name in _ONCE & headers.keys():
            if sum(each == name for each, _ in every) > 1:
                code = "invalid_host" if name == b"host" else "duplicate_header"
                raise Refusal(400, f"a request must have one header {name.decode()}, not several", code)
    # Addresses are made with it.
    if not _HOST.fullmatch(headers.get(b"host", b"")):
        raise Refusal(400, "a request must have one header host, and a name in it", "invalid_host")
    coding = [value for name, value in every if name == b"transfer-encoding"]
    if coding and b",".join(coding).strip().lower() != b"chunked":
        shown = b", ".join(coding).decode("latin-1")
        raise Refusal(501, f"transfer-encoding may be chunked, not {shown!r}", "not_implemented")
    if coding and version == "1.0":
        raise Refusal(400, "HTTP/1.0 has no transfer-encoding", "invalid_http")
    packed = headers.get(b"content-encoding", b"identity").strip().lower()
    if packed not in (b"identity", b""):
        raise Refusal(
            415,
            f"bodies must not be compressed, and this one is {packed.decode('latin-1')!r}",
            "unsupported_media_type",
            headers={"accept-encoding": "identity"},
        )


def _check_own_page(path: str, origin: bytes | None, headers: dict[bytes, bytes], public: str) -> None:
    """A browser adds a password to whatever it sends here, for the page of any site; so it counts only for the
    server's own pages, and for programs, which say nothing of pages.

    Raises:
        Refusal
    """
    site = headers.get(b"sec-fetch-site", b"none")
    fetched = site in (b"none", b"same-origin") or path.startswith("/docs")
    # Behind a proxy the host may lack the port that the browser sees.
    own = (headers.get(b"host", b""), public.partition("://")[2].partition("/")[0].encode())
    if fetched and (origin is None or any(is_own(origin, host) for host in own)):
        return
    raise Refusal(
        403,
        "a password counts only for this server's own pages: send the key as 'Authorization: Bearer …'",
        "origin_not_allowed",
    )


def _as_get(scope: Scope) -> Scope:
    """HEAD is GET without the body, which the protocol leaves out; parts are of GET alone (RFC 9110, 14.2)."""
    headers = [each for each in scope["headers"] if each[0] not in (b"range", b"if-range")]
    return {**scope, "method": "GET", "headers": headers}  # type: ignore[return-value]


def _json(headers: dict[bytes, bytes]) -> None:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json" and not kind.endswith(b"+json"):
        shown = kind.decode("latin-1") or "nothing"
        raise Refusal(415, f"the body must be application/json, not {shown}", "unsupported_media_type")


IMMUTABLE = "public, max-age=31536000, immutable"


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


def _told(error: Exception) -> Refusal:
    """How an error is answered."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, SpeechError):
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
