"""Bytes of a file to its text."""

from __future__ import annotations

import codecs
import re

from voxpress.errors import InputError

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks; those of UTF-32 begin as those of UTF-16."""
_LIKELY = ("cp1252", "cp1250", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr")
"""What old files are written in; nothing in a file says which."""
_AROUND = 30
"""Characters shown of a line that is no UTF-8."""


def find_encoding(data: bytes) -> str:
    """The encoding that bytes show: by their mark, by zeros as UTF-16 has them, else UTF-8.

    >>> find_encoding("Hi".encode("utf-16-le")), find_encoding(b"Hi")
    ('utf-16-le', 'utf-8')
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    head = data[:512]
    if head[1::2].count(0) * 2 > len(head[1::2]) > 0:
        return "utf-16-le"
    return "utf-16-be" if head[::2].count(0) * 2 > len(head[::2]) > 0 else "utf-8"


def decode(data: bytes, encoding: str | None = None) -> str:
    """The text of a file, with ``\\n`` at the ends of lines.

    Raises:
        InputError: it is not in this encoding. Without one, the message shows how a line reads in those that old files
            have, because nothing but its sense says which is right.
    """
    chosen = encoding or find_encoding(data)
    try:
        text = data.decode(chosen)
    except LookupError:
        raise InputError(f"no encoding {chosen!r}", field="encoding") from None
    except UnicodeError as error:
        if not isinstance(error, UnicodeDecodeError):
            raise InputError(f"is not {chosen}", field="encoding") from None
        line = data.count(b"\n", 0, error.start) + 1
        if encoding or chosen != "utf-8":
            raise InputError(f"is not {chosen}: line {line} cannot be read; give its encoding") from None
        raise InputError(f"is not UTF-8; {_show_readings(data, error.start, line)}") from None
    return re.sub(r"\r*\n|\r", "\n", text.removeprefix("\ufeff"))


def decode_head(data: bytes, encoding: str | None = None) -> str:
    """The beginning of a file, whose last character may be cut off; what cannot be read is replaced."""
    try:
        text = data.decode(encoding or find_encoding(data), "replace")
    except (LookupError, UnicodeError):
        return ""
    return text.removeprefix("\ufeff")


def _show_readings(data: bytes, at: int, number: int) -> str:
    begin = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at)
    line = data[begin : end if end >= 0 else len(data)]
    readings = []
    for encoding in _LIKELY:
        try:
            data.decode(encoding)
            text = line.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
        first = next((i for i, character in enumerate(text) if not character.isascii()), 0)
        shown = text[max(first - _AROUND // 2, 0) :][:_AROUND]
        readings.append(f"{shown!r} in {encoding}")
    if not readings:
        return f"line {number} cannot be read in any usual encoding: give its encoding"
    return f"give the encoding in which line {number} makes sense: {', '.join(readings)}"
