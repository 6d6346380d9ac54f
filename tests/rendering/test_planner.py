"""What a row becomes before anything is spoken."""

from pathlib import Path

import pytest

from voxpress.engines.tone import Tone
from voxpress.errors import ManifestError, UnknownEngine, UnknownVoice
from voxpress.files.names import NameRule
from voxpress.rendering.plan import Bad, Plan, Skipped
from voxpress.rendering.planner import Planner
from voxpress.rendering.presets import load
from voxpress.speech import Output, Speaker, Utterance
from voxpress.text import FrontEnd
from voxpress.text.lexicon import Entry, Lexicon


def plan(planner=None, /, **row):
    row = {"id": "hello", "text": "Hello there, world.", **row}
    return (planner or Planner(Speaker(engine="tone"))).plan(Utterance(**row))


def error(planner=None, /, **row):
    planned = plan(planner, **row)
    assert isinstance(planned, Bad)
    return str(planned.error)


def test_a_row_gets_its_file_engine_and_segments():
    """The defaults hold for what the row leaves open."""
    planned = plan(Planner(Speaker(engine="tone", voice="high"), format="mp3"))
    assert isinstance(planned, Plan)
    assert [target.path for target in planned.targets] == ["hello.mp3"]
    assert planned.voice == "high" and planned.engine.name == "tone" and planned.language == "en"
    assert planned.characters == len("Hello there, world.")


def test_a_row_names_its_own_file():
    """Its extension sets the format."""
    (target,) = plan(file="sub/own.ulaw").targets
    assert (target.path, target.output.format) == ("sub/own.ulaw", "ulaw")


def test_braces_in_names_are_only_braces():
    """A file's name is not a template."""
    assert plan(file="{id}.wav").targets[0].path == "{id}.wav"
    assert plan(id="{name}").targets[0].path == "{name}.wav"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{id}-{{extension}}.{extension}", "ivr/hello-{extension}.wav"),
        ("{{rate}}/{rate}/{name}.wav", "{rate}/8000/hello.wav"),
        ("{{{id}}}.{extension}", "{ivr/hello}.wav"),
        ("{folder}{{{{id}}}}/{name}.wav", "ivr/{{id}}/hello.wav"),
    ],
)
def test_double_braces_in_a_template_are_braces(template, path):
    """What stands in them is no place, whatever its name."""
    planned = plan(
        Planner(Speaker(engine="tone"), files=[(template, Output(sample_rate=8000))]), id="ivr/hello"
    )
    assert isinstance(planned, Plan)
    assert [target.path for target in planned.targets] == [path]


def test_a_preset_makes_several_files():
    """Rates and formats in their places, one clip each."""
    planned = plan(Planner(Speaker(engine="tone"), files=load()["freeswitch"].files), id="ivr/welcome")
    assert [target.path for target in planned.targets] == [
        f"ivr/{rate}/welcome.wav" for rate in (8000, 16000, 32000, 48000)
    ]
    assert len({target.clip for target in planned.targets}) == 4


def test_a_row_with_a_format_gets_that_file_finished_like_the_others():
    """The preset's level holds for it."""
    planned = plan(Planner(Speaker(engine="tone"), files=load()["asterisk"].files), format="mp3")
    (target,) = planned.targets
    assert target.path == "hello.mp3" and target.output.level == load()["asterisk"].files[0][1].level


