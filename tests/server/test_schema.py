"""The generated schema: it is OpenAI's for what is shared, and the server does as it says, asked thousands of times."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.hostile_server import Running, running
from voxpress.server.schemas import FORMATS

pytest.importorskip("litestar")
pytest.importorskip("openai")

from openai.types import (
    Batch,
    BatchError,
    BatchRequestCounts,
    FileDeleted,
    FileObject,
    Model,
    batch_create_params,
    batch_list_params,
    file_create_params,
    file_list_params,
)
from openai.types.audio import (
    speech_create_params,
)
from openai.types.batch import Errors

SETTINGS = "body_timeout = 5\nmax_upload = 2_000_000\nmax_characters = 20_000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("schema"), SETTINGS) as here:
        yield here


@pytest.fixture(scope="module")
def schema(server) -> Any:
    answer = server.ask("GET", "/docs/openapi.json")
    assert answer.status == 200
    return answer.json


# What OpenAI's client sends and expects


def literals(hint: Any) -> set[str]:
    """The strings that a type names, wherever in it."""
    if typing.get_origin(hint) is typing.Literal:
        return set(typing.get_args(hint))
    return {each for part in typing.get_args(hint) for each in literals(part)}


def optional(hint: Any) -> bool:
    return types.NoneType in typing.get_args(hint)


def enum(field: Any) -> set[str]:
    """The strings that a field of the schema names."""
    found = set(field.get("enum", ()))
    for part in field.get("anyOf", ()):
        found |= enum(part)
    return found


def nullable(field: Any) -> bool:
    return any(part == {"type": "null"} for part in field.get("anyOf", ()))


def sent(params: Any) -> tuple[dict[str, Any], set[str]]:
    """The fields of an object that the client sends, and those that it always sends."""
    hints = typing.get_type_hints(params, include_extras=True)
    required = {name for name, hint in hints.items() if typing.get_origin(hint) is typing.Required}
    return typing.get_type_hints(params), required


REQUESTS = [
    (
        "SpeechRequest",
        speech_create_params.SpeechCreateParams,
        {
            "seed",
            "language",
            "lang_code",
            "options",
            "loudness",
            "sample_rate",
            "preset",
            "markup",
            "lenient",
            "lexicon",
            "marks",
            "timestamps",
            "unspeakable",
        },
        set(),
    ),
    ("BatchRequest", batch_create_params.BatchCreateParams, {"inline_audio", "webhook_url"}, set()),
    # How long a file is to be kept is said by its batch here.
    ("FileUpload", file_create_params.FileCreateParams, set(), {"expires_after"}),
    ("VoiceId", speech_create_params.VoiceID, set(), set()),
    ("ExpiresAfter", batch_create_params.OutputExpiresAfter, set(), set()),
]


@pytest.mark.parametrize(("name", "params", "ours", "theirs"), REQUESTS, ids=[each[0] for each in REQUESTS])
def test_requests_have_the_fields_of_the_official_client(schema, name, params, ours, theirs):
    """`ours` are extensions; `theirs` is what is not taken."""
    described = schema["components"]["schemas"][name]
    hints, required = sent(params)
    assert set(described["properties"]) == set(hints) - theirs | ours
    assert set(described["required"]) == required


GIVEN = [
    ("Model", Model, {"engine"}, {"shutdown_date"}),
    ("File", FileObject, set(), {"status_details"}),
    # No tokens are used up, and each line names its own model.
    ("Batch", Batch, {"audio_url"}, {"model", "usage"}),
    ("BatchErrors", Errors, set(), set()),
    ("BatchError", BatchError, set(), set()),
    ("RequestCounts", BatchRequestCounts, set(), set()),
    ("Deleted", FileDeleted, set(), set()),
]


@pytest.mark.parametrize(("name", "model", "ours", "theirs"), GIVEN, ids=[each[0] for each in GIVEN])
def test_answers_have_the_fields_that_the_official_client_reads(schema, name, model, ours, theirs):
    """What is required there is always there here; what may be null here may be null there; enums are no wider."""
    described = schema["components"]["schemas"][name]
    fields = model.model_fields
    assert set(described["properties"]) == set(fields) - theirs | ours
    assert {each for each, field in fields.items() if field.is_required()} <= set(described["required"])
    for each in set(fields) - theirs:
        field, hint = described["properties"][each], fields[each].annotation
        if nullable(field):
            assert optional(hint), each
        if literals(hint) and enum(field):
            assert enum(field) <= literals(hint), each


def test_enums_of_requests(schema):
    objects = schema["components"]["schemas"]
    hints, _ = sent(speech_create_params.SpeechCreateParams)
    speech = objects["SpeechRequest"]["properties"]
    assert enum(speech["stream_format"]) == literals(hints["stream_format"])
    assert set(FORMATS) == literals(hints["response_format"])  # an extension has more
    assert all(name in speech["response_format"]["description"] for name in FORMATS)
    assert speech["response_format"]["default"] == "mp3"
    assert {"$ref": "#/components/schemas/VoiceId"} in speech["voice"]["anyOf"]
    hints, _ = sent(batch_create_params.BatchCreateParams)
    batch = objects["BatchRequest"]["properties"]
    assert enum(batch["completion_window"]) == literals(hints["completion_window"])
    # The extension that the whole interface is for: hosted batches cannot speak.
    assert enum(batch["endpoint"]) == {"/v1/audio/speech"}
    assert not enum(batch["endpoint"]) & literals(hints["endpoint"])


@pytest.mark.parametrize(
    ("path", "params"),
    [("/v1/files", file_list_params.FileListParams), ("/v1/batches", batch_list_params.BatchListParams)],
)
def test_queries_are_those_of_the_official_client(schema, path, params):
    described = {each["name"]: each for each in schema["paths"][path]["get"]["parameters"]}
    hints, required = sent(params)
    assert set(described) == set(hints)
    assert {name for name, each in described.items() if each.get("required")} == required
    if "order" in hints:
        assert enum(described["order"]["schema"]) == literals(hints["order"])


def test_events(schema):
    """The official client has no types for them; OpenAI's description does."""
    objects = schema["components"]["schemas"]
    assert enum(objects["SpeechDelta"]["properties"]["type"]) == {"speech.audio.delta"}
    assert set(objects["SpeechDelta"]["required"]) == {"type", "audio"}
    assert enum(objects["SpeechDone"]["properties"]["type"]) == {"speech.audio.done"}
    assert {"type", "usage"} <= set(objects["SpeechDone"]["required"])
    assert set(objects["Usage"]["required"]) == {"input_tokens", "output_tokens", "total_tokens"}


