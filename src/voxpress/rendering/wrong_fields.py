"""Which field of a table is wrong, in words for who wrote it in TOML or YAML."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from voxpress import validation
from voxpress.errors import InputError, show, suggest


def find_wrong_field(
    error: Exception, table: Mapping[str, Any], kind: type[msgspec.Struct], *, strict: bool = True
) -> tuple[str, str]:
    """Which field of a table cannot be so, and why.

    Args:
        strict: False: numbers and truth values can be texts, as they are in YAML.
    """
    if isinstance(error.__cause__, InputError):
        error = error.__cause__
    if isinstance(error, InputError):
        return error.field or "", error.problem
    known = kind.__struct_fields__
    required = [each.name for each in msgspec.structs.fields(kind) if each.required]
    if unknown := next((key for key in table if key not in known), None):
        return unknown, f"no such field{suggest(unknown, known)} (fields: {', '.join(known)})"
    if lacking := next((name for name in required if name not in table), None):
        return lacking, "is missing"
    needed = {name: table[name] for name in required}
    for key, value in {**needed, **table}.items():
        try:
            msgspec.convert({**needed, key: value}, kind, strict=strict)
        except msgspec.ValidationError as single:
            if not isinstance(single.__cause__, InputError):
                return _locate(single, key, value, kind, strict=strict)
    return "", str(error)


def _locate(
    error: Exception, key: str, value: object, kind: type[msgspec.Struct], *, strict: bool
) -> tuple[str, str]:
    """Which part of a field cannot be so, and why."""
    problem, _, place = str(error).removesuffix("`").partition(" - at `$.")
    if problem.startswith("Invalid enum value") and place == key:
        wanted = next(each.type for each in msgspec.inspect.type_info(kind).fields if each.name == key)  # type: ignore[attr-defined]
        kinds = getattr(wanted, "types", (wanted,))
        choices = [str(each) for one in kinds for each in getattr(one, "values", ())]
        return key, f"must be one of {', '.join(choices)}, not {show(value)}"
    inner, found = place.removeprefix(key), value
    if inner.startswith("[...]") and isinstance(value, dict):
        for name, each in value.items():
            with contextlib.suppress(msgspec.ValidationError):
                msgspec.convert({key: {name: each}}, kind, strict=strict)
                continue
            inner, found = f".{name}{inner.removeprefix('[...]')}", each
            break
    problem = validation.explain_type(error).replace("Object contains unknown", "has an unknown")
    problem = problem.replace("Object missing required field", "lacks the field")
    if not strict and not isinstance(found, dict | list):
        problem = f"{problem.partition(', not ')[0]}, not {show(found)}"
    return f"{key}{inner}", problem
