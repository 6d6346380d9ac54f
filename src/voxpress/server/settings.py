"""Settings of a server: the table ``[server]`` of a `voxpress.toml`, and flags."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, ValidationError, convert

from voxpress.errors import InputError, ManifestError, suggest
from voxpress.rendering import ATTEMPTS, TIMEOUT
from voxpress.server.batches.addresses import check_url
from voxpress.server.schemas import RequestMarkup
from voxpress.speech import Seconds
from voxpress.validation import explain_type

Bytes: TypeAlias = int
Positive: TypeAlias = Annotated[int, Meta(ge=1)]
Event: TypeAlias = Literal["batch.completed", "batch.failed", "batch.cancelled", "batch.expired"]
Patience: TypeAlias = Annotated[float, Meta(gt=0)]


class ModelName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the name of a model stands for."""

    engine: str
    model: str | None = None
    """Weights: a name, a file or a folder; None: the engine's default."""

    @property
    def full_name(self) -> str:
        """The engine's name, or ``engine/model``."""
        return f"{self.engine}/{self.model}" if self.model else self.engine


class Webhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that gets a message when a batch has ended."""

    url: str
    secret: Annotated[str, Meta(pattern="^whsec_")]
    """``whsec_`` and Base64, as OpenAI's client takes it; `voxpress keys webhook-secret` makes one."""
    events: Sequence[Event] = ("batch.completed", "batch.failed", "batch.cancelled", "batch.expired")


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an operator can choose. None of it changes the sound of a take.

    >>> Settings().port
    8880
    """

    host: str = "127.0.0.1"
    """Address to listen on. Without keys it must be one of this machine's own."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8880
    """Port to listen on; 0: any that is free."""
    wyoming: str | None = None
    """Address for the Wyoming protocol of Home Assistant, such as ``tcp://127.0.0.1:10200``; None: not spoken."""
    allow_open: bool = False
    """Let everyone who reaches the Wyoming address use it: the protocol has no keys."""
    state: str | None = None
    """Folder for keys, files and batches, or a ``postgresql://`` URL; None: a folder in the user's data directory."""

    # Engines
    engines: Sequence[str] | None = None
    """Engines that may be asked for; None: all but `tone`, which beeps, and `openai`, which costs money."""
    models: Mapping[str, str | ModelName] = {}
    """More model names, or new meanings of existing ones: an engine's name, ``engine/model``, or a table."""
    voices: Mapping[str, str | Mapping[str, str]] = {}
    """What voice names mean; a table holds for the engine whose name it has."""
    preload: Sequence[str] = ()
    """Models to load when the server starts; others are loaded at their first request."""
    workers: Annotated[int, Meta(ge=1)] | None = None
    """Processes that speak; None: one for each core."""
    idle: Annotated[Seconds, Meta(ge=0)] = 0.0
    """Seconds without work after which a worker ends and frees its memory; 0: never."""
    attempts: Positive = ATTEMPTS
    """Attempts for a segment that fails or does not pass its check."""
    timeout: Patience = TIMEOUT
    """Seconds without an answer after which a worker is ended."""

    unknown_fields: Literal["ignore", "refuse"] = "ignore"
    """Unknown fields of a request: ignored and named in ``x-voxpress-ignored``, or an error."""
    nothing_to_speak: Literal["silence", "refuse"] = "silence"
    """The answer to a text without a letter or digit: a fifth of a second of silence, or an error."""

    markup: RequestMarkup = "plain"
    """How a request's text is written where the request does not say; ``auto``: SSML if it begins with ``<speak``."""

    # Limits
    max_characters: Positive = 100_000
    """Longest text of a request."""
    max_duration: Patience = 7200.0
    """Longest expected audio of a request, in seconds at 24 kHz; at other rates in proportion."""
    queue: Positive = 500
    """Most requests that may wait to be spoken."""
    deadline: Patience = 540.0
    """Seconds after which a request gets 503; the work goes on. OpenAI's client waits 600 s."""
    linger: Annotated[Seconds, Meta(ge=0)] = 15.0
    """Seconds that work goes on after the last client has left. A client that timed out comes back within 8 s."""
    stream_from: Annotated[int, Meta(ge=0)] = 4
    """Number of segments from which a text is streamed while it is spoken; 0: never."""
    body_timeout: Patience = 30.0
    """Seconds to wait for the next bytes of a request; a longer body needs 1,000 bytes a second on average."""
    max_upload: Positive = 200_000_000
    """Largest input file of a batch, in bytes."""
    max_lines: Positive = 50_000
    """Most lines of a batch."""
    max_inline_audio: Positive = 500_000_000
    """Most bytes of audio in the output of a batch, in Base64; beyond, lines name the address of their clip only."""
    max_batches: Positive = 50
    """Most batches of a key that may be at work; one more is refused with 429."""
    batch_window: Positive = 64
    """Lines of a batch that are worked on at once."""

    # Access
    clips_public: bool = False
    """Serve clips without a key to everyone who knows their digest, as CDNs need."""
    allow_webhook_urls: bool = False
    """Let a batch name its own webhook address."""
    webhooks: Sequence[Webhook] = ()
    """Webhooks for ended batches: tables ``[[server.webhooks]]`` with url, secret and events."""
    cors_origins: Sequence[str] = ()
    """Web origins that may call the server from a browser, such as ``https://app.example.com``; ``*``: all."""
    trusted_hosts: Sequence[str] = ()
    """Host names that a server without keys accepts besides those of this machine."""

    # Operation
    accel_redirect: str = ""
    """Prefix under which nginx serves the store by itself, such as ``/_clips/``."""
    public_url: str = ""
    """What comes before ``/v1`` in the addresses that are given out; empty: what the request came to."""
    log_format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line."""
    log_texts: bool = False
    """Whether texts are logged."""
    grace: Patience = 30.0
    """How long requests under way may take to end when the server is stopped."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the server.

        >>> Settings().loopback, Settings(host="::1").loopback, Settings(host="0.0.0.0").loopback
        (True, True, False)
        """
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address is one of this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("192.168.1.4")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def settings(table: Mapping[str, Any], path: str, **flags: Any) -> Settings:
    """The settings of a ``[server]`` table. Flags that are not None replace its fields.

    Raises:
        ManifestError: a field does not exist or has a wrong value.

    >>> settings({"port": 9000}, "voxpress.toml", host=None).port
    9000
    """
    known = Settings.__struct_fields__
    for name, value in table.items():
        if name not in known:
            problem = f"no such field{suggest(name, known)} (fields: {', '.join(known)})"
            raise ManifestError(problem, path=path, field=f"server.{name}")
        try:
            convert({name: value}, Settings)
        except ValidationError as error:
            raise ManifestError(explain_type(error), path=path, field=f"server.{name}") from error
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        made = convert({**table, **given}, Settings)
    except ValidationError as error:
        raise ManifestError(str(error), path="flags") from error
    tables = {f"voices.{name}": table for name, table in made.voices.items() if isinstance(table, Mapping)}
    for field, named in {"models": made.models, "voices": made.voices, **tables}.items():
        if not all(map(str.strip, named)):
            raise ManifestError("a name is empty", path=path, field=f"server.{field}")
    for number, webhook in enumerate(made.webhooks):
        _check_webhook(webhook, path, f"server.webhooks[{number}]")
    return made


def _check_webhook(webhook: Webhook, path: str, place: str) -> None:
    try:
        check_url(webhook.url, "url")
    except InputError as error:
        raise ManifestError(error.problem, path=path, field=f"{place}.url") from error
    try:
        key = base64.b64decode(webhook.secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        problem = "must be whsec_ and Base64: voxpress keys webhook-secret makes one"
        raise ManifestError(problem, path=path, field=f"{place}.secret")
