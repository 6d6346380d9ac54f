"""The formats of finished files: names, extensions, and the sample rates and bit rates that each can have.

Facts only: `voxpress.audio.codec` encodes and decodes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from voxpress.errors import UnsupportedOption, suggest

Hertz: TypeAlias = int
BitRates = Mapping[Hertz, Sequence[int]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Format:
    """One format of a finished file.

    >>> FORMATS["g722"].sample_rates
    (16000,)
    """

    name: str
    description: str
    extensions: tuple[str, ...]
    """Without the dot; voxpress writes the first one."""
    media_type: str
    library: Literal["numpy", "soundfile", "av"]
    container: str
    """Name of the container in the library; RAW: samples without a header, which a reader must know the format of."""
    codec: str
    sample_rates: tuple[Hertz, ...] = ()
    """Possible sample rates, ascending; empty: any."""
    sample_rate: Hertz | None = None
    """The default; None: the audio's own."""
    bit_rate: int | None = None
    """The default, in bits per second; None where the format leaves no choice."""
    bit_rates: BitRates = field(default_factory=dict)
    """Possible bit rates at each sample rate."""
    lossy: bool = False
    tags: bool = False
    """Whether the file holds title and language."""

    @property
    def extension(self) -> str:
        return self.extensions[0]


# MPEG-1 layer III above 24 kHz, MPEG-2 up to it; the encoder would round other numbers silently.
_MPEG2 = tuple(1000 * k for k in (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160))
_MPEG1 = tuple(1000 * k for k in (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320))
_MP3 = {rate: _MPEG1 if rate >= 32000 else _MPEG2 for rate in (16000, 22050, 24000, 32000, 44100, 48000)}
# A frame of 1024 samples holds at most 6144 bits for each channel (ISO/IEC 14496-3).
_AAC = {rate: range(8000, 6 * rate + 1) for rate in (16000, 22050, 24000, 32000, 44100, 48000)}
# RFC 6716: 6 to 510 kbit/s; libopus gives one channel at most 256.
_OPUS = {rate: range(6000, 256001) for rate in (8000, 12000, 16000, 24000, 48000)}


# fmt: off
def _define_formats() -> Iterator[Format]:
    yield Format(
        name="wav", description="WAV, 16 bits", extensions=("wav",), media_type="audio/wav",
        library="numpy", container="WAV", codec="PCM_16",
    )
    yield Format(
        name="wav24", description="WAV, 24 bits, for mixing", extensions=("wav",), media_type="audio/wav",
        library="numpy", container="WAV", codec="PCM_24",
    )
    yield Format(
        name="aiff", description="AIFF, 16 bits", extensions=("aiff", "aif"), media_type="audio/aiff",
        library="soundfile", container="AIFF", codec="PCM_16",
    )
    yield Format(
        name="flac", description="FLAC, 16 bits", extensions=("flac",), media_type="audio/flac",
        library="soundfile", container="FLAC", codec="PCM_16", tags=True,
    )
    yield Format(
        name="mp3", description="MP3, constant bit rate", extensions=("mp3",), media_type="audio/mpeg",
        library="av", container="mp3", codec="libmp3lame", sample_rates=tuple(_MP3), bit_rates=_MP3,
        bit_rate=64000, lossy=True, tags=True,
    )
    yield Format(
        name="opus", description="Opus in Ogg", extensions=("opus",), media_type="audio/ogg; codecs=opus",
        library="av", container="ogg", codec="libopus", sample_rates=tuple(_OPUS), bit_rates=_OPUS,
        bit_rate=32000, lossy=True, tags=True,
    )
    yield Format(
        name="aac", description="AAC-LC as an ADTS stream", extensions=("aac",), media_type="audio/aac",
        library="av", container="adts", codec="aac", sample_rates=tuple(_AAC), bit_rates=_AAC,
        bit_rate=64000, lossy=True,
    )
    yield Format(
        name="m4a", description="AAC-LC in MP4, ready to stream", extensions=("m4a", "m4b", "mp4"),
        media_type="audio/mp4", library="av", container="ipod", codec="aac", sample_rates=tuple(_AAC),
        bit_rates=_AAC, bit_rate=64000, lossy=True, tags=True,
    )
    yield Format(
        name="ogg", description="Vorbis in Ogg, variable bit rate", extensions=("ogg", "oga"),
        media_type="audio/ogg; codecs=vorbis", library="soundfile", container="OGG", codec="VORBIS",
        sample_rates=(8000, 16000, 22050, 24000, 32000, 44100, 48000), lossy=True, tags=True,
    )
    yield Format(
        name="pcm", description="16-bit samples, little-endian, no header; 24 kHz as in OpenAI's API",
        extensions=("pcm",), media_type="audio/pcm", library="numpy", container="RAW", codec="PCM_16",
        sample_rate=24000,
    )
    for law, name, extensions in (("µ", "ulaw", ("ulaw", "ul", "mulaw")), ("A", "alaw", ("alaw", "al"))):
        # RFC 3551 calls them PCMU and PCMA.
        yield Format(
            name=name, description=f"G.711 {law}-law, no header", extensions=extensions,
            media_type=f"audio/PCM{name[0].upper()}", library="soundfile", container="RAW",
            codec=name.upper(), sample_rates=(8000,), lossy=True,
        )
        yield Format(
            name=f"wav-{name}", description=f"G.711 {law}-law in WAV", extensions=("wav",),
            media_type="audio/wav", library="soundfile", container="WAV", codec=name.upper(),
            sample_rates=(8000,), lossy=True,
        )
    yield Format(
        name="g722", description="G.722, 64 kbit/s, no header", extensions=("g722",),
        media_type="audio/G722", library="av", container="g722", codec="g722", sample_rates=(16000,),
        lossy=True,
    )
    yield Format(
        name="gsm", description="GSM 06.10, no header", extensions=("gsm",), media_type="audio/GSM",
        library="soundfile", container="RAW", codec="GSM610", sample_rates=(8000,), lossy=True,
    )
    yield Format(
        name="wav49", description="GSM 06.10 in WAV; .WAV in Asterisk", extensions=("WAV",),
        media_type="audio/wav", library="soundfile", container="WAV", codec="GSM610",
        sample_rates=(8000,), lossy=True,
    )
    yield Format(
        name="wav16", description="WAV, 16 bits, 16 kHz, as Asterisk names it", extensions=("wav16",),
        media_type="audio/wav", library="numpy", container="WAV", codec="PCM_16", sample_rates=(16000,),
    )
    # Asterisk's "signed linear", format_sln.c: the name says the rate.
    for suffix, rate in (
        ("", 8000), ("12", 12000), ("16", 16000), ("24", 24000), ("32", 32000),
        ("44", 44100), ("48", 48000), ("96", 96000), ("192", 192000),
    ):
        yield Format(
            name=f"sln{suffix}", description=f"16-bit samples of {rate} Hz, no header (Asterisk)",
            extensions=(f"sln{suffix}",), media_type="application/octet-stream", library="numpy",
            container="RAW", codec="PCM_16", sample_rates=(rate,),
        )
