"""JSON lines: one object in each line. NeMo's manifests are this, and often named ``.json``."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from voxpress.errors import ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.rows import named_row


def _recognise(head: str) -> bool:
    return head.lstrip().startswith("{")


def _read(lines: Iterator[str], path: str) -> Iterator[Row]:
    decode = msgspec.json.Decoder(dict[str, object]).decode
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            named = decode(line)
        except msgspec.ValidationError:
            if line.lstrip().startswith("["):
                raise ManifestError(
                    "is a list; write one object in each line (jq -c '.[]' does it)", path=path, line=number
                ) from None
            yield ManifestError('is not an object such as {"id": "a", "text": "A."}', path=path, line=number)
        except msgspec.DecodeError as error:
            if line.strip() in ("[", "{"):
                raise ManifestError(
                    "is JSON over several lines; write one object in each line (jq -c does it)",
                    path=path,
                    line=number,
                ) from None
            yield ManifestError(f"is not JSON: {error}", path=path, line=number)
        else:
            yield from named_row(named, path, number)


FORMAT = Format(
    description="One JSON object in each line.",
    extensions=(".jsonl", ".ndjson", ".json"),
    recognise=_recognise,
    read=_read,
)
