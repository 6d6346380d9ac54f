"""OpenAI's speech interface on loopback. It speaks with `tone`, and fails in each way that it is told to."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

from voxpress.audio import codec
from voxpress.audio.waveform import Audio, resample
from voxpress.engines.tone import Tone
from voxpress.speech import Output, Segment

KEY = "sk-loopback-0123456789abcdef"
RATE = 24000
NONE: Mapping[str, str] = {}
AT_ONCE = {"retry-after-ms": "1"}
PAGE = b"<html><head><style>p {color: red}</style><title>Bad gateway</title></head><body><p>Try later</p></body></html>"


class SpeechServer:
    """Serves until it is left; a context manager.

    Attributes:
        faults: what the next requests get instead of speech, one each; a name of `FAULTS`.
        always: what all get.
        onward: where the faults that are redirects lead.
        key: the one that requests must carry; empty: none is asked for.
        requests: bodies of all requests, in order.
        headers: and their headers, with the ``port`` that they came from.
    """

    def __init__(self, *, key: str = "") -> None:
        self.key = key
        self.faults: deque[str] = deque()
        self.always = ""
        self.onward = ""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: SpeechServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.owner.requests.append(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.owner.headers.append({**headers, "port": str(self.client_address[1])})
        if self.owner.key and self.headers.get("authorization") != f"Bearer {self.owner.key}":
            given = str(self.headers.get("authorization")).removeprefix("Bearer ")
            self.refuse(401, f"Incorrect API key provided: {given}.", "invalid_api_key")
        elif self.path != "/v1/audio/speech":
            self.refuse(404, "Not found", "not_found")
        else:
            fault = self.owner.faults.popleft() if self.owner.faults else self.owner.always
            FAULTS[fault](self, body)

    def refuse(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] = NONE
    ) -> None:
        """OpenAI's error envelope."""
        error = {"message": message, "type": "error", "param": None, "code": code}
        self.answer(json.dumps({"error": error}).encode(), "application/json", status, headers=headers)

    def answer(
        self,
        data: bytes,
        kind: str = "audio/wav",
        status: int = 200,
        length: int | None = None,
        headers: Mapping[str, str] = NONE,
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        if length is not None:
            self.close_connection = True

    def stream(self, data: bytes, *, whole: bool = True) -> None:
        """In chunks, as OpenAI does."""
        self.send_response(200)
        self.send_header("content-type", "audio/wav")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 16384):
            chunk = data[start : start + 16384]
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        if whole:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def until_closed(self, data: bytes) -> None:
        """With neither a length nor chunks."""
        self.send_response(200)
        self.send_header("content-type", "audio/wav")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True


def spoken(body: dict[str, Any]) -> Audio:
    """What `tone` says to a request."""
    voice = body["voice"]["id"] if isinstance(body["voice"], dict) else body["voice"]
    voices = [each.name for each in Tone().voices()]
    segment = Segment(
        text=body["input"], voice=voices[len(voice) % 3], language="en", speed=body.get("speed", 1.0)
    )
    return resample(Tone().synthesize([segment])[0], RATE)


def wav(body: dict[str, Any], name: str = "wav") -> bytes:
    return codec.encode(spoken(body), Output(format=name))


def streamed(body: dict[str, Any]) -> bytes:
    """WAV without sizes, as OpenAI writes it."""
    data = wav(body)
    endless = b"\xff\xff\xff\xff"
    return data[:4] + endless + data[8:40] + endless + data[44:]


def _status(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] = NONE
) -> Callable[..., None]:
    return lambda handler, body: handler.refuse(status, message, code, {**AT_ONCE, **headers})


def _silence(handler: _Handler, body: dict[str, Any]) -> None:
    handler.answer(codec.encode(Audio(np.zeros(RATE, np.float32), RATE), Output()))


def _rate(handler: _Handler, body: dict[str, Any]) -> None:
    data = wav(body)
    handler.answer(data[:24] + struct.pack("<I", 100) + data[28:])


def _onward(status: int) -> Callable[[_Handler, dict[str, Any]], None]:
    return lambda handler, body: handler.answer(
        b"", status=status, headers={"location": handler.owner.onward}
    )


FAULTS: dict[str, Callable[[_Handler, dict[str, Any]], None]] = {
    "": lambda handler, body: handler.stream(streamed(body)),
    # These are none:
    "length": lambda handler, body: handler.answer(wav(body)),
    "flac": lambda handler, body: handler.answer(wav(body, "flac"), "audio/flac"),
    "wrong type": lambda handler, body: handler.answer(wav(body), "text/plain"),
    # These are over when one asks again:
    "429": _status(429, "Rate limit reached.", "rate_limit_exceeded"),
    "500": _status(500, "The server had an error."),
    "503": lambda handler, body: handler.answer(PAGE, "text/html", 503, headers=AT_ONCE),
    "slow": lambda handler, body: time.sleep(0.3),
    "cut": lambda handler, body: handler.answer(wav(body)[:9000], length=len(wav(body))),
    "cut chunks": lambda handler, body: handler.stream(streamed(body)[:20000], whole=False),
    "cut before": lambda handler, body: handler.answer(wav(body)[:9000]),
    "html": lambda handler, body: handler.answer(PAGE, "text/html; charset=utf-8"),
    "json": lambda handler, body: handler.answer(b'{"error": {"message": "overloaded"}}', "application/json"),
    "empty": lambda handler, body: handler.answer(b""),
    "noise": lambda handler, body: handler.answer(bytes(range(256)) * 40),
    "mp3": lambda handler, body: handler.answer(wav(body, "mp3"), "audio/mpeg"),
    "rate": _rate,
    "hour": lambda handler, body: handler.answer(
        codec.encode(Audio(np.zeros(3600 * 8000, np.float32), 8000), Output(format="flac")), "audio/flac"
    ),
    "silence": _silence,
    # And these are not:
    "endless": lambda handler, body: handler.until_closed(streamed(body)),
    "400": _status(400, "Invalid value: 'x'."),
    "403": _status(403, "Your country is not supported."),
    **{
        str(status): _status(status, "Elsewhere.", None, {"location": "/v1/audio/elsewhere"})
        for status in (301, 302, 303, 307, 308)
    },
    "404": _status(404, "The model does not exist.", "model_not_found"),
    "422": lambda handler, body: handler.answer(b'{"detail": "speed too high"}', "application/json", 422),
    "429 for long": _status(
        429, "Rate limit reached.", None, {"retry-after": "300", "retry-after-ms": "300000"}
    ),
    "no credit": _status(429, "You exceeded your current quota.", "insufficient_quota"),
    **{f"{status}": _onward(status) for status in (301, 302, 303, 307, 308)},
    "300": lambda handler, body: handler.answer(b"", status=300),
    "no retry": _status(500, "Broken for good.", None, {"x-should-retry": "false"}),
}
