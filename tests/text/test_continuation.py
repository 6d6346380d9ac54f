"""Texts that go on, spoken as parts of a sentence and cut out of it."""

import json

import pytest
from typer.testing import CliRunner

from voxpress import Output, Speaker, Utterance, cli, render
from voxpress.engines import find, names
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Phonemes, Segment
from voxpress.store import Store
from voxpress.text import carrier

TIMED = """
    from voxpress.engines.tone import Tone

    class Going(Tone):
        name = "going"
        timed = True
        continued_in = frozenset({"en"})
"""
LEAD, BEHIND = carrier.PHRASES["en"], f" {carrier.FOLLOWERS['en']}"


@pytest.fixture
def timed(installed):
    """Beeps with true word marks."""
    return installed("going", TIMED)


def planned(text, engine, *, continuation=True, markup="plain", **more):
    planner = Planner(Speaker(engine=engine, **more), continuation=continuation)
    plan = planner.plan(Utterance(text=text, markup=markup), filed=False)
    assert isinstance(plan, Plan)
    return plan


def around(plan):
    return [(take.segment.carrier, take.segment.follower) for take in plan.takes.values()]


@pytest.mark.parametrize(
    "text",
    [
        *("You have...", "You have…", "You have . . .", "You have....", "You have……", "You have ‥"),
        *("(You have...)", "“You have…”", "« Vous avez… »", "To hear this, press,...", "Press 1..."),
    ],
)
def test_what_goes_on(text, timed):
    """Dots of every kind, in quotes and brackets too."""
    assert around(planned(text, timed)) == [(None, BEHIND)]


@pytest.mark.parametrize(
    "text", ["...new messages.", "… new messages", "“…at extension.”", ". . . seconds ago"]
)
def test_what_begins_within_a_sentence(text, timed):
    """And ends like one."""
    assert around(planned(text, timed)) == [(LEAD, None)]


@pytest.mark.parametrize(
    "text", ["Well... no.", "Really...?", "Stop…!", "Version 1.2", "Hello.", "Dial 1, e.g.", "Wait.."]
)
def test_what_stays_a_sentence_of_its_own(text, timed):
    """A pause within it, or a question."""
    assert around(planned(text, timed)) == [(None, None)]


def test_only_the_ends_of_a_prompt(timed):
    """Within a longer text an ellipsis is a pause, as before."""
    text = "He waited… \n\n…and waited. You have…"
    assert around(planned(text, timed)) == [(None, None), (None, BEHIND)]
    assert around(planned("Welcome...\n\nto the conference.", timed)) == [(None, None), (None, None)]


def test_what_is_heard_behind_a_text(timed):
    """A tone follows at once, so the text does not go on; silence is nothing."""
    assert around(planned("You have... [beep]", timed, markup="directions")) == [(None, None)]
    silent = '<speak>You have...<break time="1s"/></speak>'
    assert around(planned(silent, timed, markup="ssml")) == [(None, BEHIND)]
    assert around(planned("**You have**...", timed, markup="markdown")) == [(None, BEHIND)]


def test_keys_of_other_texts_stay(timed):
    """And nothing changes where nobody asks for it."""
    for text in ("You have seven new messages.", "Well... no."):
        assert list(planned(text, timed).takes) == list(planned(text, timed, continuation=False).takes)
    off, on = planned("You have...", timed, continuation=False), planned("You have...", timed)
    assert around(off) == [(None, None)] and list(off.takes) != list(on.takes)
    assert list(off.takes) == list(planned("You have...", "tone", continuation=False).takes)


@pytest.mark.parametrize(
    ("text", "words"), [("You have...", 2), ("...new messages…", 2), ("…a…", 1), ("…is now…", 2)]
)
def test_the_words_are_cut_out(text, words, timed, tmp_path):
    """What is left are the words of the text, with their marks, and no click at the cut."""
    store = Store(tmp_path / "store")
    (key,) = planned(text, timed).takes
    (result,) = render([text], engine=timed, continuation=True, store=store, workers=0)
    assert result.status == "rendered" and result.notes == ()
    take = store.take(key)
    assert take is not None
    assert [mark.kind for mark in take.marks] == ["word"] * words
    assert take.marks[-1].end <= take.duration + 0.001
    assert abs(take.samples[-1]) < 0.01 and abs(take.samples[0]) < 0.01
    letters = sum(map(len, text.strip(".…").split()))
    assert take.duration == pytest.approx(letters * 0.06, abs=0.15)


