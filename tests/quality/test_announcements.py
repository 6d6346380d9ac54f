"""What PBXs put together from a pack: the right prompts in the right order, and how they sound."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from voxpress import Output, cli
from voxpress.audio import codec, waveform
from voxpress.errors import InputError, UnsupportedOption
from voxpress.quality.announcements import announce

NUMBERS = Path(__file__).with_name("announcements.txt")
"""What Asterisk 22.9 played, and what the modules of FreeSWITCH 1.10 gave, number by number; some with a gender."""


def tables():
    for block in NUMBERS.read_text().split("# ")[1:]:
        head, *lines = block.splitlines()
        system, language, *gender = head.split()
        numbers = dict(line.split(": ") for line in lines)
        yield pytest.param(system, language, gender[0] if gender else None, numbers, id=head)


def plain(prompts):
    return " ".join(each.removeprefix("digits/") for each in prompts)


@pytest.mark.parametrize(("system", "language", "gender", "numbers"), list(tables()))
def test_numbers(system, language, gender, numbers):
    """Tens before units or after, and where an and stands."""
    said = {number: plain(announce(system, language, number, gender=gender)) for number in numbers}
    assert said == numbers


@pytest.mark.parametrize(
    ("system", "language", "value", "kind", "gender", "said"),
    [
        ("asterisk", "en", "-5", None, None, "minus 5"),
        ("asterisk", "de", "1", None, "f", "1F"),
        ("asterisk", "de", "21", None, "f", "1-and 20"),
        ("asterisk", "es", "31", None, "f", "30 and 1F"),
        ("asterisk", "fr", "21", None, "f", "20 et 1F"),
        ("asterisk", "pt", "202", None, "f", "200F pt-e 2F"),
        ("asterisk", "ru", "2", None, "f", "2f"),
        ("freeswitch", "de", "1", None, "f", "1_f"),
        ("freeswitch", "fr", "21", None, "f", "21_f"),
        ("freeswitch", "ru", "1", None, "n", "1n"),
        ("asterisk", "fr", "0049*#", None, None, "0 0 4 9 star pound"),
        ("asterisk", "en", "21", "ordinal", None, "20 h-1"),
        ("asterisk", "en", "100", "ordinal", None, "1 h-hundred"),
        ("asterisk", "en", "101", "ordinal", None, "1 hundred h-1"),
        ("asterisk", "en", "1100", "ordinal", None, "1 thousand 1 h-hundred"),
        ("asterisk", "en", "2000000", "ordinal", None, "2 h-million"),
        ("asterisk", "en", "-121", "ordinal", None, "minus 1 hundred 20 h-1"),
        ("asterisk", "en", "30", "ordinal", None, "h-30"),
        ("freeswitch", "en", "111", "ordinal", None, "1 hundred 11"),
        ("freeswitch", "en", "22", "ordinal", None, "20 h-2"),
        ("asterisk", "en", "$1.05", None, None, "1 letters/dollar_ and 5 cents"),
        ("asterisk", "en", "$5", None, None, "5 dollars"),
        ("asterisk", "en", "$0", None, None, "0 cents"),
        (
            "freeswitch",
            "en",
            "-$1.01",
            None,
            None,
            "currency/negative 1 currency/dollar currency/and 1 currency/cent",
        ),
        ("asterisk", "en", "2026-11-29", None, None, "day-0 mon-10 20 h-9 2 thousand 20 6"),
        ("asterisk", "en_GB", "2026-11-29", None, None, "day-0 mon-10 20 h-9 2 thousand vm-and 20 6"),
        ("asterisk", "en", "1905-01-02", None, None, "day-1 mon-0 h-2 19 oh 5"),
        ("freeswitch", "en", "1999-12-31", None, None, "time/day-5 time/mon-11 30 h-1 19 90 9"),
        ("asterisk", "en", "14:05", None, None, "2 oh 5 p-m"),
        ("asterisk", "en", "0:00", None, None, "12 oclock a-m"),
        ("freeswitch", "en", "12:30", None, None, "12 30 time/p-m"),
        (
            "asterisk",
            "en",
            "2026-11-29 14:05",
            None,
            None,
            "day-0 mon-10 20 h-9 2 thousand 20 6 at 2 oh 5 p-m",
        ),
        (
            "asterisk",
            "en",
            "2026-11-29 9:05",
            None,
            None,
            "day-0 mon-10 20 h-9 2 thousand 20 6 at 9 oh 5 a-m",
        ),
        ("asterisk", "en", "ab1.", "letters", None, "letters/a letters/b 1 letters/dot"),
        ("freeswitch", "en", "ab1.", "letters", None, "ascii/97 ascii/98 1 ascii/46"),
    ],
)
def test_other_values(system, language, value, kind, gender, said):
    """Genders, ordinals, amounts, dates, times."""
    assert plain(announce(system, language, value, kind, gender)) == said


@pytest.mark.parametrize("language", ["en_GB_f_Ann", "en/gb/ann", "en-GB", "en-gb"])
def test_the_folder_of_a_language_names_it(language):
    """As it is called in Asterisk and in FreeSWITCH."""
    assert plain(announce("asterisk", language, "101")) == "1 hundred vm-and 1"


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (("asterisk", "tr", "5"), "no rules for numbers of 'tr' in asterisk (languages: de, en, en_GB, es,"),
        (("asterix", "en", "5"), "did you mean 'asterisk'?"),
        (
            ("asterisk", "de", "5", "money"),
            "no rules for 'money' of de in asterisk (kinds: number, digits, letters)",
        ),
        (("asterisk", "de", "5", None, "x"), "no gender 'x' (genders: f, m, n)"),
        (("asterisk", "en", "abc", "number"), "'abc' is no number: write it as 12345 or 12,345"),
        (("asterisk", "en", "1,23"), "is no number"),
        (("asterisk", "en", "2026-02-30"), "is no date"),
        (("asterisk", "en", "2147483647"), "the largest one is 2,147,483,646"),
        (("freeswitch", "en", "1234567890"), "at most 9 digits"),
        (("freeswitch", "en", "-5"), "none below zero"),
        (("freeswitch", "en", "1969-12-31"), "it takes days before 1970 for today"),
        (("freeswitch", "en", "1905-07-20 11:11"), "it takes days before 1970 for today"),
        (("freeswitch", "en", "-21", "ordinal"), "none below zero"),
        (("freeswitch", "en", "1000000000", "ordinal"), "at most 9 digits"),
        (("asterisk", "en", "2147483647", "ordinal"), "the largest one is 2,147,483,646"),
        (("asterisk", "en", "$21474836.48"), "the largest one is $21,474,836.47"),
        (("asterisk", "en", "$1.5"), "'$1.5' is no money: write it as $5.05 or $5"),
        (("freeswitch", "en", "$.5"), "is no money"),
        (("asterisk", "klingon", "5"), "'klingon' names no language"),
    ],
)
def test_what_cannot_be_said(asked, problem):
    """Each error names what there is."""
    with pytest.raises((InputError, UnsupportedOption)) as caught:
        announce(*asked)
    assert problem in str(caught.value)


@pytest.fixture
def pack(tmp_path):
    """Prompts of half a second between silences; the 5 is loud, and the 40 is late."""
    for name, level, lead in (("12", -20, 0.05), ("thousand", -20, 0.05), ("40", -20, 0.6), ("5", -10, 0.05)):
        sound = waveform.pad(waveform.tone([1000], 0.5, 8000, level=level), lead, 0.1)
        place = tmp_path / "en" / "digits" / f"{name}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(codec.encode(sound, Output(format="wav", sample_rate=8000)))
    return tmp_path


def test_a_pack_says_a_number(pack, tmp_path_factory):
    """All prompts in one file; a step in level and a gap are shown."""
    out = tmp_path_factory.mktemp("heard") / "number.wav"
    run = CliRunner().invoke(cli.app, ["pack", "say", "en", "12,045", "--pack", str(pack), "-o", str(out)])
    assert run.exit_code == 0, run.output
    heard = codec.decode(out.read_bytes())
    assert heard.sample_rate == 8000 and heard.duration == pytest.approx(4 * 0.6 + 3 * 0.05 + 0.6, abs=0.01)
    assert np.abs(heard.samples).max() == pytest.approx(10 ** (-10 / 20), abs=0.01)
    assert "4 prompts, 0 missing, 2 seams to hear" in run.output and "+10.0 dB" in run.output


def test_what_is_missing_is_named(pack):
    """With what it does to a call, and the exit status."""
    run = CliRunner().invoke(cli.app, ["pack", "say", "en", "12,345", "--pack", str(pack)])
    assert run.exit_code == 1
    assert "digits/3         missing" in run.output and "end the call" in run.output
    run = CliRunner().invoke(cli.app, ["pack", "say", "fr", "5", "--pack", str(pack)])
    assert "no language 'fr'" in str(run.exception) and "en" in str(run.exception)


@pytest.mark.parametrize("name", ["en/digits/12.wav", "new.wav"])
def test_no_prompt_is_written_over(pack, name):
    """A second run would put the announcement into itself."""
    before = (pack / "en/digits/12.wav").read_bytes()
    run = CliRunner().invoke(
        cli.app, ["pack", "say", "en", "12", "--pack", str(pack), "-o", str(pack / name)]
    )
    assert "lies in the pack" in str(run.exception)
    assert (pack / "en/digits/12.wav").read_bytes() == before and not (pack / "new.wav").exists()


@pytest.mark.parametrize("name", ["12.mp3", "12.gsm", "notes.txt", "12"])
def test_an_announcement_is_called_wav(pack, tmp_path_factory, name):
    out = tmp_path_factory.mktemp("heard") / name
    run = CliRunner().invoke(cli.app, ["pack", "say", "en", "12", "--pack", str(pack), "-o", str(out)])
    assert "WAV file of 8 kHz" in str(run.exception) and not out.exists()


def test_a_prompt_under_a_wrong_name_is_not_played_as_noise(pack):
    prompt = pack / "en/digits/12.wav"
    prompt.rename(prompt.with_suffix(".gsm"))
    run = CliRunner().invoke(cli.app, ["pack", "say", "en", "12", "--pack", str(pack)])
    assert "it is called .gsm, which has no header, and it is WAV inside" in str(run.exception)


@pytest.mark.parametrize("value", ["€5.05", "£5", "¥100", "-₹3"])
def test_no_other_currency_becomes_dollars(value):
    sign = value.strip("-")[0]
    with pytest.raises(InputError, match=f"prompts for dollars, and none for {sign}"):
        announce("asterisk", "en", value)
