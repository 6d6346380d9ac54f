"""Errors as OpenAI's client expects them: one table of status codes, one envelope."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from voxpress.errors import (
    CheckFailed,
    EngineError,
    EngineNotInstalled,
    InputError,
    LicenceNotAccepted,
    ModelUnavailable,
    ServiceRefused,
    ServiceUnavailable,
    SpeechError,
    StateUnavailable,
    StoreError,
    SynthesisError,
    UnknownEngine,
    UnknownVoice,
    UnsupportedOption,
    WorkerLost,
)
from voxpress.server.schemas import ErrorBody, ErrorFacts

log = logging.getLogger("voxpress.server")

_INVALID_REQUEST, _SERVER_ERROR = "invalid_request_error", "server_error"

STATUS: Mapping[type[SpeechError], tuple[int, str, str]] = {
    InputError: (400, _INVALID_REQUEST, "invalid_value"),
    UnsupportedOption: (400, _INVALID_REQUEST, "unsupported_value"),
    UnknownVoice: (400, _INVALID_REQUEST, "voice_not_found"),
    UnknownEngine: (404, _INVALID_REQUEST, "model_not_found"),
    EngineNotInstalled: (404, _INVALID_REQUEST, "model_not_found"),
    LicenceNotAccepted: (404, _INVALID_REQUEST, "model_not_found"),
    ModelUnavailable: (404, _INVALID_REQUEST, "model_not_found"),
    ServiceRefused: (502, _SERVER_ERROR, "upstream_refused"),
    ServiceUnavailable: (503, _SERVER_ERROR, "upstream_unavailable"),
    SynthesisError: (500, _SERVER_ERROR, "synthesis_failed"),
    CheckFailed: (500, _SERVER_ERROR, "check_failed"),
    WorkerLost: (500, _SERVER_ERROR, "worker_lost"),
    EngineError: (500, _SERVER_ERROR, "engine_failed"),
    StateUnavailable: (503, _SERVER_ERROR, "state_unavailable"),
    StoreError: (500, _SERVER_ERROR, "store_failed"),
    SpeechError: (500, _SERVER_ERROR, "internal_error"),
}
"""Status, type and code of each error of voxpress; a type that is not here counts as its nearest base class."""

_PARAMS: Mapping[type[SpeechError], str] = {
    UnknownVoice: "voice",
    UnknownEngine: "model",
    EngineNotInstalled: "model",
    LicenceNotAccepted: "model",
    ModelUnavailable: "model",
}

_FIELD_NAMES: Mapping[str, str] = {"format": "response_format", "text": "input"}
"""Fields that have another name in OpenAI's interface."""


class Refusal(Exception):
    """An answer that is not a success.

    Args:
        status: of HTTP.
        message: what is wrong, and what to do.
        code: for programs; docs/server.md lists all.
        type: OpenAI's kinds of errors; by default those of the status.
        param: the field that is wrong.
        headers: of the answer, such as ``retry-after``.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        type: str = "",
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.type = type or (_SERVER_ERROR if status >= 500 else _INVALID_REQUEST)
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The envelope, with all four keys."""
        return msgspec.json.encode(self.facts())

    def facts(self) -> ErrorBody:
        """The envelope as an object."""
        facts = ErrorFacts(message=self.message, type=self.type, param=self.param, code=self.code)
        return ErrorBody(error=facts)


def refusal(error: SpeechError, param: str | None = None) -> Refusal:
    """How an error of voxpress is answered.

    >>> refusal(UnknownVoice("no voice 'nobody'")).status
    400
    """
    kind = next(each for each in type(error).__mro__ if each in STATUS)
    status, name, code = STATUS[kind]
    # OpenAI's client retries each status from 500 on; that helps only against an error that passes.
    retry = {} if status < 500 else {"x-should-retry": "true" if _is_transient(error) else "false"}
    if status == 503:
        retry["retry-after"] = "1"
    field = _FIELD_NAMES.get(error.field or "", error.field)
    message = f"{field}: {error.problem}" if field != error.field else str(error)
    return Refusal(status, message, code, type=name, param=param or field or _PARAMS.get(kind), headers=retry)


def to_refusal(error: Exception) -> Refusal:
    """How any error is answered; an unexpected one is logged."""
    match error:
        case Refusal():
            return error
        case SpeechError():
            return refusal(error)
    log.error("a request failed", exc_info=error)
    return Refusal(500, "the server failed unexpectedly; its log says how", "internal_error")


def version_refusal() -> Refusal:
    """How a request is answered that is not HTTP/1."""
    return Refusal(
        505,
        "this server speaks HTTP/1.1, and no other version",
        "http_version_not_supported",
        type=_INVALID_REQUEST,
        headers={"x-should-retry": "false"},
    )


def _is_transient(error: SpeechError) -> bool:
    return isinstance(error, ServiceUnavailable | StateUnavailable | WorkerLost)
