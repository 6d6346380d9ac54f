"""How fast is an episode mixed, mastered and encoded? Half an hour of speech with a bed, beside FFmpeg in the same run.

    python benchmarks/mixing.py [MINUTES]

FFmpeg gets the speech as one file and does what podcasters do with it: `sidechaincompress`, `amix`, `loudnorm` in one
pass, LAME. The times are those of the processor, of all threads, so that other programs change them little.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile  # type: ignore[import-untyped]  # it has no type hints

from voxpress.audio.episodes import PEAKS, Encoding, encode_part, grid, join_parts
from voxpress.audio.mastering import LOUDNESS, Mastered, choose_gain, measure
from voxpress.audio.mixing import Layer, Mix
from voxpress.audio.signals import Decoded, read_blocks
from voxpress.audio.tags import Tags
from voxpress.audio.waveform import Audio

RATE = 44_100
GRAPH = (
    "[0:a]aresample=44100,aformat=channel_layouts=stereo,asplit[speech][key];[1:a]aloop=-1:size=2e9[bed];"
    "[bed][key]sidechaincompress=threshold=0.02:ratio=8:attack=200:release=500[ducked];"
    "[speech][ducked]amix=duration=first:normalize=0,loudnorm=I=-16:TP=-1.5,aresample=44100"
)


def spent() -> float:
    """Seconds of the processor so far, with those of programs that were called."""
    return sum(os.times()[:4])


def make_turn() -> Audio:
    """Ten seconds of something with the level and the pauses of speech, at the rate of an engine."""
    random, time_ = np.random.default_rng(1), np.arange(240_000) / 24_000
    voice = (
        sum(np.sin(2 * np.pi * 120 * k * time_) / k for k in range(1, 30)) * np.sin(np.pi * 4 * time_) ** 2
    )
    return Audio((0.1 * voice + 0.001 * random.standard_normal(240_000)).astype(np.float32), 24_000)


def main(minutes: float = 30.0) -> None:
    turn, total = make_turn(), round(minutes * 60)
    with tempfile.TemporaryDirectory() as folder:
        bed_file, speech_file = Path(folder, "bed.wav"), Path(folder, "speech.wav")
        music = 0.1 * np.random.default_rng(2).standard_normal((60 * RATE, 2))
        soundfile.write(bed_file, music, RATE)
        step = len(turn.samples) + 12_000
        with soundfile.SoundFile(speech_file, "w", 24_000, 1) as file:
            for _ in range(total * 24_000 // step):
                file.write(np.concatenate([turn.samples, np.zeros(12_000)]))
        encoding = Encoding(channels=2)
        length = total * RATE // grid(encoding) * grid(encoding)
        times: dict[str, float] = {}

        def clock(name: str, start: float) -> None:
            times[name] = spent() - start

        start = spent()
        bed = Decoded(bed_file, RATE, 2)
        clock("decoding the bed", start)
        layers = [
            Layer(start=at, duration=10 * RATE, load=lambda: turn, speech=True)
            for at in range(0, length - 10 * RATE, step * RATE // 24_000)
        ]
        layers.append(Layer(start=0, duration=length, load=lambda: bed, gain=-6, ducked=12, loop=True))
        mix = Mix(layers, sample_rate=RATE, channels=2, length=length)
        start = spent()
        for _ in read_blocks(mix):
            pass
        clock("mixing alone", start)
        start = spent()
        measured = measure(mix)
        clock("first pass: mixing and measuring", start)
        mastered = Mastered(mix, choose_gain(measured, LOUDNESS[2], PEAKS["mp3"]), PEAKS["mp3"])
        start = spent()
        for _ in read_blocks(mastered):
            pass
        clock("second pass without encoding", start)
        start = spent()
        part = encode_part(mastered, 0, length, encoding)
        join_parts(Path(folder, "e.mp3"), [part], [], Tags(title="Episode"), encoding)
        clock("second pass: mixing, mastering and MP3", start)
        start = spent()
        encode_part(mastered, length // 2 // 1152 * 1152, length // 2 // 1152 * 1152 + 1152 * 2297, encoding)
        clock("one edited minute of it", start)
        start = spent()
        command = [
            *(
                "ffmpeg",
                "-v",
                "error",
                "-threads",
                "1",
                "-filter_threads",
                "1",
                "-i",
                str(speech_file),
                "-i",
                str(bed_file),
            ),
            *("-filter_complex", GRAPH, "-b:a", "128k", str(Path(folder, "peer.mp3"))),
        ]
        subprocess.run(command, check=True)
        clock("FFmpeg: all of it", start)
    times["voxpress: all of it"] = (
        times["first pass: mixing and measuring"] + times["second pass: mixing, mastering and MP3"]
    )
    for name, seconds in times.items():
        print(f"{name:45} {seconds:7.2f} s  {total / seconds:7.0f} × real time")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
