"""Every public argument given nonsense: one clear error that names it, before anything is spoken."""

import math
import pickle
from typing import Any

import pytest

import voxpress
from voxpress import InputError, Output, SpeechError, Utterance, render, say
from voxpress.errors import ManifestError, SynthesisError
from voxpress.languages import canonical

NONSENSE = {
    "text": [None, 5, b"Hello.", ["Hello."]],
    "engine": [5, ["tone"], "no-such-engine", "to\0ne"],
    "model": [5, {"a": 1}, True],
    "voice": [5, ["low"], "nobody", b"low"],
    "language": [5, "x y", "en-GB\r\nset-cookie: a=b", "", "englishlanguage", "en--GB"],
    "speaker": [5, "tone", {"engine": "tone"}],
    "speed": [-1, 0, math.nan, math.inf, "fast", True, 1e9, 10**400],
    "seed": [1.5, "1", 2**63, True],
    "options": [5, ["delay"], {"delay": math.nan}, {"delay": [1]}, {5: 1}, {"nope": 1}, {"delay": 2**70}],
    "format": [5, "wavv", "", "mp3 ", ["mp3"]],
    "device": [5, ["cpu"], None],
    "carrier": ["yes", 1, []],
    "store": [5, b"x", "", "ftp://example.com/x", "a\0b"],
    "attempts": [0, -1, 1.5, "3", None, 10**9],
    "workers": [-1, 1.5, "2", True],
}
OUTPUT = {
    "format": [5, "wavv", None],
    "sample_rate": [0, -8000, 44100.5, "8000", 10**9, True],
    "bit_rate": [0, -1, 12345, "64k", 64000.0],
    "loudness": [5, -100, math.nan, "-16"],
    "level": [1, -math.inf, "x"],
    "peak": [5, 0.5, math.nan, True],
    "least_rms": [1, math.nan, "-22"],
    "room_tone": [1, -math.inf, "-70"],
    "trim": [1, "yes", None],
    "lead": [-1, math.inf, "1", 10**6, None],
    "tail": [-0.1, math.nan],
    "sentence_pause": [-1, "x"],
    "paragraph_pause": [-1, 10**400],
    "title": [5, None],
    "language": [5, "x y"],
    "max_duration": [0, -1, "x"],
    "max_bytes": [0, 1.5, True],
}
RENDER = {
    "folder": [5, b"out", "", "a\0b", "s3://bucket/out"],
    "files": [[], "wav", 5, [("a.wav", "mp3")], [("{nope}.wav", Output())], [("{id:{name}}.wav", Output())],
              [("{id!r}.wav", Output())], [("{id.wav", Output())], [("fixed.wav", Output())], [(5, Output())],
              ["{id}"]],
    "preset": [5, "nope", ["asterisk"]],
    "verify": [5, "whisper-base", None],
    "timeout": [0, -1, "x", math.nan],
    "executor": [5, "threads"],
    "utterances": [5, None, "one text", {"text": "one row"}],
}  # fmt: skip


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), cases(NONSENSE))
def test_say_names_the_argument(name, value):
    """Whatever is given, it is an error of voxpress, and says which argument is meant."""
    given = {"text": "Hello.", "engine": "tone", "store": "memory:", "attempts": 1, name: value}
    if value is None and name in {
        "model",
        "voice",
        "language",
        "options",
        "format",
        "carrier",
        "store",
        "workers",
    }:
        return
    with pytest.raises(SpeechError) as caught:
        say(**given)
    assert name in str(caught.value) or caught.value.field == name or str(value) in str(caught.value)
    assert "\n" not in str(caught.value) and "\r" not in str(caught.value)


@pytest.mark.parametrize(("name", "value"), cases(NONSENSE | RENDER))
def test_render_names_the_argument_at_once(tmp_path, name, value):
    """Before the first result is asked for; only what belongs to a row or to its engine is that row's error."""
    given = {
        "utterances": [Utterance(id="a", text="Hello.")],
        "folder": tmp_path / "out",
        "engine": "tone",
        "store": "memory:",
        "workers": 0,
        name: value,
    }
    if name == "text":
        given = {**given, "utterances": [value]}
        del given["text"]
    with pytest.raises(SpeechError) as caught:
        raise next(render(**given)).exception  # type: ignore[misc]  # a row's error, where it is no argument's
    assert name in str(caught.value) or str(value) in str(caught.value) or "row" in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "value"), cases(OUTPUT))
def test_an_output_names_the_field(name, value):
    """When it is made, by whoever makes it."""
    with pytest.raises(InputError) as caught:
        Output(**{"format": "mp3", name: value})
    assert caught.value.field == name and str(caught.value).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"loudness": -16, "level": -20}, "level: cannot be combined with loudness"),
        ({"format": "ulaw", "sample_rate": 44100}, "sample_rate: ulaw cannot have"),
        (
            {"format": "mp3", "bit_rate": 320000, "sample_rate": 16000},
            "bit_rate: mp3 at 16000 Hz cannot have",
        ),
        ({"format": "wav", "bit_rate": 64000}, "bit_rate: wav .* cannot be chosen"),
        ({"format": "opus", "sample_rate": 44100}, "sample_rate: opus cannot have"),
    ],
)
def test_fields_that_contradict_each_other(fields, problem):
    """Two fields can each be right, and not together."""
    with pytest.raises(InputError, match=problem):
        Output(**fields)


