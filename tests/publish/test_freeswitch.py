"""A real FreeSWITCH plays what voxpress made: prompts and numbers in its voice, and greetings of mailboxes.

It runs where a program `freeswitch` is installed, or where VOXPRESS_FREESWITCH names one, with folders of its own. Its
configuration holds what the instructions of voxpress say.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tarfile
import time
import wave
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from .conftest import Run

FREESWITCH = os.environ.get("VOXPRESS_FREESWITCH") or shutil.which("freeswitch") or ""
DOMAIN = "pbx.example.com"
PATIENCE = 20.0
NUMBERS = Path(__file__).parents[1] / "quality" / "announcements.txt"
MODULES = (
    *("commands", "dialplan_xml", "dptools", "event_socket", "logfile", "loopback", "sndfile", "tone_stream"),
    *("voicemail", *(f"say_{language}" for language in ("de", "en", "es", "fr", "it", "nl", "pt", "ru"))),
)
CONFIGURATION = """\
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="set" data="sounds_dir={folder}/sounds"/>
  {variables}
  <section name="configuration">
    <configuration name="modules.conf"><modules>{modules}</modules></configuration>
    <configuration name="switch.conf"><settings/></configuration>
    <configuration name="event_socket.conf"><settings>
      <param name="listen-ip" value="127.0.0.1"/><param name="listen-port" value="{port}"/>
      <param name="password" value="ClueCon"/>
    </settings></configuration>
    <configuration name="logfile.conf"><settings/><profiles><profile name="default">
      <settings/><mappings><map name="all" value="debug,info,notice,warning,err,crit,alert"/></mappings>
    </profile></profiles></configuration>
    <configuration name="voicemail.conf"><settings/><profiles><profile name="default"><email/></profile></profiles>
    </configuration>
  </section>
  <section name="languages">{languages}</section>
  <section name="directory"><domain name="{domain}"><groups><group name="all"><users>
    <user id="1001"/>
  </users></group></groups></domain></section>
  <section name="dialplan"><context name="default">
    <extension name="prompt"><condition field="destination_number" expression="^prompt$">
      <action application="answer"/>
      <action application="playback" data="ivr/ivr-welcome.wav"/>
    </condition></extension>
    <extension name="mailbox"><condition field="destination_number" expression="^(\\d+)$">
      <action application="answer"/>
      <action application="voicemail" data="default {domain} $1"/>
    </condition></extension>
    <extension name="busy"><condition field="destination_number" expression="^busy(\\d+)$">
      <action application="answer"/>
      <action application="set" data="voicemail_greeting_number=2"/>
      <action application="voicemail" data="default {domain} $1"/>
    </condition></extension>
  </context></section>
</document>
"""
PHRASES = """
  <phrases><macros>
    <macro name="voicemail_play_greeting"><input pattern="(.*)"><match>
      <action function="play-file" data="voicemail/vm-not_available.wav"/>
    </match></input></macro>
  </macros></phrases>
