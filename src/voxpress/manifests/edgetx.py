"""EdgeTX's voice tables: ``String ID,Source text,Translation,Context,Path,Filename``."""

from __future__ import annotations

from collections.abc import Iterator

from voxpress.errors import LeftOut, ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.csv import table
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import leave_out_unspeakable, row

_COLUMNS = ("Source text", "Translation", "Path", "Filename")


def _recognise(head: str) -> bool:
    first = next(table(iter(head.splitlines(keepends=True)[:1]), ""), None)
    return isinstance(first, tuple) and {name.strip() for name in first[1]}.issuperset(_COLUMNS)


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    return leave_out_unspeakable(_read_rows(lines, reading.path))


def _read_rows(lines: Iterator[str], path: str) -> Iterator[Row]:
    # Some of the lists got a column more, in a second header.
    records = table(lines, path, wider=True)
    header = next(records, None)
    if isinstance(header, ManifestError):
        raise header
    line, names = header or (1, [])
    at = {name.strip(): index for index, name in enumerate(names)}
    for name in _COLUMNS:
        if name not in at:
            raise ManifestError("no column has this name", path=path, line=line, field=name)
    source, translation, folder, file = (at[name] for name in _COLUMNS)
    for record in records:
        if isinstance(record, ManifestError):
            yield LeftOut(record.problem, path=path, line=record.line)
            continue
        line, cells = record
        if cells[: len(names)] == names:
            continue
        text = cells[translation].strip() or cells[source].strip()
        name = cells[file].strip()
        if not name:
            yield LeftOut(f"no Filename for {text!r}", path=path, line=line)
        elif not text:
            yield LeftOut(f"{name} has no Translation and no Source text", path=path, line=line)
        else:
            place = cells[folder].strip().rstrip("/")
            yield from row({"file": f"{place}/{name}" if place else name, "text": text}, path, line)


FORMAT = Format(
    description="EdgeTX's voice table: String ID, Source text, Translation, Context, Path, Filename.",
    extensions=(".csv",),
    recognise=_recognise,
    read=_read,
    by_content=True,
)
