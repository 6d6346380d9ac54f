"""Audio to bytes and back, in every format of `voxpress.files.formats`.

Encoding is deterministic: files hold no dates and no random serial numbers, and one version of a library always gives
the same bytes. The codec libraries are imported when they are first needed.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, cast

from voxpress import languages
from voxpress.audio import comments
from voxpress.audio.arrays import Samples, np
from voxpress.audio.decoding import UNBOUNDED, Bounds, open_sound
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, SynthesisError, UnsupportedOption
from voxpress.files.formats import FORMATS, Format, bit_rate_for, format_named, sample_rate_for
from voxpress.files.scratch import open_scratch
from voxpress.speech import Hertz, Output


def encode(audio: Audio, output: Output) -> bytes:
    """A file with the audio, in the format, sample rate and bit rate of `output` and with its tags. Samples beyond full
    scale become full scale; the caller has applied the other fields of `output`.

    The file has the whole start of the audio. When decoded it lasts as long as the audio, exactly for mp3, opus and
    ogg, else to a part of the last frame; every ADTS stream starts a frame of 1024 samples late. If a container
    cannot be empty, empty audio becomes one sample of silence.

    Raises:
        UnsupportedOption: the format cannot have the audio's sample rate, or the bit rate.
        SynthesisError: a sample is NaN or infinite.
        ValueError: the audio's sample rate is not the one that `output` names.

    >>> encode(Audio(np.zeros(4, np.float32), 8000), Output(format="ulaw"))
    b'\\xff\\xff\\xff\\xff'
    """
    format = format_named(output.format)
    if output.sample_rate not in (None, audio.sample_rate):
        raise ValueError(f"audio of {audio.sample_rate} Hz for an output of {output.sample_rate} Hz")
    sample_rate_for(format, audio.sample_rate, audio.sample_rate)
    bit_rate = bit_rate_for(format, output.bit_rate, audio.sample_rate)
    if not np.isfinite(audio.samples).all():
        raise SynthesisError("the audio holds samples that are not numbers")
    if format.library == "av":
        return _encode_av(audio, format, bit_rate, output)
    if format.library == "numpy":
        bits = 24 if format.codec == "PCM_24" else 16
        data = _to_pcm24(audio.samples) if bits == 24 else _to_pcm16(audio.samples).tobytes()
        return data if format.container == "RAW" else _add_wav_header(data, audio.sample_rate, bits)
    samples = _to_pcm16(audio.samples)
    if format.codec == "GSM610":
        samples = _prepare_for_gsm(samples, _GSM_FRAMES[format.container])
    encoded = _encode_soundfile(samples, audio.sample_rate, format.container, format.codec)
    header = comments.vorbis_comments({"TITLE": output.title, "LANGUAGE": output.language})
    if format.container == "FLAC":
        return comments.replace_in_flac(encoded, header)
    return comments.replace_in_ogg(encoded, header) if format.container == "OGG" else encoded


_GSM_FRAMES: Mapping[str, int] = {"RAW": 160, "WAV": 320}
"""Samples of a frame, of two in WAV."""


def _prepare_for_gsm(
    samples: np.ndarray[tuple[int], np.dtype[np.int16]], frame: int
) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Whole frames with noise of one step, the same each time. GSM's predictors run away in perfect silence after
    speech, up to -23 dBFS, and the end of the file clicks.
    """
    padded = np.pad(samples.astype(np.int32), (0, -len(samples) % frame))
    noise = (np.arange(len(padded), dtype=np.uint32) * np.uint32(2654435761)) >> np.uint32(16)
    return np.clip(padded + (noise % np.uint32(3)).astype(np.int32) - 1, -32768, 32767).astype(np.int16)


STREAMED = frozenset({"mp3", "opus", "aac", "pcm"})
"""Formats whose files can be sent before their end is known: their header does not hold the length."""


class Encoder:
    """A file in one of the formats in `STREAMED`, encoded while the audio arrives.

    It sounds like the file of `encode`, and lacks what is known only at the end: the number of frames at the start of
    an MP3 file.

    Args:
        output: as for `encode`.
        sample_rate: of the audio.

    >>> encoder = Encoder(Output(format="pcm"), 24000)
    >>> encoder.add(np.zeros(2, np.float32)) + encoder.end()
    b'\\x00\\x00\\x00\\x00'

    Raises:
        UnsupportedOption: the format cannot be streamed, or cannot have the sample rate or the bit rate.
    """

    def __init__(self, output: Output, sample_rate: Hertz) -> None:
        format = format_named(output.format)
        if format.name not in STREAMED:
            raise UnsupportedOption(
                f"{format.name} cannot be streamed (formats that can: {', '.join(sorted(STREAMED))})"
            )
        sample_rate_for(format, sample_rate, sample_rate)
        bit_rate = bit_rate_for(format, output.bit_rate, sample_rate)
        self._sink = _Sink()
        self._av = None
        if format.library == "av":
            self._av = _Av(cast("BinaryIO", self._sink), format, sample_rate, bit_rate, output)

    def add(self, samples: Samples) -> bytes:
        """The bytes of the file that are complete with these samples."""
        if self._av is None:
            return _to_pcm16(samples).tobytes()
        self._av.add(samples)
        return self._sink.take()

    def end(self) -> bytes:
        """The rest of the file."""
        if self._av is not None:
            self._av.end()
        return self._sink.take()


