"""What the log of an actor says of rows whose ids somebody else chose."""

from __future__ import annotations

import pytest

from voxpress.executors import TaskInfo
from voxpress.executors.ray.monitoring import name_task


@pytest.mark.parametrize(
    "row", ["a\nINFO voxpress.actor: forged", "\x1b[31mred", "bell\x07", "\u2028", "rtl\u202e", "x" * 5000]
)
def test_an_odd_id_is_one_short_line_of_printable_characters(row: str) -> None:
    said = name_task(TaskInfo("speak", "tone", (row, "menu/2")))
    assert said.isprintable()
    assert len(said) < 200
    assert said.endswith(" menu/2")


def test_a_usual_id_is_named_as_it_is() -> None:
    assert (
        name_task(TaskInfo("speak", "tone", ("menu/1", "Grüße an alle")))
        == "speak tone: menu/1 Grüße an alle"
    )
