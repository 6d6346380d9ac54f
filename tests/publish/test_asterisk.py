"""A real Asterisk plays what voxpress made: prompts in its language tree, and greetings of mailboxes."""

from __future__ import annotations

import tarfile
import wave
from pathlib import Path

import pytest

from tests.pbx import Exchange, find_played

from .conftest import Run

PACK = "en_GB_m_Joe"
DIALPLAN = f"""
[played]
exten => prompt,1,Answer()
 same => n,Set(CHANNEL(language)={PACK})
 same => n,Playback(hello-world)
 same => n,Playback(digits/1)
 same => n,Hangup()
exten => other,1,Answer()
 same => n,Set(CHANNEL(language)={PACK}_loud)
 same => n,Playback(hello-world)
 same => n,Hangup()
exten => unavail,1,Answer()
 same => n,Set(CHANNEL(language)={PACK})
 same => n,VoiceMail(1001@default,u)
exten => busy,1,Answer()
 same => n,Set(CHANNEL(language)={PACK})
 same => n,VoiceMail(1001@default,b)
exten => name,1,Answer()
 same => n,Set(CHANNEL(language)={PACK})
 same => n,VoiceMail(1002@default,u)
"""
PROMPTS = """\
; Prompts of a test
hello-world: Hello world.
digits/1: one
vm-intro: Say it.
vm-isunavail: is out
beep: [beep]
"""
CONF = "[general]\nformat=wav49|gsm|wav\n[default]\n1001 => 1,Ada Byron\n1002 => 1,Grace Hopper\n"


def call(exchange: Exchange, extension: str, files: int) -> list[tuple[str, str]]:
    """What Asterisk plays, and in which language; as many files as are named, at least."""
    log = exchange.dial(f"{extension}@played", lambda log: len(find_played(log)) >= files)
    return [
        (file.removeprefix(f"{exchange.spool}/voicemail/"), language) for file, language in find_played(log)
    ]


@pytest.fixture
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """With prompts that `voxpress render --install` packed, and greetings of `voxpress voicemail`."""
    return Exchange(tmp_path_factory.mktemp("pbx"), DIALPLAN, CONF)


@pytest.mark.clients
def test_asterisk_plays_prompts_and_greetings(voxpress: Run, exchange: Exchange) -> None:
    Path("prompts.txt").write_text(PROMPTS)
    Path("voicemail.conf").write_text(CONF)
    voxpress("render", "prompts.txt", "-o", "out", "--install", "asterisk", "--pack-name", PACK)
    with tarfile.open("out.asterisk.tar.gz") as tar:
        tar.extractall(exchange.data, filter="data")
    voxpress("voicemail", "voicemail.conf", "-o", exchange.spool / "voicemail")
    for kind in ("unavail", "busy"):
        for file in (exchange.spool / "voicemail/default/1002").glob(f"{kind}.*"):
            file.unlink()
    with exchange.running():
        assert call(exchange, "prompt", 2) == [("hello-world", PACK), ("digits/1", PACK)]
        with wave.open(str(exchange.folder / "heard.wav")) as heard, wave.open("out/hello-world.wav") as made:
            spoken = made.readframes(made.getnframes())
            assert spoken.strip(b"\0") in heard.readframes(heard.getnframes())
        # Cut at its last underscore, the language is that of the pack.
        assert call(exchange, "other", 1) == [("hello-world", f"{PACK}_loud")]
        for kind in ("unavail", "busy"):
            played = [file for file, _ in call(exchange, kind, 2)]
            assert played[:2] == [f"default/1001/{kind}", "vm-intro"]
        # Without a greeting, Asterisk says the recorded name and that it is out.
        played = [file for file, _ in call(exchange, "name", 2)]
        assert played[:2] == ["default/1002/greet", "vm-isunavail"]
        assert "does not exist in any format" not in exchange.log()
