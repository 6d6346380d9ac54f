"""FreeSWITCH's phrase files (``docs/phrase/phrase_en.xml``).

``<language><en><digits><prompt phrase="One" filename="1.wav"/>`` is the file ``digits/1``, in English. A prompt with
``type`` and the phrase NULL is a sound: tones become stage directions, and others are left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from voxpress.errors import LeftOut, ManifestError
from voxpress.manifests import Format, Row, limit
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import leave_out_unspeakable, row

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl

_TONES = {"nack": "[error beep]", "enter": "[ascending tones]", "exit": "[descending tones]"}
"""Directions by the last word of the file's name; every other tone is a beep."""


def _recognise(head: str) -> bool:
    return head.lstrip().startswith("<") and "<language>" in head


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    return leave_out_unspeakable(_read_rows(lines, reading.path))


def _read_rows(lines: Iterator[str], path: str) -> Iterator[Row]:
    rows: list[Row] = []
    parser = _make_parser(path, rows)
    with _translate_xml_errors(path, parser):
        parser.feed("")  # without it, an empty file would pass for XML
        for line in limit(lines, path):
            parser.feed(line)
            yield from rows
            rows.clear()
        parser.close()


def _make_parser(path: str, rows: list[Row]) -> Any:
    """A parser that appends the prompts that it reads to `rows`."""
    # Imported here because a command that reads CSV starts 100 ms sooner without.
    from xml.sax.handler import ContentHandler

    from defusedxml.sax import make_parser

    class Prompts(ContentHandler):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def startElement(self, name: str, attrs: AttributesImpl) -> None:
            self.open.append(name)
            line = parser.getLineNumber()
            if name == "prompt" and len(self.open) == 4:
                _, language, section, _ = self.open
                rows.extend(_read_prompt(language, section, dict(attrs.items()), path, line))
            elif name == "prompt" or len(self.open) == 4:
                problem = f"<{name}> is out of place: prompts are <language><en><section><prompt/>"
                rows.append(ManifestError(problem, path=path, line=line))

        def endElement(self, name: str) -> None:
            self.open.pop()

    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(Prompts())
    return parser


@contextlib.contextmanager
def _translate_xml_errors(path: str, parser: Any) -> Iterator[None]:
    from xml.sax import SAXException, SAXParseException

    from defusedxml.common import DefusedXmlException

    try:
        yield
    except DefusedXmlException as error:
        problem = "declares a document type or entities, which are not read"
        raise ManifestError(problem, path=path, line=parser.getLineNumber()) from error
    except SAXParseException as error:
        raise ManifestError(
            f"is not XML: {error.getMessage()}", path=path, line=error.getLineNumber()
        ) from error
    except SAXException as error:
        raise ManifestError(f"is not XML: {error.getMessage()}", path=path) from error


def _read_prompt(language: str, section: str, prompt: dict[str, str], path: str, line: int) -> Iterator[Row]:
    file = prompt.get("filename", "").strip()
    text = prompt.get("phrase", "")
    kind = prompt.get("type", "")
    name = file.removesuffix(".wav")
    if not name or (name == file and "." in name):
        yield LeftOut(f"{file!r} must be a name that ends in .wav", path=path, line=line)
        return
    # zh_CN has some names with their section and some without; dialplans name both as section/name.
    id = f"{section}/{file.removeprefix(section + '/').removesuffix('.wav')}"
    fields: dict[str, object] = {"id": id, "text": text, "language": language.replace("_", "-")}
    if kind == "tone":
        fields["text"] = _TONES.get(id.rpartition("-")[2], "[beep]")
        fields["markup"] = "directions"
    elif kind:
        yield LeftOut(f"{id} is {kind}, and no speech", path=path, line=line)
        return
    elif text.strip() in ("", "NULL"):
        yield LeftOut(f"{id} has no text", path=path, line=line)
        return
    yield from row(fields, path, line)


FORMAT = Format(
    description="FreeSWITCH's phrase file: <language><en><section><prompt phrase= filename=>.",
    extensions=(".xml",),
    recognise=_recognise,
    read=_read,
)
