"""SSML: what becomes of each element, where each word stands, and what is refused."""

from contextlib import suppress
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import MarkupError
from voxpress.speech import Phonemes, Speaker
from voxpress.text import FrontEnd, read
from voxpress.text.markup import parse as parse_text
from voxpress.text.markup import ssml
from voxpress.text.parts import Bookmark, Note, Part, Pause, Say, Silence, Sound
from voxpress.text.passage import Change
from voxpress.text.say_as import SayAs

SENTENCE, PARAGRAPH = Pause("sentence"), Pause("paragraph")


def parse(inner: str, *, lenient: bool = False) -> tuple[Part | str, ...]:
    """The parts of what stands in <speak>; words without a style as strings."""
    parts = ssml.parse(f"<speak>{inner}</speak>", lenient=lenient)
    return tuple(
        " ".join(part.text.split()) if isinstance(part, Say) and _is_plain(part) else part for part in parts
    )


def _is_plain(words: Say) -> bool:
    return words.speaker is None and not words.gain and words.rate == 1


def only(text: str, *, lenient: bool = False) -> Say:
    (part,) = ssml.parse(text, lenient=lenient)
    assert isinstance(part, Say)
    return part


@pytest.mark.parametrize(
    ("inner", "parts"),
    [
        ("Hello.", ("Hello.",)),
        ("<p>One.</p><p>Two.</p>", ("One.", PARAGRAPH, "Two.")),
        ("<p><s>One.</s><s>Two.</s></p>Three.", ("One.", SENTENCE, "Two.", PARAGRAPH, "Three.")),
        ("a\n\n  b", ("a b",)),
        ("a <break/> b", ("a", Silence(0.25), "b")),
        ("a <break strength='strong'/> b", ("a", SENTENCE, "b")),
        ("a <break strength='x-strong'/> b", ("a", PARAGRAPH, "b")),
        ("a <break strength='none'/> b", ("a", "b")),
        ("a <break strength='x-weak' time='.5s'/> b", ("a", Silence(0.5), "b")),
        ("a <break time='200.1ms'/> b", ("a", Silence(0.2001), "b")),
        ("a <break time='0s'/> b", ("a", "b")),
        ("<p>a</p><break time='2s'/><p>b</p>", ("a", Silence(2.0), "b")),
        ("<s>a</s><break strength='none'/><s>b</s>", ("a", "b")),
        ("I can pause <break time='3s'/>. Then I go on.", ("I can pause", Silence(3.0), "Then I go on.")),
        ("&lt; &amp; &gt; &quot; &apos; &#65; &#x42;", ("< & > \" ' A B",)),
        ("<![CDATA[a < b & c]]>", ("a < b & c",)),
        ("one <!-- two --> three<?pi x?>", ("one three",)),
        ("<metadata><x>no</x> no</metadata>yes<meta name='a' content='b'/>", ("yes",)),
        ("<token>bass</token> <w>guitar</w>", ("bass guitar",)),
        ("<emphasis level='none'>a</emphasis> b", ("a b",)),
        (
            "<mark name='start'/>a <mark name='>'></mark>",
            (Bookmark("start", (7, 27)), "a", Bookmark(">", (29, 44))),
        ),
        (
            "<s>a</s><mark name='b'/><s>b</s>",
            ("a", SENTENCE, Bookmark("b", (15, 31)), "b"),
        ),
        ("<audio src='a.wav'/> b", (Sound("a.wav"), "b")),
        ("", ()),
        (" . ", ()),
    ],
)
def test_elements(inner: str, parts: tuple[Part | str, ...]) -> None:
    assert parse(inner) == parts


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("<voice name='bf_emma'>a</voice>", ("a", Speaker(voice="bf_emma"), 0, 1)),
        ("<voice name='x' xml:lang='de'>a</voice>", ("a", Speaker(voice="x", language="de"), 0, 1)),
        ("<lang xml:lang='fr-fr'>a</lang>", ("a", Speaker(language="fr-FR"), 0, 1)),
        ("<p xml:lang='it'><voice name='x'>a</voice></p>", ("a", Speaker(voice="x", language="it"), 0, 1)),
        ("<prosody rate='80%'>a</prosody>", ("a", None, 0, 0.8)),
        ("<prosody rate='-20%'>a</prosody>", ("a", None, 0, 0.8)),
        ("<prosody rate='+50%'>a</prosody>", ("a", None, 0, 1.5)),
        ("<prosody rate='1.5'>a</prosody>", ("a", None, 0, 1.5)),
        ("<prosody rate='x-fast'>a</prosody>", ("a", None, 0, 2)),
        ("<prosody rate='slow'><prosody rate='50%'>a</prosody></prosody>", ("a", None, 0, 0.32)),
        ("<prosody rate='slow'><prosody rate='default'>a</prosody></prosody>", ("a", None, 0, 1)),
        ("<prosody volume='+6dB'>a</prosody>", ("a", None, 6, 1)),
        ("<prosody volume='loud'><prosody volume='-2.5dB'>a</prosody></prosody>", ("a", None, 3.5, 1)),
        ("<prosody volume='silent'>a</prosody>", ("a", None, ssml.SILENT, 1)),
        ("<prosody pitch='+0%' range='medium' rate='2'>a</prosody>", ("a", None, 0, 2)),
    ],
)
def test_who_speaks_and_how(inner: str, said: tuple[object, ...]) -> None:
    part = only(f"<speak>{inner}</speak>")
    assert (part.text, part.speaker, part.gain, pytest.approx(part.rate)) == said


