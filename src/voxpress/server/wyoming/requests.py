"""Requests for speech as Wyoming has them: who speaks and how, and a text that may still be coming."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voxpress.server.errors import Refusal
from voxpress.server.requests import refuse_invalid
from voxpress.server.schemas import RequestMarkup
from voxpress.server.settings import Settings
from voxpress.text.clean import has_speech
from voxpress.text.markup import guess
from voxpress.text.split import is_fragment, list_sentences

_MARKUPS: dict[str, RequestMarkup | None] = {"": None, "text": "plain", "ssml": "ssml"}
"""How a text is written, by Wyoming's name for it; None: as the server is set."""
_GATHER = 0.02
"""Seconds until the first sentence is spoken by itself: a text that is whole by then is one clip, like any other."""
_WINDOW = 2000
"""Characters in which the end of a sentence is looked for."""

_Name = Annotated[str, Meta(min_length=1, max_length=256)] | None


class VoiceWish(msgspec.Struct):
    """The voice that a client wants."""

    name: _Name = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    speaker: _Name = None


class SynthesizeFields(msgspec.Struct):
    """The data of ``synthesize`` and ``synthesize-start``."""

    text: str = ""
    voice: VoiceWish = msgspec.field(default_factory=VoiceWish)
    text_format: str = ""
    speed: Annotated[float, Meta(ge=0.25, le=4.0)] | None = None
    """Extension: 1.0 is the voice's own."""

    @property
    def markup(self) -> RequestMarkup | None:
        """How the text is written; None: as the server is set."""
        return _MARKUPS[self.text_format.lower()]

    def __post_init__(self) -> None:
        if self.text_format.lower() not in _MARKUPS:
            raise ValueError(f"text_format: must be text or ssml, not {self.text_format[:40]!r}")


class ChunkFields(msgspec.Struct):
    """The data of ``synthesize-chunk``."""

    text: str


def read_fields(data: dict[str, Any] | None, kind: type[msgspec.Struct]) -> Any:
    """The data of an event as `kind`; what is null is left out.

    Raises:
        Refusal: a field is missing or wrong.
    """
    given = {name: value for name, value in (data or {}).items() if value is not None}
    if isinstance(voice := given.get("voice"), dict):
        # Clients send what nobody chose as null or empty.
        given["voice"] = {name: value for name, value in voice.items() if value not in (None, "")}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise refuse_invalid(error) from None


class SpeechWish:
    """A text that is to be spoken.

    Args:
        settings: how many characters it may have, and how it is written where the client does not say.
        streamed: it comes in pieces; otherwise it is whole.
    """

    def __init__(self, fields: SynthesizeFields, settings: Settings, *, streamed: bool) -> None:
        self.fields, self.streamed = fields, streamed
        self._most, self._markup = settings.max_characters, fields.markup or settings.markup
        self.text, self._whole = "", asyncio.Event()
        self._news = asyncio.Event()
        if not streamed:
            self.add(fields.text)
            self.end()

    def add(self, text: str) -> None:
        """Take in what follows.

        Raises:
            Refusal: the text is too long.
        """
        self.text += text
        if len(self.text) > self._most:
            raise Refusal(
                400,
                f"the text has more than the {self._most:,} characters that are allowed",
                "string_above_max_length",
                param="text",
            )
        self._news.set()

    def end(self) -> None:
        """Take in that nothing follows."""
        self._whole.set()
        self._news.set()

    async def list_pieces(self, language: str) -> AsyncIterator[str]:
        """What is to be spoken at once: the whole text where it is there, else its sentences as they become known.

        A sentence of few words comes with the next one, as in `voxpress.text.split`. SSML has to be whole.
        """
        begun = 0
        while not self._whole.is_set():
            self._news.clear()
            end = 0 if self._is_ssml() else find_end(self.text[begun : begun + _WINDOW], language)
            if end and (begun or not await self._is_whole_soon()):
                yield self.text[begun : begun + end]
                begun += end
            elif not end:
                await self._news.wait()
        rest = self.text[begun:]
        if rest.strip() or not (begun or self.streamed):
            yield rest

    def _is_ssml(self) -> bool:
        return (guess(self.text) if self._markup == "auto" else self._markup) == "ssml"

    async def _is_whole_soon(self) -> bool:
        try:
            async with asyncio.timeout(_GATHER):
                return await self._whole.wait()
        except TimeoutError:
            return False


def find_end(text: str, language: str) -> int:
    """Where the first sentences end that can be spoken although more may follow; 0: nowhere.

    >>> find_end("Dr. Smith is here. He", "en"), find_end("Dr. Smith is here now. He", "en"), find_end("Dr. ", "en")
    (0, 23, 0)
    """
    # White space after a full stop ends a sentence only if a new one could begin there.
    *sentences, _ = list_sentences(text + "A" if text[-1:].isspace() else text, language) or [""]
    end = 0
    for sentence in sentences:
        end += len(sentence)
        known = text[:end]
        if not is_fragment(known) and has_speech(known):
            return end
    return 0
