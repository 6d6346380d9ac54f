"""Books that are broken or made to do harm: each ends in a clear error or a note, soon and with little memory."""

import io
import re
import time
import zipfile

import pytest

from tests.documents.books import entry, make_epub, package, page
from voxpress import documents
from voxpress.documents.archive import MOST_FILES, Archive, join
from voxpress.errors import InputError
from voxpress.text import parse

ONE = page("<p>one</p>")
ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
 xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="{}"/>
<enc:CipherData><enc:CipherReference URI="{}"/></enc:CipherData></enc:EncryptedData></encryption>"""
BOMB = '<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa">{}]>'.format(
    "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
)


@pytest.fixture(autouse=True)
def soon():
    """Each book is refused or read in seconds."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 30


def refuse(path, problem):
    with pytest.raises(InputError, match=problem) as caught:
        read_texts(path)
    assert str(path) in str(caught.value)


def read_texts(path):
    return [block.plain for chapter in documents.read(path, "epub").chapters for block in chapter.load()]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "cut off, or no zip"),
        (b"PK\3\4 nothing", "cut off, or no zip"),
        (b"PK\5\6" + b"\0" * 18, "no EPUB"),
        (b"PK\5\6" + b"\0" * 4 + b"\xff" * 8 + b"\0" * 6, "more than"),
    ],
)
def test_no_zip(tmp_path, data, problem):
    path = tmp_path / "book.epub"
    path.write_bytes(data)
    refuse(path, problem)


def test_a_book_that_is_cut_off(tmp_path):
    path = make_epub(tmp_path, {"one.xhtml": ONE})
    whole = path.read_bytes()
    for part in (len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:part])
        refuse(path, "cut off|damaged|opened")


def test_damaged_bytes(tmp_path):
    path = make_epub(tmp_path, {"one.xhtml": page("<p>" + "salt and sea " * 50 + "</p>")})
    data = bytearray(path.read_bytes())
    at = data.index(b"OPS/one.xhtml") + 20
    data[at : at + 20] = b"\xff" * 20
    path.write_bytes(data)
    refuse(path, "damaged")


def test_a_zip_bomb(tmp_path):
    refuse(make_epub(tmp_path, {"one.xhtml": b"<p>" + b" " * (50 << 20)}), "zip bomb")
    refuse(make_epub(tmp_path, {"one.xhtml": ONE}, opf="<package>" + " " * (5 << 20)), "zip bomb")


def test_too_many_files(tmp_path):
    path = tmp_path / "book.epub"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MOST_FILES + 1):
            archive.writestr(f"{number}", b"")
    refuse(path, "more than 50,000 files")


@pytest.mark.parametrize(
    "href",
    ["../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "..%2F..%2Fetc/passwd", "http://example.org/x"],
)
def test_names_that_lead_out(tmp_path, href):
    assert join("OPS/book.opf", href)[0] in ("", "etc/passwd")
    opf = f"""<package xmlns="http://www.idpf.org/2007/opf"><manifest>
    <item id="a" href="{href}" media-type="application/xhtml+xml"/></manifest>
    <spine><itemref idref="a"/></spine></package>"""
    refuse(make_epub(tmp_path, {"one.xhtml": ONE}, opf=opf), "no page")


def test_links_and_double_names(tmp_path):
    path = make_epub(tmp_path, {"one.xhtml": ONE, "two.xhtml": "/etc/passwd"})
    data = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(path, "w") as archive, zipfile.ZipFile(data) as old:
        for info in old.infolist():
            info.external_attr = 0o120777 << 16 if "two" in info.filename else info.external_attr
            archive.writestr(info, old.read(info))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("OPS/one.xhtml", page("<p>other</p>"))
    notes = documents.read(path).notes
    assert any("is a link" in note for note in notes) and any("two files" in note for note in notes)
    assert read_texts(path) == ["other"]


@pytest.mark.parametrize(
    ("algorithm", "other", "problem"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "META-INF/x", "protected by http"),
        ("x", "META-INF/license.lcpl", "Readium LCP"),
        ("x", "META-INF/rights.xml", "Adobe DRM"),
    ],
)
def test_protected_books(tmp_path, algorithm, other, problem):
    files = {"META-INF/encryption.xml": ENCRYPTION.format(algorithm, "OPS/one.xhtml"), other: "<x/>"}
    path = make_epub(tmp_path, {}, others=files, opf=package(["one.xhtml"], ["one.xhtml"]))
    refuse(path, problem)


def test_hidden_fonts_are_no_protection(tmp_path):
    files = {"META-INF/encryption.xml": ENCRYPTION.format("http://www.idpf.org/2008/embedding", "OPS/a.otf")}
    assert read_texts(make_epub(tmp_path, {"one.xhtml": ONE}, others=files)) == ["one"]


