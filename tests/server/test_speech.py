"""`POST /v1/audio/speech`, asked by the official client and by hand."""

import asyncio
import base64
import http.client
import io
import json
import os
import signal
import socket
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openai
import pytest

from voxpress import say
from voxpress.audio import codec
from voxpress.errors import SynthesisError
from voxpress.speech import Output

LONG = " ".join(f"This is sentence number {n}, one of many in a long text." for n in range(1, 25))


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_every_format_of_openai_has_its_type_and_its_sound(shared, format):
    answer = shared.client().audio.speech.create(
        model="tone", voice="low", input="Hello there, this is a test.", response_format=format
    )
    expected = {"mp3": "audio/mpeg"}.get(format, f"audio/{format}")
    assert answer.response.headers["content-type"] == expected
    assert int(answer.response.headers["content-length"]) == len(answer.content)
    heard = codec.decode(answer.content, format if format == "pcm" else None)
    asked = say("Hello there, this is a test.", engine="tone", voice="low", store="memory:")
    assert heard.duration == pytest.approx(asked.duration, abs=0.15)
    assert np.abs(heard.samples).max() > 0.1


def test_mp3_is_what_is_meant_where_nothing_is_said(shared):
    answer = shared.client().audio.speech.create(model="tone", voice="low", input="Hello.")
    assert answer.response.headers["content-type"] == "audio/mpeg"


def test_wav_has_the_rate_of_the_voice_and_pcm_24_khz(shared):
    """The header of WAV says its rate, and its true size where other servers write 4 GiB. Nothing says that of PCM, and
    players take 24 kHz for granted.
    """
    ask = {"model": "tone", "voice": "low", "input": "Hello there."}
    for wanted, rate in ({}, 8000), ({"sample_rate": 24000}, 24000):
        sound = shared.ask("POST", "/v1/audio/speech", {**ask, **wanted, "response_format": "wav"}).body
        with wave.open(io.BytesIO(sound)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, 1, 2)
            frames = file.readframes(file.getnframes())
        assert len(sound) == 44 + len(frames)
    assert shared.ask("POST", "/v1/audio/speech", {**ask, "response_format": "pcm"}).body == frames


def test_the_second_time_comes_from_the_store(shared):
    client = shared.client()
    first, second, third = (
        client.audio.speech.create(model="tone", voice={"id": "high"}, input="Twice, please.")
        for _ in range(3)
    )
    assert [each.response.headers["x-voxpress-cache"] for each in (first, second, third)] == [
        "miss",
        "hit",
        "hit",
    ]
    assert first.content == second.content == third.content
    for name in (
        "etag",
        "x-voxpress-clip",
        "x-voxpress-duration",
        "x-voxpress-engine",
        "x-voxpress-segments",
    ):
        assert first.response.headers[name] == third.response.headers[name]
    assert first.response.headers["x-voxpress-voice"] == "high"
    assert len({each.response.headers["x-request-id"] for each in (first, second, third)}) == 3


def test_how_the_json_is_written_is_not_in_the_key(shared):
    first = shared.say("Spaces do not matter.")
    body = b'{ "voice" : "low",\n "input": "Spaces do not matter." , "model":"tone"}'
    again = shared.ask("POST", "/v1/audio/speech", body)
    assert again.headers["x-voxpress-cache"] == "hit"
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("fields", "error", "status", "code", "param"),
    [
        ({"model": "nobody"}, openai.NotFoundError, 404, "model_not_found", "model"),
        ({"voice": "nobody"}, openai.BadRequestError, 400, "voice_not_found", "voice"),
        ({"speed": 9}, openai.BadRequestError, 400, "invalid_value", "speed"),
        ({"input": ""}, openai.BadRequestError, 400, "invalid_value", "input"),
        ({"response_format": "mp9"}, openai.BadRequestError, 400, "unsupported_value", "response_format"),
        ({"extra_body": {"language": "?"}}, openai.BadRequestError, 400, "invalid_value", "language"),
        (
            {"extra_body": {"options": {"fault": "raise"}}},
            openai.InternalServerError,
            500,
            "synthesis_failed",
            None,
        ),
        (
            {"extra_body": {"options": {"fault": "silent"}}},
            openai.InternalServerError,
            500,
            "check_failed",
            None,
        ),
    ],
)
def test_errors_have_what_the_official_exceptions_read(shared, fields, error, status, code, param):
    asked = {"model": "tone", "voice": "low", "input": f"Hello {code} {param}.", **fields}
    with pytest.raises(error) as caught:
        shared.client().audio.speech.create(**asked)
    assert (caught.value.status_code, caught.value.code, caught.value.param) == (status, code, param)
    assert caught.value.type == ("server_error" if status == 500 else "invalid_request_error")
    assert caught.value.request_id.startswith("req_")


