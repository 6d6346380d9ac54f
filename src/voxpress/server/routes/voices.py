"""`/v1/models` and `/v1/audio/voices`: the names that requests can use, and voices of your own."""

from __future__ import annotations

import asyncio
import functools
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from litestar import Request, delete, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, MultipartBody, QueryParameter

from voxpress import engines
from voxpress.audio import sandbox
from voxpress.errors import InputError, SpeechError, UnknownVoice
from voxpress.quality import mos
from voxpress.server.context import REFUSED, UPLOAD, requires, server_of, visitor
from voxpress.server.errors import Refusal
from voxpress.server.http.body_limits import MOST_SAMPLE
from voxpress.server.keys import Key
from voxpress.server.schemas import Deleted, Model, Models, OwnVoice, VoiceFacts, Voices
from voxpress.speech import Voice
from voxpress.voices import editing, references


@get("/v1/models", summary="Names for `model`", operation_id="listModels", tags=["Models"], responses=REFUSED)
async def list_models(request: Request[Any, Any, Any]) -> Models:
    """OpenAI's names and what they stand for, engines, and models that were pulled."""
    here = server_of(request)
    found = await asyncio.to_thread(here.names.list_models)
    return Models(data=[_describe_model(name, meant.engine) for name, meant in found.items()])


@get(
    "/v1/models/{model:path}",
    summary="One model",
    operation_id="retrieveModel",
    tags=["Models"],
    responses=REFUSED,
)
async def get_model(request: Request[Any, Any, Any], model: FromPath[str]) -> Model:
    """404 where requests cannot name it."""
    here, name = server_of(request), model.removeprefix("/")
    found = await asyncio.to_thread(here.names.list_models)
    if name not in found:
        raise Refusal(404, f"the model {name!r} does not exist here", "model_not_found", param="model")
    return _describe_model(name, found[name].engine)


def _describe_model(name: str, engine: str) -> Model:
    return Model(id=name, created=_BORN, owned_by="voxpress", engine=engine)


_BORN = 1763769600
"""Models have no date here: 22 November 2025, for all."""


@get(
    "/v1/audio/voices",
    summary="Names for `voice`",
    operation_id="listVoices",
    tags=["Audio"],
    responses=REFUSED,
)
async def list_voices(
    request: Request[Any, Any, Any],
    model: Annotated[str | None, QueryParameter(description="Of that model only.", max_length=256)] = None,
) -> Voices:
    """The names of the cast, and the voices of every model, each under its engine's own name."""
    here = server_of(request)

    def found() -> list[VoiceFacts]:
        models = here.names.list_models()
        if model is not None and model not in models:
            raise Refusal(404, f"the model {model!r} does not exist here", "model_not_found", param="model")
        wanted = {model: models[model]} if model else {m: g for m, g in models.items() if m == g.full_name}
        return [
            _describe_voice(each.name, each.model, each.voice)
            for each in here.names.list_named_voices(wanted)
        ]

    return Voices(voices=await asyncio.to_thread(found))


def _describe_voice(name: str, model: str, voice: Voice) -> VoiceFacts:
    return VoiceFacts(
        id=name,
        name=name,
        model=model,
        languages=voice.languages,
        cloned=bool(voice.reference),
        # Whose voice a cloned one is, is known to the operator only.
        description="" if voice.reference else voice.description,
        gender=voice.gender,
    )


@dataclass
class VoiceUpload:
    """The form of a new voice: a recording, whose voice it is, and how to use it."""

    name: str
    audio_sample: UploadFile
    consent: str = ""
    speaker: str = ""
    transcript: str = ""
    language: str = ""
    engines: str = ""


