"""Voices that a text describes and does not name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.growth import require_linear
from voxpress import Speaker, Utterance
from voxpress.errors import UnsupportedOption
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.text import FrontEnd

CHOIR = """
from voxpress.engines import find
from voxpress.speech import Voice

class Choir(find("tone")):
    name = "choir"
    languages = ("en", "fr", "de")

    def voices(self):
        named = (
            *("low male en", "first female en-US", "high female en-GB de", "middle female fr"),
            *("bass male de", "alto female de"),
        )
        return [Voice(name=n, gender=g, languages=tuple(l)) for n, g, *l in map(str.split, named)]

    def speaks(self, voice):
        return voice.languages
"""


@pytest.fixture
def choir(installed: Callable[[str, str], str]) -> str:
    return installed("choir", CHOIR)


def plan(inner: str, lenient: bool = False, id: str = "") -> Plan:
    speaker = Speaker(engine="choir", voice="low")
    planned = Planner(speaker, front_end=FrontEnd(lenient=lenient)).plan(
        Utterance(text=f"<speak>{inner}</speak>", markup="ssml", id=id), filed=False
    )
    if isinstance(planned, Bad):
        raise planned.error
    return planned


@pytest.mark.parametrize(
    ("inner", "voices"),
    [
        ("<voice gender='female'>a</voice> b", ["first", "low"]),
        ("<voice gender='male'>a</voice>", ["low"]),
        ("<voice gender='female' languages='fr'>a</voice>", ["middle"]),
        ("<voice gender='female' xml:lang='fr'>a</voice>", ["middle"]),
        ("<voice languages='de'>a</voice>", ["bass"]),
        ("<voice languages='de' gender='female'>a</voice>", ["alto"]),
        ("<voice languages='en de'>a</voice>", ["high"]),
        ("<voice gender='female' xml:lang='en-GB'>a</voice>", ["high"]),
        ("<voice xml:lang='de' gender='male'>a <voice gender='male'>b</voice></voice>", ["bass"]),
        ("<voice gender='female'>a <voice name='bass'>b</voice> c</voice>", ["first", "bass", "first"]),
        ("<voice name='bass' gender='female'>a</voice>", ["bass"]),
        ("<voice gender='female'>a <prosody rate='50%'>b</prosody></voice>", ["first", "first"]),
        ("<voice gender='neutral' onvoicefailure='keepexisting'>a</voice>", ["low"]),
    ],
)
def test_the_first_voice_that_is_so_speaks(choir: str, inner: str, voices: list[str]) -> None:
    assert [take.segment.voice for take in plan(inner).takes.values()] == voices


@pytest.mark.parametrize(
    ("inner", "problem"),
    [
        ("<voice gender='neutral'>a</voice>", "choir knows no neutral voice that speaks en"),
        ("<voice gender='male' languages='fr'>a</voice>", "choir knows no male voice that speaks fr"),
        ("<voice languages='fr de'>a</voice>", "choir knows no voice that speaks fr and de"),
    ],
)
def test_where_no_voice_is_so(choir: str, inner: str, problem: str) -> None:
    with pytest.raises(UnsupportedOption) as error:
        plan(inner, id="a")
    assert str(error.value) == f'a: {problem}: name the voice in <voice name="…">'
    planned = plan(f"{inner} {inner}", lenient=True)
    assert [take.segment.voice for take in planned.takes.values()] == ["low"]
    assert planned.notes == (f"{problem}: low speaks on",)


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ("gender='robot'", "gender of <voice>: 'robot' is not one of female, male, neutral"),
        ("languages='fr:pt'", "languages of <voice>: no voice says which accent it has ('fr:pt')"),
        ("languages='!'", "languages of <voice>: '!' is no language tag"),
        ("gender='male' onvoicefailure='x'", "onvoicefailure of <voice>: 'x' is unknown"),
        ("gender='male' age='9'", "the attribute age of <voice> is not supported"),
        ("gender='male' variant='2'", "the attribute variant of <voice> is not supported"),
    ],
)
def test_what_cannot_be_wanted(choir: str, attributes: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^a: ") as error:
        plan(f"<voice {attributes}>a</voice>", id="a")
    assert problem in str(error.value)
    notes = plan(f"<voice {attributes}>a</voice>", lenient=True).notes
    assert any(problem in note for note in notes)


def test_many_wishes_take_time_by_their_number(choir: str) -> None:
    def work(count: int) -> None:
        planned = plan("<voice gender='female'>a</voice> <voice gender='male'>b</voice> " * count)
        assert len(planned.recipe.spoken) == 2 * count

    require_linear(work, 4_000)


@pytest.mark.parametrize(
    ("fields", "voice"),
    [
        ({}, "low"),
        ({"language": "en-GB"}, "low"),
        ({"language": "fr"}, "middle"),
        ({"language": "fr-CA"}, "middle"),
        ({"language": "de"}, "bass"),
        ({"language": "de", "voice": "high"}, "high"),
    ],
)
def test_without_a_voice_one_that_has_the_language_speaks(
    choir: str, fields: dict[str, Any], voice: str
) -> None:
    """Kokoro spoke French with its American voice."""
    planned = Planner(Speaker(engine="choir")).plan(Utterance(text="a", **fields), filed=False)
    assert isinstance(planned, Plan)
    assert planned.voice == voice


def test_what_no_voice_speaks_is_an_error(choir: str) -> None:
    planned = Planner(Speaker(engine="choir")).plan(Utterance(text="a", language="it"), filed=False)
    assert isinstance(planned, Bad)
    assert "does not speak 'it'" in str(planned.error)


def test_a_voice_that_nobody_knows_is_a_note_where_the_text_is_read_leniently(choir: str) -> None:
    """Texts for other services name their voices."""
    inner = "a <voice name='Joanna'>b</voice> <voice name='Joanna'>c</voice> <voice name='bass'>d</voice>"
    with pytest.raises(ValueError, match="'Joanna' is not a choir voice"):
        plan(inner)
    planned = plan(inner, lenient=True)
    assert [take.segment.voice for take in planned.takes.values()] == ["low", "low", "bass"]
    (note,) = planned.notes
    assert note.startswith("'Joanna' is not a choir voice")
    assert note.endswith("the voice stays as it is")
