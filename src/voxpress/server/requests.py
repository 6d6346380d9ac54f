"""Bodies of requests: which fields are known, which are ignored, and what is wrong with the others.

Clients of OpenAI's interface send fields of other servers too (`stream`, `user` …), and null for what is not set.
Neither changes what is to be spoken, so neither is an error unless the operator says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from voxpress.errors import suggest
from voxpress.server.errors import Refusal
from voxpress.server.schemas import BatchRequest, ExpiresAfter, SpeechRequest, VoiceId

Unknown: TypeAlias = Literal["ignore", "refuse"]

_AT = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_LACKS = re.compile(r"missing required field `(.+?)`")
T = TypeVar("T", bound=msgspec.Struct)
_MOST_NAMED, _LONGEST_NAME = 16, 40


def speech_request(
    fields: Mapping[str, Any], unknown: Unknown = "ignore"
) -> tuple[SpeechRequest, tuple[str, ...]]:
    """The request that a body is, and the names of its fields that mean nothing here.

    Args:
        fields: the body, or that of a line of a batch.
        unknown: what becomes of fields that voxpress does not know.

    >>> speech_request({"model": "tone", "voice": "low", "input": "Hello.", "stream": True, "seed": None})[1]
    ('stream',)

    Raises:
        Refusal: a field is missing or cannot be so, or is unknown and `unknown` says refuse.
    """
    known, ignored = _sorted(fields, SpeechRequest, unknown)
    if isinstance(voice := known.get("voice"), dict):
        ignored += [f"voice.{name}" for name in voice if name not in VoiceId.__struct_fields__]
        known["voice"] = {name: value for name, value in voice.items() if name in VoiceId.__struct_fields__}
    if isinstance(format := known.get("response_format"), str):
        known["response_format"] = format.strip().removeprefix(".").lower()
    if isinstance(stream := known.get("stream_format"), str):
        known["stream_format"] = stream.strip().lower()
    if isinstance(options := known.get("options"), dict):
        known["options"] = _options(options)
    # Not strict, as numbers come as strings from forms that somebody filled in.
    return _made(known, ignored, SpeechRequest, unknown, strict=False)


def batch_request(
    fields: Mapping[str, Any], unknown: Unknown = "ignore"
) -> tuple[BatchRequest, tuple[str, ...]]:
    """The same for a batch.

    Raises:
        Refusal: as `speech_request`.
    """
    known, ignored = _sorted(fields, BatchRequest, unknown)
    if isinstance(expires := known.get("output_expires_after"), dict):
        known["output_expires_after"], inner = _sorted(expires, ExpiresAfter, unknown)
        ignored += [f"output_expires_after.{name}" for name in inner]
    return _made(known, ignored, BatchRequest, unknown)


@lru_cache
def _required(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(kind) if field.required)


def _sorted(fields: Mapping[str, Any], kind: type[T], unknown: Unknown) -> tuple[dict[str, Any], list[str]]:
    """The fields that are known and set, and the names of those that are not known."""
    required = _required(kind)
    known: dict[str, Any] = {}
    ignored: list[str] = []
    for name, value in fields.items():
        if name not in kind.__struct_fields__:
            if value is not None or unknown == "refuse":
                ignored.append(name)
        elif value is not None or name in required:
            known[name] = value
    return known, ignored


def _made(
    known: Mapping[str, Any], ignored: Sequence[str], kind: type[T], unknown: Unknown, *, strict: bool = True
) -> tuple[T, tuple[str, ...]]:
    if ignored and unknown == "refuse":
        name = _shown(ignored[0])
        close = suggest(name, kind.__struct_fields__)
        raise Refusal(400, f"{name}: there is no such field{close}", "invalid_value", param=name)
    try:
        return msgspec.convert(known, kind, strict=strict), bounded(ignored)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def invalid(error: msgspec.ValidationError) -> Refusal:
    """How a body is refused that is not what it should be, with the name of the field."""
    message = str(error)
    at = _AT.search(message)
    problem = message[: at.start()] if at else message
    lacks = _LACKS.search(problem)
    field = ".".join(part for part in (at[1] if at else "", lacks[1] if lacks else "") if part)
    if lacks:
        problem = "this field is missing"
    return Refusal(
        400,
        f"{field}: {problem}" if field else problem,
        "invalid_value",
        param=_shown(field) if field else None,
    )


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that are null.

    Raises:
        Refusal: one is no number, string, true or false; the general check would not say which.
    """
    for name, value in options.items():
        if not isinstance(value, str | int | float | None):
            field = f"options.{_shown(name)}"
            problem = f"{field}: this must be a number, true, false or a string"
            raise Refusal(400, problem, "invalid_value", param=field)
    return {name: value for name, value in options.items() if value is not None}


def bounded(names: Iterable[str]) -> tuple[str, ...]:
    """Names that somebody else chose, as a header can hold them: the first few, shortened, and how many more."""
    every = list(names)
    more = len(every) - _MOST_NAMED
    return (*map(_shown, every[:_MOST_NAMED]), *([f"and {more} more"] if more > 0 else []))


def _shown(name: str) -> str:
    """A name in letters that a header, a log and an error can hold.

    >>> _shown("a\\r\\nb, c")
    'a??b??c'
    """
    plain = re.sub(r"[^!-+\--~]", "?", name) or '""'
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[:_LONGEST_NAME]}..."
