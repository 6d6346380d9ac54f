"""OpenAI's hosted voices, and every server that has the same interface.

A model is a name of OpenAI's, such as ``tts-1-hd``, or ``NAME@URL`` for another server:
``kokoro@http://localhost:8880/v1``. The server is a part of the model because a voice sounds different on another
server; so it is in keys and reports, and a row can name it. Only the secret is in the environment: the official client
reads OPENAI_API_KEY, and sends the key only to OpenAI, or to the server in OPENAI_BASE_URL.

Sources: OpenAI's API reference (createSpeech) and its text-to-speech guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from voxpress import languages
from voxpress.audio import codec
from voxpress.audio.decoding import Bounds
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, Option, check_options, require
from voxpress.errors import (
    EngineError,
    InputError,
    ModelUnavailable,
    ServiceRefused,
    ServiceUnavailable,
    SpeechError,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
)
from voxpress.models import prices
from voxpress.speech import OptionValue, Seconds, Segment, Voice

_REVISION = "1"
"""Part of the fingerprint; every change here that can change the sound needs another one."""
HOSTED = "https://api.openai.com/v1"
"""OpenAI's own server."""
_DEFAULT = "tts-1-hd"
"""OpenAI's steadiest model from take to take. It is billed by characters, so that prices are exact."""
_OLD_VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
_NEW_VOICES = ("ballad", "cedar", "marin", "verse")
"""Voices that tts-1 and tts-1-hd lack."""
_NO_KEY = "none"
"""Key for servers that have none."""
_OWN_VOICE = "id:"
"""Prefix of the id of a custom voice at OpenAI."""
_MOST_INSTRUCTIONS = 4096

_RETRIES = 5
"""Further attempts of the client, which waits as long as the server asks, up to two minutes."""
_PATIENCE: Seconds = 90.0
"""Time without a byte from the server. All attempts together must end before the loop ends the worker."""
_ANSWER = Bounds(samples=1800 * 48000, longest=1800.0, lowest_rate=8000, highest_rate=192000)
"""Limits of an answer, since a row can name any server. No segment lasts half an hour."""

# gpt-4o-mini-tts takes 2,000 tokens. A character has at most as many tokens as bytes in UTF-8: mostly one in Latin
# script, and three in nearly all others.
_LATIN_LIMIT = 1500
_OTHER_LIMIT = 600


