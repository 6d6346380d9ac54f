"""voxpress.executors: results, errors, and what is left of a pool when its workers or its owner die.

Workers are told what to do by `eval` and by functions of the standard library, which every process can import.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, wait
from pathlib import Path

import pytest

from voxpress.errors import ManifestError, WorkerLost
from voxpress.executors import Inline, Processes
from voxpress.executors.local import cores


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Two workers, gone afterwards."""
    with Processes(workers=2) as executor:
        yield executor


def running(pid: int) -> bool:
    """Whether that process is there, zombies not counted."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    """Its children that run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def worker_pid(executor: Executor) -> int:
    return executor.submit(os.getpid).result(30)


# Results


@pytest.mark.parametrize("executor", [Inline(), Processes(workers=1)], ids=["inline", "processes"])
def test_results_and_errors_are_those_of_the_function(executor: Executor) -> None:
    """Arguments of both kinds go there, values and exceptions come back."""
    with executor:
        assert executor.submit(int, "ff", base=16).result(30) == 255
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result(30)
        assert executor.submit(len, "four").result(30) == 4


def test_our_own_errors_come_back_with_what_they_carry(processes: Processes) -> None:
    """Path, line and field of a ManifestError survive the border."""
    code = "exec('''from voxpress.errors import ManifestError\nraise ManifestError('is bad', path='p.csv', line=3)''')"
    with pytest.raises(ManifestError, match=r"p\.csv:3: is bad") as problem:
        processes.submit(eval, code).result(30)
    assert problem.value.line == 3


UNPICKLABLE = {
    "cannot be pickled": "class Odd(Exception): pass\nraise Odd('broken')",
    "cannot be built again": (
        "import voxpress.errors as home\n"
        "class Odd(Exception):\n    def __init__(self, a, b): super().__init__(f'{a} {b}')\n"
        "Odd.__module__, home.Odd = 'voxpress.errors', Odd\nraise Odd('broken', 'thing')"
    ),
    "holds something that cannot be pickled": "raise ValueError('broken', lambda: 0)",
}


@pytest.mark.parametrize("code", UNPICKLABLE.values(), ids=UNPICKLABLE)
def test_an_exception_that_cannot_travel_comes_as_its_text(processes: Processes, code: str) -> None:
    """Type and message are told, and the worker goes on."""
    before = {worker_pid(processes) for _ in range(8)}
    with pytest.raises(RuntimeError, match="broken"):
        processes.submit(exec, code, {}).result(30)
    assert {worker_pid(processes) for _ in range(8)} & before


def test_a_result_that_cannot_travel_is_an_error_of_its_task_alone(processes: Processes) -> None:
    """The next task is none the worse."""
    with pytest.raises(Exception, match="pickle"):
        processes.submit(eval, "lambda: 0").result(30)
    assert processes.submit(len, "four").result(30) == 4


@pytest.mark.parametrize("what", ["raise SystemExit(3)", "raise KeyboardInterrupt", "import sys; sys.exit()"])
def test_a_task_that_wants_to_leave_costs_only_itself(processes: Processes, what: str) -> None:
    """Libraries call sys.exit: the future fails, and no other."""
    future = processes.submit(exec, what)
    with pytest.raises((WorkerLost, RuntimeError)):
        future.result(30)
    assert [processes.submit(len, "x" * n).result(30) for n in range(4)] == [0, 1, 2, 3]


def test_many_tasks_come_back_each_with_its_own_answer(processes: Processes) -> None:
    """Two thousand at once, and large ones among them."""
    futures = [processes.submit(str.upper, f"task {n}") for n in range(2000)]
    large = processes.submit(bytes, 30_000_000)
    assert [future.result(60) for future in futures] == [f"TASK {n}" for n in range(2000)]
    assert len(large.result(60)) == 30_000_000


def test_a_large_argument_to_a_worker_that_sends_a_large_answer_does_not_lock(processes: Processes) -> None:
    """Both directions are larger than what a socket holds."""
    futures = [processes.submit(bytes.upper, b"x" * 5_000_000) for _ in range(6)]
    assert all(len(future.result(60)) == 5_000_000 for future in futures)


def test_workers_are_as_many_as_asked_for_and_kept() -> None:
    """No more than the tasks need, one process for many tasks, one thread of numerics in each."""
    with Processes(workers=3) as executor:
        assert len({worker_pid(executor) for _ in range(20)}) <= 3
        wait([executor.submit(time.sleep, 0.3) for _ in range(3)])
        pids = {executor.submit(os.getpid) for _ in range(30)}
        assert len({future.result() for future in pids}) <= 3
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
    assert Processes().workers == cores() >= 1


