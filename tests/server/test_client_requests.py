"""Requests as programs send them that cannot be run here: read in their sources, written down to the byte.

Each names its repository, file and version (or the beginning of the commit that was read). What counts is what its user
gets: audio in the format that the program plays, of the length that the text has.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field

import pytest

from voxpress.audio import codec

SPEECH = "/v1/audio/speech"
TEXT = "The front door was left open for ten minutes."
LONG_ENOUGH = (2.2, 2.9)
SILENCE = (0.05, 0.5)
TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
PAGE = "http://127.0.0.1:8000"
"""Where the pages are that call by themselves."""
NAMES = """
[server.models]
tts-1 = "tone"
tts-1-hd = "tone"
gpt-4o-mini-tts = "tone"
"""

JSON = {"Content-Type": "application/json"}
URLLIB = {"Accept-Encoding": "identity", "Connection": "close"}
AIOHTTP = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "Python/3.13 aiohttp/3.12.15"}
REQUESTS = {"User-Agent": "python-requests/2.32.4", "Accept-Encoding": "gzip, deflate, br", "Accept": "*/*"}
NODE_FETCH = {"Accept": "*/*", "User-Agent": "node-fetch", "Accept-Encoding": "gzip, deflate, br"}
AXIOS = {
    "Accept": "application/json, text/plain, */*",
    "User-Agent": "axios/1.12.2",
    "Accept-Encoding": "gzip, compress, deflate, br",
}
OPENAI = {
    "Accept": "application/octet-stream",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "AsyncOpenAI/Python 2.15.0",
    "X-Stainless-Lang": "python",
    "X-Stainless-Package-Version": "2.15.0",
    "X-Stainless-Async": "async:asyncio",
    "X-Stainless-Raw-Response": "stream",
    "X-Stainless-Retry-Count": "0",
    "x-stainless-read-timeout": "600",
}
BROWSER = {
    "Origin": PAGE,
    "Referer": f"{PAGE}/",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "cors",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}


@dataclass(frozen=True)
class Sent:
    """A request, and what is right."""

    name: str
    headers: dict[str, str]
    body: bytes
    format: str = "mp3"
    seconds: tuple[float, float] = LONG_ENOUGH
    heard: dict[str, str] = field(default_factory=dict)


# sfortis/openai_tts 3.7 (5c8b3be), custom_components/openai_tts: config_flow.py, openaitts_engine.py
HOME_ASSISTANT_OPENAI_TTS = [
    Sent(
        "Home Assistant, openai_tts: a key is tried",
        {**AIOHTTP, **JSON, "Authorization": "Bearer sk-local"},
        b'{"model": "tts-1", "input": ".", "voice": "alloy", "response_format": "mp3"}',
        seconds=SILENCE,
    ),
    Sent(
        "Home Assistant, openai_tts: a message, without a key",
        {**URLLIB, "Content-type": "application/json", "User-agent": "HomeAssistant-OpenAI-TTS"},
        b'{"model": "tts-1", "input": "Die Haust\\u00fcr steht seit zehn Minuten offen.", "voice": "shimmer",'
        b' "response_format": "mp3", "speed": 1.0}',
        seconds=(2.0, 2.9),
    ),
    Sent(
        "Home Assistant, openai_tts: a stream, with an extra payload",
        {**AIOHTTP, **JSON, "User-Agent": "HomeAssistant-OpenAI-TTS", "Authorization": "Bearer sk-local"},
        b'{"model": "gpt-4o-mini-tts", "input": "The front door was left open for ten minutes.", "voice": "onyx",'
        b' "response_format": "mp3", "speed": 1.0, "instructions": "", "temperature": 0.8}',
    ),
]

# home-assistant/core (057855a), homeassistant/components/openai_conversation/tts.py: the official client; ogg is asked
# for as opus, raw as pcm, and a prompt that was never written is "None".
HOME_ASSISTANT_CORE = [
    Sent(
        f"Home Assistant, OpenAI: {format}",
        {**OPENAI, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input":"The front door was left open for ten minutes.","model":"gpt-4o-mini-tts","voice":"marin",'
        b'"instructions":"None","response_format":"' + format.encode() + b'","speed":1.0}',
        format,
    )
    for format in TYPES
]

# roryeckel/wyoming_openai 0.4.1 (614b6df), src/wyoming_openai/handler.py: looks for RIFF and reads the header
WYOMING_OPENAI = [
    Sent(
        "Home Assistant, wyoming_openai",
        {**OPENAI, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input":"The front door was left open for ten minutes.","model":"tts-1","voice":"nova",'
        b'"response_format":"wav"}',
        "wav",
    )
]

# open-webui/open-webui (6adde20), backend/open_webui/routers/audio.py; src/lib/apis/audio/index.ts. Its settings can
# name further fields: these are those of Kokoro-FastAPI's interface (remsky/Kokoro-FastAPI, 106cbd4,
# web/src/services/AudioService.js).
OPEN_WEBUI = [
    Sent(
        "Open WebUI: a sentence, with who asks",
        {
            **AIOHTTP,
            **JSON,
            "Authorization": "Bearer ",
            "X-OpenWebUI-User-Name": "J%C3%BCrgen M",
            "X-OpenWebUI-User-Id": "f2c5a1b0-7a52-4f5a-9d5e-0a4f5b6c7d8e",
            "X-OpenWebUI-User-Email": "j@example.com",
            "X-OpenWebUI-User-Role": "user",
        },
        b'{"input": "The front door was left open for ten minutes.", "voice": "alloy", "model": "tts-1"}',
    ),
    Sent(
        "Open WebUI: further fields from its settings",
        {**AIOHTTP, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input": "The front door was left open for ten minutes.", "voice": "alloy", "model": "tts-1-hd",'
        b' "stream": true, "lang_code": "a", "download_format": "mp3", "return_download_link": false,'
        b' "volume_multiplier": 1.0, "normalization_options": {"normalize": true}}',
    ),
    Sent(
        "Open WebUI: a sentence that is an emoji",
        {**AIOHTTP, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input": "\\ud83d\\udc4d", "voice": "alloy", "model": "tts-1"}',
        seconds=SILENCE,
    ),
]

# SillyTavern/SillyTavern (00a72b5), src/endpoints/openai.js; public/scripts/extensions/tts: openai-compatible.js
# (414e28b), and tts-webui.js (2a184b2), which calls from the page itself and reads the header of WAV.
SILLY_TAVERN = [
    Sent(
        "SillyTavern: a line, without a key",
        {**NODE_FETCH, **JSON, "Authorization": "Bearer "},
        '{"input":"“Close the door,” she said . It was left open.","response_format":"mp3","voice":"nova","speed":1.05,'
        '"model":"tts-1"}'.encode(),
        seconds=(2.0, 2.9),
    ),
    Sent(
        "SillyTavern: a line of dots",
        {**NODE_FETCH, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input":"...","response_format":"mp3","voice":"alloy","speed":1,"model":"tts-1"}',
        seconds=SILENCE,
    ),
    Sent(
        "SillyTavern: a line of asterisks",
        {**NODE_FETCH, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input":"**","response_format":"mp3","voice":"alloy","speed":1,"model":"tts-1"}',
        seconds=SILENCE,
    ),
    Sent(
        "SillyTavern: its page, by TTS WebUI",
        {**BROWSER, **JSON, "Cache-Control": "no-cache"},
        b'{"model":"tts-1","voice":"alloy","input":"The front door was left open for ten minutes.",'
        b'"response_format":"wav","speed":1,"stream":true,"params":{"desired_length":80,"max_length":200,"halve_first_chunk":true,'
        b'"exaggeration":0.5,"cfg_weight":0.5,"temperature":0.8,"device":"auto","dtype":"float32","cpu_offload":false,'
        b'"chunked":true,"cache_voice":false,"tokens_per_slice":1000,"remove_milliseconds":45,'
        b'"remove_milliseconds_start":25,"chunk_overlap_method":"zero","seed":-1}}',
        "wav",
        heard={"access-control-allow-origin": PAGE},
    ),
]

# danny-avila/LibreChat (6aa8eff), api/server/services/Files/Audio/TTSService.js: passes the answer on as audio/mpeg
LIBRE_CHAT = [
    Sent(
        "LibreChat: a message, without a key",
        {**AXIOS, **JSON, "Authorization": "undefined"},
        b'{"input":"The front door was left open for ten minutes.","model":"tts-1","voice":"alloy"}',
    ),
    Sent(
        "LibreChat: with a backend",
        {**AXIOS, **JSON, "Authorization": "Bearer sk-local"},
        b'{"input":"The front door was left open for ten minutes.","model":"tts-1-hd","voice":"nova",'
        b'"backend":"piper"}',
    ),
]

# langgenius/dify-plugin-sdks (070ba2e), python/dify_plugin/interfaces/model/openai_compatible/tts.py: what its plug-in
# for servers like OpenAI's sends when it is set up
DIFY = [
    Sent(
        "Dify: a model is tried",
        {**REQUESTS, **JSON},
        b'{"model": "tts-1", "input": "Test.", "voice": "alloy", "instruction": null, "response_format": "mp3"}',
        seconds=(0.15, 0.6),
    )
]

# ChatGPTNextWeb/NextChat (5af9d07), app/client/platforms/openai.ts; app/client/api.ts (171ba7e): from the page itself
NEXT_CHAT = [
    Sent(
        "NextChat: its page",
        {**BROWSER, **JSON, "Accept": "application/json", "Authorization": "Bearer sk-local"},
        b'{"model":"tts-1","input":"The front door was left open for ten minutes.","voice":"alloy",'
        b'"response_format":"mp3","speed":1}',
        heard={"access-control-allow-origin": PAGE},
    )
]

# akscf/mod_openai_tts (390bdde), sources/mod_openai_tts.c
FREESWITCH = [
    Sent(
        "FreeSWITCH, mod_openai_tts",
        {
            "Accept": "*/*",
            "Authorization": "Bearer sk-local",
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Mozilla/5.0",
        },
        b'{"model":"tts-1","voice":"alloy","input":"The front door was left open for ten minutes."}\n',
    )
]

ALL = [
    *HOME_ASSISTANT_OPENAI_TTS,
    *HOME_ASSISTANT_CORE,
    *WYOMING_OPENAI,
    *OPEN_WEBUI,
    *SILLY_TAVERN,
    *LIBRE_CHAT,
    *DIFY,
    *NEXT_CHAT,
    *FREESWITCH,
]


@pytest.fixture(scope="module")
def here(start):
    """A server on this machine without keys, as these programs find it by default."""
    return start(engines=("tone",), extra=NAMES, cors_origins=[PAGE])


def send(
    here, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Sends these headers and no others but Host and Content-Length."""
    connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    finally:
        connection.close()