def test_a_style_ends_with_its_element_and_the_full_stop_stays_with_its_word() -> None:
    parts = ssml.parse("<speak>A <prosody rate='50%'>slow trip</prosody>. And more.</speak>")
    assert [(part.text, part.rate) for part in parts if isinstance(part, Say)] == [
        ("A", 1.0),
        ("slow trip.", 0.5),
        ("And more.", 1.0),
    ]


def test_sub_and_phoneme_are_changes_with_their_place() -> None:
    text = (
        "<speak>The <sub alias='World Wide Web Consortium'>W3C</sub> likes"
        " <phoneme ph='təˈmɑːtəʊ'>tomato</phoneme>.</speak>"
    )
    words = only(text)
    assert words.text == "The World Wide Web Consortium likes tomato."
    assert words.words.fixed == ((4, 29), (36, 42))
    assert words.words.phonemes == (Phonemes(start=36, end=42, ipa="təˈmɑːtəʊ"),)
    at, other = text.index("W3C"), text.index("tomato<")
    assert words.changes == (
        Change(at, at + 3, "W3C", "World Wide Web Consortium", "sub"),
        Change(other, other + 6, "tomato", "tomato", "phoneme", "təˈmɑːtəʊ"),
    )
    assert read(text, language="en", max_chars=100, markup="ssml").changes == words.changes


def test_digits_in_an_alias_are_read_as_digits_elsewhere() -> None:
    assert only("<speak><sub alias='room 12'>r</sub></speak>").words.fixed == ()


def test_an_empty_element_stands_for_what_it_says() -> None:
    text = "<speak><phoneme ph='piː'/> <sub alias='bee'/></speak>"
    words = only(text)
    assert words.text == "piː bee"
    assert [text[change.start : change.end] for change in words.changes] == [
        "<phoneme ph='piː'/>",
        "<sub alias='bee'/>",
    ]


@pytest.mark.parametrize(
    ("alphabet", "sounds"),
    [
        ("x-sampa", "t@&quot;mA:t@U"),
        ("X-SAMPA", "t@&quot;mA:t@U"),
        ("xsampa", "t@&quot;mA:t@U"),
        ("IPA", "/təˈmɑːtəʊ/"),
        ("cmu-arpabet", "T AX M AA1 T OW"),
    ],
)
def test_other_alphabets_become_ipa(alphabet: str, sounds: str) -> None:
    """Those of lexicons, too."""
    words = only(f"<speak><phoneme alphabet='{alphabet}' ph='{sounds}'>tomato</phoneme></speak>")
    (given,) = words.words.phonemes
    assert given.ipa == ("təmˈɑtoʊ" if alphabet == "cmu-arpabet" else "təˈmɑːtəʊ")


