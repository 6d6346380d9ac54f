"""Sentences of a book that were not heard as they are written, and what people decide of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beeps import Beeps
from tests.publish.books import TONE, book, chapter, paragraph
from voxpress.errors import InputError
from voxpress.publish import outline as outlines
from voxpress.publish.outline import Outline
from voxpress.publish.recording import Recording, make_planner, narrate_chapters, record
from voxpress.publish.review import Doubtful, Reviewing, approve, find_doubtful, reread, respell
from voxpress.speech import Output
from voxpress.store import Store, open_store

GOOD, BAD = "red blue green yellow magenta go", "blue red wonderful go magenta yellow"
BOOK = book(chapter(1, "One", paragraph(GOOD)), chapter(2, "Two", paragraph(BAD), paragraph(GOOD)))


def verify(outline: Outline, store: Store) -> list[Recording]:
    planner = make_planner(BOOK, outline, Output(), speaker=TONE)
    narrations = list(narrate_chapters(BOOK, outline))
    return list(record(narrations, planner, store, workers=0, recogniser=Beeps()))


def doubtful(outline: Outline, store: Store) -> list[Doubtful]:
    planner = make_planner(BOOK, outline, Output(), speaker=TONE)
    return list(find_doubtful(narrate_chapters(BOOK, outline), planner, store, outline))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(str(tmp_path / "store"))
    verify(Outline(), opened)
    return opened


def test_only_what_was_heard_otherwise_is_doubtful(store: Store, tmp_path: Path) -> None:
    (found,) = doubtful(Outline(), store)
    assert (found.chapter, found.text) == ("Two", BAD)
    assert found.heard.split()[2] == "noise"
    assert found.differences == (("wonderful", "noise"),)
    assert not doubtful(Outline(), open_store(str(tmp_path / "other")))


def test_an_approved_sentence_is_good(store: Store) -> None:
    assert not doubtful(approve(Outline(), BAD), store)


def test_a_word_that_is_said_otherwise_is_spoken_again_and_nothing_else(store: Store) -> None:
    outline = respell(Outline(), "wonderful", "green")
    assert [each.result.spoken for each in verify(outline, store)] == [0, 1]
    assert not doubtful(outline, store)


def test_another_reading_speaks_that_sentence_only(store: Store) -> None:
    outline = reread(approve(Outline(), BAD), BAD)
    assert [(each.seed, each.approved) for each in outline.sentences] == [(1, False)]
    assert [each.seed for each in reread(outline, BAD).sentences] == [2]
    assert [each.result.spoken for each in verify(outline, store)] == [0, 1]
    (found,) = doubtful(outline, store)
    assert found.text == BAD
    assert found.assignment.segment.seed == 1


def test_decisions_stand_in_the_outline(tmp_path: Path) -> None:
    outline = respell(reread(approve(Outline(), GOOD), BAD), "Siobhan", "shi vawn")
    outlines.save(outline, tmp_path / "o.yaml", source="emma.epub")
    assert outlines.load(tmp_path / "o.yaml") == outline


@pytest.mark.parametrize(("written", "said"), [("", "a"), ("a", " "), (" ", "")])
def test_a_word_needs_both_forms(written: str, said: str) -> None:
    with pytest.raises(InputError, match="how it is said"):
        respell(Outline(), written, said)


@pytest.mark.parametrize("decide", ["reread", "respell"])
def test_the_reading_that_somebody_heard_is_the_one_in_the_book(store: Store, decide: str) -> None:
    """Though it is still doubtful: the next run with --verify does not try for a better one."""
    kept = [Outline()]
    reviewing = Reviewing(
        load=lambda: kept[-1],
        save=kept.append,
        narrate=lambda outline: narrate_chapters(BOOK, outline),
        make_planner=lambda outline: make_planner(BOOK, outline, Output(), speaker=TONE),
        store=store,
        recogniser=Beeps(),
    )
    words = ("wonderful", "marvellous") if decide == "respell" else ()
    found = getattr(reviewing, decide)(BAD, *words)
    assert found is not None
    chosen = store.take(found.take)
    assert [each.result.spoken for each in verify(kept[-1], store)] == [0, 0]
    now = store.take(found.take)
    assert chosen is not None
    assert now is not None
    assert now.sha256 == chosen.sha256
