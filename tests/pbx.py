"""A real Asterisk for tests, with folders of its own.

It is the program `asterisk` that is installed, or the one that VOXPRESS_ASTERISK names.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ASTERISK = os.environ.get("VOXPRESS_ASTERISK") or shutil.which("asterisk") or ""
PATIENCE = 20.0
HEARD = """
[heard]
exten => s,1,Answer()
 same => n,Record({folder}/heard.wav,0,5,kq)
"""
_PLACES = {
    **dict.fromkeys(("varlib", "db", "key", "data", "agi"), "data"),
    **{name: name for name in ("etc", "spool", "run", "log")},
}


class Exchange:
    """An Asterisk with folders of its own.

    Attributes:
        data: where its sounds lie.
        spool: where its voicemail lies.
    """

    def __init__(self, folder: Path, dialplan: str, voicemail: str = "") -> None:
        if not ASTERISK:
            pytest.skip("Asterisk is not installed here, and VOXPRESS_ASTERISK names none")
        self.folder, self.data, self.spool = folder, folder / "data", folder / "spool"
        for name in {*_PLACES.values()}:
            (folder / name).mkdir(parents=True, exist_ok=True)
        directories = "".join(f"ast{name}dir => {folder / place}\n" for name, place in _PLACES.items())
        self._write("asterisk.conf", f"[directories]\n{directories}")
        self._write("modules.conf", "[modules]\nautoload=yes\nnoload=chan_sip.so\nnoload=res_pjsip.so\n")
        # Beyond a thousand lines at once, Asterisk leaves out what it played.
        self._write(
            "logger.conf",
            "[general]\nlogger_queue_limit=1000000\n[logfiles]\nfull => notice,warning,error,verbose(3)\n",
        )
        self._write("extensions.conf", dialplan + HEARD.format(folder=folder))
        self._write("voicemail.conf", voicemail)

    def _write(self, name: str, text: str) -> None:
        (self.folder / "etc" / name).write_text(text)

    @contextmanager
    def running(self) -> Iterator[None]:
        options = [ASTERISK, "-C", str(self.folder / "etc/asterisk.conf"), "-f", "-vvv"]
        process = subprocess.Popen(options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for(
                lambda: "fully booted" in self.ask("core waitfullybooted"), "Asterisk does not start"
            )
            yield
        finally:
            self.ask("core stop now")
            process.wait(PATIENCE)

    def ask(self, command: str) -> str:
        options = [ASTERISK, "-C", str(self.folder / "etc/asterisk.conf"), "-rx", command]
        return subprocess.run(options, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout

    def wait_for(self, condition: Callable[[], object], problem: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{problem}\n{self.log()[-10_000:]}"
            time.sleep(0.1)

    def log(self) -> str:
        file = self.folder / "log" / "full"
        return file.read_text(errors="replace") if file.exists() else ""

    def dial(self, extension: str, is_done: Callable[[str], object]) -> str:
        """The log of a call from its beginning to its end.

        Args:
            extension: with its context: ``s@heard``.
            is_done: whether a log has what is waited for.
        """
        before = len(self.log())
        self.ask(f"channel originate Local/{extension}/n extension s@heard")
        self.wait_for(lambda: is_done(self.log()[before:]), f"{extension} does too little")
        self.wait_for(lambda: "0 active calls" in self.ask("core show channels"), "the call does not end")
        return self.log()[before:]


def find_played(log: str) -> list[tuple[str, str]]:
    """The prompts that Asterisk played, and in which language."""
    return re.findall(r"Playing '([^']*)\.\w+' \(language '(\w*)'\)", log)
