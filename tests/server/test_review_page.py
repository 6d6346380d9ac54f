"""The page for doubtful sentences: what its buttons do, and who cannot use it."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints
from litestar import Litestar
from litestar.testing import TestClient

from tests.beeps import Beeps
from tests.publish.books import TONE, book, chapter, paragraph
from voxpress.errors import InputError
from voxpress.publish import outline as outlines
from voxpress.publish.outline import Outline
from voxpress.publish.recording import make_planner, narrate_chapters, record
from voxpress.publish.review import Reviewing
from voxpress.server.review import application, serve
from voxpress.speech import Output
from voxpress.store import open_store

HERE = "http://127.0.0.1:8000"
BAD = "blue red wonderful go magenta yellow"
BOOK = book(chapter(1, "One & only", paragraph("red blue green yellow magenta go"), paragraph(BAD)))


@pytest.fixture
def outline_path(tmp_path: Path) -> Path:
    return tmp_path / "emma.outline.yaml"


@pytest.fixture
def reviewing(tmp_path: Path, outline_path: Path) -> Reviewing:
    store = open_store(str(tmp_path / "store"))

    def plan(outline: Outline):
        return make_planner(BOOK, outline, Output(), speaker=TONE)

    narrations = list(narrate_chapters(BOOK, Outline()))
    list(record(narrations, plan(Outline()), store, workers=0, recogniser=Beeps()))
    return Reviewing(
        load=lambda: outlines.load(outline_path) if outline_path.exists() else Outline(),
        narrate=lambda outline: narrate_chapters(BOOK, outline),
        make_planner=plan,
        save=lambda outline: outlines.save(outline, outline_path, source="emma.epub"),
        store=store,
        recogniser=Beeps(),
    )


@pytest.fixture
def page(reviewing: Reviewing) -> Iterator[TestClient[Litestar]]:
    with TestClient(application(reviewing, "<Emma>", "secret"), base_url=HERE) as client:
        yield client


def test_the_page_lists_what_is_doubtful_with_its_sound(page: TestClient[Litestar]) -> None:
    (sentence,) = page.get("/secret/sentences").json()
    assert (sentence["chapter"], sentence["text"]) == ("One & only", BAD)
    assert sentence["differences"] == [["wonderful", "noise"]]
    sound = page.get(f"/secret/takes/{sentence['take']}")
    samples, _ = soundfile.read(io.BytesIO(sound.content))
    assert sound.headers["content-type"] == "audio/wav"
    assert abs(samples).max() > 0.1


def test_the_page_loads_nothing_from_elsewhere(page: TestClient[Litestar]) -> None:
    answer = page.get("/secret/")
    assert "Review of &lt;Emma&gt;" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    loaded = re.findall(r"""(?:src|href|action|poster)\s*=\s*["']?([^"'\s>]*)""", answer.text)
    assert loaded == ["page.css", "page.js"]
    style, script = (page.get(f"/secret/{name}") for name in loaded)
    assert (style.status_code, script.status_code) == (200, 200)
    assert "url(" not in style.text and "@import" not in style.text
    assert set(re.findall(r"""(?:fetch|import)\(["'](.*?)["']""", script.text)) == {"sentences"}
    assert "//" not in script.text


@pytest.mark.parametrize("listens", [True, False])
def test_a_port_that_is_taken_is_told(reviewing: Reviewing, listens: bool) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            InputError, match=f"port: cannot listen on 127.0.0.1:{port}: Address already in use"
        ):
            serve(reviewing, "Emma", port=port, tell=print)


@pytest.mark.parametrize(
    "path", ["/", "/sentences", "/other/", "/secret/page.py", "/secret/takes/zz", "/secret/takes/..%2f..%2fx"]
)
def test_nobody_finds_anything_without_the_secret_or_elsewhere(page: TestClient[Litestar], path: str) -> None:
    assert page.get(path).status_code == 404


def test_decisions_are_kept_and_carried_out(page: TestClient[Litestar], outline_path: Path) -> None:
    again = page.post("/secret/reread", json={"text": BAD}).json()
    assert again["sentence"]["text"] == BAD
    assert outlines.load(outline_path).sentences[0].seed == 1
    said = page.post("/secret/respell", json={"text": BAD, "written": "wonderful", "said": "green"}).json()
    assert said == {"sentence": None, "problem": ""}
    assert outlines.load(outline_path).words == {"wonderful": "green"}
    assert page.get("/secret/sentences").json() == []


def test_an_approved_sentence_leaves_the_list(page: TestClient[Litestar], outline_path: Path) -> None:
    assert page.post("/secret/approve", json={"text": BAD}).json() == {"sentence": None, "problem": ""}
    assert page.get("/secret/sentences").json() == []
    assert outlines.load(outline_path).sentences[0].approved


@pytest.mark.parametrize(
    ("action", "body", "problem"),
    [
        ("respell", {"text": BAD, "written": "violet", "said": "green"}, "does not stand in that sentence"),
        ("respell", {"text": BAD, "written": "red", "said": " "}, "how it is said"),
        ("reread", {"text": "Nobody wrote this."}, "not stand in the book"),
    ],
)
def test_what_cannot_be_done_is_told(
    page: TestClient[Litestar],
    outline_path: Path,
    action: str,
    body: dict[str, str],
    problem: str,
) -> None:
    assert problem in page.post(f"/secret/{action}", json=body).json()["problem"]
    assert not outline_path.exists()


def test_a_body_of_another_kind_is_refused(page: TestClient[Litestar]) -> None:
    assert page.post("/secret/approve", json={"text": ""}).status_code == 400
    assert page.post("/secret/approve", json={"text": "a", "more": 1}).status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_name_that_leads_here_from_another_site_gets_no_answer(
    page: TestClient[Litestar], host: str
) -> None:
    assert page.get("/secret/sentences", headers={"Host": host}).status_code == 400
    assert page.get("/secret/sentences", headers={"Host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("body", ["[" * 100_000, '{"text":' * 50_000, '{"text": "\\ud800"}', "", "text=x"])
def test_a_hostile_body_is_refused(page: TestClient[Litestar], body: str) -> None:
    answer = page.post("/secret/approve", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("text", ["It stands nowhere.", "<script>alert(1)</script>", " "])
def test_what_does_not_stand_in_the_book_is_not_approved(
    page: TestClient[Litestar], outline_path: Path, text: str
) -> None:
    assert "does not stand in the book" in page.post("/secret/approve", json={"text": text}).json()["problem"]
    assert not outline_path.exists()


def test_what_somebody_edits_meanwhile_stays(page: TestClient[Litestar], outline_path: Path) -> None:
    page.get("/secret/sentences")
    outlines.save(Outline(title="Mine", words={"red": "rad"}), outline_path, source="emma.epub")
    page.post("/secret/approve", json={"text": BAD})
    found = outlines.load(outline_path)
    assert (found.title, found.words) == ("Mine", {"red": "rad"})
    assert [each.text for each in found.sentences] == [BAD]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_a_form_of_another_page_decides_nothing(
    page: TestClient[Litestar], outline_path: Path, kind: str
) -> None:
    body = b'{"text": "blue red wonderful go magenta yellow"}'
    assert page.post("/secret/approve", content=body, headers={"Content-Type": kind}).status_code == 415
    assert not outline_path.exists()
