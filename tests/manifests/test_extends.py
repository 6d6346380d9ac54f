"""A manifest that extends another one: only what the other has not is made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from voxpress.errors import ManifestError
from voxpress.manifests import Row, read
from voxpress.manifests.columns import Columns
from voxpress.manifests.reading import Reading
from voxpress.speech import Speaker, Utterance

Write = Callable[[str, str], Path]

CORE = """\
defaults: {speaker: Alice, language: en}
cast:
  Alice: {engine: tone, voice: high}
  Bob: {engine: tone, voice: low}
prompts:
  welcome: Welcome.
  menu: {text: For sales press one., speaker: Bob}
  bye: Goodbye.
"""


LINES = """\
{"id": "welcome", "text": "Welcome."}
{"id": "bye", "text": "See you."}
{"id": "new", "text": "News."}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a manifest into a folder of manifests."""

    def write(name: str, content: str) -> Path:
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(content)
        return place

    return write


def _ids(rows: list[Row]) -> list[str]:
    return [row.id if isinstance(row, Utterance) else str(row) for row in rows]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "own/mine.yaml",
            "{extends: ../core/pack.yaml, prompts: {welcome: Welcome., bye: See you., new: News.}}",
        ),
        (
            "own/mine.json",
            '{"extends": "../core/pack.yaml", "prompts": {"welcome": "Welcome.", "bye": "See you.", "new": "News."}}',
        ),
        (
            "own/mine.jsonl",
            '{"extends": "../core/pack.yaml"}\n' + LINES,
        ),
    ],
)
def test_what_is_new_or_said_anew_is_made(write: Write, name: str, content: str) -> None:
    """By the speakers of the other."""
    write("core/pack.yaml", CORE)
    found = list(read(write(name, content)))
    assert _ids(found) == ["bye", "new"]
    for row in found:
        assert isinstance(row, Utterance)
        assert (row.speaker, row.language, row.cast["Alice"]) == (
            "Alice",
            "en",
            Speaker(engine="tone", voice="high"),
        )


def test_it_says_how_many_stand(write: Write) -> None:
    core = write("core/pack.yaml", CORE)
    own = write("own/mine.yaml", CORE.replace("Goodbye", "Bye") + "extends: ../core/pack.yaml\n")
    reading = Reading(str(own))
    assert _ids(list(read(own, None, reading))) == ["bye"]
    [note] = reading.notes()
    assert note.startswith(f"2 rows stand in {core} already, word for word")


def test_another_voice_is_another_prompt(write: Write) -> None:
    """Of the row, of the defaults, of the cast."""
    write("core/pack.yaml", CORE)
    for change in (
        "defaults: {speaker: Bob}\nprompts: {welcome: Welcome.}",
        "cast: {Alice: {engine: tone, voice: low}}\nprompts: {welcome: Welcome.}",
        "prompts: {welcome: {text: Welcome., speed: 0.9}}",
        "prompts: {welcome: {text: Welcome., language: en-GB}}",
    ):
        own = write("core/mine.yaml", f"extends: pack.yaml\n{change}\n")
        assert _ids(list(read(own))) == ["welcome"]


@pytest.mark.parametrize(
    ("row", "made"),
    [
        ("welcome.wav: Welcome.", []),
        ("welcome.mp3: Welcome.", []),  # the base leaves the format to its render
        ("{id: x, file: welcome.wav, text: Welcome.}", []),
        ("v1.2: Two.", ["v1.2"]),
        ("welcome: {text: Welcome., title: Our greeting}", ["welcome"]),
        ("sign.wav: Sign.", []),
        ("sign: Sign.", []),
        ("sign: {text: Sign., format: wav}", []),
        ("sign.mp3: Sign.", ["sign.mp3"]),
        ("sign: {text: Sign., format: mp3}", ["sign"]),
        ("titled: {text: Song., title: One}", []),
        ("titled: {text: Song., title: Two}", ["titled"]),
        ("titled: Song.", ["titled"]),
    ],
)
def test_what_counts_as_the_same_file(write: Write, row: str, made: list[str]) -> None:
    """A format only where both name one; a title is in the file."""
    write(
        "pack.yaml",
        "prompts:\n- {id: welcome, text: Welcome.}\n- {id: v1, text: Two.}\n- {file: sign.wav, text: Sign.}\n"
        "- {id: titled, text: Song., title: One}\n",
    )
    rows = f"- {row}" if row.startswith("{") else f"  {row}"
    own = write("mine.yaml", f"extends: pack.yaml\nprompts:\n{rows}\n")
    assert _ids(list(read(own))) == made


@pytest.mark.parametrize("head", ["Wording", '"Wording, EN"', "WORDING"])
def test_columns_hold_for_the_other_too(write: Write, head: str) -> None:
    """By their names: the other may be a table, which voxpress could not read without."""
    write("core.csv", f"No.,{head},Department\nwelcome,Welcome.,Sales\nbye,Goodbye.,Sales\n")
    write("pack.yaml", "extends: core.csv\nprompts: {more: More.}\n")
    own = write(
        "mine.yaml",
        "extends: pack.yaml\nprompts: {welcome: Welcome., bye: Bye., more: More.}\n",
    )
    asked = Columns.parse(f"text={head},id=No.", strict=True)
    reading = Reading(str(own), asked)
    assert _ids(list(read(own, None, reading))) == ["bye"]
    assert [note for note in reading.notes() if "which columns names" in note] == []
    reading = Reading(str(own), Columns.parse(f"text={head},id=No.,=Floor"))
    list(read(own, None, reading))
    assert "no row has 'Floor', which columns names" in reading.notes()


def test_an_empty_value_takes_the_others_default(write: Write) -> None:
    write("core/pack.yaml", CORE)
    own = write(
        "core/mine.yaml", "extends: pack.yaml\nprompts: [{id: a, text: A., speaker: '', language: }]\n"
    )
    [row] = read(own)
    assert isinstance(row, Utterance)
    assert (row.speaker, row.language) == ("Alice", "en")


def test_lists_of_the_trade_are_extended(write: Write) -> None:
    """In their own format; the markup belongs to how a row sounds."""
    write("core-sounds-en.txt", "; Core\nbeep: [beep]\nvm-intro: Please leave a message.\n")
    own = write(
        "mine.yaml",
        "extends: core-sounds-en.txt\ndefaults: {markup: directions}\n"
        "prompts: {beep: '[beep]', vm-intro: Leave a message., vm-new: New.}\n",
    )
    assert _ids(list(read(own))) == ["vm-intro", "vm-new"]


def test_a_chain(write: Write) -> None:
    """The nearest one that has a row decides."""
    write("a.yaml", CORE)
    write("b.yaml", "extends: a.yaml\nprompts: {bye: See you., more: More.}\n")
    own = write("c.yaml", "extends: b.yaml\nprompts: {welcome: Welcome., bye: Goodbye., more: More.}\n")
    found = list(read(own))
    assert _ids(found) == ["bye"]
    assert isinstance(found[0], Utterance)
    assert found[0].speaker == "Alice"


def test_values_on_both_sides(write: Write) -> None:
    write("a.yaml", "values: {n: 1..3}\nprompts: {'n{n}': 'Number {n}.'}\n")
    own = write("b.yaml", "extends: a.yaml\nvalues: {n: 2..4}\nprompts: {'n{n}': 'Number {n}.'}\n")
    assert _ids(list(read(own))) == ["n4"]


def test_a_chain_has_an_end(write: Write) -> None:
    """Twenty are more than anybody needs; without a limit Python would give up."""
    write("p0.yaml", CORE)
    for number in range(1, 400):
        last = write(
            f"p{number}.yaml", f"extends: p{number - 1}.yaml\nprompts: {{n{number}: Number {number}.}}\n"
        )
    with pytest.raises(ManifestError, match="is more than 20 manifests deep"):
        list(read(last))
    assert _ids(list(read(last.parent / "p20.yaml"))) == ["n20"]


@pytest.mark.parametrize(
    ("extends", "problem"),
    [
        ("mine.yaml", "mine.yaml:1: extends: the manifest extends itself: mine.yaml → mine.yaml"),
        ("loop.yaml", "loop.yaml:1: extends: the manifest extends itself: mine.yaml → loop.yaml → mine.yaml"),
        ("nothere.yaml", "mine.yaml:1: extends: there is no manifest"),
        (".", "mine.yaml:1: extends: there is no manifest"),
        (
            "/etc/hosts",
            "mine.yaml:1: extends: must be the relative path of a manifest, such as ../core/pack.yaml",
        ),
        ("https://example.com/a.yaml", "mine.yaml:1: extends: must be the relative path"),
        ("[a.yaml]", "mine.yaml:1: extends: must be the relative path of a manifest"),
        ("broken.yaml", "broken.yaml:2: is not YAML"),
    ],
)
def test_what_cannot_be_extended(write: Write, extends: str, problem: str) -> None:
    write("loop.yaml", "extends: mine.yaml\nprompts: {b: B.}\n")
    write("broken.yaml", "prompts: {b: \n")
    own = write("mine.yaml", f"extends: {extends}\nprompts: {{a: A.}}\n")
    with pytest.raises(ManifestError) as caught:
        list(read(own))
    assert str(caught.value).removeprefix(f"{own.parent}{os.sep}").startswith(problem)
