"""Names: which engine, model and voice a request's `model` and `voice` stand for.

Every name that is not an engine's own goes through a table: the project's cast, the operator's, and `aliases.toml`. The
answer says which names stood for others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import NamedTuple

from msgspec.structs import replace

from voxpress import engines, languages
from voxpress.engines import Engine
from voxpress.errors import EngineError, InputError, UnknownEngine, UnknownVoice, suggest
from voxpress.models import catalogue
from voxpress.rendering.projects import Defaults
from voxpress.server.settings import ModelName, Settings
from voxpress.speech import Speaker, Voice

_NOT_OFFERED = frozenset({"tone", "openai"})
_OPENAI = "openai"
_MOST_KNOWN_VOICES = 10_000


class NamedVoice(NamedTuple):
    """A name that a request can give as its voice, the model that then speaks, and its voice."""

    name: str
    model: str
    voice: Voice


class Aliases:
    """Resolves the names of models and voices in requests.

    Args:
        defaults: of the project; they hold for the engine that they name.
        cast: speakers by names, which come before all others.

    Raises:
        InputError: a table names an engine that is not offered.

    >>> names = Aliases(Settings(engines=["tone"], models={"tts-1": "tone"}))
    >>> names.resolve("tts-1", "low")
    (Speaker(engine='tone', voice='low'), ('tts-1=tone',))
    """

    def __init__(
        self,
        settings: Settings,
        defaults: Defaults | None = None,
        cast: Mapping[str, Speaker] | None = None,
    ) -> None:
        self._settings, self._defaults, self._cast = settings, defaults or Defaults(), cast or {}
        table = tomllib.loads(resources.files(__package__).joinpath("aliases.toml").read_text("utf-8"))
        self._openai_models: Mapping[str, Sequence[str]] = table["models"]
        self._voices: dict[str, dict[str, str]] = {k: dict(v) for k, v in table["voices"].items()}
        self._openai_voices = frozenset(name for voices in self._voices.values() for name in voices)
        self._languages: Mapping[str, str] = table["languages"]
        self._shared_voices: dict[str, str] = {}
        self._known_voices: set[tuple[ModelName, str | None]] = set()
        self._engines: dict[tuple[str, str | None], Engine] = {}
        self._chosen_models: dict[str, ModelName] = {}
        for name, meant in settings.voices.items():
            if isinstance(meant, str):
                self._shared_voices[name] = meant
            else:
                self._voices.setdefault(name, {}).update(meant)
        self.offered = tuple(settings.engines or (n for n in engines.names() if n not in _NOT_OFFERED))
        for name in self.offered:
            engines.find(name)
        for name, given in settings.models.items():
            self._check_offered(name, given)

    def resolve(self, model: str, voice: str | None) -> tuple[Speaker, tuple[str, ...]]:
        """The speaker that names stand for, and the names that were mapped, as ``asked=given``.

        A member of the cast can have another engine than the model.

        Raises:
            UnknownEngine: no model has that name.
        """
        if voice is None or voice not in self._cast:
            return self._resolve(model, voice)
        speaker = self._cast[voice].over(self._resolve(model, None)[0])
        found = _model_of(speaker)
        mapped = () if model in (found.engine, found.full_name) else (f"{model}={found.full_name}",)
        given = speaker.voice or self.find_default_voice(found)
        return speaker, mapped if voice == given else (*mapped, f"{voice}={given}")

    def list_cast(self, model: str) -> dict[str, tuple[ModelName, Voice]]:
        """The names of the cast that requests for a model can use now, with what speaks for each.

        >>> names = Aliases(Settings(engines=["tone"]), cast={"Alice": Speaker(voice="high")})
        >>> [(name, voice.name) for name, (_, voice) in names.list_cast("tone").items()]
        [('Alice', 'high')]
        """
        found: dict[str, tuple[ModelName, Voice]] = {}
        for name in self._cast:
            speaker, _ = self.resolve(model, name)
            meant = _model_of(speaker)
            if (
                meant.engine in self.offered
                and self._is_usable(meant)
                and self._has_voice(meant, speaker.voice)
            ):
                voice = self._get_engine(meant).voice(speaker.voice)
                spoken = (speaker.language,) if speaker.language else voice.languages
                found[name] = meant, replace(voice, languages=spoken)
        return found

    def list_named_voices(self, models: Mapping[str, ModelName]) -> list[NamedVoice]:
        """The names that a request can give as its voice now: those of the cast, and the voices of these models.

        Args:
            models: as in `list_models`; the cast is that of the first.

        >>> names = Aliases(Settings(engines=["tone"]))
        >>> [each.name for each in names.list_named_voices(names.list_models())]
        ['low', 'middle', 'high']
        """
        cast = self.list_cast(next(iter(models))) if models else {}
        named = [NamedVoice(name, meant.full_name, voice) for name, (meant, voice) in cast.items()]
        return named + [
            NamedVoice(voice.name, name, voice)
            for name, meant in models.items()
            for voice in self.list_voices(meant)
            if voice.name not in cast
        ]

    def _resolve(self, model: str, voice: str | None) -> tuple[Speaker, tuple[str, ...]]:
        """The speaker that names stand for, where the voice is no member of the cast."""
        named = _match_spelling(model, self._model_names)
        found = self._resolve_model(named)
        if voice is not None:
            found, given = self._resolve_pair(named, found, voice.strip() or voice)
        else:
            given = self._resolve_voice(found, None)
        mapped: tuple[str, ...] = ()
        if model not in (found.engine, found.full_name):
            mapped = (f"{model}={found.full_name}",)
        if voice is not None and given != voice:
            mapped += (f"{voice}={given or self.find_default_voice(found)}",)
        return Speaker(engine=found.engine, model=found.model, voice=given), mapped

    def find_language(self, name: str) -> str | None:
        """The tag of a language that another server names otherwise; None where the name means none.

        >>> Aliases(Settings(engines=["tone"])).find_language("b")
        'en-GB'
        """
        name = name.strip()
        try:
            return self._languages.get(name.lower()) or languages.canonical(name)
        except InputError:
            return None

    def is_taken(self, voice: str) -> bool:
        """Whether a voice's name, in any case, stands for others: as OpenAI's, the operator's and the cast's do.

        >>> Aliases(Settings(engines=["tone"])).is_taken("Nova")
        True
        """
        tables = (self._cast, self._shared_voices, *self._voices.values())
        return any(_find_fitting(voice, table) for table in tables)

    def has_voice(self, model: str, voice: str) -> bool:
        """Whether a voice of a model has that name, or stands for it.

        >>> Aliases(Settings(engines=["tone"])).has_voice("tone", "LOW")
        True

        Raises:
            UnknownEngine: no model has that name.
        """
        speaker, _ = self.resolve(model, voice)
        return self._has_voice(_model_of(speaker), speaker.voice)

    def list_models(self) -> dict[str, ModelName]:
        """Every name of a model that a request can use now, and what it stands for."""
        found: dict[str, ModelName] = {}
        for name in self._model_names:
            try:
                found[name] = self._resolve_model(name)
            except UnknownEngine:
                continue  # no engine is here for it
            if not self._is_usable(found[name]):
                del found[name]
        return found

    def list_voices(self, model: ModelName) -> Sequence[Voice]:
        """The voices of a model; none where it is not on this machine."""
        try:
            return self._get_engine(model).voices()
        except EngineError:
            return ()

    def find_default_voice(self, model: ModelName) -> str:
        """The name of the voice that speaks when a request names none."""
        if model.engine == self._defaults.engine and self._defaults.voice:
            return self._defaults.voice
        return self._get_engine(model).voice(None).name

    def _resolve_pair(self, named: str, found: ModelName, voice: str) -> tuple[ModelName, str | None]:
        """The model that speaks for a name with a voice, and the voice's name there.

        One of OpenAI's names stands for any engine, so the voice decides where the first engine does not have it.
        """
        given = self._resolve_voice(found, voice)
        if (
            named not in self._openai_models
            or named in self._settings.models
            or self._has_voice(found, str(given))
        ):
            return found, given
        for engine in self.offered:
            other = self._resolve_model(engine)
            if engine != found.engine and self._is_usable(other):
                there = self._resolve_voice(other, voice)
                if self._has_voice(other, str(there)):
                    return other, there
        return found, given  # its planner says which voices it has

    @property
    def _model_names(self) -> list[str]:
        """All names of models."""
        return list(
            dict.fromkeys([*self._openai_models, *self._settings.models, *self.offered, *self._pulled_models])
        )

    def _resolve_model(self, name: str) -> ModelName:
        if name in self._settings.models:
            return self._check_offered(name, self._settings.models[name])
        if name in self._openai_models:
            return self._choose_model(name)
        engine, slash, weights = name.partition("/")
        if engine in self.offered and not slash:
            same = engine == self._defaults.engine
            return ModelName(engine=engine, model=self._defaults.model if same else None)
        if engine in self.offered and name in self._pulled_models:
            return ModelName(engine=engine, model=weights)
        raise UnknownEngine(
            f"no model {name!r} here{suggest(name, self._model_names)} (models: GET /v1/models)"
        )

    def _choose_model(self, name: str) -> ModelName:
        if name in self._chosen_models:
            return self._chosen_models[name]
        preferred = [n for n in (self._defaults.engine, *self._openai_models[name]) if n in self.offered]
        for engine in preferred:
            if self._is_usable(found := self._resolve_model(str(engine))):
                self._chosen_models[name] = found
                return found
        if preferred:
            return self._resolve_model(str(preferred[0]))  # its planner says what it lacks
        raise UnknownEngine(
            f"model {name!r} stands for no engine that is offered here: name one in [server.models]"
        )

    def _check_offered(self, name: str, given: str | ModelName) -> ModelName:
        if isinstance(given, str):
            engine, _, model = given.partition("/")
            given = ModelName(engine=engine, model=model or None)
        if given.engine not in self.offered:
            known = ", ".join(self.offered)
            raise InputError(
                f"model {name!r} stands for engine {given.engine!r}, which is not offered (engines: {known})"
            )
        return given

    def _resolve_voice(self, model: ModelName, name: str | None) -> str | None:
        if name is None:
            return self.find_default_voice(model)
        own = self._voices.get(model.engine, {})
        tables = {**self._shared_voices, **own}
        meant = tables.get(name) or tables.get(_match_spelling(name, tables))
        if meant is not None:
            return meant
        if self._has_voice(model, name):
            return name
        there = [voice.name for voice in self.list_voices(model)]
        spelled = _match_spelling(name, there)
        if spelled == name and not _find_fitting(name, there):
            spelled = name.lower()  # blends of voices are in no list
        if spelled != name and self._has_voice(model, spelled):
            return spelled
        if model.engine != _OPENAI and _match_spelling(name, self._openai_voices) in self._openai_voices:
            return self.find_default_voice(model)
        return name

    def _has_voice(self, model: ModelName, voice: str | None) -> bool:
        if (model, voice) in self._known_voices:
            return True
        try:
            self._get_engine(model).voice(voice)
        except (UnknownVoice, EngineError):
            return False
        if len(self._known_voices) < _MOST_KNOWN_VOICES:
            # If a voice is removed later, the planner says so.
            self._known_voices.add((model, voice))
        return True

    def _get_engine(self, model: ModelName) -> Engine:
        key = (model.engine, model.model)
        if key not in self._engines:
            self._engines[key] = engines.find(model.engine)(model.model)
        return self._engines[key]

    def _is_usable(self, model: ModelName) -> bool:
        try:
            engine = self._get_engine(model)
            engines.require(engine)
            terms = engine.terms()
            return bool(engine.voices()) and (not terms or catalogue.is_accepted(terms))
        except EngineError:
            return False

    @cached_property
    def _pulled_models(self) -> tuple[str, ...]:
        """Models that were pulled, as ``engine/model``."""
        return tuple(
            f"{model.engine}/{model.name}"
            for model in catalogue.catalogue().values()
            if model.engine in self.offered and catalogue.path(model.name) is not None
        )


def _model_of(speaker: Speaker) -> ModelName:
    assert speaker.engine
    return ModelName(engine=speaker.engine, model=speaker.model)


def _match_spelling(name: str, known: Collection[str]) -> str:
    """`name` as it is spelled among `known`, whatever its case and the spaces around it; unchanged where none or
    several fit.

    >>> _match_spelling(" AF_Sky ", ["af_sky"]), _match_spelling("b", ["a"]), _match_spelling("SKY", ["Sky", "sky"])
    ('af_sky', 'b', 'SKY')
    """
    if name in known:
        return name
    fitting = _find_fitting(name, known)
    return fitting.pop() if len(fitting) == 1 else name


def _find_fitting(name: str, known: Collection[str]) -> set[str]:
    plain = name.strip().casefold()
    return {each for each in known if each.casefold() == plain}
