"""A real Asterisk plays what voxpress made: prompts in its language tree, and greetings of mailboxes.

It runs where a program `asterisk` is installed, or where VOXPRESS_ASTERISK names one, as a user of its own folders.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run

ASTERISK = os.environ.get("VOXPRESS_ASTERISK") or shutil.which("asterisk") or ""
PACK = "en_GB_m_Joe"
PATIENCE = 20.0
DIALPLAN = """
[played]
exten => prompt,1,Answer()
 same => n,Set(CHANNEL(language)={pack})
 same => n,Playback(hello-world)
 same => n,Playback(digits/1)
 same => n,Hangup()
exten => other,1,Answer()
 same => n,Set(CHANNEL(language)={pack}_loud)
 same => n,Playback(hello-world)
 same => n,Hangup()
exten => unavail,1,Answer()
 same => n,Set(CHANNEL(language)={pack})
 same => n,VoiceMail(1001@default,u)
exten => busy,1,Answer()
 same => n,Set(CHANNEL(language)={pack})
 same => n,VoiceMail(1001@default,b)
exten => name,1,Answer()
 same => n,Set(CHANNEL(language)={pack})
 same => n,VoiceMail(1002@default,u)

[heard]
exten => s,1,Answer()
 same => n,Record({folder}/heard.wav,0,5,kq)
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


class Exchange:
    """An Asterisk with folders of its own.

    Attributes:
        data: where its sounds lie.
        spool: where its voicemail lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.spool = folder, folder / "data", folder / "spool"
        places = {
            "etc": "etc",
            "varlib": "data",
            "db": "data",
            "key": "data",
            "data": "data",
            "spool": "spool",
        }
        places |= {"run": "run", "log": "log", "agi": "data"}
        for name in {*places.values()}:
            (folder / name).mkdir(parents=True, exist_ok=True)
        directories = "".join(f"ast{name}dir => {folder / place}\n" for name, place in places.items())
        self._write("asterisk.conf", f"[directories]\n{directories}")
        self._write("modules.conf", "[modules]\nautoload=yes\nnoload=chan_sip.so\nnoload=res_pjsip.so\n")
        self._write("logger.conf", "[general]\n[logfiles]\nfull => notice,warning,error,verbose(3)\n")
        self._write("extensions.conf", DIALPLAN.format(pack=PACK, folder=folder))
        self._write("voicemail.conf", CONF)

    def _write(self, name: str, text: str) -> None:
        (self.folder / "etc" / name).write_text(text)

    def start(self) -> subprocess.Popen[bytes]:
        options = [ASTERISK, "-C", str(self.folder / "etc/asterisk.conf"), "-f", "-vvv"]
        process = subprocess.Popen(options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: "fully booted" in self.ask("core waitfullybooted"), "Asterisk does not start")
        return process

    def ask(self, command: str) -> str:
        options = [ASTERISK, "-C", str(self.folder / "etc/asterisk.conf"), "-rx", command]
        return subprocess.run(options, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout

    def wait_for(self, condition: Callable[[], object], problem: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{problem}\n{self.log()}"
            time.sleep(0.1)

    def log(self) -> str:
        file = self.folder / "log" / "full"
        return file.read_text(errors="replace") if file.exists() else ""

    def call(self, extension: str, files: int) -> list[tuple[str, str]]:
        """What Asterisk plays, and in which language; as many files as are named, at least."""
        before = len(self.log())
        self.ask(f"channel originate Local/{extension}@played/n extension s@heard")

        def played() -> list[tuple[str, str]]:
            found = re.findall(r"Playing '([^']*)\.\w+' \(language '(\w*)'\)", self.log()[before:])
            return [(file.removeprefix(f"{self.spool}/voicemail/"), language) for file, language in found]

        self.wait_for(lambda: len(played()) >= files, f"{extension} plays too little")
        self.wait_for(lambda: "0 active calls" in self.ask("core show channels"), "the call does not end")
        return played()


@pytest.fixture
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """With prompts that `voxpress render --install` packed, and greetings of `voxpress voicemail`."""
    if not ASTERISK:
        pytest.skip("Asterisk is not installed here, and VOXPRESS_ASTERISK names none")
    return Exchange(tmp_path_factory.mktemp("pbx"))


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
    process = exchange.start()
    try:
        assert exchange.call("prompt", 2) == [("hello-world", PACK), ("digits/1", PACK)]
        with wave.open(str(exchange.folder / "heard.wav")) as heard, wave.open("out/hello-world.wav") as made:
            spoken = made.readframes(made.getnframes())
            assert spoken.strip(b"\0") in heard.readframes(heard.getnframes())
        # Cut at its last underscore, the language is that of the pack.
        assert exchange.call("other", 1) == [("hello-world", f"{PACK}_loud")]
        for kind in ("unavail", "busy"):
            played = [file for file, _ in exchange.call(kind, 2)]
            assert played[:2] == [f"default/1001/{kind}", "vm-intro"]
        # Without a greeting, Asterisk says the recorded name and that it is out.
        played = [file for file, _ in exchange.call("name", 2)]
        assert played[:2] == ["default/1002/greet", "vm-isunavail"]
        assert "does not exist in any format" not in exchange.log()
    finally:
        exchange.ask("core stop now")
        process.wait(PATIENCE)
