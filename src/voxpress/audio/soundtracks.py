"""Sound as packets, and alone in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from voxpress import languages
from voxpress.audio.arrays import Samples, np
from voxpress.audio.containers import SOUNDS, find_kind, writing
from voxpress.audio.mpeg import find_lame_gain
from voxpress.audio.signals import Channels, Signal, read_blocks
from voxpress.speech import Hertz

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer


class _Usage(NamedTuple):
    """How an encoder is used.

    Attributes:
        form: of its samples.
        bits: in a second, for one channel and for two; None where it is not chosen.
    """

    form: str
    bits: tuple[int | None, int | None] = (None, None)
    options: Mapping[str, str] = MappingProxyType({})


_ENCODERS: Mapping[str, _Usage] = MappingProxyType(
    {
        "pcm_s24le": _Usage("s32"),
        "flac": _Usage("s32"),
        "libmp3lame": _Usage("fltp", (128_000, 192_000)),
        "aac": _Usage("fltp", (96_000, 192_000), MappingProxyType({"aac_coder": "fast"})),
        "libopus": _Usage("flt", (64_000, 128_000)),
    }
)
_LAYOUTS = MappingProxyType({1: "mono", 2: "stereo"})


def write_sound(
    target: str | os.PathLike[str], signal: Signal, *, language: str = "", title: str = ""
) -> None:
    """Write a signal as a file, as its extension says.

    Args:
        language: BCP 47 tag.

    Raises:
        UnsupportedOption: the extension is another one.
        StoreError: it cannot be written.
    """
    kind = find_kind(target, SOUNDS)
    with writing(target, kind) as written:
        out = written.container
        track = SoundTrack(out, kind.encoder, signal.channels, signal.sample_rate)
        tags = {"title": title, "language": languages.iso_639_2(language) if language else ""}
        # Ogg keeps them with the stream.
        (track.stream if kind.container in ("ogg", "opus") else out).metadata.update(
            {name: value for name, value in tags.items() if value}
        )
        for packet in track.encode(signal):
            written.mux(packet)


class SoundTrack:
    """A sound that is added to a container.

    Attributes:
        stream: of the container, whose tags may be changed before the first packet.
    """

    def __init__(self, out: OutputContainer, encoder: str, channels: Channels, rate: Hertz) -> None:
        used = _ENCODERS[encoder]
        self.stream: Any = out.add_stream(
            encoder,
            rate=rate,
            layout=_LAYOUTS[channels],
            options={"flags": "+bitexact", **used.options},
        )
        context: Any = self.stream.codec_context
        context.format, context.time_base = used.form, Fraction(1, rate)
        bits = used.bits[channels - 1]
        if bits is not None:
            context.bit_rate = bits
        self._form = used.form
        self._gain = 1 / find_lame_gain(bits) if bits and encoder == "libmp3lame" else 1.0

    def encode(self, signal: Signal, start: Fraction = Fraction(0)) -> Iterator[Any]:
        """The packets of a signal, whose first sample is heard at `start` (seconds)."""
        at = round(start * signal.sample_rate)
        for block in read_blocks(signal):
            yield from self.stream.encode(self._frame(block, signal.sample_rate, at))
            at += len(block)
        yield from self.stream.encode(None)

    def _frame(self, block: Samples, rate: Hertz, at: int) -> av.AudioFrame:
        import av

        values: Any = np.clip(block * np.float32(self._gain), -1.0, 1.0)
        if self._form == "s32":
            values = np.clip(np.rint(values * 2.0**23), -(2**23), 2**23 - 1).astype(np.int32) << 8
        # Planes, or all channels of a sample side by side.
        values = values.T if self._form.endswith("p") else values.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(values), format=self._form, layout=_LAYOUTS[block.shape[1]]
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        return frame
