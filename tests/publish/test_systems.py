"""What is known of the systems is complete, and consistent with what voxpress makes."""

from __future__ import annotations

import pytest

from voxpress.errors import InputError
from voxpress.files.formats import FORMATS
from voxpress.publish import systems
from voxpress.rendering.presets import load
from voxpress.speech import Output

FACTS = {
    "archive": "a.tar.gz",
    "name": "a.tar.gz",
    "pack": "en_US_m_Joe",
    "language": "en",
    "country": "us",
    "voice": "joe",
    "size": 1,
    "md5": "d41d8",
}


@pytest.mark.parametrize("name", systems.SYSTEMS)
def test_a_system_is_described_completely(name: str) -> None:
    system = systems.SYSTEMS.require(name)
    assert set(system.plays) <= FORMATS.keys()
    assert system.check_pack(system.pack_example) == system.pack_example
    assert "%(" not in system.instructions % FACTS
    if system.folder:
        assert "en_US_m_Joe" in system.instructions % FACTS
    if system.greetings:
        assert set(system.greetings.names) == set(systems.KINDS)
        assert len(set(system.greetings.names.values())) == len(systems.KINDS)
        assert set(system.greetings.formats) <= system.plays.keys()


@pytest.mark.parametrize(
    "name", [name for name in systems.SYSTEMS if systems.SYSTEMS.require(name).preset in load()]
)
def test_a_system_plays_what_its_preset_makes(name: str) -> None:
    system = systems.SYSTEMS.require(name)
    for _, output in load()[system.preset].files:
        system.check_output(output)


@pytest.mark.parametrize(
    ("system", "language", "gender", "voice", "pack"),
    [
        ("asterisk", "en-US", "female", "Allison", "en_US_f_Allison"),
        ("asterisk", "fr-CA", "", "june", "fr_CA_june"),
        ("asterisk", "de", "male", "thorsten", "de_m_thorsten"),
        ("freepbx", "pt-BR", "male", "edresson", "pt_BR_m_edresson"),
        ("freeswitch", "en-GB", "female", "Alba", "en/gb/alba"),
        ("freeswitch", "fr", "", "june", "fr/fr/june"),
        ("fusionpbx", "pt", "", "x", "pt/br/x"),
        ("edgetx", "en-GB", "female", "Alba", "en"),
        ("edgetx", "cs", "", "x", "cz"),
        ("edgetx", "zh-TW", "", "x", "tw"),
        ("valetudo", "de", "", "thorsten", "de"),
    ],
)
def test_packs_are_named_as_the_system_does(
    system: str, language: str, gender: str, voice: str, pack: str
) -> None:
    assert systems.SYSTEMS.require(system).name_pack(language, gender, voice) == pack


@pytest.mark.parametrize(
    ("language", "voice"),
    [("", "nova"), ("*", "nova"), ("zh-CN", "小明"), ("en-US", "a b"), ("en-US", "x" * 40)],
)
def test_a_name_that_cannot_be_made(language: str, voice: str) -> None:
    with pytest.raises(InputError):
        systems.SYSTEMS.require("asterisk").name_pack(language, "", voice)


@pytest.mark.parametrize(
    ("system", "pack"),
    [
        ("asterisk", "../en"),
        ("asterisk", "en/us"),
        ("asterisk", "en_" + "x" * 40),
        ("asterisk", "en US"),
        ("freeswitch", "en/us"),
        ("freeswitch", "en/../joe"),
        ("freeswitch", "en_US_m_Joe"),
        ("fusionpbx", "es/419/ana"),
        ("fusionpbx", "fil/ph/ana"),
        ("edgetx", "english"),
        ("valetudo", "a/b"),
    ],
)
def test_names_that_the_system_cannot_have(system: str, pack: str) -> None:
    with pytest.raises(InputError, match="cannot name a pack"):
        systems.SYSTEMS.require(system).check_pack(pack)


@pytest.mark.parametrize(
    ("system", "output", "problem"),
    [
        ("asterisk", Output(format="mp3"), "plays no mp3"),
        ("asterisk", Output(format="wav"), "not of the voice's own rate"),
        ("asterisk", Output(format="wav", sample_rate=16000), "8000 Hz, not of 16000 Hz"),
        ("freeswitch", Output(format="ulaw"), "plays no ulaw"),
        ("valetudo", Output(format="ogg", sample_rate=44100), "not of 44100 Hz"),
    ],
)
def test_what_the_system_does_not_play(system: str, output: Output, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        systems.SYSTEMS.require(system).check_output(output)
