"""Clients as they are, each a program in clients/, against a real server with keys; `make clients` installs them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.seaweed import run_seaweed
from voxpress.audio import codec

from .conftest import servers

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent / "clients"
DOCS = Path(__file__).parents[2] / "docs" / "server.md"
PLACES = Path(__file__).parents[2] / "build" / "clients"
"""Each client has a folder of its own here: their dependencies contradict each other."""
NAMES = """
[server.models]
tts-1 = "tone"
tts-1-hd = "tone"
gpt-4o-mini-tts = "tone"
"""
PYTHON = {
    "openai 2": ("openai-2", "openai_python.py"),
    "openai 3": (None, "openai_python.py"),
    "LiteLLM": ("litellm", "litellm_speech.py"),
    "LiveKit": ("livekit", "livekit_agents.py"),
    "pipecat": ("pipecat", "pipecat_service.py"),
}
"""The folder, None for the client that voxpress itself uses, and the program."""
NODE = {"openai 6": "openai_node.mjs", "AI SDK 6": "ai_sdk.mjs", "Chromium": "browser.mjs"}
LATEST = {"openai 3": "3.", "Chromium": ""}
"""How versions begin that are not pinned; the others stand in docs/server.md."""
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = {"speech": (3.0, 3.3), "slow": (5.7, 6.2), "long": (32.0, 33.0)}
"""How long the texts of the programs are, by how the names of their files begin."""


@pytest.fixture(scope="module")
def page() -> int:
    """A port for the page in the browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def wyoming() -> str:
    """An address for Home Assistant's protocol."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(
    scope="module", params=["alone", pytest.param("a replica", marks=[pytest.mark.postgres, pytest.mark.s3])]
)
def here(request, tmp_path_factory, page, wyoming):
    """A server with a key, which the page's origin may call: over folders, or over PostgreSQL and a bucket."""
    folder = tmp_path_factory.mktemp("server")
    with ExitStack() as stack:
        places = {"state": str(folder / "state")}
        if request.param == "a replica":
            stack.enter_context(run_seaweed(tmp_path_factory.mktemp("seaweed")))
            postgres = request.getfixturevalue("postgres")
            places = {"state": postgres.new_database(), "store": "s3://voices/clients"}
        command = [sys.executable, "-P", "-m", "voxpress", "keys", "add", "app", "--state", places["state"]]
        key = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        start = stack.enter_context(servers(folder))
        yield start(
            key=key,
            extra=NAMES,
            cors_origins=[f"http://localhost:{page}"],
            wyoming=f"tcp://{wyoming}",
            **places,
        )


def there(name: str) -> Path:
    """The folder of a client."""
    if not (PLACES / name).is_dir():
        pytest.fail(f"there is no {PLACES / name}: run  make clients")
    return PLACES / name


def run(command: list[object], folder: Path, **environment: str) -> str:
    """Runs a client's program to its end; what it printed, which is its version."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def check_version(name: str, version: str) -> None:
    """Whether this is the client that it should be."""
    if name in LATEST:
        assert version.startswith(LATEST[name])
    else:
        assert f" {version}" in DOCS.read_text(), f"docs/server.md says nothing of {name} {version}"


def check(folder: Path) -> None:
    """Whether all files are what the programs asked for."""
    assert list(folder.iterdir()), "no file was written"
    for path in folder.iterdir():
        if path.suffix == ".pcm":
            duration = path.stat().st_size / 2 / 24000
        else:
            duration = codec.decode(path.read_bytes()).duration
        least, most = SECONDS[path.stem.partition("-")[0]]
        assert least < duration < most, (path.name, duration)


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", PYTHON)
def test_a_client_in_python(here, tmp_path, files, name):
    place, program = PYTHON[name]
    paths = {"PYTHONPATH": str(there(place)) if place else "", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [sys.executable, "-P", HERE / program, f"{here.url}/v1", here.key, files]
    check_version(name, run(command, tmp_path, **paths))
    check(files)


@pytest.mark.parametrize("name", NODE)
def test_a_client_in_javascript(here, tmp_path, files, page, name):
    program = NODE[name]
    (tmp_path / "node_modules").symlink_to(there("node") / "node_modules")
    shutil.copy(HERE / program, tmp_path)
    found = {"CHROMIUM": next(filter(None, map(shutil.which, CHROMIUMS)), "")}
    if name == "Chromium" and not found["CHROMIUM"]:
        pytest.fail(
            f"there is none of {', '.join(CHROMIUMS)}; on Debian: apt install chromium-headless-shell"
        )
    command = ["node", program, f"{here.url}/v1", here.key, files, page]
    check_version(name, run(command, tmp_path, **found))
    check(files)


def test_wyoming_bench(here, tmp_path, wyoming):
    """It asks for whole texts and for streams, and counts what fails."""
    program = (sys.executable, "-P", "-c", "from wyoming_bench.cli import main; main()")
    paths = {"PYTHONPATH": str(there("wyoming-bench"))}
    told = run([*program, "info", wyoming], tmp_path, **paths)
    assert "tts  voxpress (synthesize streaming)" in told
    assert "voice low [en]" in told
    check_version("wyoming-bench", told.split()[1])
    for unique in ("--unique", "--no-unique"):
        told = run([*program, "tts", wyoming, "--rounds", "2", unique], tmp_path, **paths)
        assert told.count("ok=8 fail=0") == 2, told


def test_curl(here, tmp_path, files):
    """As OpenAI's documentation has it, but for the address and the text."""
    body = (
        '{"model": "gpt-4o-mini-tts", "voice": "alloy",'
        ' "input": "Please hold the line, an agent will be with you shortly."}'
    )
    command = [
        *("curl", "-sS", "--fail", f"{here.url}/v1/audio/speech", "-o", files / "speech.mp3"),
        *("-H", f"Authorization: Bearer {here.key}", "-H", "Content-Type: application/json", "-d", body),
    ]
    run(command, tmp_path)
    check(files)
