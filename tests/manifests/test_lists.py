"""Plain text, and the prompt lists of Asterisk, FreeSWITCH and EdgeTX."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from voxpress.errors import LeftOut, ManifestError
from voxpress.manifests import Row
from voxpress.speech import Utterance
from voxpress.text.markup import directions
from voxpress.text.parts import Say, Silence

Rows = Callable[..., list[Row]]
Good = Callable[..., list[Utterance]]
Bad = Callable[..., list[str]]


def test_plain_text(good: Good, bad: Bad) -> None:
    """One file for each line; names are line numbers, with the file's name where there is one."""
    text = "One.\n\n  # Two: \n"
    assert [(row.id, row.text) for row in good(text, "x/tea.txt")] == [
        ("tea-0001", "One."),
        ("tea-0003", "# Two:"),
    ]
    assert [row.id for row in good(text, format="text")] == ["0001", "0003"]
    assert bad("x\n" * 30 + "\0\n", "p.txt") == ["p.txt:31: text: holds a NUL character"]


def test_pairs(good: Good, bad: Bad) -> None:
    """By an equals sign, or a colon where the format is named; a play stays a play."""
    found = good("# mine\nwelcome = Hello: 1 = 1.\n\na/b=Two.\n", "p.txt")
    assert [(row.id, row.text, row.origin) for row in found] == [
        ("welcome", "Hello: 1 = 1.", "p.txt:2"),
        ("a/b", "Two.", "p.txt:4"),
    ]
    assert [row.id for row in good("Alice: Hello.\nBob: x = 1.\n", "p.txt")] == ["p-0001", "p-0002"]
    assert bad("a: A.\na: B.\nno pair\nb:\n", "p.txt", "pairs") == [
        "p.txt:2: a: is given twice",
        "p.txt:3: is not 'name = text' or 'name: text'",
        "p.txt:4: text: is missing or empty",
    ]


def test_asterisk(good: Good, bad: Bad) -> None:
    """Colons and semicolons in the text are text."""
    list_ = "; mine\n\ndigits/1: one\nnote:  Dial: 1; then 2.\n"
    assert good(list_, "p.txt") == [
        Utterance(id="digits/1", text="one", markup="directions", origin="p.txt:3"),
        Utterance(id="note", text="Dial: 1; then 2.", markup="directions", origin="p.txt:4"),
    ]
    assert bad("one\nA name: x\nempty:\na:b\n", "p.txt", "asterisk") == [
        "p.txt:1: is not 'path/name: text' (a name without spaces, a colon, a space, the text)",
        "p.txt:2: is not 'path/name: text' (a name without spaces, a colon, a space, the text)",
        "p.txt:3: empty has no text",
        "p.txt:4: is not 'path/name: text' (a name without spaces, a colon, a space, the text)",
    ]


def test_asterisk_without_comments_and_folders(good: Good) -> None:
    """As the first lines of a list can be; a play and a chat have the same names again."""
    [first, second] = good("agent-pass: Your password.\nbeep: [beep]\n", "p.txt")
    assert (first.id, second.markup) == ("agent-pass", "directions")
    for play in (
        "alice: Hello.\nbob: Hi.\n",
        "user-1: Hello.\nuser-2: Hi.\nuser-1: Bye.\n",
        "Ann-Marie: Hi.\n",
    ):
        assert {row.markup for row in good(play, "p.txt")} == {"plain"}


def test_asterisk_in_other_languages(good: Good, rows: Rows) -> None:
    """Names say what translated directions do not; what nobody can speak is left out, and not an error."""
    list_ = (
        "; una lista\n"
        "silence/3: (3 secondi di silenzio)\n"
        "beep: [tono simple]\n"
        "beeperr: (ahooga)\n"
        "confbridge-join: un suono di beep ascendente\n"
        "letters/space: spazio []\n"
        "letters/exclaimation-point: [!] punto esclamativo\n"
        "vm-intro: Lasciare un messaggio dopo il beep.\n"
    )
    heard = {
        row.id: tuple(part.text if isinstance(part, Say) else part for part in directions.parse(row.text))
        for row in good(list_, "p.txt")
    }
    assert heard == {
        "silence/3": (Silence(3.0),),
        "beep": directions.TONES["beep"],
        "beeperr": directions.TONES["error beep"],
        "confbridge-join": directions.TONES["ascending tones"],
        "letters/space": ("spazio",),
        "letters/exclaimation-point": ("punto esclamativo",),
        "vm-intro": ("Lasciare un messaggio dopo il beep.",),
    }
    found = rows("; x\ndigits/0: cero\ndigits/0: diez\nDigits/0: cero\ndir-welcome:\n", "p.txt")
    assert [str(row) for row in found if isinstance(row, LeftOut)] == [
        "p.txt:3: digits/0 stands in line 2 already, with another text",
        "p.txt:4: Digits/0 stands in line 2 already, with the same text",
        "p.txt:5: dir-welcome has no text",
    ]
    assert len(found) == 4