@pytest.mark.parametrize("sounds", ["t9%Q日本", "pi'kɑːn", "№"])
@pytest.mark.parametrize("markup", ["ssml", "directions", "markdown"])
def test_what_is_not_of_the_alphabet_is_no_pronunciation(sounds: str, markup: str) -> None:
    """As in a lexicon. In Markdown, a link to a page may look so, and it is a note."""
    text = (
        f"[pecan](/{sounds}/)"
        if markup != "ssml"
        else f'<speak><phoneme ph="{sounds}">pecan</phoneme></speak>'
    )
    if markup == "markdown":
        note, said = parse_text(text, markup)
        assert isinstance(said, Say)
        assert (said.text, said.words.phonemes) == ("pecan", ())
        assert isinstance(note, Note)
        assert "not of the International Phonetic Alphabet" in note.text
    else:
        with pytest.raises(MarkupError, match="not of the International Phonetic Alphabet"):
            parse_text(text, markup)


@pytest.mark.parametrize(
    ("written", "kind", "format"),
    [
        ("interpret-as='spell-out'", "characters", ""),
        ("interpret-as='characters'", "characters", ""),
        ("interpret-as='date' format='md'", "date", "md"),
        ("interpret-as='number'", "cardinal", ""),
        ("interpret-as='telephone'", "telephone", ""),
        ("interpret-as='Fraction'", "fraction", ""),
    ],
)
def test_say_as_is_left_to_the_front_end(written: str, kind: str, format: str) -> None:
    words = only(f"<speak>It is <say-as {written}> 1/2 </say-as>.</speak>")
    assert words.text == "It is  1/2 ."
    assert words.asked == (SayAs(7, 10, kind, format),)


def test_say_as_in_words() -> None:
    text = (
        "<speak>Your <say-as interpret-as='characters'>PIN</say-as> is <say-as interpret-as='digits'>42</say-as>,"
        " <say-as interpret-as='ordinal'>3</say-as> try, on"
        " <say-as interpret-as='date' format='dmy'>4/5/2026</say-as>.</speak>"
    )
    reading = read(text, language="en-US", max_chars=300, markup="ssml")
    assert [part.text for part in reading.parts if isinstance(part, Say)] == [
        "Your P I N is four two, third try, on the fourth of May twenty twenty-six."
    ]
    assert [(change.written, change.by) for change in reading.changes] == [
        ("PIN", "say-as"),
        ("42", "say-as"),
        ("3", "say-as"),
        ("4/5/2026", "say-as"),
    ]
    assert all(text[change.start : change.end] == change.written for change in reading.changes)


def test_a_symbol_alone_is_kept_where_the_text_asks_for_it() -> None:
    assert only("<speak><say-as interpret-as='characters'>.</say-as></speak>").asked == (
        SayAs(0, 1, "characters"),
    )


def test_a_mark_does_not_cut_a_sentence() -> None:
    text = "<speak>Sample <mark name='here'/>speech.</speak>"
    assert only(text).bookmarks == (Bookmark("here", (14, 33)),)


def test_the_content_of_audio_is_kept_in_case() -> None:
    (sound,) = ssml.parse(
        "<speak><audio src='a.wav' soundLevel='-6dB'><desc>a cat</desc>Meow.</audio></speak>"
    )
    assert sound == Sound("a.wav", -6.0, (Say(sound.instead[0].words, gain=-6.0),))  # type: ignore[union-attr]