def length(data: bytes, format: str) -> float:
    """How long a player plays it, in seconds; PCM at OpenAI's rate, WAV at that of the voice."""
    if format == "pcm":
        return len(data) / 2 / 24000
    audio = codec.decode(data)
    if format == "wav":
        assert (data[:4], audio.sample_rate, int.from_bytes(data[34:36], "little")) == (b"RIFF", 8000, 16)
    return audio.duration


@pytest.mark.parametrize("sent", ALL, ids=lambda sent: sent.name)
def test_a_request_of_a_program(here, sent):
    for _ in range(3):  # spoken, from the store, from the store without being read again
        status, headers, data = send(here, "POST", SPEECH, sent.headers, sent.body)
        assert status == 200, (status, data)
        assert headers["content-type"].partition(";")[0] == TYPES[sent.format]
        assert sent.heard.items() <= headers.items(), headers
        least, most = sent.seconds
        assert least < length(data, sent.format) < most


def test_open_webui_lists_voices(here):
    """backend/open_webui/routers/audio.py: reads `id` and `name` of each, and sends no key."""
    status, _, data = send(here, "GET", "/v1/audio/voices", REQUESTS)
    assert status == 200
    voices = {voice["id"]: voice["name"] for voice in json.loads(data)["voices"]}
    assert {"low", "middle", "high"} <= voices.keys()


