"""What a pack should hold: the prompts of a list, of another folder, or of a pack that voxpress rendered."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from voxpress import text
from voxpress.errors import InputError, LeftOut, ManifestError
from voxpress.files.paths import audio_extension, inner_path
from voxpress.quality import verify
from voxpress.quality.packs.folder import Pack, locate, survey
from voxpress.speech import Utterance


class Wanted(NamedTuple):
    """One prompt.

    Attributes:
        text: None: not known.
        content: what is heard; a noise is something that voxpress cannot make, such as screaming monkeys.
    """

    text: str | None = None
    content: Literal["speech", "tones", "noise"] = "speech"


class Reference(NamedTuple):
    """The prompts that one language should have.

    Attributes:
        language: a tag or a folder; empty: they hold for every language, and nobody knows in which one the texts are.
    """

    language: str
    prompts: Mapping[str, Wanted]

    def holds_for(self, folder: str) -> bool:
        """Whether it is about the language in `folder`.

        >>> reference = Reference("en-GB", {})
        >>> [reference.holds_for(each) for each in ("en_GB_f_Ann", "en/us/callie", "fr", "")]
        [True, True, False, True]
        """
        return not self.language or not folder or _primary(self.language) == _primary(folder)


def _primary(language: str) -> str:
    return language.replace("/", "_").replace("-", "_").partition("_")[0].lower()


def from_rows(rows: Iterable[Utterance | ManifestError], language: str = "") -> list[Reference]:
    """The prompts of a list, for each language that its rows have.

    Args:
        language: of rows that have none.

    Raises:
        ManifestError: a row is wrong.
        InputError: a row's prompt cannot be in the pack.
    """
    found: dict[str, dict[str, Wanted]] = {}
    for row in rows:
        if isinstance(row, LeftOut):
            continue
        if isinstance(row, ManifestError):
            raise row
        try:
            name = inner_path(row.file or row.id)
        except InputError as error:
            raise error.at(row.origin) from None
        if audio_extension(name):
            name = os.path.splitext(name)[0]
        prompt = locate(f"{name}.wav").prompt
        found.setdefault(row.language or language, {})[prompt] = Wanted(row.text, _find_content(row))
    return [Reference(each, prompts) for each, prompts in found.items()]


def _find_content(row: Utterance) -> Literal["speech", "tones", "noise"]:
    try:
        parts = text.parse(row.text, row.markup, lenient=True)
    except LeftOut:
        return "noise"
    except InputError:
        return "speech"
    return "speech" if any(isinstance(part, text.Say) for part in parts) else "tones"


def from_folder(place: Path) -> list[Reference]:
    """The prompts of another pack, and their texts where a report of voxpress tells them.

    Raises:
        InputError: it holds no audio.
    """
    pack = survey(place)
    texts = read_texts(pack)
    return [
        Reference(language, {prompt: Wanted(texts.get((language, prompt))) for prompt in prompts})
        for language, prompts in pack.files.items()
    ]


def read_texts(pack: Pack) -> dict[tuple[str, str], str]:
    """What the prompts of a pack say, by language and prompt, as the reports in it tell.

    Raises:
        ManifestError: a report cannot be read.
    """
    texts = {}
    root = os.path.realpath(pack.place)
    for report in pack.reports:
        for question in verify.from_report(report.parent.parent):
            path = os.path.realpath(question.path) if question.path else ""
            if path.startswith(f"{root}{os.sep}"):
                file = locate(os.path.relpath(path, root).replace(os.sep, "/"))
                texts[file.language, file.prompt] = question.text
    return texts
