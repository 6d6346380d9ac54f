"""The input of a batch: lines of a file, checked before any is spoken and read when they are needed."""

from __future__ import annotations

import codecs
import hashlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from voxpress.server.databases import Database
from voxpress.server.errors import Refusal
from voxpress.server.schemas import Batch, BatchError, BatchErrors, BatchLine

_MOST_ERRORS = 100
_LONGEST_MESSAGE = 300
_LONGEST_LINE = 2**20


class BatchInputs:
    """Input files of batches. Each has a name of the batch's own, and stays when its owner deletes the upload.

    Args:
        most_lines: lines that a batch may have.
    """

    def __init__(self, state: Database, most_lines: int) -> None:
        self._state, self._most_lines = state, most_lines

    def keep(self, file: str, batch: str) -> None:
        """Give an uploaded file the name of a batch too.

        Raises:
            Refusal: the file was deleted a moment ago.
        """
        try:
            self._state.copy_file(file, batch)
        except FileNotFoundError:
            raise Refusal(404, f"no such file: {file!r}", "file_not_found", param="input_file_id") from None

    def open(self, batch: Batch) -> InputLines | BatchErrors:
        """The lines of a batch's input, or what is wrong with them."""
        try:
            lines = InputLines(self._state.fetch_file(batch.id))
            errors = lines.check(batch.endpoint, self._most_lines)
        except FileNotFoundError:
            errors = [
                BatchError(
                    code="file_not_found",
                    message=f"file {batch.input_file_id!r} is gone",
                    line=None,
                    param=None,
                )
            ]
        return BatchErrors(data=errors) if errors else lines

    def remove(self, batch: str) -> None:
        """Delete a batch's input; the upload stays."""
        self._state.remove_file(batch)


class InputLines:
    """The lines of an input file. They stay in the file: all of them would fill the memory.

    Args:
        path: of the file, which is open only while it is read: many batches may be at work.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts = array("Q")

    def __len__(self) -> int:
        return len(self._starts)

    def read(self, number: int) -> BatchLine:
        """The line at a position, from 0."""
        with self._path.open("rb") as file:
            file.seek(self._starts[number])
            content = file.readline(_LONGEST_LINE + 1)
        return msgspec.json.decode(content, type=BatchLine)

    def check(self, endpoint: str, most: int) -> list[BatchError]:
        """Find where the lines are, and what is wrong with them.

        Raises:
            FileNotFoundError: the file is gone.
        """
        errors: list[BatchError] = []
        custom_ids: set[bytes] = set()
        with self._path.open("rb") as file:
            for number, start, content in _number_lines(file):
                if len(errors) >= _MOST_ERRORS:
                    break
                if len(content) > _LONGEST_LINE:
                    errors.append(
                        _make_error("line_too_long", f"a line may have {_LONGEST_LINE:,} bytes", number)
                    )
                    break
                if len(self) == most:
                    errors.append(_make_error("too_many_lines", f"a batch may have {most:,} lines", number))
                    break
                try:
                    line = msgspec.json.decode(content, type=BatchLine)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    errors.append(_make_error("invalid_json_line", str(error), number))
                    continue
                errors += _check_line(line, number, endpoint, custom_ids)
                self._starts.append(start)
        if not self._starts and not errors:
            errors.append(_make_error("empty_file", "the file has no lines"))
        return errors


def _number_lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """The number, place and content of each line that is not blank. A longer line than is allowed is cut."""
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    number, start = 1, file.tell()
    while content := file.readline(_LONGEST_LINE + 1):
        if content.strip():
            yield number, start, content
        number, start = number + 1, file.tell()


def _check_line(line: BatchLine, number: int, endpoint: str, custom_ids: set[bytes]) -> list[BatchError]:
    """What is wrong with a line.

    Args:
        custom_ids: digests of those of earlier lines; this line's is added.
    """
    errors = []
    if line.url != endpoint:
        errors.append(
            _make_error("mismatched_url", f"url must be {endpoint!r}, not {line.url!r}", number, "url")
        )
    digest = hashlib.sha256(line.custom_id.encode()).digest()
    if digest in custom_ids:
        problem = f"an earlier line has the custom_id {line.custom_id!r} too"
        errors.append(_make_error("duplicate_custom_id", problem, number, "custom_id"))
    custom_ids.add(digest)
    return errors


def _make_error(code: str, message: str, line: int | None = None, param: str | None = None) -> BatchError:
    # A message may repeat what the line holds, and is kept for good.
    message = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
    return BatchError(code=code, message=message, line=line, param=param)