# Losses


COMMON = ("SIGKILL", "os._exit")
DEATHS = {
    "SIGKILL": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL .out of memory"),
    "SIGSEGV": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "abort": ("import os; os.abort()", "SIGABRT"),
    "os._exit": ("import os; os._exit(9)", "status 9"),
    "os._exit(0)": ("import os; os._exit(0)", "status 0"),
    "a native crash": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "out of address space": (
        (
            "import resource, os; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); "
            "x = bytearray(1 << 30)"
        ),
        "MemoryError|SIGKILL",
    ),
}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param(*death, id=name, marks=[] if name in COMMON else pytest.mark.faults)
        for name, death in DEATHS.items()
    ],
)
def test_a_worker_that_dies_fails_its_own_task_and_says_of_what(code: str, told: str) -> None:
    """Tasks before, beside and after it are done."""
    with Processes(workers=2) as executor:
        others = [executor.submit(time.sleep, 0.2) for _ in range(2)]
        fatal = executor.submit(exec, code)
        after = [executor.submit(len, "x" * n) for n in range(10)]
        problem = fatal.exception(30)
        assert isinstance(problem, (WorkerLost, MemoryError))
        assert re.search(told, f"{type(problem).__name__}: {problem}")
        assert [future.result(30) for future in others] == [None, None]
        assert [future.result(30) for future in after] == list(range(10))


def test_a_worker_that_is_killed_while_it_rests_costs_at_most_one_task() -> None:
    """The system takes memory back from those who sit idle."""
    with Processes(workers=1) as executor:
        os.kill(worker_pid(executor), signal.SIGKILL)
        time.sleep(0.1)
        lost = [future.exception(30) for future in [executor.submit(len, "four") for _ in range(5)]]
        assert sum(isinstance(problem, WorkerLost) for problem in lost) <= 1
        assert executor.submit(len, "four").result(30) == 4


def test_every_worker_dying_again_and_again_is_survived(processes: Processes) -> None:
    """Eight deaths, eight failed futures, and the pool still works."""
    deaths = [processes.submit(os._exit, 1) for _ in range(8)]
    assert all(isinstance(future.exception(60), WorkerLost) for future in deaths)
    assert processes.submit(len, "four").result(30) == 4


def test_a_task_that_hangs_is_ended_after_the_limit() -> None:
    """Its future says so, its process is gone, and others never notice."""
    with Processes(workers=2, timeout=3.0) as executor:
        pids = [worker_pid(executor) for _ in range(6)]
        stalled = executor.submit(time.sleep, 600)
        quick = [executor.submit(time.sleep, 0.05) for _ in range(4)]
        assert isinstance(problem := stalled.exception(30), WorkerLost)
        assert "no answer in 3 s" in str(problem)
        assert [future.result(30) for future in quick] == [None] * 4
        assert executor.submit(len, "four").result(30) == 4
    assert until(lambda: not any(map(running, pids)), 5)


def test_a_task_deaf_to_signals_is_ended_too() -> None:
    """Native code that never comes back to Python, or that ignores every signal it can."""
    code = "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (2, 15, 1)]; time.sleep(60)"
    with Processes(workers=1, timeout=0.7) as executor:
        assert isinstance(executor.submit(exec, code, {}).exception(30), WorkerLost)


def test_an_interpreter_that_is_not_there_fails_the_task_and_not_the_program() -> None:
    """The path of another environment, mistyped: each future says so."""
    with Processes(workers=1, python="/nowhere/python") as executor:
        future = executor.submit(len, "four")
    with pytest.raises((WorkerLost, OSError), match="nowhere"):
        future.result()


# The end


def test_shutdown_waits_for_what_was_submitted() -> None:
    """As every executor: leaving the block finishes the tasks, and no process is left."""
    with Processes(workers=2) as executor:
        pids = [worker_pid(executor) for _ in range(6)]
        futures = [executor.submit(time.sleep, 0.05) for _ in range(10)]
    assert all(future.done() and future.exception() is None for future in futures)
    assert not any(map(running, pids))
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(len, "four")
    executor.shutdown()