class _Sink:
    """A file for an encoder that only writes forward."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def decode(data: bytes, format: str | None = None, *, bounds: Bounds = UNBOUNDED) -> Audio:
    """The audio in a file; several channels become their mean. Opus always has 48 kHz. A WAV file that was streamed,
    without its length in the header, is read to its end.

    Args:
        format: of a file without a header, which gets the format's usual sample rate; None: the file has a header.
        bounds: limits of the file, since a few bytes of FLAC can hold hours of silence.

    Raises:
        InputError: the bytes are no audio or of another format, a WAV file is shorter than its header says, or the file
            exceeds the bounds.

    >>> audio = decode(encode(Audio(np.full(160, 0.5, np.float32), 16000), Output(format="flac")))
    >>> audio.duration, audio.samples[0]
    (0.01, np.float32(0.5))
    """
    sample_rate, blocks = open_sound(io.BytesIO(data), format, bounds)
    samples = list(blocks)
    joined = samples[0] if len(samples) == 1 else np.concatenate([np.zeros(0, np.float32), *samples])
    return Audio(np.ascontiguousarray(joined), sample_rate)


def to_flac(audio: Audio) -> tuple[Audio, bytes]:
    """FLAC for audio that may exceed full scale, and the audio that `from_flac` will return; marks are not in the file.

    It rounds samples to 24 bits of the smallest power of two above them, an error of -144 dB, and writes that power
    into a tag. Samples on the grid of 16 bits, which many engines give, take 16 bits and come back bit for bit.

    Raises:
        SynthesisError: a sample is NaN or infinite.

    >>> kept, data = to_flac(Audio(np.array([1.5, -0.25], np.float32), 24000))
    >>> from_flac(data).samples
    array([ 1.5 , -0.25], dtype=float32)
    """
    scaled, exponent = _scale_to_24_bits(audio.samples)
    whole = scaled.astype(np.int32)
    if np.any(whole & 0xFF):
        samples, subtype = whole << 8, "PCM_24"
    else:
        samples, subtype = (whole >> 8).astype(np.int16), "PCM_16"
    # The least compression: a fifth faster, and 2 % larger.
    encoded = _encode_soundfile(samples, audio.sample_rate, "FLAC", subtype, compression=0.0)
    kept = replace(audio, samples=scaled * np.float32(2.0 ** (exponent - 23)))
    return kept, comments.replace_in_flac(encoded, comments.vorbis_comments({_EXPONENT: str(exponent)}))


def from_flac(data: bytes) -> Audio:
    """The audio in a file of `to_flac`.

    Raises:
        InputError: the file is another one.

    >>> from_flac(to_flac(Audio(np.zeros(8, np.float32), 24000))[1]).samples.shape
    (8,)
    """
    head, _, tail = data[:1024].partition(f"{_EXPONENT}=".encode())
    if not head.startswith(b"fLaC") or not tail:
        raise InputError("not a take: FLAC with its exponent was expected")
    # FLAC's first frame starts with 0xFF, which is no digit.
    digits = tail[: len(tail) - len(tail.lstrip(b"0123456789"))]
    audio = decode(data)
    return Audio(audio.samples * np.float32(2.0 ** int(digits)), audio.sample_rate)


# Samples


def _scale_to_24_bits(samples: Samples) -> tuple[Samples, int]:
    """Samples as whole numbers of 24 bits, and the exponent of the power of two that full scale stands for."""
    if not np.isfinite(samples).all():
        raise SynthesisError("the audio holds samples that are not numbers")
    exponent = max(0, int(np.frexp(float(np.abs(samples).max(initial=0.0)))[1]))
    scaled = np.rint(samples * np.float32(2.0 ** (23 - exponent)))
    return np.minimum(scaled, np.float32(2**23 - 1)), exponent


def _to_pcm16(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    scaled = samples * np.float32(32768)
    np.clip(np.rint(scaled, out=scaled), -32768, 32767, out=scaled)
    return scaled.astype("<i2")


def _to_pcm24(samples: Samples) -> bytes:
    scaled = np.clip(np.rint(samples * np.float32(2**23)), -(2**23), 2**23 - 1).astype("<i4")
    octets: bytes = scaled.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return octets


def _add_wav_header(data: bytes, sample_rate: Hertz, bits: int) -> bytes:
    """WAV with the chunks `fmt ` and `data` only, because telephone systems refuse others. soundfile writes the same
    bytes in five times the time.
    """
    padding = bytes(len(data) % 2)
    if len(data) > 2**32 - 38:
        raise UnsupportedOption("WAV holds at most 4 GiB; take flac for something as long as this")
    frame = bits // 8
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(data) + len(padding), b"WAVE"),
        *(b"fmt ", 16, 1, 1, sample_rate, sample_rate * frame, frame, bits),
        *(b"data", len(data)),
    )
    return header + data + padding


# soundfile


def _encode_soundfile(
    samples: np.ndarray[tuple[int], np.dtype[np.int16 | np.int32]],
    sample_rate: Hertz,
    container: str,
    codec: str,
    compression: float | None = None,
) -> bytes:
    import soundfile  # type: ignore[import-untyped]  # it has no type hints

    if not len(samples) and container in ("FLAC", "OGG"):
        samples = np.zeros(1, np.int16)
    # libsndfile writes a small file in many pieces, and a call back into Python for each takes as long as the encoding.
    with open_scratch() as scratch:
        with soundfile.SoundFile(
            scratch.fileno(),
            "w",
            sample_rate,
            1,
            codec,
            format=container,
            compression_level=compression,
            closefd=False,
        ) as file:
            # For Vorbis, libsndfile puts a whole write on the stack, and minutes of audio crash it.
            for start in range(0, len(samples), 65536):
                file.write(samples[start : start + 65536])
        scratch.seek(0)
        return scratch.read()


# PyAV

_MUXERS: Mapping[str, Mapping[str, str]] = {
    # Old and new players read ID3v2.3. `_Av` sets version 0 for files without tags, which then have no empty tag.
    "mp3": {"id3v2_version": "3"},
    "ipod": {"movflags": "+faststart"},
}


# A stream is sent before its end is known, so its start cannot depend on the end.
_STREAMED_MUXERS: Mapping[str, Mapping[str, str]] = {
    "mp3": {"write_xing": "0"},
    "ogg": {"page_duration": "200000"},
}


def _encode_av(audio: Audio, format: Format, bit_rate: int | None, output: Output) -> bytes:
    buffer = io.BytesIO()
    # The muxer of MP4 reads the file back to move the index to the front.
    encoder = _Av(buffer, format, audio.sample_rate, bit_rate, output, lambda: io.BytesIO(buffer.getvalue()))
    encoder.add(audio.samples if len(audio.samples) else np.zeros(1, np.float32))
    encoder.end()
    return buffer.getvalue()


class _Av:
    """An encoder of FFmpeg, and the container that it writes."""

    def __init__(
        self,
        file: BinaryIO,
        format: Format,
        sample_rate: Hertz,
        bit_rate: int | None,
        output: Output,
        reopen: Callable[[], BinaryIO] | None = None,
    ) -> None:
        import av

        # bitexact: no version strings, no dates, and Ogg's serial number is 0.
        options = {"fflags": "+bitexact", **_MUXERS.get(format.container, {})}
        tags = _tags(output) if format.tags else {}
        if format.container == "mp3" and not tags:
            options["id3v2_version"] = "0"
        if reopen is None:
            options |= _STREAMED_MUXERS.get(format.container, {})
        self._container = av.open(
            file,
            "w",
            format=format.container,
            options=options,
            io_open=(lambda url, flags, options: reopen()) if reopen else None,
        )
        stream = self._container.add_stream(
            format.codec, rate=sample_rate, layout="mono", options={"flags": "+bitexact"}
        )
        assert isinstance(stream, av.AudioStream)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        # Ogg and MP4 keep the language with the stream, and Ogg the title too.
        (stream if format.container == "ogg" else self._container).metadata.update(tags)
        if "language" in tags:
            stream.metadata["language"] = tags["language"]
        self._stream, self._sample_rate, self._position = stream, sample_rate, 0
        # G.722 takes integers. FFmpeg's own conversion could differ between processors.
        self._whole = format.codec == "g722"

    def add(self, samples: Samples) -> None:
        import av

        values = _to_pcm16(samples) if self._whole else np.clip(samples, -1.0, 1.0)
        for start in range(0, len(values), 65536):
            frame = av.AudioFrame.from_ndarray(
                values[None, start : start + 65536], format="s16" if self._whole else "flt", layout="mono"
            )
            frame.sample_rate, frame.pts = self._sample_rate, self._position + start
            self._container.mux(self._stream.encode(frame))
        self._position += len(values)

    def end(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


# Tags

_EXPONENT = "VOXPRESS_EXPONENT"


def _tags(output: Output) -> dict[str, str]:
    language = output.language
    if FORMATS[output.format].container != "ogg":
        language = languages.iso_639_2(language)
    return {key: value for key, value in (("title", output.title), ("language", language)) if value}
