"""Bodies of requests: which fields the server knows, which it ignores, and what is wrong with the others.

Clients of OpenAI's interface send fields of other servers too (`stream`, `user` …), and null for what is not set.
Neither changes the speech, so neither is an error unless the operator says so.
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
_MOST_NAMED, _LONGEST_FIELD_NAME = 16, 40


def parse_speech_request(
    fields: Mapping[str, Any], unknown: Unknown = "ignore"
) -> tuple[SpeechRequest, tuple[str, ...]]:
    """Decode a request for speech; also the names of the fields that it ignores.

    Args:
        fields: the body, or that of a line of a batch.
        unknown: whether fields that voxpress does not know are ignored or refused.

    >>> parse_speech_request({"model": "tone", "voice": "low", "input": "Hello.", "stream": True, "seed": None})[1]
    ('stream',)

    Raises:
        Refusal: a field is missing or wrong, or is unknown and `unknown` says refuse.
    """
    known, ignored = _sort_fields(fields, SpeechRequest, unknown)
    if isinstance(voice := known.get("voice"), dict):
        ignored += [f"voice.{name}" for name in voice if name not in VoiceId.__struct_fields__]
        known["voice"] = {name: value for name, value in voice.items() if name in VoiceId.__struct_fields__}
    if isinstance(format := known.get("response_format"), str):
        known["response_format"] = format.strip().removeprefix(".").lower()
    if isinstance(stream := known.get("stream_format"), str):
        known["stream_format"] = stream.strip().lower()
    if isinstance(options := known.get("options"), dict):
        known["options"] = _clean_options(options)
    # Not strict: clients that build requests from forms send numbers as strings.
    return _convert(known, ignored, SpeechRequest, unknown, strict=False)


def parse_batch_request(
    fields: Mapping[str, Any], unknown: Unknown = "ignore"
) -> tuple[BatchRequest, tuple[str, ...]]:
    """Decode a request for a batch; also the names of the fields that it ignores.

    Raises:
        Refusal: as `parse_speech_request`.
    """
    known, ignored = _sort_fields(fields, BatchRequest, unknown)
    if isinstance(expires := known.get("output_expires_after"), dict):
        known["output_expires_after"], inner = _sort_fields(expires, ExpiresAfter, unknown)
        ignored += [f"output_expires_after.{name}" for name in inner]
    return _convert(known, ignored, BatchRequest, unknown)


@lru_cache
def _list_required(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(kind) if field.required)


def _sort_fields(
    fields: Mapping[str, Any], kind: type[T], unknown: Unknown
) -> tuple[dict[str, Any], list[str]]:
    """The fields that are known and set, and the names of those that are not known."""
    required = _list_required(kind)
    known: dict[str, Any] = {}
    ignored: list[str] = []
    for name, value in fields.items():
        if name not in kind.__struct_fields__:
            if value is not None or unknown == "refuse":
                ignored.append(name)
        elif value is not None or name in required:
            known[name] = value
    return known, ignored


def _convert(
    known: Mapping[str, Any], ignored: Sequence[str], kind: type[T], unknown: Unknown, *, strict: bool = True
) -> tuple[T, tuple[str, ...]]:
    if ignored and unknown == "refuse":
        name = _make_printable(ignored[0])
        close = suggest(name, kind.__struct_fields__)
        raise Refusal(400, f"{name}: this field does not exist{close}", "invalid_value", param=name)
    try:
        return msgspec.convert(known, kind, strict=strict), limit_names(ignored)
    except msgspec.ValidationError as error:
        raise refuse_invalid(error) from None


def refuse_invalid(error: msgspec.ValidationError) -> Refusal:
    """The refusal of a body that does not fit its schema, with the name of the field."""
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
        param=_make_printable(field) if field else None,
    )


def _clean_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that are null.

    Raises:
        Refusal: an option is not a number, a string, true or false. msgspec would not say which.
    """
    for name, value in options.items():
        if not isinstance(value, str | int | float | None):
            field = f"options.{_make_printable(name)}"
            problem = f"{field}: this must be a number, true, false or a string"
            raise Refusal(400, problem, "invalid_value", param=field)
    return {name: value for name, value in options.items() if value is not None}


def limit_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that a client chose, as a header can hold them: the first few, shortened, and how many more."""
    every = list(names)
    more = len(every) - _MOST_NAMED
    return (*map(_make_printable, every[:_MOST_NAMED]), *([f"and {more} more"] if more > 0 else []))


def _make_printable(name: str) -> str:
    """A name in letters that a header, a log and an error can hold.

    >>> _make_printable("a\\r\\nb, c")
    'a??b??c'
    """
    plain = re.sub(r"[^!-+\--~]", "?", name) or '""'
    return plain if len(plain) <= _LONGEST_FIELD_NAME else f"{plain[:_LONGEST_FIELD_NAME]}..."
