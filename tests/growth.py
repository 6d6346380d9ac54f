"""Whether work grows with its size and no faster, on any machine and beside any load."""

from collections.abc import Callable
from time import process_time

SOON = 0.5
"""Seconds of processor time within which growth is not worth a question."""


def require_linear(work: Callable[[int], object], size: int, soon: float = SOON) -> None:
    """Fail if `work` takes more than nine times as long for four times the size; a square takes sixteen times."""

    def measure(size: int) -> float:
        started = process_time()
        work(size)
        return process_time() - started

    measure(size // 16)  # tables are built when they are first used
    for _ in range(8):  # another process may have the caches for a while
        whole, quarter = measure(size), measure(size // 4)
        if whole < soon or whole < 9 * quarter:
            return
    raise AssertionError(f"{quarter:.2f} s for {size // 4:,}, {whole:.2f} s for {size:,}")