class OpenAI(Engine):
    """OpenAI's speech interface. Hosted models are not repeatable: every attempt is another reading."""

    name = "openai"
    description = "OpenAI's hosted voices, paid by what is spoken; or any server with the same interface"
    licence = "Apache-2.0"
    weights_licence = "hosted (OpenAI's terms of use)"
    languages = ("*",)
    packages = ("openai",)
    install = "pip install 'voxpress[openai]'"
    sample_rate = 24000
    max_chars = 4096
    repeatable = "no"
    options = {
        "instructions": Option(
            default="",
            description="how to speak, in words; not for tts-1 and tts-1-hd",
        ),
    }

    def fingerprint(self, voice: str) -> str:
        # OpenAI may change a model without changing its name: see docs/engines.md.
        return f"openai-{_REVISION} {self._server} {self._name}"

    def voices(self) -> Sequence[Voice]:
        # Most other servers take these names too, and there is no common way to ask them for others.
        names = _OLD_VOICES if self._is_old else sorted((*_OLD_VOICES, *_NEW_VOICES))
        return [Voice(name=name, licence="OpenAI's terms of use") for name in names]

    def voice(self, name: str | None) -> Voice:
        """Like `Engine.voice`, and custom voices such as ``id:voice_1234``. Another server may have voices of any
        name.
        """
        if name is None or (self._is_hosted and not _is_own(name)):
            return self._find_built_in(name)
        if not name.strip() or name == _OWN_VOICE:
            raise UnknownVoice(f"{name!r} names no voice")
        return Voice(name=name)

    def _find_built_in(self, name: str | None) -> Voice:
        try:
            return super().voice(name)
        except UnknownVoice as error:
            if name in _NEW_VOICES:
                raise UnknownVoice(f"{self._name} has no voice {name!r}: gpt-4o-mini-tts has it") from None
            if str(name).startswith("voice_"):
                raise UnknownVoice(f"{name!r} is the id of a voice: write it as 'id:{name}'") from None
            raise error from None

    def longest(self, voice: Voice, language: str) -> int:
        if not self._is_hosted or self._is_old:
            return self.max_chars
        return _LATIN_LIMIT if languages.base(language) in languages.LATIN else _OTHER_LIMIT

    def workers(self) -> int:
        return 8

    def price(self, text: str) -> float:
        return prices.price(self.name, self._name, text) if self._is_hosted else 0.0

    def checked(self, options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
        checked = check_options(type(self), options)
        instructions = str(checked["instructions"])
        if instructions and self._is_old:
            raise UnsupportedOption(f"{self._name} takes no instructions: gpt-4o-mini-tts does")
        if len(instructions) > _MOST_INSTRUCTIONS:
            raise UnsupportedOption(
                f"instructions may have {_MOST_INSTRUCTIONS:,} characters, not {len(instructions):,}"
            )
        return checked

    def load(self) -> None:
        require(type(self))
        self._client  # noqa: B018 - made on first use

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._speak(segment) for segment in batch]

    def _speak(self, segment: Segment) -> Audio:
        import openai

        instructions = self.checked(segment.options)["instructions"]
        try:
            answer = self._client.audio.speech.create(
                model=self._name,
                input=segment.text,
                voice={"id": segment.voice.removeprefix(_OWN_VOICE)}
                if _is_own(segment.voice)
                else segment.voice,
                response_format="wav",
                instructions=instructions or openai.omit,
            )
        except openai.APIStatusError as error:
            raise self._explain_status(error, segment) from None
        except openai.APITimeoutError:
            problem = (
                f"{self._server} sent nothing for {_PATIENCE:g} s, although it was asked {1 + _RETRIES} times"
            )
            raise ServiceUnavailable(f"{problem}: try again later") from None
        except openai.APIConnectionError as error:
            cause = self._clean_answer(str(error.__cause__ or error))
            raise ServiceUnavailable(f"no answer from {self._server}: {cause}") from None
        except openai.OpenAIError as error:
            raise EngineError(f"{self._server}: {self._clean_answer(str(error))}") from None
        return self._decode_answer(answer.response, answer.content, segment)

    def _decode_answer(self, response: Any, data: bytes, segment: Segment) -> Audio:
        """The audio in an answer of status 200.

        Raises:
            SynthesisError: the body is no audio, not lossless, or incomplete.
        """
        said = f"for {segment.text[:60]!r}"
        kind = response.headers.get("content-type", "no type")
        if not data:
            raise SynthesisError(f"{self._server} sent an empty body {said}")
        if not (data[:4] == b"fLaC" or (data[:4] == b"RIFF" and data[8:12] == b"WAVE")):
            textual = "text" in kind or "json" in kind
            shown = f": {self._clean_answer(data[:5000].decode('utf-8', 'replace'))}" if textual else ""
            raise SynthesisError(f"{self._server} was asked for WAV, and sent {kind} {said}{shown}")
        chunked = response.headers.get("transfer-encoding", "").lower() == "chunked"
        if not (chunked or "content-length" in response.headers or response.http_version == "HTTP/2"):
            raise SynthesisError(
                f"{self._server} does not say how long its answer is, so nobody can know whether all of it is here"
            )
        try:
            return codec.decode(data, bounds=_ANSWER)
        except InputError as error:
            raise SynthesisError(f"{self._server} sent {kind} {said}: {error}") from None

    def _explain_status(self, error: Any, segment: Segment) -> SpeechError:
        """The error for an answer with an error status."""
        status, detail = error.status_code, self._read_detail(error.body)
        match status:
            case _ if 300 <= status < 400:
                return self._explain_redirect(error.response)
            case 401 if self._client.api_key == _NO_KEY:
                return ServiceRefused(
                    f"{self._server} wants a key: set OPENAI_BASE_URL to this address, and OPENAI_API_KEY to its key"
                )
            case 401:
                return ServiceRefused(
                    f"{self._server} does not take the key: set OPENAI_API_KEY to a valid one"
                )
            case 402 | 429 if status == 402 or error.code in {
                "insufficient_quota",
                "billing_hard_limit_reached",
            }:
                return ServiceRefused(f"the account at {self._server} has no credit left: {detail}")
            case 403:
                return ServiceRefused(f"{self._server} does not allow it: {detail}")
            case 404:
                return ModelUnavailable(
                    f"{self._server} has no model {self._name!r}, or no such voice: {detail}"
                )
            case 400 | 413 | 422:
                return InputError(f"{self._server} refuses {segment.text[:60]!r}: {detail}")
            case _ if status in {408, 409, 429} or status >= 500:
                asked = 1 + int(error.request.headers.get("x-stainless-retry-count", "0"))
                times = f", although it was asked {asked} times" if asked > 1 else ""
                wait = error.response.headers.get("retry-after")
                later = f"it asks to wait {wait} s" if wait and wait.isdecimal() else "try again later"
                return ServiceUnavailable(f"{self._server} answered {status}{times}: {detail} ({later})")
        return EngineError(f"{self._server} answered {status}: {detail}")

    def _explain_redirect(self, response: Any) -> ServiceRefused:
        """The error for a redirect. It is not followed: the user decides which server gets texts and the key."""
        try:
            place = urlsplit(urljoin(str(response.url), response.headers["location"]))
            address = _normalise_url(place._replace(query="", fragment="").geturl())
        except (KeyError, ValueError, UnsupportedOption):
            return ServiceRefused(
                f"{self._server} answered {response.status_code}: it sends its requests elsewhere, and"
                " names no plain address"
            )
        base = address.removesuffix("/audio/speech")
        return ServiceRefused(
            f"{self._server} sends its requests on to {address}, and nothing was sent there: if that is the right"
            f" server, write the model as {self._name}@{base} (and where a key is set, OPENAI_BASE_URL={base})"
        )

    def _read_detail(self, body: object) -> str:
        """The server's message about an error, from OpenAI's JSON, FastAPI's JSON or a page."""
        if isinstance(body, dict):
            body = body.get("message") or body.get("detail") or body.get("error") or body
        return self._clean_answer(str(body or "no reason given"))

    def _clean_answer(self, text: str) -> str:
        """The beginning of a server's message, as one line without markup and without the key."""
        key = self._client.api_key.strip()
        if len(key) > len(_NO_KEY):
            text = text.replace(key, "…")
        text = re.sub(r"(?is)<(style|script)\b.*?</\1>|<[^>]*>", " ", text)
        text = " ".join(re.sub(r"\bsk-[\w*-]+", "…", text).split()).rstrip(".")
        return text if len(text) <= 200 else f"{text[:200]}…"

    @cached_property
    def _name(self) -> str:
        return self._parts[0]

    @cached_property
    def _server(self) -> str:
        return self._parts[1]

    @property
    def _is_hosted(self) -> bool:
        return self._server == HOSTED

    @property
    def _is_old(self) -> bool:
        return self._is_hosted and self._name.startswith("tts-1")

    @cached_property
    def _parts(self) -> tuple[str, str]:
        """The model's name and its server.

        Raises:
            UnsupportedOption: the model is neither a name nor ``NAME@URL``.
        """
        name, *url = re.split(r"@(?=\w+://)", self.model or _DEFAULT, maxsplit=1)
        if not name.strip() or "://" in name:
            raise UnsupportedOption(
                "a model of openai is a name, or NAME@URL such as kokoro@http://localhost:8880/v1"
            )
        return name, _normalise_url(url[0]) if url else HOSTED

    @cached_property
    def _client(self) -> Any:
        """The official client, with the key for this server if there is one.

        Raises:
            ServiceRefused: OpenAI needs a key, and there is none.
        """
        import openai

        patience = {
            "max_retries": _RETRIES,
            "timeout": openai.Timeout(_PATIENCE, connect=10.0),
            "http_client": openai.DefaultHttpxClient(follow_redirects=False),
        }
        try:
            client = openai.OpenAI(**patience)
            known = _normalise_url(str(client.base_url)) if client.api_key else ""
        except openai.OpenAIError:  # no key
            known = ""
        except UnsupportedOption as error:
            raise ServiceRefused(f"OPENAI_BASE_URL: {error}") from None
        if known == self._server:
            return client
        if not self._is_hosted:
            return _make_plain_client(self._server, patience)
        if known:
            raise ServiceRefused(
                f"OPENAI_BASE_URL names another server than OpenAI's: write the model as {self._name}@URL, or unset it"
            )
        raise ServiceRefused("OpenAI wants an API key: set OPENAI_API_KEY")


