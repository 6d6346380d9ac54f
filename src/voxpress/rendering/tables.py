"""The tables of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from voxpress.errors import ManifestError

Table: TypeAlias = Mapping[str, Any]


def require_table(document: Table, name: str, path: str, parent: str = "") -> Table:
    """A table of a document, empty where it has none.

    Args:
        path: of the document, for messages.
        parent: what stands before the name, for messages.

    Raises:
        ManifestError: something else has that name.
    """
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise ManifestError("must be a table", path=path, field=f"{parent}{name}")
    return table


def read_toml(path: Path) -> Table:
    """What is in a file.

    Raises:
        ManifestError: it cannot be read, or is not TOML.
    """
    import tomllib  # most commands have no project

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = "; a text stands in quotes" if str(error).startswith("Invalid value") else ""
        raise ManifestError(f"is not TOML: {error}{hint}", path=str(path)) from error
    except RecursionError:
        raise ManifestError("is nested too deeply", path=str(path)) from None
