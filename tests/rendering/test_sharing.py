"""Renders into one place share their rows."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from voxpress import Speaker, Utterance, render
from voxpress.rendering import sharing
from voxpress.rendering.assessment import assess
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Result
from voxpress.store import Store


def rows(count: int, word: str = "Row") -> list[Utterance]:
    return [Utterance(id=f"{word}-{n}", text=f"{word} number {n} is here.") for n in range(count)]


def run_both(*lists: list[Utterance], place: str) -> list[list[Result]]:
    """Render lists at the same time, each by a render of its own over one store."""
    store = Store("memory:")
    found: list[list[Result]] = [[] for _ in lists]

    def work(number: int) -> None:
        slow = Speaker(engine="tone", options={"delay": 0.006})
        found[number] = list(render(lists[number], place, speaker=slow, store=store, workers=0))

    threads = [threading.Thread(target=work, args=[n]) for n in range(len(lists))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("renders", [2, 3])
def test_renders_of_one_list_share_its_rows(renders: int) -> None:
    found = run_both(*[rows(600)] * renders, place=f"memory:///shared-{renders}")
    for results in found:
        assert len(results) == 600
        assert not [each.error for each in results if each.error]
    spoken = [sum(each.spoken for each in results) for results in found]
    assert sum(spoken) == 600
    assert min(spoken) > 600 / renders / 3


def test_other_lists_are_no_obstacle() -> None:
    found = run_both(rows(200, "Left"), rows(300, "Right"), place="memory:///two-lists")
    assert [len(results) for results in found] == [200, 300]
    assert not [each.error for results in found for each in results if each.error]
    assert [sum(each.spoken for each in results) for results in found] == [200, 300]


def test_what_a_render_had_claimed_that_died_is_done_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    store, place = Store("memory:"), "memory:///died"
    monkeypatch.setattr(sharing, "HELD", 1.0)
    planner = Planner(Speaker(engine="tone"))
    plans = [plan for plan in planner.plan_all(rows(100), filed=True) if isinstance(plan, Plan)]
    dead = sharing.Shares(store, place, most=1000)
    assert len(dead.choose(assess(plans, store, None))) == 100
    dead.close(release=False)
    results = list(render(rows(150), place, engine="tone", store=store, workers=0))
    assert sorted(each.number for each in results) == list(range(150))
    assert not [each.error for each in results if each.error]


def test_a_render_that_ends_while_it_claims_leaves_no_claim() -> None:
    """As with Ctrl-C: the next run need not wait for the claims of the last."""
    store, place = Store("memory:"), "memory:///ended"
    planner = Planner(Speaker(engine="tone"))
    plans = [plan for plan in planner.plan_all(rows(200), filed=True) if isinstance(plan, Plan)]
    ended = sharing.Shares(store, place, most=1000)
    take = ended._take

    def take_slowly(group: int) -> bool:
        if group:
            ended._ended.wait(5.0)
            return take(group)
        raise KeyboardInterrupt

    ended._take = take_slowly  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt), ended:
        ended.choose(assess(plans, store, None))
    with sharing.Shares(store, place, most=1000) as following:
        assert len(following.choose(assess(plans, store, None))) == 200


@pytest.mark.s3
@pytest.mark.usefixtures("seaweed")
def test_two_commands_over_an_object_store_speak_each_row_once(tmp_path: Path) -> None:
    list_of_rows = tmp_path / "rows.txt"
    list_of_rows.write_text("".join(f"Row number {n} is here.\n" for n in range(400)))
    command = [
        *(sys.executable, "-m", "voxpress", "render", str(list_of_rows), "-e", "tone"),
        *("-o", "s3://voices/out", "--store", "s3://voices/store", "-w", "1"),
    ]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    outputs = [each.communicate(timeout=300)[0] for each in started]
    assert [each.returncode for each in started] == [0, 0], outputs
    spoken = [int(found[1]) for output in outputs if (found := re.search(r"(\d+) segments? spoken", output))]
    assert sum(spoken) == 400
    assert min(spoken) > 50
