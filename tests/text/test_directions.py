"""Stage directions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import MarkupError
from voxpress.text.markup import directions
from voxpress.text.markup import parse as parse_text
from voxpress.text.markup.directions import TONES
from voxpress.text.parts import Part, Say, Silence, Tone


def parse(text: str) -> tuple[str | Part, ...]:
    """The parts of a text: what is said as strings."""
    return tuple(part.text if isinstance(part, Say) else part for part in directions.parse(text))


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("[beep]", "beep"),
        ("<Beep>", "beep"),
        ("(tone)", "beep"),
        ("[this is a simple beep tone]", "beep"),
        ("[double beep]", "double beep"),
        ("[two beeps]", "double beep"),
        ("[this is an error beep tone]", "error beep"),
        ("<beep ascending>", "ascending tones"),
        ("[ascending tones]", "ascending tones"),
        ("[rising tone]", "ascending tones"),
        ("<beep decending>", "descending tones"),
        ("[descending tones]", "descending tones"),
        ("(Pfeifton)", "beep"),
        ("[Fehlerton]", "error beep"),
        ("(fouttoon)", "error beep"),
        ("[Doppelton]", "double beep"),
    ],
)
def test_tones(text: str, tone: str) -> None:
    """In the words of Asterisk's list and a few more."""
    assert parse(text) == TONES[tone]


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("(1 second of silence)", 1.0),
        ("(10 seconds of silence)", 10.0),
        ("[two seconds of silence]", 2.0),
        ("[silence 500 ms]", 0.5),
        ("[pause 2s]", 2.0),
        ("[pause for 1.5 seconds]", 1.5),
        ("<pause: 2 sec>", 2.0),
        ("(2-second pause)", 2.0),
        ("[1 minute of silence]", 60.0),
        ("(a minute of silence)", 60.0),
        ("[silence 1,500 ms]", 1.5),
        ("(1,250 milliseconds of silence)", 1.25),
        ("(1.500 Millisekunden Stille)", 1.5),
        ("(2 sec. of silence)", 2.0),
        ("(silence, 2 seconds)", 2.0),
        ("(5 sec. Pause)", 5.0),
        ("(a pause of 2 seconds)", 2.0),
        ("(eine 3-Sekunden-Pause)", 3.0),
        ("(1 ms of silence)", 0.001),
    ],
)
def test_silence(text: str, duration: float) -> None:
    """A number or a word, and a unit."""
    assert parse(text) == (Silence(duration),)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello.", ("Hello.",)),
        ("  ", ("  ",)),
        ("Speak now. (simple tone sound plays)", ("Speak now.", *TONES["beep"])),
        ("One [pause 1s] two.", ("One", Silence(1.0), "two.")),
        ("One [pause 1s].", ("One", Silence(1.0))),
        ("[beep]. Speak now.", (*TONES["beep"], "Speak now.")),
        ("[beep][beep]", TONES["beep"] * 2),
        ("at [@]", ("at",)),
        ("space [ ]", ("space",)),
        ("Dial [#] now [beep]", ("Dial  now", *TONES["beep"])),
        ('IAX (note: does not say "2")', ("IAX",)),
    ],
)
def test_text_with_directions(text: str, parts: tuple[str | Part, ...]) -> None:
    """Explanations are left out, the rest is said in order."""
    assert parse(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Press one (optional).",
        "Speak (after the tone).",
        "A form (a 1040) and (nested (round) ones) and :)",
        "3 < 4 and 5 > 4, I <3 you",
        "A dollar ($)",
        "Hold (please wait in silence) now.",
        "Wait (silence falls for the last ten seconds).",
        "(silence fell over the room)",
        "(in silence)",
        "(the sound of your voice is recorded)",
        "(wait for the music of the band)",
        "(a moment of silence, please)",
        "(no music)",
        "(the music of Bach)",
        "(Der Ton macht die Musik)",
        "(Sons of Anarchy)",
        "(sound check)",
        "(nach dem Pfeifton)",
        "(Washington)",
        "(l'orologio suona)",
        "(som alto)",
    ],
)
def test_prose_stays_as_it_is(text: str) -> None:
    """Round brackets and signs of comparison are text."""
    assert parse(text) == (text,)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[sound of monkeys screaming]", "[sound of monkeys screaming]"),
        ("Hello. <applause>", "<applause>"),
        ("(sound of rain)", "(sound of rain)"),
        ("(music plays)", "(music plays)"),
        ("(pause)", "(pause)"),
        ("(1,000 seconds of silence)", "(1,000 seconds of silence)"),
        ("(-2 seconds of silence)", "(-2 seconds of silence)"),
        ("(half a second of silence)", "(half a second of silence)"),
        ("(twenty seconds of silence)", "(twenty seconds of silence)"),
        ("(1 1/2 seconds of silence)", "(1 1/2 seconds of silence)"),
        ("(a few seconds of silence)", "(a few seconds of silence)"),
        ("(eine halbe Sekunde Stille)", "(eine halbe Sekunde Stille)"),
        ("(mezzo secondo di silenzio)", "(mezzo secondo di silenzio)"),
        ("(demi-seconde de silence)", "(demi-seconde de silence)"),
        ("(3.5.2 seconds of silence)", "(3.5.2 seconds of silence)"),
        ("(error beep ascending)", "(error beep ascending)"),
        ("[@]", "[@]"),
        ("a [b]", "[b]"),
        ("[]", "[]"),
        ("[note: nothing else]", "[note: nothing else]"),
        ("(geluid van regen)", "(geluid van regen)"),
        ("(Musik spielt)", "(Musik spielt)"),
        ("(Musik wird gespielt)", "(Musik wird gespielt)"),
        ("(suono della pioggia)", "(suono della pioggia)"),
        ("(il suono dell'acqua)", "(il suono dell'acqua)"),
        ("(som da chuva)", "(som da chuva)"),
        ("(muziek wordt afgespeeld)", "(muziek wordt afgespeeld)"),
        ("(играет музыка)", "(играет музыка)"),
        ("(hold music)", "(hold music)"),
        ("(music on hold)", "(music on hold)"),
        ("(the sound of rain)", "(the sound of rain)"),
        ("(a moment of silence)", "(a moment of silence)"),
        ("(Wartemusik)", "(Wartemusik)"),
        ("(musique d'attente)", "(musique d'attente)"),
        ("(silêncio)", "(silêncio)"),
        ("(sile\u0302ncio)", "(sile\u0302ncio)"),
        ("(kurze Pause)", "(kurze Pause)"),
        ("(una pausa larga)", "(una pausa larga)"),
        ("(полсекунды тишины)", "(полсекунды тишины)"),
        ("(полминуты молчания)", "(полминуты молчания)"),
        ("(0.5 ms of silence)", "at least 0.001 and at most 600 seconds"),
        ("[silence 0 s]", "at most 600 seconds"),
        ("[pause 11 minutes]", "at most 600 seconds"),
        ("[beep", "'[' has no partner"),
        ("beep] x", "']' has no partner"),
        ("[a [beep] b]", "'[' has no partner"),
    ],
)
def test_what_cannot_be_generated_is_an_error(text: str, named: str) -> None:
    """Never dropped, never spoken."""
    with pytest.raises(MarkupError) as caught:
        parse(text)
    assert named in str(caught.value)
    assert "markup to plain" in str(caught.value) or "silence lasts" in str(caught.value)