@pytest.mark.parametrize("round_", [0, 3, *(pytest.param(n, marks=pytest.mark.faults) for n in (1, 2, 4, 5))])
def test_shutdown_with_running_tasks_leaves_nothing_behind(round_: int) -> None:
    """Running tasks lose their worker, waiting ones are cancelled, at once and without a process left."""
    others = set(children(os.getpid()))
    executor = Processes(workers=2)
    pids = {worker_pid(executor) for _ in range(6)} if round_ % 2 else set()
    futures = [executor.submit(time.sleep, 60) for _ in range(20)]
    time.sleep(0.1 * round_)
    pids |= set(children(os.getpid())) - others
    executor.shutdown(cancel_futures=True)
    assert all(future.done() for future in futures)
    assert {type(future.exception()) for future in futures if not future.cancelled()} <= {WorkerLost}
    assert sum(future.cancelled() for future in futures) >= 18
    with pytest.raises((CancelledError, WorkerLost)):
        futures[-1].result()
    assert until(lambda: not any(map(running, pids)), 5)


def test_shutdown_never_locks_up_with_busy_workers() -> None:
    """Cancelling races with workers that take the next task: a hundred times over, it comes to an end."""
    for _ in range(100):
        executor = Processes(workers=4, python="/bin/false")  # workers that end at once take tasks fast
        futures = [executor.submit(len, "four") for _ in range(20)]
        executor.shutdown(cancel_futures=True)
        assert all(future.done() for future in futures)


OWNER = """
import sys, time
from voxpress.executors import Processes
if __name__ == "__main__":
    executor = Processes(workers=2)
    import os
    for _ in range(2):
        executor.submit(time.sleep, 0.3)
    pids = set()
    while len(pids) < 2:
        pids |= {f.result() for f in [executor.submit(os.getpid) for _ in range(8)]}
    futures = [executor.submit(exec, sys.argv[1]) for _ in range(2)]
    print(*pids, flush=True)
    time.sleep(60)
"""
STATES = {
    "idle": "pass",
    "sleeping": "import time; time.sleep(60)",
    "computing": "import hashlib\nwhile True: hashlib.sha256(bytes(1_000_000))",
    "in a library": "import numpy as np\nwhile True: np.ones((500, 500)) @ np.ones((500, 500))",
}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, id=name, marks=[] if name in ("idle", "in a library") else pytest.mark.faults)
        for name, code in STATES.items()
    ],
)
def test_workers_end_when_their_owner_is_killed(tmp_path: Path, code: str) -> None:
    """Without a word to them, with SIGKILL: within seconds no worker is left, whatever it was doing."""
    program = tmp_path / "owner.py"
    program.write_text(OWNER)
    with subprocess.Popen(
        [sys.executable, str(program), code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None and owner.stderr is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 2 and all(map(running, pids))
        time.sleep(0.3)
        owner.send_signal(signal.SIGKILL)
        assert until(lambda: not any(map(running, pids)), 5)
        assert owner.stderr.read() == ""


def test_the_callers_program_is_not_run_again(tmp_path: Path) -> None:
    """multiprocessing runs a script without a main guard once per worker; here it runs once, from a pipe too."""
    program = textwrap.dedent(
        """
        import os
        from voxpress.executors import Processes
        print("started", flush=True)
        with Processes(workers=2) as executor:
            print(sum(future.result() for future in [executor.submit(len, "four") for _ in range(9)]))
        """
    )
    (tmp_path / "program.py").write_text(program)
    for arguments, given in (([str(tmp_path / "program.py")], None), (["-"], program)):
        run = subprocess.run(
            [sys.executable, *arguments], input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert (run.stdout, run.stderr, run.returncode) == ("started\n36\n", "", 0)


def test_what_workers_print_never_reaches_the_callers_output(tmp_path: Path) -> None:
    """`voxpress say -o -` writes audio there: prints of a library, of C code and of a child go to the error stream."""
    program = textwrap.dedent(
        """
        import os, subprocess, sys
        from voxpress.executors import Processes
        with Processes(workers=1) as executor:
            executor.submit(print, "from python").result()
            executor.submit(os.write, 1, b"from a descriptor\\n").result()
            executor.submit(os.system, "echo from a child").result()
        sys.stdout.write("audio")
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout == "audio"
    assert all(f"from {who}" in run.stderr for who in ("a descriptor", "a child"))
    assert run.returncode == 0


def test_a_module_in_the_users_folder_does_not_stand_in_for_a_library(tmp_path: Path) -> None:
    """Prompts are rendered in a folder that happens to hold a queue.py or a numpy.py."""
    for name in ("queue", "numpy", "pickle", "selectors", "voxpress"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    (tmp_path / "rows.csv").write_text("id,text\none,This is one row.\n")
    voxpress = Path(sys.executable).with_name("voxpress")
    run = subprocess.run(
        [voxpress, "render", "rows.csv", "-o", "out", "-e", "tone", "--store", "store", "--workers", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "one.wav").exists()
