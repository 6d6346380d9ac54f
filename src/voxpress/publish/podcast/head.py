"""What is known of a show and an episode: the head of a script, and the table ``[podcast]`` of `voxpress.toml`.

Both have the same fields, and the head comes first: what holds for a whole show stands in the project.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import msgspec

from voxpress import languages
from voxpress.audio.tags import picture_type
from voxpress.errors import InputError, ManifestError, show
from voxpress.publish.casting import read_cast_of
from voxpress.publish.podcast.cover import is_whole, measure_picture
from voxpress.publish.podcast.timeline import Gaps, Silence
from voxpress.rendering import beside
from voxpress.rendering.wrong_fields import find_wrong_field
from voxpress.speech import LUFS, Speaker

Table: TypeAlias = Mapping[str, Any]
Format: TypeAlias = Literal["mp3", "m4a", "opus"]
_Gain: TypeAlias = Annotated[float, msgspec.Meta(ge=-90, le=24)]
_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
"""Of the guids of Podcasting 2.0: https://podcasting2.org/docs/podcast-namespace/tags/guid."""
LARGEST_COVER = 16 * 2**20
"""Bytes of a picture."""
_ADDRESS = re.compile(r"[!-~]+", re.ASCII)
_ADDRESSES = ("link", "page", "feed", "files")


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody of an episode.

    Attributes:
        role: of Podcasting 2.0's taxonomy, such as ``host`` or ``guest``.
        link: a page about them.
        image: address of a picture.
    """

    role: str = "host"
    link: str = ""
    image: str = ""


class NamedSound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sound of an episode.

    Attributes:
        file: beside the script.
        gain: in dB.
        duck: by how many dB it is softer under speech.
        loop: whether a bed begins again when it is over.
        fade_in, fade_out: in seconds; of a bed.
        credit: who made it, for the notes.
        licence: of the sound, for the notes.
    """

    file: str
    gain: _Gain = 0.0
    duck: Annotated[float, msgspec.Meta(ge=0, le=60)] = 12.0
    loop: bool = True
    fade_in: Silence = 0.5
    fade_out: Silence = 2.0
    credit: str = ""
    licence: str = ""


class Funding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where listeners can give money."""

    url: str
    text: str = "Support the show"


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be said of a show and an episode. Empty: nothing was said.

    Attributes:
        title: of the episode; by default the name of its file.
        description: of the episode.
        page: of the episode: an address.
        number, season: of the episode.
        kind: of the episode.
        guid: what identifies the episode for ever; by default it is made of the file's name.
        published: when: a date, with or without a time.
        show: title of the show.
        about: description of the show.
        link: page of the show.
        feed: address of the feed.
        files: address of the folder with the files.
        author, email: who makes the show.
        language: BCP 47 tag.
        cover: JPEG or PNG beside the script.
        categories: Apple's, such as ``Technology`` or ``Society & Culture > Documentary``.
        explicit: whether it has explicit language.
        copyright: of the show.
        order: whether the newest episode comes first, or the first one.
        people: by name; those of the cast are hosts if they are not named here.
        locked: whether other hosts may import the feed.
        cast: names and voices.
        sounds: names, and files beside the script.
        gaps: silence between turns.
        formats: of the episode.
        channels: one for speech, two for music; by default two if a sound has two.
        loudness: by default -19 LUFS with one channel and -16 with two.
    """

    title: str = ""
    description: str = ""
    page: str = ""
    number: _Number | None = None
    season: _Number | None = None
    kind: Literal["full", "trailer", "bonus"] = "full"
    guid: str = ""
    published: dt.datetime | None = None
    show: str = ""
    about: str = ""
    link: str = ""
    feed: str = ""
    files: str = ""
    author: str = ""
    email: str = ""
    language: str = ""
    cover: str = ""
    categories: tuple[str, ...] = ()
    explicit: bool = False
    copyright: str = ""
    order: Literal["episodic", "serial"] = "episodic"
    people: Mapping[str, Person] = {}
    locked: bool | None = None
    funding: Funding | None = None
    cast: Mapping[str, Speaker] = {}
    sounds: Mapping[str, NamedSound] = {}
    gaps: Gaps = Gaps()
    formats: tuple[Format, ...] = ("mp3",)
    channels: Literal[1, 2] | None = None
    loudness: Annotated[LUFS, msgspec.Meta(ge=-40, le=-5)] | None = None

    @property
    def show_guid(self) -> str:
        """What identifies the show, made of the address of its feed, as Podcasting 2.0 says; empty without one.

        >>> Head(feed="https://mp3s.nashownotes.com/pc20rss.xml").show_guid
        '917393e3-1b1e-5cef-ace4-edaa54e1f810'
        """
        if not self.feed:
            return ""
        return str(uuid.uuid5(NAMESPACE, self.feed.partition("://")[2].rstrip("/")))


def read_head(script: Table, path: Path, project: Table | None = None, project_path: str = "") -> Head:
    """What a script's head and the project say; the head comes first, and names are added to each other.

    >>> read_head({"title": "One"}, Path("one.md"), {"show": "Salt", "title": "Salt"}).title
    'One'

    Raises:
        ManifestError: a field is wrong, with the file and the field.
    """
    own = _check(script, str(path), "")
    shared = _check(project or {}, project_path, "podcast.")
    for name in ("cast", "sounds", "people"):
        if name in own and name in shared:
            own[name] = {**shared[name], **own[name]}
    head = Head(**{**shared, **own})
    # An item of a feed, a page and a file in a player all need a title.
    return msgspec.structs.replace(head, title=head.title.strip() or path.stem)