UNKNOWN = [
    ("a <foo>b</foo> c", "<foo> is unknown (line 1, column 10)", "a b c"),
    ("<brake/>a", "<brake> is unknown; did you mean 'break'?", "a"),
    ("<amazon:effect name='whispered'>a</amazon:effect>", "<amazon:effect> is unknown", "a"),
    ("<mstts:silence type='x' value='2s'/>a", "<mstts:silence> is unknown", "a"),
    ("<P>a</P>", "<P> is unknown", "a"),
    ("<s foo='1'>a</s>", "the attribute foo of <s> is not supported", "a"),
    (
        "<prosody pitch='high'>a</prosody>",
        "the attribute pitch of <prosody> is not supported: no engine has it",
        "a",
    ),
    ("<prosody contour='(0%,+20Hz)'>a</prosody>", "the attribute contour of <prosody>", "a"),
    ("<prosody duration='2s'>a</prosody>", "the attribute duration of <prosody>", "a"),
    ("<prosody rate='quick'>a</prosody>", "rate of <prosody>: 'quick' is not one of x-slow", "a"),
    ("<prosody rate='-100%'>a</prosody>", "rate of <prosody>", "a"),
    ("<prosody volume='50'>a</prosody>", "volume of <prosody>: '50' is not one of silent", "a"),
    ("<prosody volume='+61dB'>a</prosody>", "at most 60 dB", "a"),
    ("<break time='2 days'/>a", "time of <break>: '2 days'", Silence(0.25)),
    ("<break strength='huge'/>a", "strength of <break>: 'huge'", Silence(0.25)),
    ("<voice age='9'>a</voice>", "the attribute age of <voice>", "a"),
    ("<voice>a</voice>", "<voice> needs a name", "a"),
    ("<lang>a</lang>", "<lang> needs xml:lang", "a"),
    ("<lang xml:lang='!'>a</lang>", "xml:lang of <lang>: '!' is no language tag", "a"),
    ("<say-as interpret-as='expletive'>a</say-as>", "'expletive' is not one of characters", "a"),
    ("<say-as interpret-as='date'>1 <b>2</b></say-as>", "<b> cannot stand in <say-as>", "1 2"),
    ("<sub>a</sub>", "<sub> needs alias", "a"),
    ("<phoneme ph='x' alphabet='ups'>a</phoneme>", "the alphabet 'ups' is not known", "a"),
    ("<phoneme ph='_' alphabet='x-sampa'>a</phoneme>", "'_', is not of X-SAMPA", "a"),
    ("<mark/>a", "<mark> needs a name", "a"),
    ("<lexicon/>a", "<lexicon> needs uri", "a"),
    ("<audio>a</audio>", "<audio> needs src", Sound("", 0.0)),
    ("<emphasis level='huge'>a</emphasis>", "level of <emphasis>: 'huge'", "a"),
    ("<w role='amazon:VB'>read</w>", "the attribute role of <w>", "read"),
]


@pytest.mark.parametrize(("inner", "problem", "first"), UNKNOWN)
def test_what_cannot_be_done_is_an_error_or_a_note(inner: str, problem: str, first: object) -> None:
    with pytest.raises(MarkupError) as error:
        parse(inner)
    assert problem in str(error.value)
    assert "(line 1, column " in str(error.value)
    part, *_, note = parse(inner, lenient=True)
    if isinstance(first, Sound):
        assert isinstance(part, Sound)
    else:
        assert part == first
    assert isinstance(note, Note)
    assert problem.partition(";")[0] in note.text


def test_a_problem_is_noted_once() -> None:
    parts = parse("<x>a</x> <x>b</x> <x>c</x>", lenient=True)
    assert parts == ("a b c", Note("left out: <x> is unknown (line 1, column 8) and 2 more"))
    many = parse("".join(f"<x{i}>a</x{i}>" for i in range(200)), lenient=True)
    assert len(many) == 102
    assert many[-1] == Note(f"other problems (line 1, column {many_column()}) and 99 more")


def many_column() -> int:
    return len("<speak>" + "".join(f"<x{i}>a</x{i}>" for i in range(100))) + 1