def test_arguments_that_contradict_each_other():
    """None of two is ignored."""
    with pytest.raises(InputError, match="format: says what output says too"):
        say("Hello.", engine="tone", store="memory:", format="mp3", output=Output())
    with pytest.raises(InputError, match="format: says what files say too"):
        render(["Hello."], engine="tone", store="memory:", format="mp3", files=[("{id}.wav", Output())])
    with pytest.raises(InputError, match="markup: must be plain, directions, markdown or ssml, not 'html'"):
        Utterance(text="<b>Hello.</b>", markup="html")  # type: ignore[arg-type]


def test_a_bit_rate_is_refused_before_anything_is_spoken(tmp_path):
    """MP3 at the engine's 8 kHz becomes 16 kHz, where 320 kbit/s cannot be."""
    store = voxpress.Store(tmp_path)
    rows = [Utterance(id="a", text="Hello.")]
    (result,) = render(
        rows,
        engine="tone",
        store=store,
        workers=0,
        files=[("{id}.mp3", Output(format="mp3", bit_rate=320000))],
    )
    assert result.error_type == "UnsupportedOption" and "bit_rate" in result.error
    assert store.stats()["takes"].count == 0


@pytest.mark.parametrize(
    "tags", [("en-GB", "en-gb", "EN-GB", "en_GB"), ("iw", "he"), ("zh-hans-cn", "zh_Hans_CN")]
)
def test_one_language_is_one_key(tags):
    """However its tag is written, it is spoken once."""
    store = voxpress.Store("memory:")
    hits = [say("Hello.", engine="tone", language=tag, store=store).hit for tag in tags]
    rows = [Utterance(text="Hello.", language=tag) for tag in tags]
    results = list(render(rows, engine="tone", store=store, workers=0))
    assert hits == [False] + [True] * (len(tags) - 1)
    assert {result.spoken for result in results} == {0} and len({result.language for result in results}) == 1


def test_numbers_are_one_key_however_they_are_written():
    """0, 0.0 and -0.0 are one silence."""
    store = voxpress.Store("memory:")
    outputs = [Output(lead=0, peak=-1), Output(lead=0.0, peak=-1.0), Output(lead=-0.0, peak=-1)]
    assert [say("Hello.", engine="tone", store=store, output=each).hit for each in outputs] == [
        False,
        True,
        True,
    ]
    assert len(set(outputs)) == 1


def test_what_engines_declare_is_canonical():
    """A voice's own language and the same one asked for are one key."""
    for name, engine in voxpress.engines.find_all():
        languages = getattr(engine, "languages", ())
        assert [tag for tag in languages if tag != "*" and canonical(tag) != tag] == [], name


def test_rows_are_utterances_mappings_or_texts():
    """What is none of them is an error of that row."""
    rows: list[Any] = [
        "Hello.",
        {"text": "Hello.", "voice": "high"},
        {"text": "Hello.", "speed": -1},
        {"txt": "Hello."},
        5,
        None,
    ]
    results = list(render(rows, engine="tone", store="memory:", workers=0))
    by_number = {result.number: result.error for result in results}
    assert by_number[0] == by_number[1] == ""
    assert "speed: must be a number above 0" in by_number[2] and "txt" in by_number[3]
    assert "must be an Utterance" in by_number[4] and "must be an Utterance" in by_number[5]


def test_a_render_that_is_never_run_says_so(tmp_path):
    """Making it checks everything and does nothing."""
    rendering = render(["Hello."], engine="tone", store="memory:")
    with pytest.warns(ResourceWarning, match="never run"):
        del rendering
    rendering = render([{"text": "Hello.", "id": "a"}], tmp_path, engine="tone", store="memory:", workers=0)
    assert rendering.run().rendered == 1 and (tmp_path / "a.wav").is_file()
    closed = render(["Hello."], engine="tone", store="memory:", workers=0)
    closed.close()
    assert list(closed) == []


def test_nouns_are_short_and_can_be_in_a_set():
    """Also those with options, marks and the bytes of a file."""
    clip = say("Hello there.", engine="tone", store="memory:")
    utterance = Utterance(text="Hello.", options={"delay": 0.5})
    result = next(render([utterance], engine="tone", store="memory:", workers=0))
    assert (
        len({clip, clip, utterance, Utterance(text="Hello.", options={"delay": 0.5}), result, Output()}) == 4
    )
    assert len(repr(clip)) < 120


def test_an_error_keeps_what_it_knows_across_processes():
    """Place, field, line and cause, of every kind of error."""
    error = ManifestError("is bad", path="p.csv", line=3, field="voice")
    error.__cause__ = FileNotFoundError(2, "No such file", "x")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == "p.csv:3: voice: is bad" == str(error)
    assert (again.path, again.line, again.field, again.problem) == ("p.csv", 3, "voice", "is bad")
    assert isinstance(again.__cause__, FileNotFoundError) and again.__cause__.errno == 2

    class Strange(Exception):
        pass

    foreign = SynthesisError("failed")
    foreign.__cause__ = Strange("of a library that is only here")
    again = pickle.loads(pickle.dumps(foreign))
    assert "Strange: of a library that is only here" in str(again.__cause__)


def test_a_failed_row_keeps_the_error_itself():
    """`say` raises it, and a result has it."""
    with pytest.raises(SynthesisError) as caught:
        say("Hello.", engine="tone", options={"fault": "raise"}, store="memory:")
    assert caught.value.problem.startswith("tone was told to fail")
    row = Utterance(text="Hello.", id="a", voice="nobody", origin="p.csv:2")
    result = next(render([row], engine="tone", store="memory:", workers=0))
    assert result.exception and result.exception.place == "p.csv:2" and result.error.startswith("p.csv:2: ")
