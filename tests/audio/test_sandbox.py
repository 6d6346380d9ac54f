"""Audio from outside: what is read, within which bounds, and what a file can reach from the process that decodes it."""

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import hostile_media
from tests.beeps import Beeps
from voxpress.audio import codec, sandbox
from voxpress.audio.decoding import Bounds
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.files.formats import FORMATS
from voxpress.quality import verify
from voxpress.quality.verify import Question
from voxpress.speech import Output
from voxpress.voices import editing

NOISE = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)


@pytest.fixture(scope="module")
def decoder():
    """One process for all tests that leave it alive."""
    with sandbox.Decoder() as decoder:
        yield decoder


@pytest.fixture
def secret(tmp_path):
    """A recording that nobody but its owner may hear."""
    path = tmp_path / "secret.wav"
    path.write_bytes(codec.encode(Audio(NOISE, 16_000), Output(format="wav")))
    return path


def child():
    """The process that decodes for this one."""
    return int(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_voxpress_reads_its_own(decoder, name):
    rate = FORMATS[name].sample_rate or (FORMATS[name].sample_rates or (16_000,))[0]
    data = codec.encode(Audio(NOISE, rate), Output(format=name))
    own, outside = codec.decode(data, name), decoder.decode(data, name)
    assert own.sample_rate == outside.sample_rate
    np.testing.assert_array_equal(own.samples, outside.samples)


@pytest.mark.parametrize("kind", hostile_media.scripts(Path("x")))
def test_what_names_other_files_or_addresses_is_no_audio(secret, kind):
    """Neither from outside nor when voxpress reads its own files."""
    data = hostile_media.scripts(secret)[kind]
    with pytest.raises(InputError, match="not audio that can be read"):
        codec.decode(data)


def test_a_script_does_not_become_a_voice(secret, tmp_path):
    """By the command line; nothing is left of it."""
    script = tmp_path / "anna.wav"
    script.write_bytes(hostile_media.scripts(secret)["ffconcat"])
    done = subprocess.run(
        [sys.executable, "-m", "voxpress", "voices", "add", "anna", "--reference", script, "--speaker", "Anna",
         "--consent", "yes", "--transcript", "Something.", "--language", "en"],
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "not audio that can be read" in done.stderr
    assert not list(tmp_path.rglob("voice.json"))


def test_a_script_is_not_heard(secret, tmp_path):
    """Nor does it keep the file beside it from being heard."""
    (tmp_path / "script.wav").write_bytes(hostile_media.scripts(secret)["ffconcat"])
    asked = [
        Question(id=name, path=str(tmp_path / f"{name}.wav"), text="Hello.") for name in ("script", "secret")
    ]
    script, other = verify.review(asked, Beeps(), language="en", workers=0)
    assert "not audio that can be read" in script.problem and script.duration is None
    assert other.duration == 1.0


@pytest.mark.parametrize("kind", hostile_media.EXCESSIVE)
def test_what_is_more_than_anybody_needs_is_refused(decoder, kind):
    """The message names the bound."""
    made, problem = hostile_media.EXCESSIVE[kind]
    with pytest.raises(InputError, match=re.escape(problem)):
        decoder.decode(made(), bounds=editing.RECORDING)


def test_an_mp4_reaches_no_other_file(decoder, secret):
    """A data reference names the file in which its samples are."""
    own = codec.encode(Audio(NOISE, 16_000), Output(format="m4a"))
    with pytest.raises(InputError, match="not audio that can be read"):
        decoder.decode(hostile_media.mp4_of_another_file(own, secret))


def test_matroska_reaches_no_other_file(decoder, secret):
    """What goes on in another file ends."""
    linked = hostile_media.matroska(np.tile(NOISE, 3), secret)
    assert str(secret).encode() in linked
    assert decoder.decode(linked).duration == pytest.approx(1, abs=0.05)


def test_streams_one_after_the_other_are_read_to_the_end(decoder):
    """As recordings of radio are; none is left out."""
    vorbis = codec.encode(Audio(NOISE, 16_000), Output(format="ogg"))
    assert decoder.decode(vorbis * 3).duration == pytest.approx(3, abs=0.1)
    assert decoder.decode(hostile_media.opus_chain(0.5, 4)).duration == pytest.approx(2, abs=0.05)


def test_thousands_of_streams_one_after_the_other_are_bounded(decoder):
    data = codec.encode(Audio(NOISE[:4000], 16_000), Output(format="ogg"))
    with pytest.raises(InputError, match="lasts longer than 600 s"):
        decoder.decode(data * 3_000, bounds=editing.RECORDING)


def test_what_is_odd_and_yet_audio_is_read(decoder):
    """MP3 behind a large picture and cut off in a frame; WAV that says that samples have no bytes."""
    mp3 = codec.encode(Audio(NOISE, 16_000), Output(format="mp3"))
    assert decoder.decode(hostile_media.with_picture(mp3, 9_000_000)).duration == pytest.approx(1, abs=0.05)
    assert decoder.decode(mp3[: len(mp3) // 2 + 17]).duration == pytest.approx(0.5, abs=0.1)
    assert decoder.decode(hostile_media.wav(8_000, 1, data=bytes(16_000), align=0)).duration == 1.0


def test_pictures_are_not_decoded(decoder):
    """100 million pixels beside five seconds of audio."""
    assert decoder.decode(hostile_media.mov_with_picture(10_000)).duration == pytest.approx(5, abs=0.1)


def test_broken_files_are_errors():
    """Whatever is changed in a file, it is audio or an InputError."""
    dice = random.Random(5)
    for name in ("wav", "flac", "mp3", "opus", "aac", "m4a", "ogg", "wav49"):
        rate = (FORMATS[name].sample_rates or (16_000,))[0]
        data = codec.encode(Audio(NOISE[:4000], rate), Output(format=name))
        for _ in range(20):
            broken = bytearray(data)
            for _ in range(dice.choice((1, 5, 20))):
                broken[dice.randrange(min(len(broken), dice.choice((64, 400, 9999))))] = dice.randrange(256)
            try:
                codec.decode(bytes(broken), bounds=Bounds(samples=2**24, longest=60))
            except InputError:
                continue


def test_the_process_has_no_secrets_and_little_else(monkeypatch):
    """No keys, no files, no more memory and no files to write."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with sandbox.Decoder() as decoder:
        decoder.decode(bytes(100), "pcm")
        place = Path(f"/proc/{child()}")
        assert b"sk-secret" not in (place / "environ").read_bytes()
        limits = {
            line[:26].strip(): line[26:].split()[0] for line in (place / "limits").read_text().splitlines()
        }
        assert limits["Max file size"] == "0" and int(limits["Max open files"]) < 64
        assert int(limits["Max address space"]) < 2**31
        opened = [os.readlink(link) for link in (place / "fd").iterdir()]
        # The file itself may not be closed yet.
        assert {name for name in opened if not name.startswith(("socket:", "/memfd:voxpress"))} == {
            "/dev/null"
        }


def test_a_process_that_ends_costs_one_file(monkeypatch):
    """So does one that takes too long; the next file is decoded."""
    with sandbox.Decoder() as decoder:
        decoder.decode(bytes(100), "pcm")
        os.kill(child(), signal.SIGKILL)
        with pytest.raises(InputError, match="memory and the time"):
            decoder.decode(bytes(100), "pcm")
        assert decoder.decode(bytes(4800), "pcm").duration == 0.1
        os.kill(child(), signal.SIGSTOP)
        monkeypatch.setattr(sandbox, "_PATIENCE", 0.1)
        with pytest.raises(InputError, match="could not be decoded within 0 s"):
            decoder.decode(bytes(100), "pcm")
        monkeypatch.undo()
        assert decoder.decode(bytes(4800), "pcm").duration == 0.1


def test_what_is_no_file_is_not_waited_for(tmp_path):
    """A pipe would never end, a folder never begin."""
    os.mkfifo(tmp_path / "pipe.wav")
    with sandbox.Decoder() as decoder:
        for path in (tmp_path / "pipe.wav", tmp_path, tmp_path / "none.wav", Path("/dev/zero")):
            with pytest.raises(InputError):
                decoder.decode_file(path)


def test_long_files_come_in_pieces(decoder, tmp_path):
    path = tmp_path / "long.mp3"
    path.write_bytes(codec.encode(Audio(np.resize(NOISE, 600_000), 16_000), Output(format="mp3")))
    pieces = list(decoder.read_file(path))
    assert len(pieces) > 1 and {piece.sample_rate for piece in pieces} == {16_000}
    joined = np.concatenate([piece.samples for piece in pieces])
    np.testing.assert_array_equal(joined, decoder.decode_file(path).samples)
    # Who stops in the middle leaves the next one a process that knows nothing of it.
    next(decoder.read_file(path))
    np.testing.assert_array_equal(decoder.decode_file(path).samples, joined)


def test_a_file_without_samples_is_one_piece(decoder, tmp_path):
    path = tmp_path / "empty.wav"
    path.write_bytes(codec.encode(Audio(NOISE[:0], 16_000), Output(format="wav")))
    assert [len(piece.samples) for piece in decoder.read_file(path)] == [0]