def test_a_failure_that_will_come_again_is_not_asked_for_again(shared):
    """The client would otherwise have the engine fail three times."""
    client = shared.client(max_retries=2)
    before = shared.meter("voxpress_requests_total", route="/v1/audio/speech", status="500")
    with pytest.raises(openai.InternalServerError):
        client.audio.speech.create(
            model="tone", voice="low", input="Not this.", extra_body={"options": {"fault": "raise"}}
        )
    assert shared.meter("voxpress_requests_total", route="/v1/audio/speech", status="500") == before + 1


def test_extensions(shared):
    """Seed, loudness, sample rate, preset, formats of telephony."""
    create = shared.client().audio.speech.create
    ask = {"model": "tone", "voice": "low", "input": "Welcome to the office."}
    one = create(**ask, extra_body={"seed": 1})
    assert one.content != create(**ask, extra_body={"seed": 2}).content
    loud = create(**ask, response_format="wav", extra_body={"loudness": -30.0, "sample_rate": 8000})
    assert codec.decode(loud.content).sample_rate == 8000
    assert np.abs(codec.decode(loud.content).samples).max() < 0.1
    prompt = create(**ask, response_format="ulaw", extra_body={"preset": "asterisk"})
    assert prompt.response.headers["content-type"] == "audio/PCMU"
    with pytest.raises(openai.BadRequestError, match=r"asterisk.*formats: wav, sln16, ulaw"):
        create(**ask, response_format="mp3", extra_body={"preset": "asterisk"})


def test_ssml_is_read_where_it_is_asked_for(shared, serve):
    def speak(here, **fields):
        ask = {"model": "tone", "voice": "low", "response_format": "wav", "input": "<speak>One. Two.</speak>"}
        return here.ask("POST", "/v1/audio/speech", {**ask, **fields})

    plain, ssml = speak(shared), speak(shared, markup="ssml")
    assert "<speak> is read aloud" in plain.headers["x-voxpress-notes"]
    assert ssml.body == speak(shared, markup="auto").body == speak(shared, input="One. Two.").body
    assert len(plain.body) > len(ssml.body)
    assert speak(shared, markup="auto", input="One. Two.").body == ssml.body
    assert speak(shared, markup="markdown", input="# One. *Two.*").body == ssml.body
    own = serve(extra='markup = "auto"')
    assert speak(own).body == ssml.body
    assert speak(own, markup="plain").body == plain.body


@pytest.mark.parametrize(
    ("inner", "problem"),
    [
        ("<foo>a</foo>", "<foo> is unknown"),
        ("<audio src='/etc/passwd'/>", "only where it comes from a manifest"),
        ("<break time='600s'/>a" * 7, "3,600 seconds together"),
        ("<p>" * 5000, "more than 100 elements"),
        ("a & b", "write & as &amp;"),
    ],
)
def test_ssml_that_cannot_be_followed_is_a_bad_request(shared, inner, problem):
    ask = {"model": "tone", "voice": "low", "markup": "ssml", "input": f"<speak>{inner}</speak>"}
    answer = shared.ask("POST", "/v1/audio/speech", ask)
    assert answer.status == 400
    assert problem in answer.json["error"]["message"]


