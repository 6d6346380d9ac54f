"""The objects of the HTTP interface: OpenAI's, with voxpress's own fields.

Source: OpenAI's API reference (createSpeech, models, files, batch, webhooks). Fields that OpenAI does not have are
marked as extensions; OpenAI's client sends them in `extra_body`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from voxpress.marks import FORMATS as MARKS
from voxpress.speech import LUFS, Hertz, Mark, OptionValue, Seconds
from voxpress.validation import Markup

Timestamp: TypeAlias = int
"""Seconds since the epoch, as OpenAI counts."""

MOST_INSTRUCTIONS = 4096
MOST_ENTRIES = 256
"""Of a request's lexicon."""
MOST_MARKS = 16
"""Names of formats of marks; repeated ones count once."""
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
"""OpenAI's; others of `voxpress.files.formats.FORMATS` are an extension."""
RATE: Hertz = 24000
"""Of OpenAI's audio: limits count seconds at this rate."""


RequestMarkup: TypeAlias = Markup | Literal["auto"]
"""How a text is written; auto: SSML if it begins so, else plain."""


class RequestObject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object that clients send."""


class _ResponseObject(Struct, frozen=True, kw_only=True):
    pass


# Speech


class VoiceId(RequestObject, frozen=True, forbid_unknown_fields=False):
    """A voice as an object, which is how OpenAI names custom ones."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]


class LexiconEntry(RequestObject, frozen=True):
    """How one word of a request is spoken."""

    word: Annotated[str, Meta(min_length=1, max_length=200)]
    spoken: Annotated[str, Meta(max_length=500)] = ""
    ipa: Annotated[str, Meta(max_length=500, description="In place of `spoken`.")] = ""


class SpeechRequest(RequestObject, frozen=True, forbid_unknown_fields=False):
    """Body of `POST /v1/audio/speech`."""

    model: Annotated[str, Meta(min_length=1, max_length=256, description="One of /v1/models.")]
    input: Annotated[str, Meta(min_length=1, description="The text.")]
    voice: Annotated[
        Annotated[str, Meta(min_length=1, max_length=256)] | VoiceId,
        Meta(description="One of /v1/audio/voices, as a string or as {'id': …}."),
    ]
    instructions: Annotated[str, Meta(max_length=MOST_INSTRUCTIONS)] | None = None
    response_format: Annotated[
        str,
        Meta(
            max_length=32,
            description=f"{', '.join(FORMATS)}; or, as an extension, any other format of voxpress.",
        ),
    ] = "mp3"
    speed: Annotated[float, Meta(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["sse", "audio"] = "audio"
    seed: Annotated[
        Annotated[int, Meta(ge=0, le=2**63 - 1)] | None, Meta(description="Extension: another reading.")
    ] = None
    language: Annotated[
        Annotated[str, Meta(max_length=35)] | None, Meta(description="Extension: BCP 47 tag of the text.")
    ] = None
    lang_code: Annotated[
        Annotated[str, Meta(max_length=35)] | None,
        Meta(description="Extension: the language as Kokoro-FastAPI names it, a letter or a tag."),
    ] = None
    options: Annotated[
        dict[str, OptionValue], Meta(description="Extension: options of the engine; see `voxpress engines`.")
    ] = {}
    loudness: Annotated[
        Annotated[LUFS, Meta(ge=-60, le=0)] | None, Meta(description="Extension: integrated loudness, LUFS.")
    ] = None
    sample_rate: Annotated[
        Annotated[Hertz, Meta(ge=4000, le=192000)] | None,
        Meta(description="Extension: of the file, in hertz."),
    ] = None
    preset: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="Extension: how the file is finished; its file with the response_format is made."),
    ] = None
    markup: Annotated[
        RequestMarkup | None,
        Meta(
            description="Extension: how the input is written; auto: ssml if it begins with <speak, else plain."
            " By default as the server is set."
        ),
    ] = None
    lenient: Annotated[
        bool | None,
        Meta(
            description="Extension: markup that cannot be followed is left out; otherwise it is an error. By default as"
            " the project has it."
        ),
    ] = None
    lexicon: Annotated[
        list[LexiconEntry],
        Meta(max_length=MOST_ENTRIES, description="Extension: how words of the text are spoken."),
    ] = []
    unspeakable: Annotated[
        Literal["error", "skip"] | None,
        Meta(
            description="Extension: what the voice cannot say is an error, or left out with a note. By default as the"
            " project has it, else an error."
        ),
    ] = None
    marks: Annotated[
        Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=MOST_MARKS)] | None,
        Meta(
            description=f"Extension: files that say when each word is heard, of {', '.join(MARKS)}."
            " The header x-voxpress-marks has their addresses, the last event of a stream their content."
            " By default those of the preset."
        ),
    ] = None
    timestamps: Annotated[
        bool,
        Meta(description="Extension: word timings in the last event of a stream (stream_format sse)."),
    ] = False