def _is_own(voice: str) -> bool:
    return voice.startswith(_OWN_VOICE)


def _make_plain_client(server: str, patience: Mapping[str, Any]) -> Any:
    """A client without the secrets in the environment, which are for another server."""
    import openai

    client = openai.OpenAI(api_key=_NO_KEY, base_url=server, **patience)
    harmless = ("accept", "content-type", "user-agent", "x-stainless")
    withheld = {name: openai.omit for name in client.default_headers if not name.lower().startswith(harmless)}
    return client.with_options(default_headers={**withheld, "Authorization": f"Bearer {_NO_KEY}"})


def _normalise_url(url: str) -> str:
    """The one spelling of a base URL, for keys.

    >>> _normalise_url("HTTP://LocalHost:80/v1/")
    'http://localhost/v1'

    Raises:
        UnsupportedOption: it is no such URL, or holds a password, a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme.lower() not in {"http", "https"}:
        raise UnsupportedOption(
            "the server in a model of openai must be an address such as http://localhost:8880/v1"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UnsupportedOption(
            "the server in a model of openai goes into reports: write it without a password, a query or a fragment"
        )
    if ":" in host:
        host = f"[{host}]"
    standard = {"http": 80, "https": 443}[parts.scheme.lower()]
    place = host if port in {None, standard} else f"{host}:{port}"
    return f"{parts.scheme.lower()}://{place}{parts.path.rstrip('/')}"
