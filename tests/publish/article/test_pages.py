"""What of a page is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxpress.publish.article.pages import PageFile, read_page

WORDS = "It was late.\n\nHe slept.\n"


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("", ""),
        ("---\ntitle: Night\n---\n", "Night"),
        ('+++\ntitle = "Night"\n+++\n', "Night"),
        ("---\ntitle: Night\n...\n", "Night"),
        ("---\n---\n", ""),
    ],
)
@pytest.mark.parametrize("rule", ["", "---\n\n", "***\n\n"])
def test_words_after_the_front_matter_are_read(tmp_path: Path, front: str, title: str, rule: str) -> None:
    path = tmp_path / "night.md"
    path.write_text(front + rule + WORDS + ("\n" + rule if rule else ""))
    page = read_page(PageFile(path, "night", "night.md"))
    assert "It was late." in page.text and "He slept." in page.text
    assert page.document.title == title
    assert "title" not in page.text