def test_another_engine_does_not_get_this_engines_voice():
    """Defaults of voice, model and options belong to the default engine."""
    planner = Planner(Speaker(engine="piper", voice="en_US-joe-medium", options={"noise_scale": 0.5}))
    planned = plan(planner, engine="tone")
    assert isinstance(planned, Plan) and planned.voice == "low"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"engine": "tonne"}, "did you mean 'tone'"),
        (
            {"voice": "hgh"},
            "'hgh' is not a tone voice; did you mean 'high'? (3 voices: voxpress voices tone)",
        ),
        ({"speed": 9.0}, "speed 9 is out of range: voxpress speaks at 0.25 to 4"),
        ({"options": {"falt": "raise"}}, "did you mean 'fault'"),
        ({"options": {"fault_rate": 2.0}}, "between 0 and 1"),
        ({"options": {"fault": "explode"}}, "must be one of"),
        ({"file": "x.docx"}, ".docx"),
        ({"text": "…"}, "no letter and no digit"),
        ({"id": "../../etc/passwd"}, "leads out of the folder"),
        ({"id": "/etc/passwd"}, "not a relative path"),
        ({"id": ""}, "neither an id nor a file"),
        ({"text": "[monkeys]", "markup": "directions"}, "monkeys"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_where(row, said):
    """One clear line with the row's place, before anything is spoken."""
    message = error(origin="prompts.csv:17", **row)
    assert message.startswith("prompts.csv:17: ") and said in message and "\n" not in message


def test_two_rows_for_one_file():
    """Also where only case or Unicode form differs."""
    rows = [
        Utterance(id="Caf\u00e9", text="One."),
        Utterance(id="cafe\u0301", text="Two."),
        Utterance(id="other", text="Three."),
        Utterance(id="OTHER", text="Four."),
    ]
    planned = list(Planner(Speaker(engine="tone")).plan_all(rows))
    assert [type(each) for each in planned] == [Plan, Bad, Plan, Bad]
    assert isinstance(planned[1], Bad) and "also the file of row 1" in str(planned[1].error)
    assert "give the rows different ids" in str(planned[1].error)


def test_errors_of_the_manifest_come_through_in_their_place():
    """A row that could not be read is bad, and the others are planned."""
    rows: list[Utterance | ManifestError] = [
        Utterance(id="a", text="A one."),
        ManifestError("no text", path="m.csv", line=3),
    ]
    good, bad = Planner(Speaker(engine="tone")).plan_all(rows)
    assert isinstance(good, Plan) and isinstance(bad, Bad) and str(bad.error) == "m.csv:3: no text"


def test_what_is_in_a_key_and_what_is_not():
    """The file's name, the device and a default said aloud change nothing; text, voice, speed and seed do."""

    def keys(planner=None, /, **row):
        planned = plan(planner, **row)
        return tuple(planned.takes), planned.targets[0].clip

    base = keys()
    assert keys(id="elsewhere") == base
    assert keys(Planner(Speaker(engine="tone"), device="cpu")) == base
    assert keys(speed=1) == base and keys(options={"fault_rate": 1}) == base and keys(seed=0) == base
    for row in ({"text": "Hello there, word."}, {"voice": "high"}, {"seed": 1}):
        assert keys(**row)[0] != base[0]
    assert keys(speed=1.1)[0] == base[0] and keys(speed=1.1)[1] != base[1]  # so few words are stretched
    louder = keys(Planner(Speaker(engine="tone"), files=[("{id}.wav", Output(level=-20.0))]))
    assert louder[0] == base[0] and louder[1] != base[1]


def test_a_title_is_in_the_key_only_where_it_is_in_the_file():
    """WAV has no tags here, MP3 has."""
    assert plan(title="A").targets[0].clip == plan(title="B").targets[0].clip
    assert plan(title="A", format="mp3").targets[0].clip != plan(title="B", format="mp3").targets[0].clip


def test_wrong_defaults_are_one_error():
    """Not the same one for every row; a row's own mistake is the row's."""
    with pytest.raises(UnknownEngine, match="did you mean 'tone'"):
        plan(Planner(Speaker(engine="ton")))
    with pytest.raises(UnknownVoice):
        plan(Planner(Speaker(engine="tone", voice="nobody")))
    assert isinstance(plan(Planner(Speaker(engine="ton")), engine="tone"), Plan)
    assert "nobody" in error(voice="nobody")


def telling(ipa):
    """A front end that knows how the first word sounds."""
    return FrontEnd(lexicon=Lexicon([Entry("Hello", ipa=ipa)]))


def test_given_sounds_are_in_the_segment_and_in_the_key():
    plain, told, other = (
        plan(Planner(Speaker(engine="tone"), front_end=front_end))
        for front_end in (FrontEnd(), telling("həˈloʊ"), telling("ˈhɛləʊ"))
    )
    (segment,) = [take.segment for take in told.takes.values()]
    assert [each.ipa for each in segment.phonemes] == ["həˈloʊ"]
    assert len({*plain.takes, *told.takes, *other.takes}) == 3


def test_sounds_that_cannot_be_spoken_are_an_error_before_anything_is_spoken(monkeypatch):
    """Of a voice that lacks one, and of an engine that takes none."""
    planner = Planner(Speaker(engine="tone"), front_end=telling("hɛʁo"))
    with monkeypatch.context() as patch:
        patch.setattr(Tone, "unspeakable_sounds", lambda self, ipa, voice, language: ["ʁ"])
        assert "the voice 'low' of tone has no sound 'ʁ': /hɛʁo/ for 'Hello' needs" in error(planner)
    monkeypatch.setattr(Tone, "takes_phonemes", False)
    planner = Planner(Speaker(engine="tone"), front_end=telling("həˈloʊ"))
    assert error(planner) == "hello: tone takes no sounds: give 'Hello' a spelled form in place of /həˈloʊ/"


def test_a_rows_lexicon_lies_in_the_manifests_folder(tmp_path: Path) -> None:
    """Links within it are followed; none leads out of it, and no error shows what is in another file."""
    folder = tmp_path / "prompts"
    (folder / "names").mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0")
    (folder / "names" / "en.tsv").write_text("Hello\tGoodbye\n")
    (folder / "link.tsv").symlink_to("names/en.tsv")
    (folder / "pw.tsv").symlink_to(secret)
    (folder / "out").symlink_to(tmp_path)
    (folder / "broken.tsv").write_text("root:x:0:0")
    planner = Planner(Speaker(engine="tone"), beside=folder)

    def say(lexicon: str) -> str:
        made = planner.plan(Utterance(text="Hello.", id="x", lexicon=lexicon))
        if isinstance(made, Plan):
            return " ".join(take.segment.text for take in made.takes.values())
        return str(made.error)

    assert say("link.tsv") == say("names/en.tsv") == "Goodbye."
    for wrong in ("pw.tsv", "out/secret"):
        assert f"{wrong!r} is a link that leads out of the manifest's folder" in say(wrong)
    for wrong in ("../secret", "names/../../secret"):
        assert f"the lexicon {wrong!r} is no relative path to a file in the manifest's folder" in say(wrong)
    assert "x:0" not in say("pw.tsv") + say("broken.tsv")
    assert "the lexicon 'broken.tsv', line 1: has no tab between the word and what is spoken" in say(
        "broken.tsv"
    )


def test_texts_of_rows_that_are_not_wanted_are_not_read() -> None:
    """Their files have their names all the same: no wanted row may have one of them, and a folder's limit counts."""
    rows = [
        Utterance(id="broken", text="<speak>", markup="ssml"),
        Utterance(id="voiceless", text="A.", voice="nobody"),
        Utterance(id="a", text="A."),
        Utterance(id="A", text="B."),
        Utterance(id="two/b", text="C."),
    ]
    planner = Planner(Speaker(engine="tone"), marks=["srt"], names=[NameRule(most_files=3, folder="")])
    found = list(planner.plan_some(rows, lambda row: row.id in ("A", "two/b")))
    assert [type(each) for each in found] == [Skipped, Skipped, Skipped, Bad, Plan]
    assert [each.paths for each in found if isinstance(each, Skipped)][2] == ("a.wav", "a.srt")
    assert "'A.wav' is also the file of row 3" in str(found[3].error)  # type: ignore[union-attr]
    [*_, last] = planner.plan_some([*rows[:3], Utterance(id="c", text="C.")], lambda row: row.id == "c")
    assert isinstance(last, Bad) and "folder has more than 3 files" in str(last.error)
