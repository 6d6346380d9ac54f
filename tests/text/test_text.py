"""From what a row says to what is spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpress.errors import InputError, MarkupError
from voxpress.text import Pause, Say, Silence, Tone, make_notes, read
from voxpress.text import clean as cleaning
from voxpress.text.clean import has_speech
from voxpress.text.markup import guess
from voxpress.text.passage import Passage
from voxpress.text.split import split


def clean(text, **more):
    return [paragraph.text for paragraph in cleaning.clean(Passage.of(text), **more)]


def said(text, max_chars=200, language="en", **more):
    return [
        part.text
        for part in read(text, language=language, max_chars=max_chars, **more).parts
        if isinstance(part, Say)
    ]


def test_one_sentence_is_one_segment():
    """Text that needs no splitting stays as it is."""
    assert said("Please hold while I find an agent for you.") == [
        "Please hold while I find an agent for you."
    ]


def test_sentences_and_paragraphs_are_told_apart():
    """A pause says what came before it."""
    parts = read(
        "One two three four five. Six seven eight nine ten.\n\nNew paragraph here.",
        language="en",
        max_chars=80,
    ).parts
    assert [type(part) for part in parts] == [Say, Pause, Say, Pause, Say]
    assert [part.after for part in parts if isinstance(part, Pause)] == ["sentence", "paragraph"]


def test_short_sentences_join_a_neighbour():
    """A fragment alone sounds odd on neural engines."""
    assert said("Thank you. Your call will be answered in the order received. Goodbye.") == [
        "Thank you. Your call will be answered in the order received. Goodbye."
    ]


def test_abbreviations_do_not_end_a_sentence():
    """Dr. and decimals stay inside."""
    assert said(
        "Dr. Smith and Mrs. Jones paid exactly $5.50 for it all. They left the shop at half past nine."
    ) == [
        "Doctor Smith and Missus Jones paid exactly five dollars and fifty cents for it all.",
        "They left the shop at half past nine.",
    ]


def test_list_numbers_stay_with_their_item():
    """A number and a full stop are not a sentence."""
    assert said("1. Open the door of the machine slowly. 2. Close it again with both of your hands.") == [
        "One: Open the door of the machine slowly.",
        "Two: Close it again with both of your hands.",
    ]


def test_text_without_punctuation_is_cut_between_words():
    """Four hundred words without a full stop still fit the engine, and no word is cut."""
    text = " ".join("word" + "abcdefghij"[i // 40] + "abcdefghij"[i // 4 % 10] for i in range(400))
    pieces = said(text, max_chars=120)
    assert all(len(piece) <= 120 for piece in pieces)
    assert " ".join(pieces) == text


def test_long_sentences_are_cut_at_clauses_first():
    """A comma is a better place than a space."""
    pieces = said(
        "When you have reached the end of the line, press the pound key, and wait for the tone.", max_chars=50
    )
    assert all(piece.endswith((",", ".")) for piece in pieces)


def test_scripts_without_spaces():
    """Chinese is cut at its own marks."""
    assert said(
        "今天天气很好，我们去公园玩吧。你觉得怎么样，要不要一起去？", max_chars=16, language="zh"
    ) == [
        "今天天气很好，我们去公园玩吧。",
        "你觉得怎么样，要不要一起去？",
    ]


@given(st.text(alphabet=st.sampled_from("ab. ,!?;—\n'\"12“”你。，"), max_size=400), st.integers(5, 60))
def test_splitting_loses_nothing(text, max_chars):
    """Whatever the text: every letter comes out once, in order, and every piece fits."""
    for paragraph in clean(text):
        pieces = split(paragraph, language="en", max_chars=max_chars)
        assert all(0 < len(piece) <= max_chars for piece in pieces)
        assert "".join("".join(pieces).split()) == "".join(paragraph.split())


@given(st.text(max_size=300))
def test_any_unicode_is_cleaned_or_refused(text):
    """No plane of Unicode breaks the front end; what is left can be encoded and has no control characters."""
    for paragraph in clean(text):
        paragraph.encode()
        assert "\n" not in paragraph and "\0" not in paragraph
        assert clean(paragraph, lines=False) == [paragraph]


def test_invisible_characters_go():
    """Byte order marks, zero-width spaces and bidi marks are not spoken; no-break spaces become spaces."""
    assert clean("\ufeffHello\u200b,\u00a0wor\u00adld\u202e!\r\n") == ["Hello, world!"]


def test_half_a_surrogate_pair_is_an_error():
    """It cannot be encoded anywhere further down."""
    with pytest.raises(InputError, match="surrogate"):
        clean("bad \ud800 text")


@pytest.mark.parametrize("text", ["", "   ", "...", "!?!", "—", "\u200b", "***\n\n---"])
def test_nothing_to_say_is_an_error(text):
    """An engine would make noise of it."""
    with pytest.raises(InputError):
        read(text, language="en", max_chars=100)


def test_has_speech_knows_other_scripts():
    """Letters and digits of any script count, symbols do not."""
    assert has_speech("你") and has_speech("٣") and not has_speech("€…")


def test_directions_become_sound_and_silence():
    """Only where the row says that it has them."""
    assert read("[beep]", language="en", max_chars=100, markup="directions").parts[0].__class__ is Tone
    assert read("(2 seconds of silence)", language="en", max_chars=100, markup="directions").parts == (
        Silence(2.0),
    )
    with pytest.raises(MarkupError, match="monkeys"):
        read("[sound of monkeys screaming]", language="en", max_chars=100, markup="directions")


def test_what_the_engine_misreads_is_removed_and_told():
    """Words stay apart where such a character stood between them; markup may hold it."""
    reading = read(
        'Say "hello", yes¡no <Beep> («b¡',
        language="en",
        max_chars=100,
        markup="directions",
        misread='"¡«',
    )
    assert [getattr(part, "text", type(part)) for part in reading.parts] == ["Say hello, yes no", Tone, "(b"]
    assert [note.partition(" removed")[0] for note in reading.notes] == ["2 × '\"'", "2 × '¡'", "1 × '«'"]
    assert read("Nothing there.", language="en", max_chars=100, misread='"').notes == ()


def test_a_text_of_nothing_but_what_is_misread():
    """The message says why there is nothing left."""
    with pytest.raises(InputError, match="no digit besides what the engine misreads"):
        read('"¡"', language="en", max_chars=100, misread='"¡')


def test_one_word_longer_than_any_limit():
    """It is cut anywhere, and all of it is there."""
    word = "".join(chr(ord("a") + i % 26) for i in range(5000))
    pieces = said(word, max_chars=300)
    assert "".join(pieces) == word and all(len(piece) <= 300 for piece in pieces)


def test_a_letter_keeps_its_signs():
    """Neither combining marks nor the parts of an emoji are torn from what they belong to."""
    pieces = said("q\u0303" * 10, max_chars=7)
    assert "".join(pieces) == "q\u0303" * 10 and {len(piece) for piece in pieces} == {6, 2}
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    assert split("a" + family * 3, max_chars=7, language="en")[0] == "a" + family


def test_numbers_are_not_clauses():
    """A comma or colon inside a number is no place to cut."""
    text = "Between 10:45 and 11:15 exactly 1,234,567 people and 7,654,321 birds were there"
    pieces = split(text, language="en", max_chars=30)
    assert all(len(piece.split()) >= 2 for piece in pieces) and " ".join(pieces) == text


def test_a_sentence_of_emoji_joins_a_neighbour():
    """Alone an engine would make noise of it; before, between and after others."""
    text = "😀😀! This is the first of the sentences. 🎉🎉🎉! This is the second of them here. 👍"
    pieces = said(text, max_chars=100)
    assert len(pieces) == 2 and all(has_speech(piece) for piece in pieces)
    assert said("🎉 " * 200 + "Well done, all of you.", max_chars=50)[-1].endswith("Well done, all of you.")
    assert all(has_speech(piece) for piece in said("🎉 " * 200 + "Well done!" + "!" * 200, max_chars=50))


def test_fragments_join_up_to_the_limit():
    """They never make a piece that is too long."""
    text = "Yes. " * 30 + "No."
    pieces = said(text, max_chars=32)
    assert all(len(piece) <= 32 for piece in pieces) and " ".join(pieces) == text
    assert len(pieces) == 6


def test_thousands_of_characters_without_spaces():
    """Chinese without punctuation, whole."""
    text = "".join(chr(0x4E00 + i % 500) for i in range(3000))
    pieces = said(text, max_chars=80, language="zh")
    assert "".join(pieces) == text and len(pieces) == 38


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("The cat sat on the mat by Dr. Smith’s door. ", "en"),
        ("これは一つの文です。", "ja"),
        ("Zu Hause ist es z. B. am schönsten. ", "de"),
    ],
)
def test_a_paragraph_of_any_length_is_split_at_the_same_places(sentence, language):
    """A long one is looked at in parts, whose borders are no borders of sentences."""
    few, many = (split(sentence * count, language=language, max_chars=len(sentence)) for count in (100, 3000))
    assert set(many) == set(few) == {sentence.strip()}
    assert len(many) == 3000


def test_a_long_paragraph_without_an_end_of_a_sentence():
    words = "word " * 9000
    assert " ".join(split(words, language="en", max_chars=200)).split() == words.split()


@pytest.mark.parametrize(
    ("markup", "text", "said"),
    [
        ("ssml", "<speak>Your PIN is <prosody rate='slow'>1234</prosody>.</speak>", "One two three four."),
        ("ssml", "<speak>Your code is <break time='300ms'/>482913</speak>", "Four eight two nine one three"),
        ("ssml", "<speak><p>Your code is</p><p>AB12</p></speak>", "A B one two"),
        ("ssml", "<speak>Your PIN <s>is 5512 now</s></speak>", "is five five one two now"),
        ("directions", "Your PIN is [pause 1s] 1234.", "One two three four."),
        ("markdown", "Your PIN:\n- 1234", "One two three four"),
        ("plain", "Your codes are:\n\n- 1234\n- 5678", "Five six seven eight"),
        ("ssml", "<speak>Call<break/>911 now.</speak>", "Nine one one now."),
        ("ssml", "<speak>Your order<break/>12 eggs</speak>", "Twelve eggs"),
        ("markdown", "# Order\n\n2024 was good.", "Twenty twenty-four was good."),
        ("ssml", "<speak>Keep your PIN. <break/>1500</speak>", "Fifteen hundred"),
    ],
)
def test_a_code_is_one_behind_a_pause_or_another_element_too(markup, text, said):
    """And a number that counts something is none."""
    parts = read(text, language="en-US", max_chars=400, markup=markup).parts
    assert [part.text for part in parts if isinstance(part, Say)][-1] == said


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<speak>Hi.</speak>", "ssml"),
        ("\ufeff \n<speak version='1.1'>Hi.</speak>", "ssml"),
        ("<?xml version='1.0'?>\n<!DOCTYPE speak>\n<!-- a prompt -->\n<speak>Hi.</speak>", "ssml"),
        ("<speak/>", "ssml"),
        ("<speaker> says hi", "plain"),
        ("<speak-up> he said", "plain"),
        ("<?xml version='1.0'?><note>Hi.</note>", "plain"),
        ("He wrote <speak>.", "plain"),
        ("", "plain"),
    ],
)
def test_a_document_in_ssml_is_recognised(text: str, markup: str) -> None:
    """By its first element, and a note tells where it is read as a plain text."""
    assert guess(text) == markup
    notes = make_notes(text, "plain", {})
    assert any("<speak> is read aloud" in note for note in notes) == (markup == "ssml")