@pytest.mark.parametrize("length", ["600 s", "10 minutes", "ten minutes"])
@pytest.mark.parametrize("markup", ["directions", "markdown"])
def test_all_silences_of_a_text_have_a_limit(length: str, markup: str) -> None:
    """An hour: a row of a few words cannot ask for days of audio."""
    silence = f"One [silence {length}] "
    assert sum(isinstance(part, Silence) for part in parse_text(silence * 6, markup)) == 6
    with pytest.raises(MarkupError, match="silences of a text last at most 3,600 seconds together"):
        parse_text(silence * 7, markup)


def test_each_part_tells_which_of_its_words_are_pronounced_otherwise() -> None:
    """However many sounds stand between them."""
    text = "Ask [Nguyen](/nwɪn/) [beep] [pause 1s] or [Siobhan](/ʃɪˈvɔːn/)."
    said = [part for part in directions.parse(text) if isinstance(part, Say)]
    assert [(part.text, [change.ipa for change in part.changes]) for part in said] == [
        ("Ask Nguyen", ["nwɪn"]),
        ("or Siobhan.", ["ʃɪˈvɔːn"]),
    ]


@settings(max_examples=100)
@given(st.text(alphabet="ab [](<>)@.2sbeepause", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No other exception, and what is said was in the text."""
    try:
        parts = parse(text)
    except MarkupError:
        return
    assert parts
    for part in parts:
        if isinstance(part, str):
            assert set(part) <= set(text)
        else:
            assert isinstance(part, (Silence, Tone))
            assert part.duration > 0


@pytest.mark.parametrize("piece", ["a [@] ", "(a) ", "<a", "(", "a[beep]", "(a sound ", "(music "])
def test_long_texts_take_linear_time(piece: str) -> None:
    """Twenty thousand brackets are no attack."""
    require_linear(lambda count: parse(piece * count), 20_000)