def test_freeswitch(rows: Rows) -> None:
    """The section is the folder, the element the language; sounds become directions, and music is left out."""
    *found, music = rows(
        "<language><es_MX><conference>\n"
        '<prompt phrase="Hola &amp; adi&#243;s" filename="conf-hola.wav " note="x"/>\n'
        '<prompt phrase="NULL" filename="conference/conf-ack.wav" type="tone"/>\n'
        '<prompt phrase="NULL" filename="conf-nack.wav" type="tone"/>\n'
        '<prompt phrase="NULL" filename="conf-enter.wav" type="tone"/>\n'
        '<prompt phrase="NULL" filename="conf-exit.wav" type="tone"/>\n'
        '<prompt phrase="NULL" filename="conf-perpetual.wav" type="music"/>\n'
        "</conference></es_MX></language>\n",
        "p.xml",
    )
    assert isinstance(music, LeftOut)
    assert str(music) == "p.xml:7: conference/conf-perpetual is music, and no speech"
    spoken = [row for row in found if isinstance(row, Utterance)]
    assert [(row.id, row.text, row.markup) for row in spoken] == [
        ("conference/conf-hola", "Hola & adiós", "plain"),
        ("conference/conf-ack", "[beep]", "directions"),
        ("conference/conf-nack", "[error beep]", "directions"),
        ("conference/conf-enter", "[ascending tones]", "directions"),
        ("conference/conf-exit", "[descending tones]", "directions"),
    ]
    assert {row.language for row in spoken} == {"es-MX"}
    assert [row.origin for row in spoken] == [f"p.xml:{line}" for line in range(2, 7)]


def test_freeswitch_bad_rows(bad: Bad) -> None:
    """Each with the attribute that is wrong."""
    assert bad(
        "<language><en><time>\n"
        '<prompt phrase="Year" filename="year"/>\n'
        '<prompt phrase="Year"/>\n'
        '<prompt phrase="NULL" filename="a.wav"/>\n'
        '<prompt phrase=" " filename="b.wav"/>\n'
        '<prompt phrase="x" filename="c.vmwav"/>\n'
        '<sound phrase="x" filename="c.wav"/>\n'
        '</time><prompt phrase="x" filename="d.wav"/></en></language>\n',
        "p.xml",
    ) == [
        "p.xml:3: '' must be a name that ends in .wav",
        "p.xml:4: time/a has no text",
        "p.xml:5: time/b has no text",
        "p.xml:6: 'c.vmwav' must be a name that ends in .wav",
        "p.xml:7: <sound> is out of place: prompts are <language><en><section><prompt/>",
        "p.xml:8: <prompt> is out of place: prompts are <language><en><section><prompt/>",
    ]


LAUGHS = (
    "<?xml version='1.0'?>\n<!DOCTYPE l [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {b} '&{a};&{a};&{a};&{a};&{a};&{a};&{a};&{a};'>"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    )
    + "]>\n<language><en><x><prompt phrase='&h;' filename='a.wav'/></x></en></language>"
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (LAUGHS, "p.xml:2: declares a document type or entities, which are not read"),
        ("<!DOCTYPE l SYSTEM 'file:///etc/passwd'>\n<language/>", "p.xml:1: declares a document type"),
        ("<language>\n<en>\n</language>", "p.xml:3: is not XML: mismatched tag"),
        ("<language>", "p.xml:1: is not XML: no element found"),
        ("", "p.xml:1: is not XML: no element found"),
        ("<language>&a;</language>", "p.xml:1: is not XML: undefined entity"),
        ("<language>" + " " * 1_000_000 + ("\n" + " " * 1_000_000) * 16, "p.xml: is longer than 16,777,216"),
    ],
    ids=["billion laughs", "external", "mismatched", "unfinished", "empty", "entity", "long"],
)
def test_hostile_xml(rows: Rows, data: str, message: str) -> None:
    """No entity is ever expanded."""
    with pytest.raises(ManifestError) as caught:
        rows(data, "p.xml")
    assert message in str(caught.value)