# fmt: on


FORMATS: Mapping[str, Format] = MappingProxyType({each.name: each for each in _define_formats()})
"""All formats by name."""

# The first format with an extension owns it: .wav is wav, not wav24.
_BY_EXTENSION = {
    extension: each
    for each in reversed(list(FORMATS.values()))
    for extension in each.extensions
    if extension != "WAV"
}


def format_named(name: str) -> Format:
    """The format called `name`.

    Raises:
        UnsupportedOption: no format has that name.

    >>> format_named("mp3").media_type
    'audio/mpeg'
    """
    if name in FORMATS:
        return FORMATS[name]
    raise UnsupportedOption(
        f"no format {name!r}{suggest(name, FORMATS)} (formats: {', '.join(FORMATS)})", field="format"
    )


def format_for(path: str | os.PathLike[str]) -> Format:
    """The format that the extension of `path` stands for, in upper or lower case.

    ``.WAV`` in capitals is refused: Asterisk reads GSM there, everyone else PCM.

    Raises:
        UnsupportedOption: the extension belongs to no format, or to two.

    >>> format_for("sounds/hello.ul").name
    'ulaw'
    """
    extension = os.path.splitext(path)[1][1:]
    if extension == "WAV":
        raise UnsupportedOption(
            f"{os.fspath(path)}: .WAV is GSM to Asterisk and PCM to others;"
            " write .wav for PCM, or ask for the format wav49"
        )
    if extension.lower() in _BY_EXTENSION:
        return _BY_EXTENSION[extension.lower()]
    known = ", ".join(f".{each}" for each in _BY_EXTENSION)
    what = (
        f"no format has the extension .{extension}"
        if extension
        else "the name has no extension, such as .wav"
    )
    raise UnsupportedOption(
        f"{os.fspath(path)}: {what}{suggest(extension, _BY_EXTENSION)} (extensions: {known})"
    )


def sample_rate_for(format: Format, requested: Hertz | None, native: Hertz) -> Hertz:
    """The sample rate of a file: `requested`, else the format's default, else the lowest from `native` up, else the
    format's highest.

    Raises:
        UnsupportedOption: the format cannot have the requested rate.

    >>> sample_rate_for(FORMATS["opus"], None, 22050)
    24000
    >>> sample_rate_for(FORMATS["ulaw"], None, 24000)
    8000
    """
    if requested is None:
        if format.sample_rate is not None:
            return format.sample_rate
        enough = [rate for rate in format.sample_rates if rate >= native]
        return enough[0] if enough else format.sample_rates[-1] if format.sample_rates else native
    if requested <= 0 or (format.sample_rates and requested not in format.sample_rates):
        known = ", ".join(map(str, format.sample_rates)) or "any above 0"
        raise UnsupportedOption(
            f"{format.name} cannot have a sample rate of {requested} Hz (rates: {known})", field="sample_rate"
        )
    return requested


def bit_rate_for(format: Format, requested: int | None, sample_rate: Hertz) -> int | None:
    """The bit rate of a file in bits per second; None where the format leaves no choice.

    Raises:
        UnsupportedOption: the format cannot have the requested bit rate at this sample rate.

    >>> bit_rate_for(FORMATS["mp3"], None, 44100), bit_rate_for(FORMATS["wav"], None, 44100)
    (64000, None)
    """
    if requested is None:
        return format.bit_rate
    possible = format.bit_rates.get(sample_rate, ())
    if requested in possible:
        return requested
    known = (
        "it cannot be chosen"
        if not possible
        else f"from {possible[0]} to {possible[-1]}"
        if isinstance(possible, range)
        else f"bit rates: {', '.join(map(str, possible))}"
    )
    raise UnsupportedOption(
        f"{format.name} at {sample_rate} Hz cannot have a bit rate of {requested} bit/s ({known})",
        field="bit_rate",
    )