def drop_unknown(given: Table) -> tuple[Table, list[str]]:
    """The fields that a head can have, and the names of the others.

    >>> drop_unknown({"title": "Big Fish", "draft date": "2003"})
    ({'title': 'Big Fish'}, ['draft date'])
    """
    known = {name: value for name, value in given.items() if name in Head.__struct_fields__}
    return known, [str(name) for name in given if name not in known]


def _check(given: Table, path: str, parent: str) -> dict[str, Any]:
    """The fields that are given, each as `Head` wants it."""
    table = {str(name): value for name, value in given.items() if value is not None}
    if "cast" in table:
        table["cast"] = read_cast_of(table["cast"], Path(path))
    try:
        for name in table.keys() & _READERS.keys():
            table[name] = _READERS[name](table[name])
        head = msgspec.convert(table, Head, strict=False)
        for name in table:
            _check_field(name, getattr(head, name))
    except msgspec.ValidationError as error:
        field, problem = find_wrong_field(error, table, Head, strict=False)
        raise ManifestError(problem, path=path, field=f"{parent}{field}") from error
    except InputError as error:
        raise ManifestError(error.problem, path=path, field=f"{parent}{error.field}") from error
    return {name: getattr(head, name) for name in table}


def read_formats(names: str | Sequence[object]) -> tuple[Format, ...]:
    """The formats of an episode, each once.

    >>> read_formats("MP3, opus, mp3")
    ('mp3', 'opus')

    Raises:
        InputError: there is none, or one is unknown.
    """
    given = names.split(",") if isinstance(names, str) else map(str, names)
    formats = dict.fromkeys(name for each in given if (name := each.strip().lower()))
    known: tuple[Format, ...] = get_args(Format)
    if not formats or not formats.keys() <= set(known):
        raise InputError(f"must be one or more of {', '.join(known)}, not {show(names)}", field="formats")
    return tuple(each for name in formats for each in known if each == name)


def _split(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


def _name(field: str) -> Callable[[object], object]:
    """What reads names with a table each, where a text says the field that matters most."""

    def read(value: object) -> object:
        if isinstance(value, list):
            value = {each: {} for each in value}
        if not isinstance(value, dict):
            return value
        return {key: {field: each} if isinstance(each, str) else each for key, each in value.items()}

    return read


def _read_channels(value: object) -> object:
    known = {"mono": 1, "stereo": 2, "1": 1, "2": 2}
    if (channels := known.get(str(value).strip().lower())) is None:
        raise InputError(f"must be mono or stereo, not {show(value)}", field="channels")
    return channels


def _to_truth(value: object) -> object:
    """What YAML 1.1 takes for true and false."""
    return (
        {"yes": True, "on": True, "no": False, "off": False}.get(value.lower(), value)
        if isinstance(value, str)
        else value
    )


def _to_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _read_time(value: object) -> object:
    """A time as ISO 8601 or a feed writes it, in UTC where it says no zone."""
    if isinstance(value, str):
        text = value.strip()
        for read in (dt.datetime.fromisoformat, parsedate_to_datetime):
            with contextlib.suppress(ValueError, TypeError):
                value = read(text)
                break
        else:
            problem = f"must be a date such as 2026-11-29 or 2026-11-29 08:00, not {show(value)}"
            raise InputError(problem, field="published")
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    return value


# Fields that people write in another way than `Head` has them: YAML takes a title for a number, a date for a date.
_READERS: Mapping[str, Callable[[object], object]] = {
    "categories": _split,
    "channels": _read_channels,
    "explicit": _to_truth,
    "formats": lambda value: read_formats(value) if isinstance(value, str | list) else value,
    "funding": lambda value: {"url": value} if isinstance(value, str) else value,
    "guid": _to_text,
    "locked": _to_truth,
    "people": _name("role"),
    "published": _read_time,
    "show": _to_text,
    "sounds": _name("file"),
    "title": _to_text,
}


def _check_field(name: str, value: Any) -> None:
    if name in _ADDRESSES:
        check_address(value, name)
    elif name == "language":
        languages.canonical(value)
    elif name == "email" and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", value):
        raise InputError(f"must be an address such as me@example.org, not {show(value)}", field=name)
    elif name == "funding":
        check_address(value.url, "funding.url")
    elif name == "people":
        for person, each in value.items():
            for field in ("link", "image"):
                if address := getattr(each, field):
                    check_address(address, f"people.{person}.{field}")


def check_address(value: str, field: str) -> None:
    """Check an address of the web.

    Raises:
        InputError: it is none.
    """
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _ADDRESS.fullmatch(value):
        raise InputError(f"must be an address such as https://example.org/, not {show(value)}", field=field)


def read_cover(head: Head, folder: Path) -> bytes:
    """The picture of a show; empty if it has none.

    Raises:
        InputError: it is not beside the script, cannot be read, is neither JPEG nor PNG, or is damaged.
    """
    if not head.cover:
        return b""
    file = beside.find(head.cover, str(folder), "cover")
    path = Path(file.path)
    if file.size > LARGEST_COVER:
        raise InputError(f"{path} has more than {LARGEST_COVER // 2**20} MB", field="cover")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", field="cover") from error
    if not picture_type(data):
        raise InputError(f"{path} is neither JPEG nor PNG: convert it", field="cover")
    if measure_picture(data) is None or not is_whole(data):
        raise InputError(f"{path} is cut off or damaged: export it again", field="cover")
    return data


def write_time(moment: dt.datetime) -> str:
    """A time as feeds have it.

    >>> write_time(dt.datetime(2026, 11, 29, 15, 0, tzinfo=dt.UTC))
    'Sun, 29 Nov 2026 15:00:00 +0000'
    """
    return format_datetime(moment)