def test_silences_count_for_the_longest_audio(serve):
    here = serve(extra="max_duration = 100.0")
    ask = {"model": "tone", "voice": "low", "markup": "ssml"}
    long, slow = "a<break time='60s'/>" * 2 + "b", "<prosody rate='25%'>" + "many words " * 50 + "</prosody>"
    for inner in (long, slow):
        answer = here.ask("POST", "/v1/audio/speech", {**ask, "input": f"<speak>{inner}</speak>"})
        assert answer.status == 400
        assert answer.json["error"]["code"] == "audio_too_long"


def test_names_of_openai_stand_for_local_ones_and_the_answer_says_so(serve):
    here = serve(extra='[server.models]\ntts-1 = "tone"\n[server.voices.tone]\nnova = "high"')
    answer = here.client().audio.speech.create(model="tts-1", voice="nova", input="Hello.")
    assert answer.response.headers["x-voxpress-mapped"] == "tts-1=tone; nova=high"
    assert answer.response.headers["x-voxpress-voice"] == "high"
    other = here.client().audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
    assert other.response.headers["x-voxpress-mapped"] == "tts-1=tone; alloy=low"
    assert [model.id for model in here.client().models.list()] == ["tts-1", "tone"]
    assert here.client().models.retrieve("tone").owned_by == "voxpress"
    with pytest.raises(openai.NotFoundError):
        here.client().models.retrieve("gpt-5")


def test_instructions_that_nobody_heeds_are_named(shared):
    answer = shared.client().audio.speech.create(
        model="tone", voice="low", input="Hello.", instructions="Speak kindly."
    )
    assert answer.response.headers["x-voxpress-ignored"] == "instructions"


def test_a_long_text_is_sent_while_it_is_spoken(shared, tmp_path):
    """And says what the clip in the store says, which the next request gets."""
    client, file = shared.client(), tmp_path / "long.mp3"
    with client.audio.speech.with_streaming_response.create(model="tone", voice="low", input=LONG) as answer:
        assert answer.headers["x-voxpress-cache"] == "miss"
        assert "content-length" not in answer.headers
        answer.stream_to_file(file)
    again = client.audio.speech.create(model="tone", voice="low", input=LONG)
    assert again.response.headers["x-voxpress-cache"] == "hit"
    streamed, stored = codec.decode(file.read_bytes()), codec.decode(again.content)
    assert streamed.duration == pytest.approx(stored.duration, abs=0.1)


@pytest.mark.parametrize(("second", "streamed"), [("low", True), ("high", False)])
def test_only_a_text_with_one_voice_is_sent_while_it_is_spoken(shared, second, streamed):
    """Another voice may have another sample rate, and what is sent first has to sound like what is sent later."""
    text = f"<speak>{LONG}<voice name='{second}'>And this is the end of {second}.</voice></speak>"
    ask = {"model": "tone", "voice": "low", "input": text, "markup": "ssml", "response_format": "pcm"}
    first = shared.ask("POST", "/v1/audio/speech", ask)
    again = shared.ask("POST", "/v1/audio/speech", ask)
    assert [answer.headers["x-voxpress-cache"] for answer in (first, again)] == ["miss", "hit"]
    assert ("content-length" not in first.headers) == streamed
    assert len(first.body) == pytest.approx(len(again.body), abs=4800)


def test_the_first_audio_is_there_before_the_last_is_spoken(shared):
    """Every segment takes a while: the first bytes come long before the end."""
    text = LONG.replace("sentence", "slow sentence")
    began = time.monotonic()
    with shared.client().audio.speech.with_streaming_response.create(
        model="tone", voice="low", input=text, response_format="pcm", extra_body={"options": {"delay": 0.1}}
    ) as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        first = time.monotonic() - began
        for _ in pieces:
            pass
    assert first < (time.monotonic() - began) / 2


def _can_be_spoken(text, seed, options):
    try:
        say(
            text,
            engine="tone",
            voice="low",
            seed=seed,
            options=options,
            store="memory:",
            workers=0,
            attempts=1,
        )
    except SynthesisError:
        return False
    return True