@pytest.mark.parametrize(
    ("language", "asked", "is_continued"),
    [
        ("en", None, True),
        ("en-GB", None, True),
        ("de", None, False),
        ("de", True, True),
        ("en", False, False),
    ],
)
def test_a_preset_asks_where_the_engine_gains(timed, language, asked, is_continued):
    """Elsewhere the text is spoken as it is, and nobody has to be told."""
    plan = planned("You have...", timed, continuation=asked, language=language)
    assert plan.notes == ()
    assert [bool(behind) for _, behind in around(plan)] == [is_continued]


@pytest.mark.parametrize("name", names())
def test_who_gains_can_cut(name):
    engine = find(name)
    assert engine.timed or not engine.continued_in
    assert engine.continued_in <= set(carrier.FOLLOWERS)


def test_sounds_that_are_given_move_along():
    """Their places are those in the text that the engine gets."""
    sounds = (Phonemes(start=3, end=11, ipa="ˈæstəɹɪsk"),)
    segment = Segment(
        text="...Asterisk…", voice="a", language="en", carrier=LEAD, follower=BEHIND, phonemes=sounds
    )
    given = carrier.add_phrase(segment)
    (moved,) = given.phonemes or ()
    assert given.text[moved.start : moved.end] == "Asterisk"
    assert given.text == f"{LEAD} Asterisk{BEHIND}"


def test_who_cannot_cut_says_so(timed, tmp_path):
    """An engine without times, and a language without a carrier, speak the text as it is."""
    plan = planned("You have...", "tone")
    assert around(plan) == [(None, None)]
    assert plan.notes == (
        (
            "tone does not say when its words are heard, so 'You have...' is spoken as it is, without the rest of a"
            " sentence"
        ),
    )
    assert "no carrier phrase for zh" in planned("您有……", timed, language="zh").notes[0]
    assert planned("You have it.", "tone").notes == ()


def test_no_more_silence_than_between_words(timed):
    """At the end that goes on; the other one is as the preset says."""
    planner = Planner(
        Speaker(engine=timed), continuation=True, files=[("", Output(format="wav", lead=0.05, tail=0.1))]
    )
    ends = {}
    for text in ("You have...", "...new messages.", "Hello."):
        plan = planner.plan(Utterance(text=text), filed=False)
        assert isinstance(plan, Plan)
        ends[text] = (plan.targets[0].output.lead, plan.targets[0].output.tail)
    assert ends == {"You have...": (0.05, 0.03), "...new messages.": (0.03, 0.1), "Hello.": (0.05, 0.1)}


@pytest.mark.parametrize("language", carrier.FOLLOWERS)
def test_followers_begin_with_a_stop(language):
    """There is silence before it opens, a place to cut."""
    first, *others = carrier.FOLLOWERS[language].split()
    assert first[0] in "ktzтत" and len(others) >= 1 and carrier.FOLLOWERS[language][-1] in ".।"
    assert set(carrier.FOLLOWERS) == set(carrier.PHRASES)


def test_what_an_engine_wants_behind_the_text():
    """Kokoro's pitch rises before a comma: benchmarks/results/continuation.md."""
    assert find("kokoro").lifted_by == "," and find("piper").lifted_by == ""


def test_who_decides(timed, tmp_path, monkeypatch):
    """The command line, then voxpress.toml, then the preset."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    (tmp_path / "prompts.csv").write_text("id,text\nhave,You have...\n")
    lengths = []
    for project, *options in [
        ("", "--preset", "twilio"),
        ("", "--preset", "asterisk"),
        ("", "--preset", "freeswitch", "--no-continuation"),
        ("[defaults]\ncontinuation = true", "--preset", "twilio"),
        ("[presets.mine]\nextends = 'twilio'\ncontinuation = true", "--preset", "mine"),
    ]:
        (tmp_path / "voxpress.toml").write_text(project)
        command = ["render", "prompts.csv", "-o", "out", "-e", timed, "-w", "0", *options]
        assert CliRunner().invoke(cli.app, command).exit_code == 0
        (line,) = (tmp_path / "out" / ".voxpress" / "report.jsonl").read_text().splitlines()
        lengths.append(round(json.loads(line)["duration"], 2))
    off, on, refused, asked, mine = lengths
    assert off == refused > on == asked == mine
    (tmp_path / "voxpress.toml").write_text("[presets.mine]\nextends = 'twilio'\ncontinuation = 'yes'")
    run = CliRunner().invoke(cli.app, ["render", "prompts.csv", "-o", "out", "--preset", "mine"])
    assert "presets.mine.continuation: must be true or false" in str(run.exception)
