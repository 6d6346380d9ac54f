"""Does the server stay what it is? Mixed load for a while: memory, wrong answers, errors of the server's own.

    python benchmarks/soak.py [--minutes 20]

Hits, misses, long texts that are streamed, clients that leave, wrong requests and batches, by eight callers. Every clip
that is answered is compared with what the library says for the same text.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import itertools
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import measure
from server import free_port, process, voxpress

from voxpress import say
from voxpress.audio import codec
from voxpress.speech import Output

CALLERS = 8
PAUSE = 0.03
WARM_UP = 180.0
KINDS = {"hit": 50, "miss": 22, "long": 3, "left": 5, "wrong": 14, "batch": 1, "piper": 2, "clip": 3}
WRONG: list[dict[str, Any]] = [
    {"voice": "nobody"},
    {"model": "nothing"},
    {"speed": 77},
    {"response_format": "mp9"},
    {"input": ""},
    {"stream_format": "carrier pigeon"},
    {"options": {"fault": 3}},
    {"voice": {"name": "low"}},
    {"input": 7},
]


class Soak:
    """What the callers share."""

    def __init__(self, port: int, until: float) -> None:
        self.port, self.until = port, until
        self.answers: Counter[str] = Counter()
        self.problems: list[str] = []
        self.clips: dict[str, str] = {}
        self.numbers = itertools.count()
        self.texts = [f"Prompt number {n} of those that are asked for again and again." for n in range(50)]
        self.expected: dict[str, str] = {}

    def call(self, seed: int) -> None:
        draw = random.Random(seed)
        while time.monotonic() < self.until:
            (kind,) = draw.choices(list(KINDS), list(KINDS.values()))
            try:
                getattr(self, kind)(draw)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.problems.append(f"{kind}: {type(error).__name__}: {error}")
            self.answers[kind] += 1
            time.sleep(PAUSE)

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, body, {"content-type": kind})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.answers[str(answer.status)] += 1
        if answer.status >= 500:
            self.problems.append(f"{method} {path}: {answer.status} {content[:200]!r}")
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content

    def speech(self, text: str, **fields: Any) -> tuple[int, dict[str, str], bytes]:
        asked = {"model": "tone", "voice": "low", "input": text, **fields}
        return self.ask("POST", "/v1/audio/speech", json.dumps(asked).encode())

    def right(self, text: str, content: bytes) -> None:
        found = hashlib.sha256(content).hexdigest()
        if text not in self.expected:
            clip = say(
                text, engine="tone", voice="low", output=Output(format="mp3"), store="memory:", workers=0
            )
            self.expected[text] = hashlib.sha256(clip.data).hexdigest()
        assert found == self.expected[text], f"another clip for {text!r}"

    def hit(self, draw: random.Random) -> None:
        text = draw.choice(self.texts)
        status, headers, content = self.speech(text)
        assert status == 200, status
        self.right(text, content)
        self.clips[headers["content-location"]] = hashlib.sha256(content).hexdigest()

    def miss(self, draw: random.Random) -> None:
        text = f"This one is new, and has the number {next(self.numbers)}."
        status, headers, content = self.speech(text)
        assert (status, headers["x-voxpress-cache"]) == (200, "miss"), (status, headers)
        self.right(text, content)
        del self.expected[text]

    def long(self, draw: random.Random) -> None:
        number = next(self.numbers)
        text = " ".join(f"Sentence {n} of the long text {number} is here." for n in range(40))
        status, _, content = self.speech(text)
        whole = say(text, engine="tone", voice="low", store="memory:", workers=0).duration
        assert status == 200, status
        assert abs(codec.decode(content).duration - whole) < 0.2, "a part of a long text"

    def left(self, draw: random.Random) -> None:
        text = " ".join(
            f"Sentence {n} of a text that nobody waits for, {next(self.numbers)}." for n in range(20)
        )
        asked = {
            "model": "tone",
            "voice": "low",
            "input": text,
            "options": {"delay": 0.01},
            "response_format": "wav",
        }
        body = json.dumps(asked).encode()
        head = (
            "POST /v1/audio/speech HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(head.encode() + body[: draw.randrange(1, len(body) + 1)])
            time.sleep(draw.random() * 0.1)

    def wrong(self, draw: random.Random) -> None:
        status, _, content = (
            self.speech("Wrong.", **draw.choice(WRONG))
            if draw.random() < 0.7
            else self.ask(
                draw.choice(["GET", "POST", "PUT"]),
                draw.choice(["/v1/nothing", "/v1/files/x", "/v1/audio/clips/x.mp3"]),
                b"{",
            )
        )
        assert 400 <= status < 500, status
        assert set(json.loads(content)["error"]) == {"message", "type", "param", "code"}

    def piper(self, draw: random.Random) -> None:
        status, _, _ = self.speech(f"The number is {next(self.numbers)}.", model="piper", voice="nova")
        assert status == 200, status

    def clip(self, draw: random.Random) -> None:
        if self.clips:
            path = draw.choice(list(self.clips))
            status, _, content = self.ask("GET", path)
            assert status == 200, status
            assert hashlib.sha256(content).hexdigest() == self.clips[path], "another clip"

    def batch(self, draw: random.Random) -> None:
        lines = "".join(
            json.dumps({"custom_id": str(n), "method": "POST", "url": "/v1/audio/speech",
                        "body": {"model": "tone", "voice": "low", "input": f"Line {next(self.numbers)}."}}) + "\n"
            for n in range(5)
        )  # fmt: skip
        form = "".join(
            f'--x\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'
            for name, file, value in (("purpose", "", "batch"), ("file", '; filename="in.jsonl"', lines))
        )
        _, _, made = self.ask(
            "POST", "/v1/files", f"{form}--x--\r\n".encode(), "multipart/form-data; boundary=x"
        )
        asked = {
            "input_file_id": json.loads(made)["id"],
            "endpoint": "/v1/audio/speech",
            "completion_window": "24h",
        }
        _, _, begun = self.ask("POST", "/v1/batches", json.dumps(asked).encode())
        batch = json.loads(begun)
        while batch["status"] not in ("completed", "failed"):
            time.sleep(0.2)
            batch = json.loads(self.ask("GET", f"/v1/batches/{batch['id']}")[2])
        assert batch["request_counts"] == {"total": 5, "completed": 5, "failed": 0}, batch


def memory(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, and of its children."""

    def resident(process: int) -> int:
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    children = [int(c) for t in Path(f"/proc/{pid}/task").glob("*/children") for c in t.read_text().split()]
    return resident(pid), sum(map(resident, children))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    arguments = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="voxpress-soak-") as place:
        command = voxpress(Path(place), port)
        with process(*command, port=port, ready="/readyz") as server:
            began = time.monotonic()
            soak = Soak(port, began + WARM_UP + arguments.minutes * 60)
            callers = [
                threading.Thread(target=soak.call, args=[seed], daemon=True) for seed in range(CALLERS)
            ]
            for caller in callers:
                caller.start()
            samples = []
            while any(caller.is_alive() for caller in callers):
                time.sleep(5)
                samples.append((time.monotonic() - began, *memory(server.pid)))
                calls = sum(soak.answers[kind] for kind in KINDS)
                print(
                    f"{samples[-1][0]:.0f} s: {samples[-1][1] / 1e6:.1f} MB, workers {samples[-1][2] / 1e6:.1f} MB,"
                    f" {calls:,} calls, {len(soak.problems)} problems",
                    file=sys.stderr,
                )
    warm = [sample for sample in samples if sample[0] > WARM_UP]
    third = max(1, len(warm) // 3)
    rows = [["", "in the first third", "in the last third", "ratio", "most"]]
    for name, column in (("server", 1), ("its workers", 2)):
        first, last = (sum(s[column] for s in part) / len(part) for part in (warm[:third], warm[-third:]))
        most = max(sample[column] for sample in warm)
        rows.append(
            [
                name,
                f"{first / 1e6:.1f} MB",
                f"{last / 1e6:.1f} MB",
                f"**{last / first:.3f}**",
                f"{most / 1e6:.1f} MB",
            ]
        )
    kinds = ", ".join(f"{soak.answers[kind]:,} {kind}" for kind in KINDS)
    statuses = ", ".join(
        f"{count:,} × {status}" for status, count in sorted(soak.answers.items()) if status.isdigit()
    )
    measure.report(
        "soak",
        rows,
        f"{arguments.minutes:g} minutes after {WARM_UP / 60:g} of warming up, {CALLERS} callers: {kinds}."
        f" Answers: {statuses}."
        f" Wrong clips, errors of the server or broken connections: **{len(soak.problems)}**.",
    )
    for problem in soak.problems[:20]:
        print(problem, file=sys.stderr)


if __name__ == "__main__":
    main()
