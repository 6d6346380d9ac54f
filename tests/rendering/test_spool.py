"""Plans on disk: the same ones, in order, as often as they are asked for."""

import errno
import os

import pytest

from tests.rendering.plans import planned
from voxpress.errors import InputError, StoreError
from voxpress.rendering.plan import Bad
from voxpress.rendering.spool import Spool
from voxpress.speech import Utterance


def plans(count):
    for number in range(count):
        if number % 7 == 3:
            error = InputError("no", field="voice", place=f"rows.csv:{number}")
            yield Bad(number, Utterance(text="Bad.", id=str(number)), error)
        else:
            yield planned(f"This is row {number}.", number)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 600])
def test_plans_come_back_as_they_were(tmp_path, count):
    kept = list(plans(count))
    with Spool(tmp_path) as spool:
        for plan in kept:
            spool.add(plan)
        for _ in range(2):
            again = list(spool)
            assert [getattr(each, "recipe", each.number) for each in again] == [
                getattr(each, "recipe", each.number) for each in kept
            ]
            assert [each.utterance for each in again] == [each.utterance for each in kept]
        assert len(spool) == count
        assert list(tmp_path.iterdir()) == []  # nothing is left of it, however the process ends
    engines = {id(each.engine) for each in again if not isinstance(each, Bad)}
    assert len(engines) <= len({id(each.engine) for each in kept if not isinstance(each, Bad)}) or not kept


def test_a_loop_over_it_may_be_left_and_begun_again(tmp_path):
    with Spool(tmp_path) as spool:
        for plan in plans(600):
            spool.add(plan)
        first, second = iter(spool), iter(spool)
        assert [next(first).number for _ in range(300)] == list(range(300))
        assert [next(second).number for _ in range(5)] == list(range(5))
        assert [each.number for each in first] == list(range(300, 600))


def test_a_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    with Spool(tmp_path) as spool:
        spool.add(next(plans(1)))

        def full(*args):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("voxpress.rendering.spool._Pickler.dump", full)
        with pytest.raises(StoreError, match=r"cannot keep the plans of the rows in .*: No space left"):
            list(spool)


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(StoreError, match="cannot keep the plans"):
        Spool(tmp_path / "none")
