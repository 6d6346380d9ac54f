"""What is heard of a text part by part: words of which nothing is spoken, and files that a text names."""

from __future__ import annotations

import pytest

import voxpress
from voxpress.errors import InputError
from voxpress.rendering.beside import FilesBeside
from voxpress.text import Pause, Say, read

PARAGRAPH, SENTENCE = Pause("paragraph"), Pause("sentence")


def hear(text, markup, **given):
    parts = read(text, markup=markup, language="en", max_chars=100, **given).parts
    return [part.text if isinstance(part, Say) else part for part in parts]


@pytest.mark.parametrize(
    ("markup", "text", "heard"),
    [
        ("markdown", "🙂\n\nHello.", ["Hello."]),
        ("markdown", "Hello.\n\n🙂", ["Hello."]),
        ("markdown", "Hello.\n\n🙂\n\nBye.", ["Hello.", PARAGRAPH, "Bye."]),
        ("markdown", "Hello.\n\n- 🙂\n- 🎉\n\nBye.", ["Hello.", PARAGRAPH, "Bye."]),
        ("ssml", "<speak><s>Hello.</s><s>🙂</s><s>Bye.</s></speak>", ["Hello.", SENTENCE, "Bye."]),
        ("ssml", "<speak><p>🙂</p><p>Hello.</p></speak>", ["Hello."]),
        ("ssml", "<speak><p>Hello.</p><s>🙂</s><s>Bye.</s></speak>", ["Hello.", PARAGRAPH, "Bye."]),
        ("ssml", "<speak>Hello.<break strength='strong'/></speak>", ["Hello.", SENTENCE]),
    ],
)
def test_words_that_are_not_spoken_have_no_pause(markup, text, heard):
    assert hear(text, markup) == heard


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("ssml", "<speak><p>🙂</p><p>🙂</p></speak>"),
        ("markdown", "🙂\n\n🙂"),
        ("markdown", "# ★\n\n- ✨"),
        ("ssml", "<speak><mark name='here'/></speak>"),
        ("plain", "🙂\n\n🙂"),
    ],
)
def test_a_text_with_nothing_to_speak_is_an_error(markup, text):
    with pytest.raises(InputError, match="nothing to speak"):
        read(text, markup=markup, language="en", max_chars=100)
    for _ in range(2):
        with pytest.raises(InputError, match="nothing to speak"):
            voxpress.say(text, markup=markup, engine="tone", store="memory:")


def test_a_long_text_is_not_quoted_whole():
    with pytest.raises(InputError) as caught:
        read("🙂" * 50_000, language="en", max_chars=100)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["ding.wav", "../ding.wav", "http://example.com/ding.wav"])
def test_words_in_place_of_a_sound_are_read_by_proofs_and_checks_too(tmp_path, name):
    text = f"<speak><audio src='{name}'>Ding, one.</audio></speak>"
    files = FilesBeside(str(tmp_path))
    assert hear(text, "ssml", files=files) == hear(text, "ssml") == ["Ding, one."]


def test_a_sound_without_words_in_its_place_must_be_there(tmp_path):
    text = "<speak>Hello.<audio src='ding.wav'/></speak>"
    for files in (FilesBeside(str(tmp_path)), FilesBeside(None)):
        with pytest.raises(InputError, match=r"ding\.wav"):
            read(text, markup="ssml", language="en", max_chars=100, files=files)
    sound = tmp_path / "ding.wav"
    voxpress.say("Ding.", engine="tone", store="memory:").save(sound)
    first, second = hear(text, "ssml", files=FilesBeside(str(tmp_path)))
    assert (first, second.file) == ("Hello.", "ding.wav")