def test_open_webui_lists_models(here):
    """The same file: where there is no /audio/models it offers `tts-1` and `tts-1-hd`, which are there."""
    status, _, data = send(here, "GET", "/v1/audio/models", REQUESTS)
    assert (status, json.loads(data)["error"]["code"]) == (404, "not_found")
    status, _, data = send(here, "GET", "/v1/models", REQUESTS)
    assert status == 200
    assert {"tts-1", "tts-1-hd"} <= {model["id"] for model in json.loads(data)["data"]}


def test_home_assistant_lists_models_when_it_is_set_up(here):
    """homeassistant/components/openai_conversation/__init__.py: whatever comes, as long as it is no error."""
    headers = {
        **OPENAI,
        "Accept": "application/json",
        "Authorization": "Bearer sk-local",
        "x-stainless-read-timeout": "10",
    }
    status, _, data = send(here, "GET", "/v1/models", headers)
    assert status == 200
    assert json.loads(data)["object"] == "list"


@pytest.mark.parametrize(
    "named",
    [
        pytest.param("cache-control,content-type", id="SillyTavern, by TTS WebUI"),
        pytest.param("authorization,content-type", id="NextChat"),
    ],
)
def test_a_browser_asks_before_its_page_does(here, named):
    """What a page may send is asked for without a key, in small letters and in order."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": named}
    status, headers, _ = send(here, "OPTIONS", SPEECH, {**BROWSER, **asked})
    assert status in {200, 204}
    assert headers["access-control-allow-origin"] in {PAGE, "*"}
    allowed = {name.strip().lower() for name in headers["access-control-allow-headers"].split(",")}
    assert set(named.split(",")) <= allowed
