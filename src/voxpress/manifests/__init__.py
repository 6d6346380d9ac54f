"""The manifest contract, and how formats are found.

A manifest is a file of rows; each row becomes an `Utterance`. One format is one module of this package, which sets
`FORMAT`; the module's name is the format's name (``--from csv``).

A bad row does not stop the reading: readers yield a `ManifestError` in its place, so that a caller can show all errors
at once. They raise an error that spoils the whole manifest: a missing file, one that is not text, an unknown format.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import shlex
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import PurePath
from typing import BinaryIO, TypeAlias

import msgspec

from voxpress.errors import ManifestError
from voxpress.manifests.reading import Reading
from voxpress.speech import Utterance
from voxpress.variants import Variants

Row: TypeAlias = Utterance | ManifestError
"""One row of a manifest, or its error."""

MAX_LINE = 1 << 20
"""Characters in one line: nearly a day of speech, so a longer line is not a row."""
MAX_DOCUMENT = 1 << 24
"""Characters in a format that is in memory as a whole. CSV and JSON lines, which are read row by row, can be longer."""

_HEAD_LINES = 20
IN_ROWS = "write CSV or JSON lines"
"""What to do with a list that is too long for its format."""
_SEPARATOR = re.compile(r"sep=.\s*", re.IGNORECASE)
"""The line that tells Excel the delimiter; the header shows it as well."""
_SPEAK = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<speak\b")
_NO_TEXT: Mapping[bytes, str] = {
    b"PK\3\4": "a spreadsheet or a zip file; save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet or document; save it as CSV",
    b"\x1f\x8b": "compressed; unpack it first (gunzip)",
    b"BZh": "compressed; unpack it first (bunzip2)",
    b"\xfd7zXZ\0": "compressed; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "compressed; unpack it first (unzstd)",
    b"%PDF-": "a PDF; save its text, or a list of texts as CSV",
    b"SQLite ": "a database; export a table as CSV",
}
"""First bytes of files that are no manifests, with what they are and what to do."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format of manifests.

    >>> FORMATS.require("csv").by_content, FORMATS.require("edgetx").by_content
    (False, True)
    """

    description: str
    extensions: tuple[str, ...] = ()
    """Endings of file names, in lower case, with the dot."""
    recognise: Callable[[str], bool]
    """Whether a manifest that begins with these lines is of this format."""
    read: Callable[[Iterator[str], Reading], Iterator[Row]]
    """Reads rows from lines that have their line ends."""
    by_content: bool = False
    """Whether the format shares its extensions with a wider one, so that only the content decides between them."""


FORMATS = Variants(__name__, __path__, "FORMAT", Format, "manifest format", ManifestError)


def recognise(path: str, head: str) -> str:
    r"""The name of the format of a manifest.

    Args:
        path: its file name, for the extension.
        head: its first lines.

    >>> recognise("prompts.csv", "id,text\n"), recognise("-", '{"id": "hello", "text": "Hello."}\n')
    ('csv', 'jsonl')

    Raises:
        ManifestError: neither the extension nor the content shows the format, or it is one text.
    """
    if name := _find_shown(path, head):
        return name
    raise ManifestError(f"cannot tell the format; name it with --from ({', '.join(FORMATS)})", path=path)


def _find_shown(path: str, head: str) -> str:
    """The name of the format that the extension or the content shows; empty: they show none.

    Raises:
        ManifestError: it is one text.
    """
    extension = PurePath(path).suffix.lower()
    named = {name: form for name, form in FORMATS.items() if extension in form.extensions}
    for name, form in sorted((named or FORMATS).items(), key=lambda item: not item[1].by_content):
        if form.recognise(head):
            return name
    if markup := find_markup(path, head):
        source = "" if path == "-" else f" < {shlex.quote(path)}"
        raise ManifestError(
            f"is one text and no list: to speak it, voxpress say --markup {markup} -o FILE -{source};"
            " in a list, it is the text of a row",
            path=path,
        )
    for name, form in named.items():
        if not form.by_content:
            return name
    return ""


def find_markup(path: str, head: str) -> str:
    """How a file is written that holds one text, such as ``ssml``; empty: nothing shows that it does.

    >>> find_markup("notes.md", "# Hello"), find_markup("call.xml", "<speak>Hello."), find_markup("a.txt", "Hello.")
    ('markdown', 'ssml', '')
    """
    if PurePath(path).suffix.lower() in (".md", ".markdown"):
        return "markdown"
    return "ssml" if PurePath(path).suffix.lower() == ".ssml" or _SPEAK.match(head) else ""


def read(
    path: str | os.PathLike[str], format: str | None = None, reading: Reading | None = None
) -> Iterator[Row]:
    """The rows of the manifest at `path`, in order. Each is read when the caller asks for it.

    >>> [row.id for row in read("examples/prompts.csv") if isinstance(row, Utterance)][:2]
    ['welcome', 'menu/main']

    Args:
        path: the manifest; messages name it as it is given here.
        format: one of `FORMATS`; None: the extension and the content decide.
        reading: how it is read; afterwards, it says what was noticed.

    Raises:
        ManifestError: while iterating, where the manifest as a whole cannot be read (any further).
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as stream:
            yield from read_stream(stream, format, path=name, reading=reading)
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=name) from error