def test_emphasis_is_always_noted() -> None:
    assert parse("<emphasis>a</emphasis>") == (
        "a",
        Note("<emphasis>: no engine can stress words, so they are read as the others (line 1, column 8)"),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "SSML stands in <speak>: write <speak>…</speak>"),
        ("Hello there.", "write <speak>Hello there.</speak>"),
        ("<p>a</p>", "SSML stands in <speak>, not in <p> (line 1, column 1)"),
        ("<speak>a", "the text ends too early: <speak> has no end"),
        ("<speak><p>a", "<p> has no end"),
        ("<speak><p>a</speak>", "this is not the end of <p>, which is open"),
        ("<speak>a</speak><speak>b</speak>", "junk after document element"),
        ("<speak><speak>a</speak></speak>", "<speak> cannot stand in <speak>"),
        ("<speak>AT&T</speak>", "write & as &amp;"),
        ("<speak>1 < 2</speak>", "< as &lt;"),
        ("<speak>a&nbsp;b</speak>", "&nbsp; is no entity of XML: write the character itself"),
        ("<speak>a\0b</speak>", "not well-formed"),
        ("<speak>\ud800</speak>", "half of a surrogate pair"),
        ("<<foo", "not well-formed"),
        ("<?xml\n", "ends too early"),
        ("<speak xmlns='http://www.w3.org/1999/xhtml'>a</speak>", "is in the namespace"),
        ("<speak version='2.0'>a</speak>", "SSML 2.0 is unknown"),
        ("<speak><break time='0.01ms'/></speak>", "a silence lasts at least 0.001 and at most 600 seconds"),
        ("<speak>\n<break time='601s'/></speak>", "at most 600 seconds, not 601 (line 2, column 1)"),
        ("<speak>" + "<break time='600s'/>" * 7 + "</speak>", "at most 3,600 seconds together"),
        ("<!DOCTYPE speak [<!ENTITY x 'y'>]><speak>&x;</speak>", "declarations is not allowed"),
        ("<!DOCTYPE speak [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><speak>&x;</speak>", "not allowed"),
        ("<!DOCTYPE speak SYSTEM 'file:///etc/passwd'><speak>&x;</speak>", "&x; is no entity"),
        ("<speak>" + "<p>" * 100_000, "more than 100 elements stand in each other"),
        ("<speak><metadata>" + "<x>" * 100_000, "more than 100 elements stand in each other"),
    ],
)
def test_what_is_no_ssml_is_refused_in_any_case(text: str, problem: str) -> None:
    for lenient in (False, True):
        if lenient and ("namespace" in problem or "2.0" in problem):
            continue
        with pytest.raises(MarkupError) as error:
            ssml.parse(text, lenient=lenient)
        assert problem in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff<speak>Bon café</speak>",
        "\n <?xml version='1.0'?>\n<speak>Bon café</speak>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><speak>Bon café</speak>",
        "<?xml version='1.0' encoding='klingon'?><speak>Bon café</speak>",
        "<speak version='1.1' xmlns='http://www.w3.org/2001/10/synthesis'>Bon café</speak>",
        "<s:speak xmlns:s='http://www.w3.org/2001/10/synthesis'>Bon <s:token>café</s:token></s:speak>",
        "<!DOCTYPE speak PUBLIC '-//W3C//DTD SYNTHESIS 1.0//EN' 'http://a/b.dtd'><speak>Bon café</speak>",
        "<speak xmlns:xsi='x' xsi:schemaLocation='a b' xml:id='d'>Bon café</speak>",
    ],
)
def test_heads_that_documents_have(text: str) -> None:
    words = only(text)
    assert words.text == "Bon café"
    start, end = words.words.source(4, 8)
    assert text[start:end] == "café"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])), st.booleans())
def test_each_letter_knows_its_place(words: str, cdata: bool) -> None:
    words = words.replace("]]>", "").replace("\ufffe", "").replace("\uffff", "")
    written = f"<![CDATA[{words}]]>" if cdata else escape(words)
    text = f"<speak>«{written}»é</speak>"
    said = only(text)
    for letter, start, end in zip(said.text, said.words.starts, said.words.ends, strict=True):
        piece = text[start:end]
        assert (
            piece == letter
            or (letter in "&<>" and piece == escape(letter))
            or (letter == " " and piece.isspace())
        )


@given(st.text(st.sampled_from("<>/&;'\"=!?-[]ab \n\0é\ud800") | st.characters(), max_size=40), st.booleans())
def test_any_text_is_read_or_refused(text: str, lenient: bool) -> None:
    for each in (text, f"<speak>{text}</speak>", f"<speak><break {text}/></speak>"):
        with suppress(MarkupError):
            ssml.parse(each, lenient=lenient)


@pytest.mark.parametrize(
    "piece",
    [
        "<break time='1ms'/>",
        "<mark name='x'/>a ",
        "<sub alias='x'>b</sub>  ",
        "&amp;",
        "\r\n",
        "<![CDATA[&]]>x",
        "é <p>ü</p>",
        "<prosody rate='50%'>a</prosody> b ",
        "<audio src='a.wav'/>",
    ],
)
def test_the_time_grows_with_the_length(piece: str) -> None:
    require_linear(lambda count: ssml.parse(f"<speak>{piece * count}</speak>"), 10_000)


def test_pieces_that_a_markup_fixed_cost_no_more_than_others() -> None:
    def work(count: int) -> None:
        text = "<speak>" + "<sub alias='x'>b</sub>  " * count + "</speak>"
        read(text, language="en", max_chars=300, markup="ssml", front_end=FrontEnd(lenient=True))

    require_linear(work, 20_000)
