"""Plans of phrases before anybody asks for them, as the server will make them then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from voxpress.errors import InputError, SpeechError
from voxpress.rendering import DEFAULT_ENGINE
from voxpress.rendering.plan import Bad, Planned, place_error
from voxpress.rendering.projects import Project
from voxpress.server.aliases import Aliases
from voxpress.server.errors import Refusal
from voxpress.server.schemas import SpeechRequest
from voxpress.server.settings import Settings
from voxpress.server.speech.planner import DEFAULT_VOICE, SpeechPlanner
from voxpress.server.speech.voice_book import VoiceBook
from voxpress.speech import Speaker, Utterance

_NOT_ASKED = ("format", "lexicon", "normalise", "title")
"""Fields of rows that a list for the server cannot use: requests have none of them, or another part decides."""


class Warming:
    """Plans the clips that requests will ask for.

    Attributes:
        unused: fields that rows have and requests do not.

    Args:
        formats: of the clips, each as the server finishes it.
        voices: who speaks each phrase whose row names nobody; none: the voice that is meant where a request names none.

    Raises:
        InputError: a setting or a lexicon of the project is wrong.
    """

    def __init__(
        self, settings: Settings, project: Project, *, formats: Sequence[str], voices: Sequence[str] = ()
    ) -> None:
        names = Aliases(settings, project.defaults, project.cast)
        self._planner = SpeechPlanner(settings, names, project)
        self._book = VoiceBook(names, project.defaults.engine)
        self._formats, self._voices = formats, voices or (None,)
        self._engine = project.defaults.engine or DEFAULT_ENGINE
        self.unused: set[str] = set()

    def plan_all(self, rows: Iterable[Utterance | SpeechError]) -> Iterator[Planned]:
        """The plans of all rows, one for each voice and format; what is wrong with a row stands in its place."""
        number = 0
        for row in rows:
            for planned in self._plan_row(row):
                yield msgspec.structs.replace(planned, number=number)
                number += 1

    def _plan_row(self, row: Utterance | SpeechError) -> Iterator[Planned]:
        if isinstance(row, SpeechError):
            yield Bad(0, None, row)
            return
        self.unused.update(name for name in _NOT_ASKED if getattr(row, name))
        speaker = self._find_speaker(row)
        for voice in [speaker.voice] if speaker.voice or speaker.engine else self._voices:
            for format in self._formats:
                try:
                    yield self._planner.plan_now(self._ask(row, speaker, voice, format)).plan
                except SpeechError as error:
                    yield Bad(0, row, place_error(error, row))
                except Refusal as error:
                    yield Bad(0, row, place_error(InputError(error.message), row))

    def _find_speaker(self, row: Utterance) -> Speaker:
        """Who speaks a row. A name that its list does not explain is one that requests can give as their voice."""
        own = Speaker.of(row)
        given = row.speaker
        if isinstance(given, str):
            given = row.cast.get(given, Speaker(voice=given))
        speaker = own.over(given) if given else own
        return Speaker(engine=self._engine).over(speaker) if speaker.model and not speaker.engine else speaker

    def _ask(self, row: Utterance, speaker: Speaker, voice: str | None, format: str) -> SpeechRequest:
        model = f"{speaker.engine}/{speaker.model}" if speaker.model else speaker.engine
        chosen = self._book.choose(None if model else voice, None, None)
        return SpeechRequest(
            model=model or chosen.model,
            input=row.text,
            voice=(voice or DEFAULT_VOICE) if model else chosen.voice,
            response_format=format,
            speed=speaker.speed or 1.0,
            language=speaker.language,
            seed=speaker.seed,
            options=dict(speaker.options),
            markup=row.markup if row.markup != "plain" else None,
        )
