"""The OpenAPI schema: the framework's, with the objects as `voxpress.server.schemas` declares them.

The framework describes objects by itself, but leaves out the bounds of a field that may also be null, and whether other
fields are refused. msgspec describes exactly what it checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from voxpress.server import schemas
from voxpress.server.context import server_of

_PLACE = "#/components/schemas/{name}"
_BINARY = {"type": "string", "format": "binary"}
_CONTENT: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("/v1/audio/speech", "200"): {
        "audio/*": _BINARY,
        "text/event-stream": {
            "description": "Events in lines that begin with 'data: ': SpeechDelta, and at the end SpeechDone.",
        },
    },
    ("/v1/audio/clips/{name}", "200"): {
        "audio/*": _BINARY,
        "application/json": {"$ref": _PLACE.format(name="ClipFacts")},
    },
    ("/v1/audio/clips/{name}", "206"): {"audio/*": _BINARY},
    ("/v1/files/{file_id}/content", "200"): {"application/jsonl": _BINARY},
    ("/v1/batches/{batch_id}/audio", "200"): {"application/zip": _BINARY},
    ("/metrics", "200"): {"text/plain": {"type": "string"}},
}
"""Contents of answers that are not always objects."""


_BODIES: Mapping[str, str] = {"/v1/audio/speech": "SpeechRequest", "/v1/batches": "BatchRequest"}
"""Bodies that routes decode themselves, and which the framework does not know."""


def make_exact(schema: Mapping[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """Make the framework's schema exact.

    Args:
        strict: whether the server refuses fields that it does not know.
    """
    paths = {path: dict(operations) for path, operations in schema["paths"].items()}
    for path, name in _BODIES.items():
        body = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _PLACE.format(name=name)}}},
        }
        paths[path]["post"] = {**paths[path]["post"], "requestBody": body}
    for (path, status), kinds in _CONTENT.items():
        for method, operation in paths[path].items():
            if status in operation["responses"]:
                answer = {
                    **operation["responses"][status],
                    "content": {kind: {"schema": what} for kind, what in kinds.items()},
                }
                paths[path][method] = {
                    **operation,
                    "responses": {**operation["responses"], status: answer},
                }
    components = dict(schema["components"])
    components["schemas"] = {**components["schemas"], **_describe_objects()}
    for name in _BODIES.values() if strict else ():
        components["schemas"][name]["additionalProperties"] = False
    return {**schema, "paths": paths, "components": components}


def _describe_objects() -> dict[str, Any]:
    declared = {
        name: kind
        for name, kind in vars(schemas).items()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__ == schemas.__name__
        and not name.startswith("_")
        and kind.__struct_fields__
    }
    _, objects = msgspec.json.schema_components(declared.values(), ref_template=_PLACE)
    for name, kind in declared.items():
        if not issubclass(kind, schemas.RequestObject):
            # An answer always has all its fields; that some have a default matters only to the server.
            given = [f.encode_name for f in msgspec.structs.fields(kind) if f.default is not msgspec.UNSET]
            tag = kind.__struct_config__.tag_field
            objects[name]["required"] = [*([tag] if tag else []), *given]
    return objects


class ExactJson(JsonRenderPlugin):
    """Serves the exact schema."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        strict = server_of(request).settings.unknown_fields == "refuse"
        return super().render(request, make_exact(openapi_schema, strict=strict))
