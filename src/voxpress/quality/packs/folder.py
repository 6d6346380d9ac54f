"""The files of a pack: which prompt, in which language, format and rate each of them is.

A pack lies as PBXs want it: in Asterisk ``en_GB_f_Ann/digits/1.wav``, in FreeSWITCH
``en/gb/ann/digits/8000/1.wav``, with or without the folders of the language.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from voxpress.errors import InputError
from voxpress.files.formats import FORMATS
from voxpress.files.paths import OWN
from voxpress.speech import Hertz

_LANGUAGE = re.compile(r"([a-z]{2})(?:[_-][A-Z]{2}(?:_[A-Za-z0-9.-]+)*)?")
_COUNTRY = re.compile(r"[a-z]{2}")
_RATE = re.compile(r"8000|12000|16000|24000|32000|44100|48000")
_OTHER_AUDIO = frozenset(
    ("g719", "g723", "g726", "g729", "siren7", "siren14", "slin", "amr", "webm", "wma", "caf", "au", "snd")
)
"""Extensions of prompts in formats that voxpress does not write."""
_KNOWN = {extension.lower() for each in FORMATS.values() for extension in each.extensions} | _OTHER_AUDIO


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file.

    Attributes:
        path: relative to the pack, with ``/``.
        language: the folder of its language; empty: the pack has none.
        rate: of its folder; None: the folder is not named after a rate.
        extension: as it is written: ``.WAV`` is GSM in Asterisk.
        problem: why it cannot be opened; empty: it can.
    """

    path: str
    language: str
    prompt: str
    rate: Hertz | None
    extension: str
    problem: str = ""

    @property
    def variant(self) -> str:
        """Its format and rate: ``gsm``, ``wav at 8000``.

        >>> locate("digits/8000/1.wav").variant
        'wav at 8000'
        """
        return self.extension if self.rate is None else f"{self.extension} at {self.rate}"


@dataclass
class Pack:
    """The files of a folder.

    Attributes:
        files: of each language, and of each prompt in it.
        others: how many files are no audio by their names.
        reports: reports of renders, in the folders of voxpress.
    """

    place: Path
    files: dict[str, dict[str, list[PackFile]]] = field(default_factory=dict)
    others: int = 0
    reports: list[Path] = field(default_factory=list)

    def all(self) -> Iterator[PackFile]:
        """Every file, by language, prompt and path."""
        for _, prompts in sorted(self.files.items()):
            for _, files in sorted(prompts.items()):
                yield from files


def survey(place: Path) -> Pack:
    """Find the files of a pack. Nothing is opened, and links out of the folder are not followed.

    Raises:
        InputError: there is no folder, or it holds no audio.
    """
    if not place.is_dir():
        raise InputError(f"{place} is no folder: name the one that holds the prompts")
    pack = Pack(place)
    root = os.path.realpath(place)
    for folder, folders, names in os.walk(place):
        if OWN in folders and os.path.isfile(report := os.path.join(folder, OWN, "report.jsonl")):
            pack.reports.append(Path(report))
        folders[:] = sorted(each for each in folders if each != OWN)
        linked = [each for each in folders if os.path.islink(os.path.join(folder, each))]
        for name in sorted([*names, *linked]):
            path = os.path.relpath(os.path.join(folder, name), place).replace(os.sep, "/")
            # Archives of macOS hold a ._a.wav for each a.wav.
            hidden = name.startswith(".") and name not in linked
            if hidden or (name not in linked and os.path.splitext(name)[1][1:].lower() not in _KNOWN):
                pack.others += 1
                continue
            problem = _find_problem(os.path.join(folder, name), root)
            if name in linked and not problem:
                problem = "is a link to a folder, which is not followed"
            file = locate(path, problem)
            pack.files.setdefault(file.language, {}).setdefault(file.prompt, []).append(file)
    if not pack.files:
        raise InputError(f"{place} holds no audio files: name the folder that holds the prompts")
    return pack


def locate(path: str, problem: str = "") -> PackFile:
    """What the path of a file says.

    >>> file = locate("en/us/ann/digits/8000/1.wav")
    >>> file.language, file.prompt, file.rate, file.extension
    ('en/us/ann', 'digits/1', 8000, 'wav')
    >>> locate("en_US_f_Ann/digits/1.gsm").language
    'en_US_f_Ann'
    """
    stem, extension = os.path.splitext(path)
    *folders, name = stem.split("/")
    depth = _count_language_folders(folders)
    language, folders = "/".join(folders[:depth]), folders[depth:]
    rate = None
    if folders and _RATE.fullmatch(folders[-1]):
        rate = int(folders.pop())
    return PackFile(path, language, "/".join([*folders, name]), rate, extension[1:], problem)


def _count_language_folders(folders: list[str]) -> int:
    match = _LANGUAGE.fullmatch(folders[0]) if folders else None
    if not match or not _is_language(match[1]):
        return 0
    freeswitch = len(folders) >= 3 and len(folders[0]) == 2 and _COUNTRY.fullmatch(folders[1])
    return 3 if freeswitch else 1


@functools.cache
def _is_language(code: str) -> bool:
    import langcodes  # here, because it takes 30 ms to load

    return langcodes.tag_is_valid(code)


def _find_problem(path: str, root: str) -> str:
    """Why a file cannot be read as one of the folder; empty if it can."""
    real = os.path.realpath(path)
    if os.path.commonpath([real, root]) != root:
        return "is a link out of the folder"
    if not os.path.exists(real):
        return "is a link to nothing"
    if not os.path.isfile(real) and not os.path.isdir(real):
        return "is no file"
    return ""
