"""A word or two, spoken in a sentence and cut out of it."""

import json
from itertools import pairwise

import numpy as np
import pytest
from typer.testing import CliRunner

from voxpress import Segment, Speaker, Utterance, cli, render
from voxpress.audio.waveform import Audio, drop_before
from voxpress.engines import find, names
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.store import Store
from voxpress.text import carrier

TIMED = """
    from voxpress.engines.tone import Tone

    class Timed(Tone):
        name = "timed"
        timed = True
        carried = True
"""
UNTRUE = """
    from dataclasses import replace
    from voxpress.engines.tone import Tone

    class Untrue(Tone):
        name = "untrue"
        timed = True
        carried = True

        def synthesize(self, batch):
            return [replace(audio, marks=audio.marks[2:]) for audio in super().synthesize(batch)]
"""
LEAD = 0.02


@pytest.fixture
def timed(installed):
    """Beeps with true word marks."""
    return installed("timed", TIMED)


def planned(text, engine, carrier=None, **more):
    plan = Planner(Speaker(engine=engine, **more), carrier=carrier).plan(Utterance(text=text), filed=False)
    assert isinstance(plan, Plan)
    return plan


def rendered(text, engine, store, **more):
    (result,) = render([Utterance(text=text)], engine=engine, store=store, workers=0, **more)
    return result


@pytest.mark.parametrize(
    "text", ["Yes.", "yes", "Thank you!", "please, hold", "log-in", "7", "42", "500.", "I'll…", "Été?"]
)
def test_a_word_or_two_are_short(text):
    """As they are spoken, digits too."""
    assert carrier.phrase(text, "en") == carrier.PHRASES["en"]


@pytest.mark.parametrize(
    "text",
    [
        *("Please hold on.", "call-forward on", "123", "1,000", "$5", "50%", "a/b", "[[həˈloʊ]]", "<b>"),
        *("[Kokoro](/kˈOkəɹO/)", "(yes)", "…", "", "a.m. today", "x" * 100, "3.5", "*one*", "B2B-log-in"),
    ],
)
def test_what_is_spoken_as_it_is(text):
    """Longer texts, and whatever may be notation or be read as who knows how many words."""
    assert carrier.phrase(text, "en") is None


@pytest.mark.parametrize("language", carrier.PHRASES)
def test_phrases_end_in_a_pause(language):
    """And are words that no engine takes apart."""
    *words, last = carrier.PHRASES[language].split()
    assert last.endswith(",") and 2 <= len(words) <= 4
    assert all(
        word.removesuffix(",").replace("्", "").isalpha() or language == "hi" for word in [*words, last]
    )


def test_languages_without_a_phrase():
    """Their texts are spoken as they are; a region does not matter."""
    assert carrier.phrase("hundert", "de-AT") == carrier.PHRASES["de"]
    assert carrier.phrase("sto", "sr") is None


def test_the_word_is_cut_out_with_its_marks(timed, tmp_path):
    """What stays is what the engine said after the phrase, from 20 ms before it."""
    store = Store(tmp_path / "store")
    (key,) = planned("Hundred.", timed).takes
    rendered("Hundred.", timed, store)
    take = store.take(key)
    assert take is not None
    (mark,) = take.marks
    assert mark.text == "Hundred." and mark.start == pytest.approx(LEAD, abs=0.001)
    assert take.duration == pytest.approx(LEAD + 8 * 0.06 + 0.03, abs=0.001)
    loud = np.abs(take.samples) > 0.01
    assert (
        loud[int(LEAD * take.sample_rate) :].mean() > 0.8 and not loud[: int(0.01 * take.sample_rate)].any()
    )


def test_marks_move_with_the_sound():
    """Those of the phrase go, those of the text begin where its sound does, and stay in order."""
    tone = find("tone")()
    segment = Segment(text="Thank you.", voice="low", language="en", carrier=carrier.PHRASES["en"])
    (audio,) = tone.synthesize([carrier.add_phrase(segment)])
    assert isinstance(audio, Audio)
    cut = carrier.cut(audio, segment)
    assert cut is not None
    assert [mark.text for mark in cut.marks] == ["Thank", "you."]
    assert all(first.end <= second.start for first, second in pairwise(cut.marks))
    assert cut.marks[-1].end <= cut.duration
    whole = drop_before(audio, audio.duration - cut.duration, fade=0.0)
    first = int(0.01 * cut.sample_rate)
    np.testing.assert_array_equal(cut.samples[first:], whole.samples[first:])


