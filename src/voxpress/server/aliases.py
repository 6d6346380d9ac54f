"""Names: which engine, model and voice a request's `model` and `voice` stand for.

Every name that is not an engine's own goes through a table: `aliases.toml`, and the operator's. What was mapped is said
in the answer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from importlib import resources

from voxpress import engines, languages
from voxpress.engines import Engine
from voxpress.errors import EngineError, InputError, UnknownEngine, UnknownVoice, suggest
from voxpress.models import catalogue
from voxpress.rendering.presets import Defaults
from voxpress.server.settings import ModelName, Settings
from voxpress.speech import Speaker, Voice

_NOT_OFFERED = frozenset({"tone", "openai"})
_OPENAI = "openai"
_MOST_MET = 10_000


class Aliases:
    """What can be asked for.

    Args:
        defaults: of the project, for the engine that they are meant for.

    Raises:
        InputError: a table names an engine that is not offered.

    >>> names = Aliases(Settings(engines=["tone"], models={"tts-1": "tone"}))
    >>> names.speaker("tts-1", "low")
    (Speaker(engine='tone', voice='low'), ('tts-1=tone',))
    """

    def __init__(self, settings: Settings, defaults: Defaults | None = None) -> None:
        self._settings, self._defaults = settings, defaults or Defaults()
        table = tomllib.loads(resources.files(__package__).joinpath("aliases.toml").read_text("utf-8"))
        self._usual: Mapping[str, Sequence[str]] = table["models"]
        self._voices: dict[str, dict[str, str]] = {k: dict(v) for k, v in table["voices"].items()}
        self._openai_voices = frozenset(name for voices in self._voices.values() for name in voices)
        self._languages: Mapping[str, str] = table["languages"]
        self._everywhere: dict[str, str] = {}
        self._met: set[tuple[ModelName, str]] = set()
        self._engines: dict[tuple[str, str | None], Engine] = {}
        self._chosen: dict[str, ModelName] = {}
        for name, meant in settings.voices.items():
            if isinstance(meant, str):
                self._everywhere[name] = meant
            else:
                self._voices.setdefault(name, {}).update(meant)
        self.offered = tuple(settings.engines or (n for n in engines.names() if n not in _NOT_OFFERED))
        for name in self.offered:
            engines.find(name)
        for name, given in settings.models.items():
            self._own(name, given)

    def speaker(self, model: str, voice: str | None) -> tuple[Speaker, tuple[str, ...]]:
        """Who is meant; and the names that stand for others, as ``asked=given``.

        Raises:
            UnknownEngine: no such model here.
        """
        named = _spelled(model, self._known)
        found = self._model(named)
        if voice is not None:
            found, given = self._with_voice(named, found, voice.strip() or voice)
        else:
            given = self._voice(found, None)
        mapped: tuple[str, ...] = (
            () if model in (found.engine, _path(found)) else (f"{model}={_path(found)}",)
        )
        if voice is not None and given != voice:
            mapped += (f"{voice}={given or self.default_voice(found)}",)
        return Speaker(engine=found.engine, model=found.model, voice=given), mapped

    def language(self, name: str) -> str | None:
        """The tag of a language as another server names it; None where it names none.

        >>> Aliases(Settings(engines=["tone"])).language("b")
        'en-GB'
        """
        name = name.strip()
        try:
            return self._languages.get(name.lower()) or languages.canonical(name)
        except InputError:
            return None

    def stands(self, voice: str) -> bool:
        """Whether a name of a voice, in whatever case, stands for others already: OpenAI's names, and the operator's.

        >>> Aliases(Settings(engines=["tone"])).stands("Nova")
        True
        """
        tables = (self._everywhere, *self._voices.values())
        return any(_fitting(voice, table) for table in tables)

    def all(self) -> dict[str, ModelName]:
        """Every name of a model that can be asked for now, and what it stands for."""
        found: dict[str, ModelName] = {}
        for name in self._known:
            try:
                found[name] = self._model(name)
            except UnknownEngine:
                continue  # nobody here can stand for it
            if not self._usable(found[name]):
                del found[name]
        return found

    def voices(self, model: ModelName) -> Sequence[Voice]:
        """The voices of a model; none where it is not there."""
        try:
            return self._engine(model).voices()
        except EngineError:
            return ()

    def default_voice(self, model: ModelName) -> str:
        """The name of the voice that speaks where none is named."""
        if model.engine == self._defaults.engine and self._defaults.voice:
            return self._defaults.voice
        return self._engine(model).voice(None).name

    def _with_voice(self, named: str, found: ModelName, voice: str) -> tuple[ModelName, str | None]:
        """Who speaks for a model's name with a voice, and that voice's name there.

        One of OpenAI's names stands for any engine, so the voice decides where the first has no such voice.
        """
        given = self._voice(found, voice)
        if named not in self._usual or named in self._settings.models or self._has(found, str(given)):
            return found, given
        for engine in self.offered:
            other = self._model(engine)
            if engine != found.engine and self._usable(other):
                there = self._voice(other, voice)
                if self._has(other, str(there)):
                    return other, there
        return found, given  # whose planner says what voices there are

    @property
    def _known(self) -> list[str]:
        """All names of models."""
        return list(dict.fromkeys([*self._usual, *self._settings.models, *self.offered, *self._pulled]))

    def _model(self, name: str) -> ModelName:
        if name in self._settings.models:
            return self._own(name, self._settings.models[name])
        if name in self._usual:
            return self._first_usable(name)
        engine, slash, weights = name.partition("/")
        if engine in self.offered and not slash:
            same = engine == self._defaults.engine
            return ModelName(engine=engine, model=self._defaults.model if same else None)
        if engine in self.offered and name in self._pulled:
            return ModelName(engine=engine, model=weights)
        raise UnknownEngine(f"no model {name!r} here{suggest(name, self._known)} (models: GET /v1/models)")

    def _first_usable(self, name: str) -> ModelName:
        if name in self._chosen:
            return self._chosen[name]
        preferred = [n for n in (self._defaults.engine, *self._usual[name]) if n in self.offered]
        for engine in preferred:
            if self._usable(found := self._model(str(engine))):
                self._chosen[name] = found
                return found
        if preferred:
            return self._model(str(preferred[0]))  # which will say what it lacks
        raise UnknownEngine(
            f"model {name!r} stands for no engine that is offered here: name one in [server.models]"
        )

    def _own(self, name: str, given: str | ModelName) -> ModelName:
        if isinstance(given, str):
            engine, _, model = given.partition("/")
            given = ModelName(engine=engine, model=model or None)
        if given.engine not in self.offered:
            known = ", ".join(self.offered)
            raise InputError(
                f"model {name!r} stands for engine {given.engine!r}, which is not offered (engines: {known})"
            )
        return given

    def _voice(self, model: ModelName, name: str | None) -> str | None:
        if name is None:
            return self.default_voice(model)
        own = self._voices.get(model.engine, {})
        tables = {**self._everywhere, **own}
        meant = tables.get(name) or tables.get(_spelled(name, tables))
        if meant is not None:
            return meant
        if self._has(model, name):
            return name
        there = [voice.name for voice in self.voices(model)]
        spelled = _spelled(name, there)
        if spelled == name and not _fitting(name, there):
            spelled = name.lower()  # for blends, which are in no list
        if spelled != name and self._has(model, spelled):
            return spelled
        if model.engine != _OPENAI and _spelled(name, self._openai_voices) in self._openai_voices:
            return self.default_voice(model)
        return name

    def _has(self, model: ModelName, voice: str) -> bool:
        if (model, voice) in self._met:
            return True
        try:
            self._engine(model).voice(voice)
        except (UnknownVoice, EngineError):
            return False
        if len(self._met) < _MOST_MET:
            # One that is removed later is missed by the planner.
            self._met.add((model, voice))
        return True

    def _engine(self, model: ModelName) -> Engine:
        key = (model.engine, model.model)
        if key not in self._engines:
            self._engines[key] = engines.find(model.engine)(model.model)
        return self._engines[key]

    def _usable(self, model: ModelName) -> bool:
        try:
            engine = self._engine(model)
            engines.require(engine)
            terms = engine.terms()
            return bool(engine.voices()) and (not terms or catalogue.is_accepted(terms))
        except EngineError:
            return False

    @cached_property
    def _pulled(self) -> tuple[str, ...]:
        """Models that were pulled, beside those that engines take by themselves."""
        return tuple(
            f"{model.engine}/{model.name}"
            for model in catalogue.catalogue().values()
            if model.engine in self.offered and catalogue.path(model.name) is not None
        )


def _path(model: ModelName) -> str:
    return f"{model.engine}/{model.model}" if model.model else model.engine


def _spelled(name: str, known: Collection[str]) -> str:
    """`name` as it is spelled among `known`, whatever its case and the spaces around it; as it is where none or several
    fit.

    >>> _spelled(" AF_Sky ", ["af_sky"]), _spelled("b", ["a"]), _spelled("SKY", ["Sky", "sky"])
    ('af_sky', 'b', 'SKY')
    """
    if name in known:
        return name
    fitting = _fitting(name, known)
    return fitting.pop() if len(fitting) == 1 else name


def _fitting(name: str, known: Collection[str]) -> set[str]:
    plain = name.strip().casefold()
    return {each for each in known if each.casefold() == plain}
