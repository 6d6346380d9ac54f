"""Clients as they are, against a real server with Piper's voice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voxpress import codec

pytestmark = [pytest.mark.slow]
HERE = Path(__file__).parent
PLACES = HERE.parents[1] / "build" / "clients"
"""Where `make test-all` puts clients that cannot be in one environment with the others."""


@pytest.fixture
def piper(serve):
    pytest.importorskip("piper")
    return serve(engines=("piper",))


@pytest.mark.parametrize("version", ["", "2"])
def test_the_official_client_of_every_version(piper, tmp_path, version):
    place = PLACES / f"openai-{version}"
    if version and not place.is_dir():
        pytest.fail(f"openai {version} is not in {place}: run  make test-all")
    done = subprocess.run(
        [sys.executable, "-P", HERE / "every_client.py", f"{piper.url}/v1", tmp_path],
        env={**os.environ, "PYTHONPATH": str(place) if version else ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(version or "3")
    assert codec.decode((tmp_path / "greeting.mp3").read_bytes()).duration > 2
    assert codec.decode((tmp_path / "output.mp3").read_bytes()).duration > 20


def test_litellm(piper, tmp_path):
    """LiteLLM's own speech call, with nothing but the address changed."""
    place = PLACES / "litellm"
    if not place.is_dir():
        pytest.fail(f"litellm is not in {place}: run  make test-all")
    program = (
        "import litellm, sys\n"
        "answer = litellm.speech(model='openai/tts-1', voice='nova', input='Hello from another client.',"
        " api_base=sys.argv[1], api_key='none')\n"
        "answer.stream_to_file(sys.argv[2])\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, f"{piper.url}/v1", tmp_path / "hello.mp3"],
        env={**os.environ, "PYTHONPATH": str(place), "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert codec.decode((tmp_path / "hello.mp3").read_bytes()).duration > 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl(piper, tmp_path):
    """As OpenAI's documentation has it."""
    done = subprocess.run(
        [
            *("curl", "-sS", "--fail", f"{piper.url}/v1/audio/speech", "-o", tmp_path / "speech.mp3"),
            *("-H", "Authorization: Bearer none", "-H", "Content-Type: application/json", "-d"),
            '{"model": "gpt-4o-mini-tts", "input": "The quick brown fox jumped over the lazy dog.", "voice": "alloy"}',
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert codec.decode((tmp_path / "speech.mp3").read_bytes()).duration > 1.5
