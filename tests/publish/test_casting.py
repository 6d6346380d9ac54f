"""Names of scripts and subtitles, and the voices that people give them."""

from pathlib import Path

import pytest

from voxpress.documents import scripts
from voxpress.documents.scripts import Heading, Script, Turn
from voxpress.errors import InputError
from voxpress.publish.casting import (
    join_casts,
    match_names,
    read_cast_of,
    read_cast_options,
    read_voice,
    require_present,
)
from voxpress.publish.podcast.speaking import narrate_turns
from voxpress.speech import Speaker

TONE = Speaker(engine="tone", voice="high")


@pytest.mark.parametrize("text", ["", " ", ":", "piper:", ":joe", " : "])
def test_a_voice_in_one_word_has_all_its_parts(text: str) -> None:
    with pytest.raises(InputError, match="VOICE or ENGINE:VOICE"):
        read_voice(text)


def test_a_head_gives_names_a_voice_or_all_of_a_speaker() -> None:
    cast = read_cast_of({"Ann": "tone:high", "Bob": {"voice": "low", "speed": 1.2}}, Path("talk.md"))
    assert cast == {"Ann": TONE, "Bob": Speaker(voice="low", speed=1.2)}


def test_the_cast_of_a_head_in_yaml_has_numbers(tmp_path: Path) -> None:
    (tmp_path / "talk.md").write_text(
        "---\ncast:\n  Ann: {engine: openai, speed: 1.1, seed: 7, voice: 3, options: {top_p: 0.5, style: '3'}}\n"
        "---\nAnn: Hello.\n"
    )
    head = scripts.read(tmp_path / "talk.md").head
    options: dict[str, float | str] = {"top_p": 0.5, "style": "3"}
    assert read_cast_of(head["cast"], Path("talk.md")) == {
        "Ann": Speaker(engine="openai", speed=1.1, seed=7, voice="3", options=options)
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["Ann"], "talk.md: cast: must be names with a voice each"),
        ({"Ann": 3}, "talk.md: cast.Ann: must be a voice such as af_heart, or a table, not 3"),
        ({"Ann": None}, "talk.md: cast.Ann: must be a voice such as af_heart"),
        ({"Ann": ["low"]}, "talk.md: cast.Ann: must be a voice such as af_heart"),
        ({"Ann": {"voise": "low"}}, "talk.md: cast.Ann.voise"),
        ({"Ann": {"speed": "fast"}}, "talk.md: cast.Ann.speed"),
        ({"Ann": "tone:"}, "talk.md: cast.Ann: must be VOICE"),
        ({"Ann": {"speed": "-1"}}, "talk.md: cast.Ann.speed: "),
        ({" ": "high"}, "talk.md: cast: a speaker needs a name"),
    ],
)
def test_a_wrong_cast_is_named_with_file_and_field(given: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_cast_of(given, Path("talk.md"))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("names", [("Ann", "ANN"), ("A-B", "a-b"), ("Élan", "élan"), ("Straße", "STRASSE")])
def test_names_that_differ_in_capitals_only_cannot_have_two_voices(names: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="are one name"):
        read_cast_of(dict.fromkeys(names, "tone:high"), Path("talk.md"))


def test_names_in_other_letters_are_the_same_person() -> None:
    names = [("ANN", ""), ("ann", ""), ("Ann", "")]
    assert match_names(names, {"Ann": TONE}) == {"ANN": "Ann", "ann": "Ann", "Ann": "Ann"}


def test_all_names_without_a_voice_are_told_at_once() -> None:
    names = [("Bob", "talk.md:3"), ("Ann", "talk.md:4"), ("Cid", "talk.md:5"), ("Bob", "talk.md:6")]
    with pytest.raises(InputError) as caught:
        match_names(names, {"Ann": TONE})
    assert str(caught.value).startswith("talk.md:3: no voice for 'Bob', 'Cid'")
    assert "(cast: Ann)" in str(caught.value)


def test_a_misspelt_name_is_suggested() -> None:
    with pytest.raises(InputError, match="did you mean 'Benjamin'"):
        match_names([("Benjamim", "")], {"Benjamin": TONE})


@pytest.mark.parametrize(
    ("given", "names", "message"),
    [
        (
            "An",
            ["Ann", "Bob", "Ann", ""],
            "talk.md: --cast names 'An', who does not speak here; did you mean 'Ann'?",
        ),
        ("Cid", ["Ann", "Bob", "Ann", ""], "(who speaks: 'Ann', 'Bob')"),
        ("Cid", ["", ""], "(no line has a name)"),
    ],
)
def test_an_option_for_somebody_who_does_not_speak_is_an_error(
    given: str, names: list[str], message: str
) -> None:
    require_present(["ANN"], ["Ann", ""], Path("talk.md"))
    with pytest.raises(InputError) as caught:
        require_present(["ann"] * ("Ann" in names) + [given], names, Path("talk.md"))
    assert message in str(caught.value)


@pytest.mark.parametrize("twice", [("Ann=one", "Ann=two"), ("Ann=one", " ANN = one")])
def test_an_option_names_a_person_once(twice: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="twice"):
        read_cast_options(twice)


def test_turns_keep_what_their_line_says() -> None:
    script = Script(
        path=Path("talk.md"),
        items=(
            Heading(title="One"),
            Turn(speaker="ANN", text="*Guten Tag.*", markup="markdown", speed=1.1, language="de", line=7),
            Turn(speaker="Ann", text="…", line=8),
        ),
    )
    narrations, spoken = narrate_turns(script, {"Ann": TONE})
    (turn,) = (each.utterance for each in narrations)
    assert (turn.speaker, turn.text, turn.markup, turn.speed, turn.language, turn.origin) == (
        *("Ann", "*Guten Tag.*", "markdown", 1.1, "de", "talk.md:7"),
    )
    assert len(spoken.items) == 2
    assert spoken.notes == ("left out because they hold no words: 1 turns",)


@pytest.mark.parametrize("items", [(), (Heading(title="One"),), (Turn(speaker="Ann", text="—"),)])
def test_a_script_without_words_is_an_error(items: tuple[object, ...]) -> None:
    with pytest.raises(InputError, match=r"talk\.md: nothing in it is spoken"):
        narrate_turns(Script(path=Path("talk.md"), items=items), {"Ann": TONE})  # type: ignore[arg-type]


def test_the_last_cast_that_has_a_name_counts() -> None:
    low, deep = Speaker(voice="low"), Speaker(voice="deep")
    assert join_casts({"Ann": TONE, "Bob": low}, {"ANN": low}, {"ann": deep}) == {"ann": deep, "Bob": low}