def read_stream(
    stream: BinaryIO, format: str | None = None, *, path: str = "-", reading: Reading | None = None
) -> Iterator[Row]:
    r"""The rows of a manifest that is already open, such as ``sys.stdin.buffer``; it stays open.

    >>> rows = read_stream(io.BytesIO(b"id,text\nhello,Hello.\n"), path="mine.csv")
    >>> [(row.id, row.origin) for row in rows if isinstance(row, Utterance)]
    [('hello', 'mine.csv:2')]

    Args:
        stream: bytes in UTF-8, with or without byte order mark, or in UTF-16 with one.
        format: one of `FORMATS`; None: the content and the extension of `path` decide.
        path: the manifest's name for messages.
        reading: as for `read`.

    Raises:
        ManifestError: while iterating, where the manifest as a whole cannot be read (any further).
    """
    reading = reading or Reading(path)
    with contextlib.closing(read_lines(stream, path)) as lines:
        first = list(itertools.islice(lines, _HEAD_LINES))
        if first and "\0" in first[0]:
            problem = "holds NUL characters: not text, or UTF-16 without a byte order mark; save it as UTF-8"
            raise ManifestError(problem, path=path, line=1)
        if first and _SEPARATOR.fullmatch(first[0]):
            first[0] = "\n"
        if format is None:
            # Only a table has columns in an order.
            format = "csv" if reading.columns.order else _choose_format(path, "".join(first), reading)
        if reading.columns.order and format != "csv":
            problem = f"{format} has no columns in an order: name them (text=NAME), or read it as csv"
            raise ManifestError(problem, path=path, field="columns")
        form = FORMATS.require(format)
        yield from reading.finish(form.read(itertools.chain(first, lines), reading))


def _choose_format(path: str, head: str, reading: Reading) -> str:
    if reading.phrases:
        return _find_shown(path, head) or "text"
    return recognise(path, head)


def read_lines(stream: BinaryIO, path: str) -> Generator[str, None, None]:
    r"""Lines with their line ends, which may be of Unix, Windows, old Macs or a mixture.

    >>> list(read_lines(io.BytesIO(b"one\r\ntwo"), "-"))
    ['one\r\n', 'two']

    Raises:
        ManifestError: while iterating: it is no text in UTF-8 or UTF-16, or a line is too long.
    """
    buffered = io.BufferedReader(stream)  # type: ignore[type-var]  # any readable stream will do
    head = buffered.peek(8)[:8]
    for magic, problem in _NO_TEXT.items():
        if head.startswith(magic):
            buffered.detach()
            raise ManifestError(f"is {problem}", path=path)
    # Both byte orders of the mark begin with a byte that UTF-8 never has.
    encoding = "utf-16" if head[:1] in (b"\xff", b"\xfe") else "utf-8-sig"
    text = io.TextIOWrapper(buffered, encoding, newline="")
    number = 0
    try:
        while line := text.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise ManifestError(
                    f"is longer than {MAX_LINE:,} characters; split it into rows", path=path, line=number
                )
            yield line
    except UnicodeDecodeError as error:
        # All lines before this block of bytes were yielded already.
        before = error.object[: error.start].decode(error.encoding, "replace")
        skipped = len(io.StringIO(before + "x", newline="").readlines()) - 1
        raise ManifestError(
            f"byte 0x{error.object[error.start]:02x} is not {error.encoding.upper()};"
            " save the manifest as UTF-8 (from Latin-1: iconv -f latin1 -t utf-8)",
            path=path,
            line=number + 1 + skipped,
        ) from None
    finally:
        # The wrappers would close a stream that belongs to the caller.
        text.detach()
        buffered.detach()


def limit(lines: Iterator[str], path: str, advice: str = "") -> Iterator[str]:
    """The lines of a document that is in memory as a whole.

    Args:
        path: for messages.
        advice: what to do where it is too long.

    Raises:
        ManifestError: while iterating: it is longer than `MAX_DOCUMENT`.
    """
    size = 0
    for line in lines:
        size += len(line)
        if size > MAX_DOCUMENT:
            more = f"; {advice}" if advice else ""
            raise ManifestError(f"is longer than {MAX_DOCUMENT:,} characters{more}", path=path)
        yield line
