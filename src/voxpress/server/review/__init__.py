"""The page on which people listen to the doubtful sentences of a book and decide: right, said otherwise, or once more.

It is for this machine only: its address holds a secret, and it listens on the loopback interface.
"""

from __future__ import annotations

import asyncio
import html
import logging
import secrets
from collections.abc import Callable
from importlib import resources
from typing import Annotated, Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from voxpress.audio import codec
from voxpress.errors import InputError, SpeechError, StoreError
from voxpress.publish.review import Doubtful, Reviewing
from voxpress.server import bind
from voxpress.speech import Output

_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; media-src 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_FILES = {"page.css": "text/css", "page.js": "text/javascript"}
Text = Annotated[str, Meta(min_length=1, max_length=10_000)]


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A doubtful sentence, as the page shows it."""

    chapter: str
    text: str
    spoken: str
    heard: str
    differences: tuple[tuple[str, str], ...]
    take: str

    @classmethod
    def of(cls, found: Doubtful) -> Sentence:
        """What the page needs of it."""
        return cls(**{name: getattr(found, name) for name in cls.__struct_fields__})


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody decides of a sentence."""

    text: Text
    written: str = ""
    said: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: the sentence where it is still doubtful, and why nothing was done where nothing was."""

    sentence: Sentence | None = None
    problem: str = ""


def application(reviewing: Reviewing, title: str, secret: str) -> Litestar:
    """The page and what its buttons ask for, under ``/SECRET/``."""
    one_at_a_time = asyncio.Lock()

    async def decide(action: Callable[[], Doubtful | None]) -> Outcome:
        async with one_at_a_time:
            try:
                found = await asyncio.to_thread(action)
            except SpeechError as error:
                return Outcome(problem=str(error))
        return Outcome(sentence=Sentence.of(found) if found else None)

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def show_page() -> str:
        return _read("page.html").replace("{title}", html.escape(title))

    @get("/{name:str}", sync_to_thread=False)
    def send_file(name: FromPath[str]) -> Response[str]:
        if name not in _FILES:
            raise NotFoundException
        return Response(_read(name), media_type=_FILES[name])

    @get("/sentences")
    async def list_sentences() -> list[Sentence]:
        async with one_at_a_time:
            found = await asyncio.to_thread(reviewing.sentences)
        return [Sentence.of(each) for each in found]

    @get("/takes/{take:str}", sync_to_thread=True)
    def send_audio(take: FromPath[str]) -> Response[bytes]:
        audio = reviewing.audio(take) if take.isalnum() else None
        if audio is None:
            raise NotFoundException
        return Response(codec.encode(audio, Output()), media_type="audio/wav")

    @post("/approve", status_code=200)
    async def approve(data: JSONBody[Decided]) -> Outcome:
        return await decide(lambda: reviewing.approve(data.text))

    @post("/respell", status_code=200)
    async def respell(data: JSONBody[Decided]) -> Outcome:
        return await decide(lambda: reviewing.respell(data.text, data.written, data.said))

    @post("/reread", status_code=200)
    async def reread(data: JSONBody[Decided]) -> Outcome:
        return await decide(lambda: reviewing.reread(data.text))

    return Litestar(
        path=f"/{secret}",
        route_handlers=[show_page, send_file, list_sentences, send_audio, approve, respell, reread],
        exception_handlers={
            NotFoundException: lambda *_: _answer(404, "there is nothing here"),
            RecursionError: lambda *_: _answer(400, "the body is nested too deeply"),
        },
        before_request=_refuse_strangers,
        after_request=_add_headers,
        openapi_config=None,
        logging_config=None,
    )


def _refuse_strangers(request: Request[Any, Any, Any]) -> Response[str] | None:
    """The refusal of a request that another site may have a browser make; None: it is answered.

    Such a site can give this machine a name of its own, which its pages may then read. And its forms can be sent here,
    but not as JSON: browsers ask before that.
    """
    if request.url.hostname not in ("127.0.0.1", "localhost"):
        return _answer(400, "this page is for this machine only")
    if request.method == "POST" and request.content_type[0] != "application/json":
        return _answer(415, "decisions are sent as application/json")
    return None


def _add_headers(response: Response[object]) -> Response[object]:
    response.headers.update(_HEADERS)
    return response


def _answer(status: int, problem: str) -> Response[str]:
    return Response(problem, status_code=status, media_type=MediaType.TEXT)


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def serve(reviewing: Reviewing, title: str, *, port: int, tell: Callable[[str], None]) -> None:
    """Show the page until the process is interrupted.

    Args:
        port: 0: any that is free.
        tell: is told the page's address.

    Raises:
        InputError: the port is taken.
    """
    import uvicorn

    secret = secrets.token_urlsafe(16)
    try:
        listener = bind("127.0.0.1", port)
    except StoreError as error:
        raise InputError(error.problem, field="port") from error
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    app = application(reviewing, title, secret)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, server_header=False, ws="none")
    )
    tell(f"http://127.0.0.1:{listener.getsockname()[1]}/{secret}/")
    server.run(sockets=[listener])