def test_an_encrypted_zip(tmp_path):
    path = make_epub(tmp_path, {"one.xhtml": ONE})
    data = bytearray(path.read_bytes())
    for start in [found.start() for found in re.finditer(b"PK\1\2", bytes(data))]:
        data[start + 8] |= 1
    path.write_bytes(data)
    refuse(path, "is encrypted")


def test_entities(tmp_path):
    for where in (
        {"pages": {"one.xhtml": f"{BOMB}<html><p>a&j;</p></html>"}},
        {"pages": {"one.xhtml": ONE}, "opf": f"{BOMB}<package>&j;</package>"},
        {"pages": {"one.xhtml": '<!DOCTYPE p [<!ENTITY x SYSTEM "/etc/passwd">]><p>a&x;</p>'}},
    ):
        try:
            texts = read_texts(make_epub(tmp_path, **where))
        except InputError:
            continue
        assert sum(map(len, texts)) < 1000 and "root:" not in "".join(texts)


def test_deep_pages(tmp_path):
    deep = "<div>" * 10_000 + "x" + "</div>" * 10_000
    refuse(make_epub(tmp_path, {"one.xhtml": page(deep)}), "elements in each other")
    nested = "<div>" * 1000 + "x" + "</div>" * 1000
    assert read_texts(make_epub(tmp_path, {"one.xhtml": page(nested)})) == ["x"]


@pytest.mark.parametrize("count", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_million_elements(tmp_path, count):
    many = "".join(f"<b>{number}</b>" for number in range(count))
    (text,) = read_texts(make_epub(tmp_path, {"one.xhtml": page(f"<p>{many}</p>")}))
    assert text.endswith(f"{count - 2}{count - 1}")


def test_deep_and_endless_contents(tmp_path):
    one = {"one.xhtml": page("<p id='a'>x</p>")}
    inner = ""
    for _ in range(500):
        inner = entry("I", "one.xhtml", inner)
    assert read_texts(make_epub(tmp_path, one, contents=inner)) == ["x"]
    many = "".join(entry(f"{number}", f"one.xhtml#{number}") for number in range(30_000))
    path = make_epub(tmp_path, one, contents=many)
    assert read_texts(path) == ["x"]
    assert any("more than 20,000 entries" in note for note in documents.read(path).notes)
    assert read_texts(make_epub(tmp_path, one, contents=entry("Self", "nav.xhtml"))) == ["x"]


def test_fallbacks_in_a_circle(tmp_path):
    opf = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
    <item id="a" href="a.jpg" media-type="image/jpeg" fallback="b"/>
    <item id="b" href="b.jpg" media-type="image/jpeg" fallback="a"/></manifest>
    <spine><itemref idref="a"/></spine></package>"""
    refuse(make_epub(tmp_path, {}, others={"a.jpg": b"x", "b.jpg": b"x"}, opf=opf), "no page")


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (ONE.encode("utf-16"), ["one"]),
        (b"<html><p>a&nbsp;b</p></html>", ["a\xa0b"]),
        (b"<html><p>Q & A<p>b", ["Q & A", "b"]),
        (b"\xff\xff\0\0\1", []),
        (b"", []),
    ],
)
def test_pages_that_are_not_right(tmp_path, data, texts):
    path = make_epub(tmp_path, {"bad.xhtml": data, "one.xhtml": ONE})
    assert read_texts(path) == [*texts, "one"]


def test_words_of_code_and_of_names_stay_words(tmp_path):
    """Nothing in a book becomes markup that its author did not write."""
    body = "<p title='\"&gt;'>&lt;break time='9s'/&gt; <abbr title='a'>b&amp;</abbr> ]]&gt;</p>"
    assert read_texts(make_epub(tmp_path, {"one.xhtml": page(body)})) == ["<break time='9s'/> b& ]]>"]


def test_characters_that_xml_does_not_have(tmp_path):
    body = "<p>a&#1;b & <pre>c&#2;d</pre><img alt='e&#3;f'><p><abbr title='g&#4;h'>i</abbr>"
    path = make_epub(tmp_path, {"one.xhtml": page(body)})
    assert read_texts(path) == ["ab &", "cd", "ef", "i"]
    for chapter in documents.read(path).chapters:
        for block in chapter.load():
            parse(f"<speak>{block.text}</speak>", "ssml")


def test_what_is_read_of_an_archive_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr("voxpress.documents.archive.LARGEST_TOTAL", 600)
    archive = Archive(make_epub(tmp_path, {"one.xhtml": ONE, "two.xhtml": ONE}))
    archive.read("OPS/one.xhtml")
    archive.read("OPS/one.xhtml")
    with pytest.raises(InputError, match="too much"):
        [archive.read(name) for name in archive.names]