class Usage(_ResponseObject, frozen=True):
    """Tokens as OpenAI counts them: four characters of text, or a twentieth of a second of audio, count as one."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class SpeechDelta(_ResponseObject, frozen=True, tag_field="type", tag="speech.audio.delta"):
    """An event with a part of the file."""

    audio: str
    """Base64."""


class SpeechDone(_ResponseObject, frozen=True, tag_field="type", tag="speech.audio.done"):
    """The last event of a whole file."""

    usage: Usage
    clip: str
    """Extension: its digest."""
    timestamps: tuple[Mark, ...] | UnsetType = UNSET
    marks: dict[str, str] | UnsetType = UNSET
    """Extension: the files with marks, by their formats."""


class ClipFacts(_ResponseObject, frozen=True):
    """What is known of a clip."""

    digest: str
    format: str
    sample_rate: Hertz
    duration: Seconds
    bytes: int
    sha256: str
    url: str
    timestamps: tuple[Mark, ...] = ()


# Errors


class ErrorFacts(_ResponseObject, frozen=True):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(_ResponseObject, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorFacts


# Models and voices


class Model(_ResponseObject, frozen=True):
    """A name that a request's `model` can have."""

    id: str
    created: Timestamp
    owned_by: str
    object: Literal["model"] = "model"
    engine: str = ""
    """Extension: the engine that speaks."""


class Models(_ResponseObject, frozen=True):
    """All models."""

    data: list[Model]
    object: Literal["list"] = "list"


class VoiceFacts(_ResponseObject, frozen=True):
    """A voice of a model."""

    id: str
    name: str
    model: str
    languages: tuple[str, ...] = ()
    cloned: bool = False
    description: str = ""
    gender: str = ""


class Voices(_ResponseObject, frozen=True):
    """All voices."""

    voices: list[VoiceFacts]
    object: Literal["list"] = "list"


class OwnVoice(_ResponseObject, frozen=True):
    """A cloned voice that was added."""

    id: str
    name: str
    created_at: Timestamp
    object: Literal["audio.voice"] = "audio.voice"
    warnings: tuple[str, ...] = ()


class Deleted(_ResponseObject, frozen=True):
    """A file or a voice that was deleted."""

    id: str
    object: str
    deleted: bool = True


# Files and batches


Purpose: TypeAlias = Literal["batch", "batch_output"]


class File(_ResponseObject, frozen=True):
    """An uploaded file, or one that a batch wrote."""

    id: str
    bytes: int
    created_at: Timestamp
    filename: str
    purpose: Purpose
    expires_at: Timestamp | None = None
    status: Literal["processed"] = "processed"
    object: Literal["file"] = "file"


class Files(_ResponseObject, frozen=True):
    """A page of files."""

    data: list[File]
    has_more: bool
    first_id: str | None
    last_id: str | None
    object: Literal["list"] = "list"


class ExpiresAfter(RequestObject, frozen=True, forbid_unknown_fields=False):
    """When the files that a batch writes are deleted."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=3600, le=2592000)]


class BatchRequest(RequestObject, frozen=True, forbid_unknown_fields=False):
    """Body of `POST /v1/batches`."""

    input_file_id: Annotated[str, Meta(min_length=1, max_length=64)]
    endpoint: Annotated[str, Meta(max_length=64, extra_json_schema={"enum": ["/v1/audio/speech"]})]
    completion_window: Annotated[str, Meta(max_length=16, extra_json_schema={"enum": ["24h"]})]
    metadata: (
        Annotated[
            dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
            Meta(max_length=16),
        ]
        | None
    ) = None
    output_expires_after: ExpiresAfter | None = None
    inline_audio: Annotated[
        bool, Meta(description="Extension: audio as base64 in the lines of the output file.")
    ] = False
    webhook_url: Annotated[
        Annotated[str, Meta(max_length=2048)] | None,
        Meta(
            description="Extension: an address to tell when the batch has ended, where the server allows it."
        ),
    ] = None


class BatchError(_ResponseObject, frozen=True):
    """A problem with a line of the input."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchErrors(_ResponseObject, frozen=True):
    """The problems of the input."""

    data: list[BatchError]
    object: Literal["list"] = "list"


class RequestCounts(_ResponseObject, frozen=True):
    """How many lines of a batch are done."""

    total: int = 0
    completed: int = 0
    failed: int = 0


BatchStatus: TypeAlias = Literal[
    "validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"
]
ENDED = ("failed", "completed", "expired", "cancelled")


class Batch(_ResponseObject, frozen=True):
    """A batch."""

    id: str
    endpoint: str
    input_file_id: str
    completion_window: str
    status: BatchStatus
    created_at: Timestamp
    object: Literal["batch"] = "batch"
    errors: BatchErrors | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    in_progress_at: Timestamp | None = None
    expires_at: Timestamp | None = None
    finalizing_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    failed_at: Timestamp | None = None
    expired_at: Timestamp | None = None
    cancelling_at: Timestamp | None = None
    cancelled_at: Timestamp | None = None
    request_counts: RequestCounts = RequestCounts()
    metadata: dict[str, str] | None = None
    audio_url: str | None = None
    """Extension: all audio in one zip file, once the batch has ended and if a line was spoken."""


class Batches(_ResponseObject, frozen=True):
    """A page of batches."""

    data: list[Batch]
    has_more: bool
    first_id: str | None
    last_id: str | None
    object: Literal["list"] = "list"


class BatchLine(Struct, frozen=True, kw_only=True):
    """A line of a batch's input."""

    custom_id: Annotated[str, Meta(min_length=1, max_length=512)]
    method: Literal["POST"]
    url: str
    body: dict[str, Any]


class KeyUsage(_ResponseObject, frozen=True):
    """What a key asked for in a day."""

    day: str
    """ISO 8601, UTC."""
    requests: int
    characters: int
    """Of all requests that were answered with audio."""
    billed: int
    """Of those, spoken for the key."""
    stored: int
    """Of those, served from the store."""


class UsagePage(_ResponseObject, frozen=True):
    """The last days of a key."""

    data: list[KeyUsage]
    object: Literal["list"] = "list"
