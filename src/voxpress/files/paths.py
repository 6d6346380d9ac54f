"""One rule for the names of files in output folders, batches, zips and the folder of cloned voices."""

from __future__ import annotations

import os
import re
import unicodedata

from voxpress.errors import InputError
from voxpress.files import formats

OWN = ".voxpress"
"""The only name in an output folder that no row can have."""

REMOTE = frozenset(("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "memory"))
"""Schemes of URLs of object stores, and of one in memory."""

_USUAL = re.compile(
    r"(?:[0-9a-z_-]{5,60}/|[0-9_-][0-9a-z_-]{,60}/){,8}(?:[0-9a-z_-]{5,50}|[0-9_-][0-9a-z_-]{,50})\.\w{1,8}",
    re.ASCII,
)
"""The shape of nearly all paths, which is always right: it takes a tenth of the time of the other checks."""
_FORBIDDEN = re.compile(r'[<>:"|?*\\\u034f\u115f\u1160\u3164\uffa0]')
"""Characters with a meaning on Windows, and invisible letters."""
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Cs", "Zl", "Zp"))
"""Unicode categories: control and format characters, unassigned characters, surrogates, separators of lines."""
_JOINERS = re.compile("[\u200c\u200d]")
"""Format characters of Iranian and Indian scripts and of emoji. Some file systems ignore them."""
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE | re.ASCII
)
_EXTENSIONS = frozenset(each.lower() for form in formats.FORMATS.values() for each in form.extensions)
_LONGEST_NAME = 240
_LONGEST_PATH = 1000


def is_remote(place: str) -> bool:
    """Whether a place is a URL of an object store, and no path of this machine.

    >>> is_remote("s3://bucket/prompts"), is_remote("memory:"), is_remote("out"), is_remote("https://example.com")
    (True, True, False, False)
    """
    scheme, colon, rest = place.partition(":")
    return scheme in REMOTE and bool(colon) and (rest.startswith("//") or scheme == "memory")


def safe_path(path: str) -> str:
    """`path` as a relative path that stays inside the folder, and that Linux, macOS and Windows can all have.

    >>> safe_path("digits//1.wav")
    'digits/1.wav'

    Raises:
        InputError: it is empty or absolute, leads out of the folder, or holds a character that file names cannot.
    """
    if _USUAL.fullmatch(path):
        return path
    if found := _FORBIDDEN.search(path) or next((c for c in path if _is_unseen(c)), None):
        character = found if isinstance(found, str) else found[0]
        shown = (
            repr(character) if character.isprintable() and character.isascii() else f"U+{ord(character):04X}"
        )
        raise InputError(f"{path!r} holds {shown}, which file names cannot have on every system")
    inner = inner_path(path)
    for part in inner.split("/"):
        if problem := _find_problem(part):
            raise InputError(f"{path!r} {problem}")
    if len(path) > _LONGEST_PATH // 4 and len(path.encode()) > _LONGEST_PATH:
        raise InputError(f"{path[:60]!r}… has more than {_LONGEST_PATH} bytes")
    return inner


def inner_path(path: str) -> str:
    """`path` as a relative path that stays inside the folder, whatever its names hold.

    >>> inner_path("./digits//1?.wav")
    'digits/1?.wav'

    Raises:
        InputError: it is empty or absolute, or leads out of the folder.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or not parts or path.endswith("/"):
        raise InputError(f"{path!r} is not a relative path to a file")
    if ".." in parts:
        raise InputError(f"{path!r} leads out of the folder")
    return "/".join(parts)


def safe_name(value: str) -> str:
    """A value as one name in a path: hyphens in place of what file names cannot hold.

    >>> safe_name("São Paulo/Centro"), safe_name(" 10:45 ")
    ('São Paulo-Centro', '10-45')

    Raises:
        InputError: nothing is left.
    """
    name = "".join("-" if c == "/" or _FORBIDDEN.match(c) or _is_unseen(c) else c for c in value)
    name = name.strip().rstrip(". ")
    if not name:
        raise InputError(f"{value!r} cannot be a part of a file's name: it is empty")
    return name


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and not _JOINERS.match(character)


def _find_problem(name: str) -> str:
    """The reason why a name does not work on every system; empty if it does."""
    if name[-1] in ". ":
        return f"holds the name {name!r}, which ends with a dot or a space: Windows drops it"
    if len(name) > _LONGEST_NAME // 4 and len(name.encode()) > _LONGEST_NAME:
        return f"holds a name of more than {_LONGEST_NAME} bytes"
    if _RESERVED.fullmatch(name) or identity(name) == OWN:
        return f"holds the reserved name {name!r}"
    return ""


def identity(path: str) -> str:
    """A form that is equal for two paths if some file system takes them for one file.

    >>> identity("Digits/É.wav") == identity("digits/é.WAV")
    True
    """
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", _JOINERS.sub("", path)).casefold())


def named_file(id: str, format: str) -> str:
    """The path of the file of `format` for a row's `id`, which may end in the format's extension already.

    >>> named_file("menu/welcome", "mp3"), named_file("menu/welcome.mp3", "mp3"), named_file("v1.2", "mp3")
    ('menu/welcome.mp3', 'menu/welcome.mp3', 'v1.2.mp3')

    Raises:
        InputError: the extension is that of another format.
    """
    wanted = formats.FORMATS[format]
    if not audio_extension(id):
        return f"{id}.{wanted.extension}"
    require_extension(id, wanted)
    return id


def audio_extension(path: str) -> str:
    """The extension of `path`, in lower case and without the dot; empty if no format has it.

    >>> audio_extension("menu/a.WAV"), audio_extension("v1.2"), audio_extension(".wav")
    ('wav', '', '')
    """
    extension = os.path.splitext(path)[1][1:].lower()
    return extension if extension in _EXTENSIONS else ""


def require_extension(path: str, format: formats.Format) -> None:
    """Check that a file of `format` may be called `path`.

    Raises:
        InputError: its extension is that of another format.
    """
    extension = audio_extension(path)
    named = [each for each in formats.FORMATS.values() if extension in each.extensions]
    if not named or format in named:
        return
    # Opus in .ogg, GSM in .wav: the file's header names the codec.
    if format.container != "RAW" and format.container.lower() == named[0].container.lower():
        return
    raise InputError(
        f"{path!r} has the extension of {named[0].name!r}, and the format is {format.name!r}:"
        " change the extension or the format"
    )


class Paths:
    """Paths with owners: no two of them are one file, and none is a file where another needs a folder.

    >>> paths = Paths()
    >>> paths.take("q.wav", 0), paths.take("Q.wav", 1), paths.take("q.wav/b.wav", 2)
    (None, 0, 0)
    """

    def __init__(self) -> None:
        # Keys are hashes of identities: a million paths would fill the memory. Folders are few.
        self._files: dict[int, int] = {}
        self._folders: dict[str, int] = {}

    def take(self, path: str, owner: int) -> int | None:
        """Give `path` to `owner` and return None; or return the owner of a path in the way, and change nothing."""
        own = identity(path)
        found = self._files.get(hash(own), self._folders.get(own))
        if found is not None and found != owner:
            return found
        folder = own.rpartition("/")[0]
        new = []
        while folder and folder not in self._folders:
            if (found := self._files.get(hash(folder))) is not None:
                return found
            new.append(folder)
            folder = folder.rpartition("/")[0]
        self._folders.update(dict.fromkeys(new, owner))
        self._files[hash(own)] = owner
        return None