@post(
    "/v1/audio/voices",
    status_code=200,
    guards=[requires("voices")],
    summary="Add a voice of your own",
    operation_id="createVoice",
    tags=["Audio"],
    responses=UPLOAD,
)
async def create_voice(
    request: Request[Any, Any, Any],
    data: MultipartBody[VoiceUpload],
) -> OwnVoice:
    """The sample is checked, cut and kept, with whose voice it is and what they agreed to; every engine that clones
    can speak with it. It belongs to the key that adds it.
    """
    here, (_, key) = server_of(request), visitor(request)
    sample = await data.audio_sample.read(MOST_SAMPLE + 1)
    if len(sample) > MOST_SAMPLE:
        raise Refusal(
            413, f"the sample may have {MOST_SAMPLE:,} bytes", "body_too_large", param="audio_sample"
        )
    if here.names.is_taken(data.name):
        raise Refusal(
            400,
            f"{data.name!r} stands for other voices here: choose another name",
            "voice_exists",
            param="name",
        )
    wanted = [name.strip() for name in data.engines.split(",") if name.strip()]

    def add_voice() -> references.Reference:
        engines.check_clone(data.name, wanted)
        if (other := editing.find_taken(data.name)) is not None:
            raise Refusal(409, f"there is a voice {other!r} already", "voice_exists", param="name")
        return editing.add(
            data.name,
            sandbox.decode_untrusted(sample, bounds=editing.RECORDING),
            transcript=data.transcript or None,
            language=data.language or None,
            speaker=data.speaker,
            consent=data.consent,
            engines=wanted,
            checks=[mos.one_voice],
            owner=key.name,
        )

    reference = await _UPLOADS.run(add_voice, key)
    return OwnVoice(
        id=reference.name, name=reference.name, created_at=int(time.time()), warnings=reference.warnings
    )


T = TypeVar("T")


class _Uploads:
    """Works on uploads in a few threads of its own, so that speech keeps the others.

    Args:
        at_once: threads.
        most: uploads that may be open, and `most_of_one` those of one key.
    """

    def __init__(self, at_once: int, most: int, most_of_one: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, "voxpress-uploads")
        self._most, self._most_of_one = most, most_of_one
        self._open_uploads: Counter[str] = Counter()

    async def run(self, work: Callable[[], T], key: Key) -> T:
        """The result of `work`, once its turn has come.

        Raises:
            Refusal: too many uploads are open.
        """
        most = self._most_of_one if key.name else self._most
        if self._open_uploads[key.name] >= most or self._open_uploads.total() >= self._most:
            raise Refusal(
                429,
                f"{self._open_uploads.total()} samples are being checked already: try again in 10 s",
                "queue_full",
                type="rate_limit_error",
                headers={"retry-after": "10"},
            )
        self._open_uploads[key.name] += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, _run_forgetting, work)
        future.add_done_callback(functools.partial(self._count_ended, key.name))
        return await asyncio.shield(future)

    def _count_ended(self, name: str, future: asyncio.Future[Any]) -> None:
        self._open_uploads[name] -= 1
        if not future.cancelled():
            future.exception()  # marks it as seen: the client may be gone


def _run_forgetting(work: Callable[[], T]) -> T:
    """The result of `work`. Its error keeps no samples alive through its traceback."""
    try:
        return work()
    except (SpeechError, Refusal) as error:
        found: BaseException | None = error
        while found is not None:
            traceback.clear_frames(found.__traceback__)
            found = found.__cause__ or found.__context__
        raise


_UPLOADS = _Uploads(at_once=1, most=8, most_of_one=3)


@delete(
    "/v1/audio/voices/{name:str}",
    status_code=200,
    guards=[requires("voices")],
    summary="Remove a voice of your own",
    operation_id="deleteVoice",
    tags=["Audio"],
    responses=REFUSED,
)
async def delete_voice(request: Request[Any, Any, Any], name: FromPath[str]) -> Deleted:
    """Only the key that added the voice can remove it here. What was spoken with it stays in the store."""
    _, key = visitor(request)
    owner = key.name or None  # a server without keys is its operator's own
    try:
        await asyncio.to_thread(editing.remove, name, owner=owner)
    except (UnknownVoice, InputError) as error:
        raise Refusal(404, str(error), "voice_not_found", param="name") from error
    return Deleted(id=name, object="audio.voice")


ROUTES = (list_models, get_model, list_voices, create_voice, delete_voice)
