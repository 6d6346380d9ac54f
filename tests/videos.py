"""Small videos."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def make_video(
    path: Path, duration: float = 10.0, *, codec: str = "mpeg4", sound: str = "aac", silence: float = 0.0
) -> Path:
    """Grey pictures, a soft tone in two channels, silence after them, a title, a chapter."""
    out: Any
    with av.open(path, "w") as out:
        picture = out.add_stream(codec, rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        voice = out.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        out.metadata["title"] = "A film"
        if voice:
            voice.metadata["language"] = "fra"
        out.set_chapters(
            [{"id": 1, "start": 0, "end": 4000, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}]
        )
        for number in range(round(duration * 25)):
            data = np.full((48, 64, 3), number % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(data, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(picture.encode(frame))
            if voice:
                times = (number * 1920 + np.arange(1920)) / 48_000
                wave = np.sin(2 * np.pi * 220 * times).astype(np.float32) / 10
                sounds = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
                sounds.sample_rate, sounds.pts = 48_000, number * 1920
                out.mux(voice.encode(sounds))
        out.mux(picture.encode(None))
        for number in range(round(duration * 25), round((duration + silence) * 25)):
            sounds = av.AudioFrame.from_ndarray(
                np.zeros((2, 1920), np.float32), format="fltp", layout="stereo"
            )
            sounds.sample_rate, sounds.pts = 48_000, number * 1920
            if voice:
                out.mux(voice.encode(sounds))
        if voice:
            out.mux(voice.encode(None))
    return path


def make_flashes(
    path: Path, duration: int = 10, *, codec: str = "mpeg4", sound: str = "aac", ahead: int = 0
) -> Path:
    """A flash and a beep of 0.1 s at each second, as slates have them.

    Args:
        ahead: pictures that are decoded before they are shown.
    """
    out: Any
    with av.open(path, "w") as out:
        picture = out.add_stream(codec, rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        picture.codec_context.max_b_frames = ahead
        voice = out.add_stream(sound, rate=48_000, layout="mono")
        for number in range(duration * 25):
            data = np.full((48, 64, 3), 255 if number % 25 < 3 else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(data, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(picture.encode(frame))
            times = (number * 1920 + np.arange(1920)) / 48_000
            wave = (np.sin(2 * np.pi * 3000 * times) * (times % 1 < 0.1) / 2).astype(np.float32)
            form = {"libopus": "flt"}.get(sound, "fltp")
            beep = av.AudioFrame.from_ndarray(wave[None], format=form, layout="mono")
            beep.sample_rate, beep.pts = 48_000, number * 1920
            out.mux(voice.encode(beep))
        for stream in (picture, voice):
            out.mux(stream.encode(None))
    return path


def find_flashes(path: Path) -> tuple[list[float], list[float]]:
    """When flashes are seen and beeps are heard, in seconds."""
    source: Any
    with av.open(path) as source:
        frames = sorted(
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="gray").mean() > 128)
            for frame in source.decode(source.streams.video[0])
        )
    with av.open(path) as source:
        sounds = list(source.decode(source.streams.audio[0]))
    samples = np.concatenate([frame.to_ndarray()[0] for frame in sounds])
    turning = samples * np.exp(-2j * np.pi * 3000 / 48_000 * np.arange(len(samples)))
    (loud,) = np.nonzero(np.abs(np.convolve(turning, np.ones(240) / 240, "same")) > 0.03)
    begins = loud[np.diff(loud, prepend=-48_000) > 24_000] / 48_000 + float(
        sounds[0].pts * sounds[0].time_base
    )
    seen = [
        at for number, (at, white) in enumerate(frames) if white and not (number and frames[number - 1][1])
    ]
    return seen, begins.tolist()


def hash_packets(path: Path, kind: str = "video", number: int = 0, *, timed: bool = True) -> str:
    """A digest of all packets of a stream, with their times."""
    source: Any
    with av.open(path) as source:
        stream = [each for each in source.streams if each.type == kind][number]
        return hashlib.sha256(
            b"".join(
                bytes(each) + (repr((each.pts or 0) * each.time_base).encode() if timed else b"")
                for each in source.demux(stream)
                if each.size
            )
        ).hexdigest()
