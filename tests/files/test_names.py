"""voxpress.files.names: what a receiving system demands of the names of files."""

from __future__ import annotations

import pytest

from voxpress.errors import InputError
from voxpress.files.names import NameRule, Names
from voxpress.rendering.presets import load


@pytest.mark.parametrize(
    ("path", "problems"),
    [
        ("SYSTEM/rssi_org.wav", []),
        ("SYSTEM/0000.wav", []),
        ("gearup.wav", []),
        ("fm-1.wav", []),
        ("SYSTEM/telemetry.wav", ["in the folder SYSTEM has more than 8"]),
        ("takeoff.wav", ["name has more than 6 characters: many radios"]),
        ("takeoffs.wav", ["name has more than 6 characters: many radios"]),
        ("takeoffnow.wav", ["more than 8 characters: only scripts", "more than 6 characters"]),
        ("YAAPU/initializing_r.wav", []),
        ("up dn.wav", ["holds ' '"]),
        ("grün.wav", ["holds 'ü'"]),
        ("model/a-name-that-is-quite-long.wav", ["path has more than 31 characters"]),
    ],
)
def test_the_rules_of_a_radio(path: str, problems: list[str]) -> None:
    found = [each.problem for each in Names(load()["edgetx"].names).check(path)]
    assert len(found) == len(problems)
    assert all(part in problem for part, problem in zip(problems, found, strict=True))


def test_a_name_is_what_stands_before_its_extension() -> None:
    names = Names([NameRule(longest=3)])
    assert [
        bool(names.check(path)) for path in ("abc.wav", "a.b.wav", "abcd.wav", "x/abc", ".abc", "a.bc/d")
    ] == [
        False,
        False,
        True,
        False,
        True,
        False,
    ]


def test_files_are_counted_in_each_folder() -> None:
    names = Names([NameRule(folder="", most_files=2)])
    found = [bool(names.check(path)) for path in ("a.wav", "x/b.wav", "b.wav", "x/c.wav", "c.wav", "d.wav")]
    assert found == [False, False, False, False, True, True]


@pytest.mark.parametrize("characters", ["z-a", "a\\"])
def test_characters_must_be_a_set(characters: str) -> None:
    with pytest.raises(InputError, match="characters: must be characters"):
        NameRule(characters=characters)


def test_a_limit_is_above_nothing() -> None:
    with pytest.raises(InputError, match="longest: must be a whole number above 0, not 0"):
        NameRule(longest=0)