def test_xml_of_another_kind_has_no_rows_but_errors(bad: Bad) -> None:
    """Prompts at the wrong depth are not lost."""
    assert len(bad("<a><prompt phrase='x' filename='a.wav'/></a>", "p.xml")) == 1


HEADER = '"String ID","Source text","Translation","Context","Path","Filename"\n'


def test_edgetx(good: Good, bad: Bad) -> None:
    """The translation is spoken, or the source where there is none."""
    found = good(HEADER + '"1","zero","null","","SYSTEM","0000.wav"\n"2","LQ","","","","lq.wav"\n', "de.csv")
    assert [(row.id, row.file, row.text) for row in found] == [
        ("SYSTEM/0000", "SYSTEM/0000.wav", "null"),
        ("lq", "lq.wav", "LQ"),
    ]
    assert bad(HEADER + '"1","","","","SYSTEM",""\n"1","","","","","a.wav"\n"2"\n', "de.csv") == [
        "de.csv:2: no Filename for ''",
        "de.csv:3: a.wav has no Translation and no Source text",
        "de.csv:4: has 1 cells where the header has 6",
    ]


@pytest.mark.parametrize("data", ["", "id,text\n"])
def test_edgetx_without_its_columns(rows: Rows, data: str) -> None:
    """Only where the format was named by the user."""
    with pytest.raises(ManifestError, match=r"p\.csv:1: Source text: no column has this name"):
        rows(data, "p.csv", "edgetx")


def test_edgetx_with_a_second_header(good: Good) -> None:
    """A list got a column more, and a header for it, below the old one."""
    old = '"String ID","Source text","Translation","Context","Path","Filename"\n'
    new = old.replace("\n", ',"Skip"\n') + '"1","zero","null","","SYSTEM","0000.wav","0.5"\n'
    assert [(row.id, row.text) for row in good(old + new, "p.csv")] == [("SYSTEM/0000", "null")]


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("(2 secondes de silence)", Silence(2.0)),
        ("[deux secondes de silence]", Silence(2.0)),
        ("(2 segundos de silencio)", Silence(2.0)),
        ("(10 secondi di silenzio)", Silence(10.0)),
        ("(2 секунды тишины)", Silence(2.0)),
        ("[тишина 5 секунд]", Silence(5.0)),
        ("(2 Sekunden Stille)", Silence(2.0)),
        ("[Pause: 1,5 s]", Silence(1.5)),
        ("(dois segundos de silêncio)", Silence(2.0)),
        ("(500 ms pauze)", Silence(0.5)),
        ("[ tono de error ]", "error beep"),
        ("<tonalité d’erreur>", "error beep"),
        ("(un suono di beep ascendente)", "ascending tones"),
        ("[сигнал ошибки]", "error beep"),
        ("[zwei Signaltöne]", "double beep"),
        ("[dos pitidos]", "double beep"),
        ("(bip sonore)", "beep"),
    ],
)
def test_directions_in_other_languages(written: str, heard: Silence | str) -> None:
    """By their words, in any order."""
    wanted = directions.TONES[heard] if isinstance(heard, str) else (heard,)
    assert directions.parse(written) == wanted


@pytest.mark.parametrize(
    "prose",
    [
        "(ton message)",
        "(son deux)",
        "(press two)",
        "(en silencio)",
        "(un segundo)",
        "(zwei Minuten)",
        "(la pausa dura 2 segundos)",
        "(the tone of voice)",
    ],
)
def test_prose_in_round_brackets_stays_prose(prose: str) -> None:
    """Words of a direction do not make one."""
    assert [type(part) for part in directions.parse(prose)] == [Say]


@pytest.mark.parametrize(
    "sound",
    ["(sonido de monos gritando)", "(son de singes)", "(suono delle scimmie)", "(музыка)", "(silencio)"],
)
def test_sounds_that_nobody_can_generate_are_left_out_in_other_languages(sound: str) -> None:
    with pytest.raises(LeftOut):
        directions.parse(sound)