def test_every_operation_says_how_it_refuses(schema):
    """With the envelope, in all of its four keys."""
    assert schema["components"]["schemas"]["ErrorFacts"]["required"] == ["message", "type", "param", "code"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    content = answer["content"]["application/json"]["schema"]
                    assert content == {"$ref": "#/components/schemas/ErrorBody"}, (method, path, status)


def test_what_the_schema_refers_to_is_in_it(schema):
    text = json.dumps(schema)
    for reference in {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}:
        assert reference.removeprefix("#/components/schemas/") in schema["components"]["schemas"]


# Thousands of requests that are made from it

CASES = 2000
EACH = 45
"""Examples of an operation, right ones and wrong ones apart."""


@pytest.mark.slow
def test_requests_made_from_the_schema(server, schema):
    """No failure of the server, no status, type or body that the schema does not have, the envelope on each error.

    Each case is asked as it was made, and once more with names of things that there are in place of random ones.
    """
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    verified = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.response_headers_conformance,
    ]
    there = things(server)
    loaded = schemathesis.openapi.from_dict(schema)
    asked = 0

    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        answer = case.call(base_url=f"http://127.0.0.1:{server.port}", timeout=30)
        case.validate_response(answer, checks=verified)
        if answer.status_code >= 400:
            facts = json.loads(answer.content)["error"]
            assert set(facts) == {"message", "type", "param", "code"}
            assert answer.headers["x-request-id"]

    for result in loaded.get_all_operations():
        operation = result.ok()
        variable = bool(operation.body or operation.path_parameters or operation.query)
        examples = 4 * EACH if operation.path == "/v1/audio/speech" else EACH if variable else 5
        for mode in (
            (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if variable else (GenerationMode.POSITIVE,)
        ):

            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def each(case: Any) -> None:
                ask(case)
                aimed(case, there)
                ask(case)

            each()
    assert asked >= CASES
    server.lives()


def things(server: Running) -> dict[str, str]:
    """Names of things that there are, by the names of the parameters that stand for them."""
    line = {"custom_id": "a", "method": "POST", "url": "/v1/audio/speech", "body": speech_body("Line.")}
    file = server.multipart(
        "/v1/files",
        ('content-disposition: form-data; name="file"; filename="f.jsonl"', json.dumps(line).encode()),
        ('content-disposition: form-data; name="purpose"', b"batch"),
    ).json["id"]
    batch = {"endpoint": "/v1/audio/speech", "completion_window": "24h", "input_file_id": file}
    return {
        "file_id": file,
        "batch_id": server.ask("POST", "/v1/batches", batch).json["id"],
        "model": "tone",
        "name": server.speak().headers["content-location"].rpartition("/")[2],
        "after": file,
        "purpose": "batch",
    }


def speech_body(text: str) -> dict[str, Any]:
    return {"model": "tone", "voice": "low", "input": text}


def aimed(case: Any, there: dict[str, str]) -> None:
    """Put names of things that there are into a case. What else is wrong with it stays wrong."""
    if case.method == "DELETE":
        return  # they are to stay
    for given in (case.path_parameters, case.query):
        for name in set(given or ()) & set(there):
            given[name] = there[name]
    if isinstance(case.body, dict):
        for name, value in (
            ("model", "tone"),
            ("voice", "low"),
            ("options", {}),
            ("preset", None),
            ("response_format", "wav"),
            ("input_file_id", there["file_id"]),
            ("purpose", "batch"),
        ):
            if isinstance(case.body.get(name), str | dict):
                case.body[name] = value
        if len(str(case.body.get("sample_rate", ""))) < 4:
            case.body.pop("sample_rate", None)