</language>
"""
PROMPTS = """\
id,text
ivr/ivr-welcome,Welcome.
voicemail/vm-not_available,is not available.
digits/1,one
digits/2,two
digits/3,three
digits/40,forty
digits/hundred,hundred
digits/thousand,thousand
"""
MAILBOXES = "mailbox,name\n1001,Ada Byron\n"


class Switch:
    """A FreeSWITCH with folders of its own.

    Attributes:
        sounds: where packs are unpacked: the folder above its sounds.
        storage: where its voicemail lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.sounds, self.storage = folder, folder, folder / "storage"
        for name in ("conf", "log", "db", "run", "sounds", "storage"):
            (folder / name).mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    def start(self, variables: str, languages: Iterable[str]) -> subprocess.Popen[bytes]:
        """Start it.

        Args:
            variables: lines of ``vars.xml``.
            languages: the heads of ``lang/LANGUAGE/LANGUAGE.xml``.
        """
        text = CONFIGURATION.format(
            folder=self.folder,
            variables=variables,
            languages="".join(language + PHRASES for language in languages),
            modules="".join(f'<load module="mod_{name}"/>' for name in MODULES),
            port=self._port,
            domain=DOMAIN,
        )
        (self.folder / "conf" / "freeswitch.xml").write_text(text)
        options = [FREESWITCH, "-nf", "-nonat", "-nc"]
        for name in ("conf", "log", "db", "run", "sounds", "storage"):
            options += [f"-{name}", str(self.folder / name)]
        process = subprocess.Popen(options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: "UP" in self.ask("status"), "FreeSWITCH does not start")
        return process

    def ask(self, command: str) -> str:
        client = Path(FREESWITCH).resolve().with_name("fs_cli")
        options = [str(client), "-H", "127.0.0.1", "-P", str(self._port), "-x", command]
        return subprocess.run(options, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout

    def wait_for(self, condition: Callable[[], object], problem: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{problem}\n{self.log()[-4000:]}"
            time.sleep(0.1)

    def log(self) -> str:
        file = self.folder / "log" / "freeswitch.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def call(self, number: str) -> list[str]:
        """The files that FreeSWITCH plays to a caller, who records them in ``heard.wav`` and hangs up after 5 s."""
        return self._originate(f"loopback/{number}/default &record({self.folder}/heard.wav 5)")

    def open_at(self, rate: int) -> list[str]:
        """What it plays in a call of this rate."""
        return self._originate(f"{{rate={rate}}}null/caller prompt XML default")

    def say(self, language: str, number: str) -> list[str]:
        """What it plays for a number."""
        return self._originate(f"null/caller '&say({language} number pronounced {number})'")

    def _originate(self, how: str) -> list[str]:
        before = len(self.log())
        self.ask("sndfile_debug on")
        self.ask(f"originate {how}")
        self.wait_for(
            lambda: re.search(r"Close Channel (?:null/caller|loopback/\w+-a) ", self.log()[before:]),
            "the call does not end",
        )
        found = re.findall(r"Opening File \[(.*?)\]", self.log()[before:])
        places = (f"{self.sounds}/sounds/", f"{self.storage}/")
        return [file.removeprefix(place) for file in found for place in places if file.startswith(place)]


@pytest.fixture
def switch(tmp_path_factory: pytest.TempPathFactory) -> Switch:
    if not FREESWITCH:
        pytest.skip("FreeSWITCH is not installed here, and VOXPRESS_FREESWITCH names none")
    return Switch(tmp_path_factory.mktemp("switch"))


@pytest.mark.clients
def test_freeswitch_plays_prompts_and_greetings(voxpress: Run, switch: Switch) -> None:
    Path("prompts.csv").write_text(PROMPTS)
    Path("mailboxes.csv").write_text(MAILBOXES)
    done = voxpress(
        *("render", "prompts.csv", "-o", "out", "--install", "freeswitch", "--pack-name", "en/us/joe")
    )
    with tarfile.open("out.freeswitch.tar.gz") as tar:
        tar.extractall(switch.sounds, filter="data")
    voxpress(*("voicemail", "mailboxes.csv", "-o", switch.storage, "--for", "freeswitch", "--domain", DOMAIN))
    variables = re.findall(r"<X-PRE-PROCESS .*/>", done.said)
    assert len(variables) == 4
    process = switch.start("\n".join(variables), re.findall(r"<language .*>", done.said))
    try:
        assert switch.call("prompt") == ["en/us/joe/ivr/8000/ivr-welcome.wav"]
        made = _read("out/ivr/8000/ivr-welcome.wav")
        assert made.strip(b"\0") in _read(switch.folder / "heard.wav")
        for rate in (8000, 16000, 32000, 48000):
            assert switch.open_at(rate) == [f"en/us/joe/ivr/{rate}/ivr-welcome.wav"]
        assert switch.say("en", "2341") == [
            f"en/us/joe/digits/8000/{name}.wav" for name in ("2", "thousand", "3", "hundred", "40", "1")
        ]
        # A mailbox plays the greeting that it has chosen, or that the call chooses; else its name and a phrase.
        place = f"voicemail/default/{DOMAIN}/1001"
        phrase = "en/us/joe/voicemail/8000/vm-not_available.wav"
        assert switch.call("1001") == [phrase]
        switch.ask(
            f"vm_fsdb_pref_recname_set default {DOMAIN} 1001 {switch.storage}/{place}/recorded_name.wav"
        )
        assert switch.call("1001") == [f"{place}/recorded_name.wav", phrase]
        assert switch.call("busy1001") == [f"{place}/greeting_2.wav"]
        switch.ask(f"vm_fsdb_pref_greeting_set default {DOMAIN} 1001 1")
        assert switch.call("1001") == [f"{place}/greeting_1.wav"]
        greeting = _read(switch.storage / place / "greeting_1.wav")
        assert greeting.strip(b"\0") in _read(switch.folder / "heard.wav")
    finally:
        switch.ask("shutdown now")
        process.wait(PATIENCE)


@pytest.mark.clients
def test_freeswitch_says_numbers_as_the_rules_do(switch: Switch) -> None:
    """Prompts of 20 ms stand for those that the rules name."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for block in NUMBERS.read_text().split("# freeswitch ")[1:]:
        language, *lines = block.partition("#")[0].split("\n")
        if " " in language:
            continue  # with a gender, which calls are not asked with here
        for number, said in (line.split(": ") for line in lines if line):
            wanted[language, number] = [name if "/" in name else f"digits/{name}" for name in said.split()]
    assert len(wanted) > 100
    for name in {name for names in wanted.values() for name in names}:
        file = switch.sounds / "sounds" / f"{name}.wav"
        file.parent.mkdir(exist_ok=True)
        with wave.open(str(file), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"\1\0" * 160)
    languages = sorted({language for language, _ in wanted})
    heads = [
        f'<language name="{each}" say-module="{each}" sound-prefix="$${{sounds_dir}}">' for each in languages
    ]
    process = switch.start('<X-PRE-PROCESS cmd="set" data="sound_prefix=$${sounds_dir}"/>', heads)
    try:
        played = {key: [name.removesuffix(".wav") for name in switch.say(*key)] for key in wanted}
        assert played == wanted
    finally:
        switch.ask("shutdown now")
        process.wait(PATIENCE)


def _read(path: Path | str) -> bytes:
    with wave.open(str(path)) as sound:
        return bytes(sound.readframes(sound.getnframes()))
