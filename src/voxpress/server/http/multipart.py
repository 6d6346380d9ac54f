"""Checks forms as they come: how many parts they have, how large their fields are, and whether those are text.

The framework writes files to disk from a megabyte on, but keeps every other field in memory.
"""

from __future__ import annotations

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from voxpress.server.errors import Refusal

MOST_PARTS = 16
_MOST_FIELDS = 2**16
"""Bytes of all fields that are not files."""
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})


class Form:
    """A form that comes in pieces.

    Args:
        kind: the request's content type.

    Raises:
        Refusal: the type is not that of a form.

    >>> form = Form("multipart/form-data; boundary=x")
    >>> form.feed(b'--x\\r\\nContent-Disposition: form-data; name="purpose"\\r\\n\\r\\nbatch\\r\\n--x--')
    >>> form.end()
    """

    def __init__(self, kind: str) -> None:
        name, options = parse_options_header(kind)
        if name.lower() != "multipart/form-data":
            raise Refusal(
                415,
                f"the body must be multipart/form-data, not {name or 'nothing'}",
                "unsupported_media_type",
            )
        try:
            self._parser = PushMultipartParser(
                options.get("boundary", ""), max_segment_count=MOST_PARTS, header_charset="utf-8"
            )
        except (MultipartError, UnicodeError) as error:
            raise _refuse_malformed(error) from error
        self._field: bytearray | None = None
        self._field_name, self._size = "", 0

    def feed(self, data: bytes) -> None:
        """Check the next piece of the body.

        Raises:
            Refusal: the form is malformed or too large.
        """
        if data:
            self._parse(data)

    def end(self) -> None:
        """Check that the form is whole, at the end of the body.

        Raises:
            Refusal: its end is missing.
        """
        self._parse(b"")

    def _parse(self, data: bytes) -> None:
        try:
            for part in self._parser.parse(data):
                self._take_part(part)
        except ParserLimitReached as error:
            raise Refusal(413, f"the form is too large: {error}", "body_too_large") from error
        except (MultipartError, UnicodeError) as error:
            raise _refuse_malformed(error) from error

    def _take_part(self, part: MultipartSegment | bytearray | None) -> None:
        if isinstance(part, MultipartSegment):
            if part.filename:
                return
            if (part.charset or "").lower() not in _CHARSETS:
                raise Refusal(
                    400, f"fields must be UTF-8, not {part.charset}", "invalid_form", param=part.name
                )
            self._field, self._field_name = bytearray(), part.name
        elif self._field is None:
            return
        elif part:
            self._size += len(part)
            if self._size > _MOST_FIELDS:
                raise Refusal(
                    413,
                    f"the fields of a form may have {_MOST_FIELDS:,} bytes altogether, without its files",
                    "body_too_large",
                    param=self._field_name,
                )
            self._field += part
        else:
            try:
                self._field.decode()
            except UnicodeDecodeError:
                raise Refusal(
                    400, f"{self._field_name}: this is not UTF-8", "invalid_form", param=self._field_name
                ) from None
            self._field = None


def _refuse_malformed(error: Exception) -> Refusal:
    return Refusal(400, f"the form is malformed: {error}", "invalid_form")
