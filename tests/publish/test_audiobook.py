"""What the files of an audiobook say of the book."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from tests.publish.books import book, chapter, paragraph, spoken
from tests.publish.epubs import PIXEL
from voxpress.publish.audiobook import describe_book, write_audiobook
from voxpress.publish.outline import Outline
from voxpress.speech import Output
from voxpress.store import open_store


@pytest.mark.parametrize(("narrator", "named"), [("", "low"), ("Amy", "Amy")])
def test_tags_that_were_made_before_the_reading_are_those_of_the_files(
    tmp_path: Path, narrator: str, named: str
) -> None:
    cover, store = tmp_path / "front.png", open_store("memory:")
    cover.write_bytes(PIXEL)
    document = book(chapter(1, "One", paragraph("Text.")), path=tmp_path / "emma.epub")
    outline = Outline(cover="front.png", narrator=narrator)
    tags = describe_book(document, outline)
    cover.unlink()
    recordings = spoken(document, outline, Output(format="m4a"), store)
    write_audiobook(recordings, document, outline, tmp_path / "emma.m4b", store, tags=tags)
    with av.open(str(tmp_path / "emma.m4b")) as file:
        assert file.metadata["composer"] == named
        assert [bytes(each) for each in file.demux(video=0) if each.size] == [PIXEL]
