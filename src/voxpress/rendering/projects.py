"""A project's own file, `voxpress.toml`: what holds by default, its speakers, its presets, and what others read of it::

[defaults]
engine = "kokoro"
preset = "office"

[cast]
Alice = {engine = "kokoro", voice = "bf_emma"}

[presets.office]
extends = "asterisk"
level = -18.0
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from voxpress import validation
from voxpress.errors import InputError, ManifestError, UnsupportedOption, suggest
from voxpress.rendering import DEFAULT_ENGINE, presets
from voxpress.rendering.chimes import Chime
from voxpress.rendering.presets import Preset
from voxpress.rendering.tables import Table, read_toml, require_table
from voxpress.rendering.wrong_fields import find_wrong_field
from voxpress.speech import OptionValue, Speaker

if TYPE_CHECKING:
    from voxpress.text import FrontEnd
    from voxpress.text.lexicon import Lexicon

_TABLES = ("defaults", "cast", "cluster", "podcast", "presets", "server", "voicemail")
_READING = ("normalise", "emoji", "unspeakable", "lenient")
"""Fields of the defaults and of a front end."""


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds where neither a row nor the command says otherwise; None: voxpress's own default.

    >>> Defaults(engine="tone").voice is None
    True
    """

    engine: str | None = None
    model: str | None = None
    voice: str | None = None
    language: str | None = None
    speed: float | None = None
    seed: int | None = None
    options: Mapping[str, OptionValue] = {}
    """Of the engine."""
    format: str | None = None
    preset: str | None = None
    store: str | None = None
    """A folder or URL."""
    device: str | None = None
    workers: int | None = None
    executor: str | None = None
    """Where to work: ``ray`` or ``ray://HOST:PORT``; None: on this machine."""
    carrier: bool | None = None
    """Whether a word or two are spoken in a sentence and cut out of it."""
    continuation: bool | None = None
    """The same for texts with an ellipsis at an end."""
    lexicons: tuple[str, ...] = ()
    """Files that say how words are spoken; the first wins. Paths are relative to the project's file."""
    normalise: str | None = None
    emoji: str | None = None
    unspeakable: str | None = None
    lenient: bool | None = None
    """How texts are read; these four are as in `voxpress.text.FrontEnd`."""
    before: Chime | None = None
    after: Chime | None = None
    """What is heard around each text. In a file, also just the chime's sound."""

    @property
    def speaker(self) -> Speaker:
        """Who speaks by default.

        >>> Speaker(engine="tone").over(Defaults(model="en_GB-alan-medium").speaker)
        Speaker(engine='tone')
        """
        return Speaker.of(self).over(Speaker(engine=DEFAULT_ENGINE))

    def read_with(self, lexicon: Lexicon, **asked: Any) -> FrontEnd:
        """How texts are read with a lexicon.

        Args:
            asked: fields of `voxpress.text.FrontEnd`; those that are not None come before those of the project.

        >>> from voxpress.text.lexicon import Lexicon
        >>> found = Defaults(emoji="name").read_with(Lexicon(), emoji=None, lenient=True)
        >>> found.emoji, found.lenient, found.normalise
        ('name', True, 'auto')

        Raises:
            InputError: one of them cannot be so.
        """
        from voxpress.text import FrontEnd

        given = {name: getattr(self, name) for name in _READING}
        given |= {name: value for name, value in asked.items() if value is not None}
        return FrontEnd(
            lexicon=lexicon, **{name: value for name, value in given.items() if value is not None}
        )


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What a `voxpress.toml` says, with the presets of voxpress.

    >>> Project(presets=presets.load()).defaults
    Defaults(engine=None, model=None, voice=None, language=None, speed=None, seed=None, options={}, \
format=None, preset=None, store=None, device=None, workers=None, executor=None, \
carrier=None, continuation=None, lexicons=(), \
normalise=None, emoji=None, unspeakable=None, lenient=None, before=None, after=None)
    """

    defaults: Defaults = Defaults()
    presets: Mapping[str, Preset]
    cast: Mapping[str, Speaker] = {}
    """Speakers by the names that rows and texts give them."""
    cluster: Table = {}
    """What is said of a cluster, as it stands in the file; `voxpress.executors.ray` knows the fields."""
    server: Table = {}
    """What is said of a server, as it stands in the file; `voxpress.server.settings` knows the fields."""
    voicemail: Table = {}
    """What greetings say, as it stands in the file; `voxpress.publish.greetings` knows the fields."""
    podcast: Table = {}
    """What is known of a show, as it stands in the file; `voxpress.publish.podcast.head` knows the fields."""
    path: str = "voxpress.toml"
    """Of the file, for messages."""

    def list_lexicons(self, preset: str | None = None) -> tuple[str, ...]:
        """The files that say how words are spoken: those of a preset, and the project's.

        >>> Project(defaults=Defaults(lexicons=("names.tsv",)), presets=presets.load()).list_lexicons("podcast")
        Traceback (most recent call last):
        voxpress.errors.ManifestError: voxpress.toml: defaults.lexicons: no file 'names.tsv'

        Raises:
            ManifestError: one of them is not there.
        """
        own = self.presets[preset].lexicons if preset and preset in self.presets else ()
        for files, field in ((own, f"presets.{preset}"), (self.defaults.lexicons, "defaults")):
            for file in files:
                if not Path(file).exists():
                    raise ManifestError(f"no file {file!r}", path=self.path, field=f"{field}.lexicons")
        return (*own, *self.defaults.lexicons)


def load_project(path: Path | None = None) -> Project:
    """Read a `voxpress.toml`; None: a project with nothing of its own.

    Raises:
        ManifestError: it cannot be read or is wrong, with file, table and field.

    >>> load_project().presets["podcast"].files[0][0]
    '{id}.mp3'
    """
    if path is None:
        return Project(presets=presets.load())
    document = read_toml(path)
    for name in document:
        if name not in _TABLES:
            problem = f"no such table{suggest(name, _TABLES)} (tables: {', '.join(_TABLES)})"
            raise ManifestError(problem, path=str(path), field=name)
    defaults = _defaults(require_table(document, "defaults", str(path)), str(path))
    project = Project(
        defaults=defaults,
        presets=presets.read_presets(document, str(path)),
        cast=read_cast(require_table(document, "cast", str(path)), str(path)),
        cluster=require_table(document, "cluster", str(path)),
        server=require_table(document, "server", str(path)),
        voicemail=require_table(document, "voicemail", str(path)),
        podcast=require_table(document, "podcast", str(path)),
        path=str(path),
    )
    if defaults.preset is not None:
        try:
            presets.preset_named(defaults.preset, project.presets)
        except UnsupportedOption as error:
            raise ManifestError(str(error), path=str(path), field="defaults.preset") from error
    return project


def read_cast(table: Table, path: str, *, strict: bool = True) -> dict[str, Speaker]:
    """The speakers of a cast as it stands in a file.

    Args:
        strict: whether a text such as "1.1" is no number; YAML has texts only.

    >>> read_cast({"Alice": {"engine": "tone", "voice": "high"}}, "voxpress.toml")
    {'Alice': Speaker(engine='tone', voice='high')}

    Raises:
        ManifestError: it is wrong, with file and field.
    """
    cast = {}
    for name, fields in table.items():
        if problem := validation.explain_cast_name(name):
            raise ManifestError(problem, path=path, field="cast")
        try:
            cast[name] = msgspec.convert(fields, Speaker, strict=strict)
        except msgspec.ValidationError as error:
            field, problem = (
                find_wrong_field(error, fields, Speaker, strict=strict)
                if isinstance(fields, dict)
                else ("", "must be a table")
            )
            raise ManifestError(problem, path=path, field=f"cast.{name}.{field}".rstrip(".")) from error
    return cast


def choose_chimes(
    preset: Preset | None, defaults: Defaults, before: str | None, after: str | None
) -> dict[str, Chime | str | None]:
    """What is heard around each text: what is asked for, or what the preset says, or the project.

    >>> choose_chimes(None, Defaults(after=Chime(sound="chime:ding")), "chime:gong", None)
    {'before': 'chime:gong', 'after': Chime(sound='chime:ding', gain=-6.0, gap=0.2)}
    """
    own = defaults if preset is None else preset
    return {
        "before": before if before is not None else own.before or defaults.before,
        "after": after if after is not None else own.after or defaults.after,
    }


def _defaults(table: Table, path: str) -> Defaults:
    sides = {side: table[side] for side in ("before", "after") if side in table}
    around = {}
    for side, given in sides.items():
        try:
            around[side] = presets.read_chime(given, path)
        except InputError as error:
            field = f"defaults.{side}.{error.field}".removesuffix(".None")
            raise ManifestError(error.problem, path=path, field=field) from error
    table = {name: value for name, value in table.items() if name not in sides}
    try:
        defaults = msgspec.convert(table, Defaults)
        validation.check({name: getattr(defaults, name) for name in validation.TESTS if name in table})
    except (msgspec.ValidationError, InputError) as error:
        field, problem = find_wrong_field(error, table, Defaults)
        raise ManifestError(problem, path=path, field=f"defaults.{field}") from error
    return msgspec.structs.replace(
        defaults, lexicons=presets.place_lexicons(defaults.lexicons, path), **around
    )