def test_a_failure_in_the_middle_breaks_the_connection(serve):
    """A client must never take half a text for all of it."""
    here = serve(attempts=1, workers=1)
    cut = 0
    for seed in range(8):
        options = {"fault": "raise", "fault_rate": 0.15}
        ask = {"model": "tone", "voice": "low", "input": LONG, "seed": seed, "options": options}
        try:
            status = here.ask("POST", "/v1/audio/speech", ask).status
        except http.client.IncompleteRead:
            status, cut = 0, cut + 1
        # The same text, seed and options fail in the same segments here.
        if _can_be_spoken(LONG, seed, options):
            assert status == 200
        else:
            assert status in (0, 500)  # 500: it was the first segment
    assert cut
    assert here.say("Still there?").status == 200
    assert b"Traceback" not in here.log.read_bytes()


def test_events(shared):
    asked = {"stream_format": "sse", "timestamps": True, "response_format": "pcm"}
    shared.say(LONG + " Once.", response_format="pcm")
    whole = shared.say(LONG + " Once.", response_format="pcm")
    for text in (LONG + " Once.", LONG + " Once more."):  # a hit, and a miss
        answer = shared.say(text, **asked)
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.body.decode().split("\n\n") if line]
        events = [json.loads(line.removeprefix("data: ")) for line in lines]
        assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
        assert events[-1]["type"] == "speech.audio.done"
        usage = events[-1]["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
        assert events[-1]["timestamps"][0]["text"] == "This"
        sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
        assert len(sound) > 100_000
        if text.endswith("Once."):
            assert sound == whole.body


def test_what_fails_before_the_first_event_is_an_error_like_any_other(serve):
    here = serve(attempts=1)
    answer = here.say("Not this.", stream_format="sse", response_format="wav", options={"fault": "silent"})
    assert (answer.status, answer.json["error"]["code"]) == (500, "check_failed")


def test_texts_beyond_openais_limit(serve):
    here = serve(max_characters=6000)
    text = "A few words more, and more again. " * 150
    assert 4096 < len(text) < 6000
    assert here.client().audio.speech.create(model="tone", voice="low", input=text, speed=4.0).content
    with pytest.raises(openai.BadRequestError) as caught:
        here.client().audio.speech.create(model="tone", voice="low", input=text * 2)
    assert (caught.value.param, caught.value.code) == ("input", "string_above_max_length")


def test_the_asynchronous_client(shared):
    async def ask() -> bytes:
        async with (
            openai.AsyncOpenAI(base_url=f"{shared.url}/v1", api_key="none") as client,
            client.audio.speech.with_streaming_response.create(
                model="tone", voice="low", input="Hello from many."
            ) as answer,
        ):
            return b"".join([piece async for piece in answer.iter_bytes()])

    async def many() -> list[bytes]:
        return await asyncio.gather(*(ask() for _ in range(20)))

    assert len(set(asyncio.run(many()))) == 1


# Joining, leaving, waiting


def test_identical_requests_in_flight_cost_one_synthesis(serve):
    here = serve()
    text = "A thousand callers want this at once."
    with ThreadPoolExecutor(64) as callers:
        answers = list(callers.map(lambda _: here.say(text, options={"delay": 0.5}), range(300)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert here.meter("voxpress_segments_spoken_total") == 1


def test_who_leaves_frees_the_engine(serve):
    """What only they wanted is not spoken any more."""
    here = serve(workers=1, linger=0, stream_from=0)
    text = " ".join(f"Nobody waits for sentence {n} of this text." for n in range(60))
    body = json.dumps({"model": "tone", "voice": "low", "input": text, "options": {"delay": 0.2}}).encode()
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", here.port)) as connection:
        connection.sendall(head.encode() + body)
        time.sleep(1.0)
    assert here.say("Somebody waits for this.").status == 200
    assert here.meter("voxpress_queue", **{"for": "requests"}) == 0
    assert len(list((here.store / "takes").rglob("*"))) < 60


def test_a_client_that_comes_back_finds_the_work_under_way(serve):
    """The official client gives up after its time-out and asks again: the work is done once."""
    here = serve(workers=1)
    text = "This takes longer than the client's patience."
    answer = here.client(timeout=0.7, max_retries=4).audio.speech.create(
        model="tone", voice="low", input=text, extra_body={"options": {"delay": 2.0}}
    )
    assert answer.content
    assert here.meter("voxpress_segments_spoken_total") == 1


def test_a_full_queue_says_when_to_come_again(serve):
    here = serve(queue=2, workers=1, linger=0)
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda n: here.say(f"Number {n}.", options={"delay": 0.5}), range(8)))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert refused[0].json["error"]["code"] == "queue_full"
    assert sum(answer.status == 200 for answer in answers) >= 2


def test_a_short_request_does_not_wait_for_a_book(serve):
    here = serve(workers=1)
    book = " ".join(f"This is sentence {n} of a book that takes its time." for n in range(40))
    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(here.say, book, response_format="wav", options={"delay": 0.1})
        time.sleep(0.5)
        began = time.monotonic()
        assert here.say("Quick, please.", options={"delay": 0.1}).status == 200
        waited = time.monotonic() - began
        assert not reading.done()
        assert reading.result().status == 200
    assert waited < 2.5


def test_a_deadline_is_answered_and_the_work_goes_on(serve):
    here = serve(deadline=0.5)
    late = here.say("Slowly.", options={"delay": 1.5})
    assert (late.status, late.json["error"]["code"]) == (503, "deadline")
    assert late.headers["retry-after"] == "1"
    for _ in range(60):
        again = here.say("Slowly.", options={"delay": 1.5})
        if again.status == 200:
            break
    # It joined the work under way, or found it done: either way nothing was spoken twice.
    assert again.status == 200
    assert here.say("Slowly.", options={"delay": 1.5}).headers["x-voxpress-cache"] == "hit"
    assert here.meter("voxpress_segments_spoken_total") == 1


def test_a_worker_that_dies_costs_its_request_only(serve):
    here = serve(workers=2)
    with ThreadPoolExecutor(8) as callers:
        good = [callers.submit(here.say, f"Good number {n}.", options={"delay": 0.2}) for n in range(10)]
        bad = callers.submit(here.say, "Crash.", options={"fault": "crash"})
        assert bad.result().json["error"]["code"] == "worker_lost"
        assert {each.result().status for each in good} == {200}


def test_a_worker_that_is_killed_under_load_costs_nobody_anything(serve):
    """What it was speaking is spoken once more."""
    here = serve(workers=2)
    with ThreadPoolExecutor(8) as callers:
        answers = [callers.submit(here.say, f"Number {n}.", options={"delay": 0.2}) for n in range(24)]
        time.sleep(1.0)
        running = Path(f"/proc/{here.process.pid}/task").glob("*/children")
        worker = int("".join(each.read_text() for each in running).split()[0])
        os.kill(worker, signal.SIGKILL)
        assert {each.result().status for each in answers} == {200}


def test_an_idle_worker_ends_and_another_takes_its_place(serve):
    here = serve(workers=1, idle=0.3)
    assert here.say("Once.").status == 200
    time.sleep(1.2)
    running = Path(f"/proc/{here.process.pid}/task").glob("*/children")
    assert "".join(each.read_text() for each in running) == ""
    assert here.say("Twice.").status == 200


def test_stopping_finishes_what_is_under_way(serve):
    here = serve()
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(here.say, "To the end.", options={"delay": 1.0})
        time.sleep(0.4)
        assert here.stop() == 0
        assert answer.result().status == 200


def test_what_was_spoken_here_is_a_hit_everywhere(shared):
    """The server is an edge: its clips are those of the library."""
    clip = say("Shared by all.", engine="tone", voice="low", output=Output(format="mp3"), store=shared.store)
    answer = shared.say("Shared by all.")
    assert answer.headers["x-voxpress-cache"] == "hit"
    assert answer.headers["x-voxpress-clip"] == clip.key