def test_it_is_in_the_key_and_only_where_it_changes_the_sound(timed):
    """A phrase is another sound; texts and engines without one keep their keys, and so does who wants none."""
    short, off = planned("Hundred.", timed), planned("Hundred.", timed, carrier=False)
    assert list(short.takes) != list(off.takes)
    assert list(off.takes) == list(planned("Hundred.", "tone").takes)
    long = "This one is long enough."
    assert list(planned(long, timed).takes) == list(planned(long, timed, carrier=False).takes)
    assert list(planned("百", timed, language="zh").takes) == list(planned("百", "tone", language="zh").takes)


def test_an_engine_that_does_not_gain_has_to_be_asked(installed):
    """Timings alone are no reason; and without them there is nothing to cut by, whoever asks."""
    source = TIMED.replace("Timed", "Able").replace('"timed"', '"able"').replace("carried = True", "")
    able = installed("able", source)
    alone, asked = planned("Hundred.", able), planned("Hundred.", able, carrier=True)
    assert [take.segment.carrier for take in alone.takes.values()] == [None]
    assert [take.segment.carrier for take in asked.takes.values()] == [carrier.PHRASES["en"]]
    assert list(alone.takes) == list(planned("Hundred.", able, carrier=False).takes) != list(asked.takes)
    assert list(planned("Hundred.", "tone", carrier=True).takes) == list(planned("Hundred.", "tone").takes)


def test_who_gains_by_a_phrase():
    """As measured: benchmarks/results/carrier.md."""
    assert [name for name in names() if find(name).carried] == ["piper"]
    assert all(find(name).timed for name in names() if find(name).carried)


def test_a_phrase_that_cannot_be_cut_off_is_not_spoken(installed, tmp_path):
    """Nobody hears it: the text is spoken as it is, and the result says so."""
    store = Store(tmp_path / "store")
    result = rendered("Hundred.", installed("untrue", UNTRUE), store)
    assert result.status == "rendered"
    assert result.notes == ("spoken without a carrier phrase, which could not be cut off again: 'Hundred.'",)
    assert result.clips[0].duration == pytest.approx(8 * 0.06, abs=0.03)


@pytest.mark.parametrize("fault", ["short", "silent", "tail"])
def test_what_was_cut_out_is_checked(timed, fault, tmp_path):
    """Against the short text, not against the phrase."""
    result = rendered("Hundred.", timed, Store(tmp_path / "store"), options={"fault": fault})
    assert (result.status, result.error_type) == ("failed", "CheckFailed")
    assert "'Hundred.'" in result.error


def test_who_decides(timed, tmp_path, monkeypatch):
    """The command line, then the project's voxpress.toml, then voxpress."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    (tmp_path / "prompts.csv").write_text("id,text\nhundred,Hundred.\n")
    durations = []
    for project, *options in [
        ("",),
        ("", "--no-carrier"),
        ("carrier = false",),
        ("carrier = false", "--carrier"),
    ]:
        (tmp_path / "voxpress.toml").write_text(f"[defaults]\n{project}\n")
        command = ["render", "prompts.csv", "-o", "out", "-e", timed, "-w", "0", *options]
        assert CliRunner().invoke(cli.app, command).exit_code == 0
        (line,) = (tmp_path / "out" / ".voxpress" / "report.jsonl").read_text().splitlines()
        durations.append(json.loads(line)["duration"])
    assert durations[0] == durations[3] != durations[1] == durations[2]
    keys = []
    for option in ("--carrier", "--no-carrier"):
        said = CliRunner().invoke(cli.app, ["say", "Hundred.", "-e", timed, option, "--json"])
        keys.append(json.loads(said.stdout)["key"])
    assert keys[0] != keys[1]
