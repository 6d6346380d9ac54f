"""Feeds: an episode is put in, and nothing else changes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from voxpress.errors import InputError, SpeechError
from voxpress.publish.podcast.feed import Episode, Linked, check_feed, find_address, publish_episode
from voxpress.publish.podcast.head import Funding, Head, Person
from voxpress.publish.podcast.rss import NAMESPACES

NOW = dt.datetime(2026, 11, 29, 15, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)
HEAD = Head(
    show="Salt & Sea",
    about="About salt.",
    link="https://example.org/",
    feed="https://example.org/feed.xml",
    author="Ann",
    email="ann@example.org",
    categories=("Society & Culture > Documentary", "Technology"),
    language="en",
    description="Less < more.",
    number=1,
    funding=Funding(url="https://example.org/give"),
)
EPISODE = Episode(
    title="One",
    guid="one",
    audio=(
        Linked(name="one.mp3", media_type="audio/mpeg", length=123),
        Linked(name="one.m4a", media_type="audio/mp4", length=99),
    ),
    duration=61.6,
    notes="<p>Hi ]]&gt;</p>",
    chapters="one.chapters.json",
    transcripts=(Linked(name="one.vtt", media_type="text/vtt"),),
    people={"Ann": Person(), "Bob": Person(role="guest")},
)
QUIET = Head(files="https://example.org/files/")
"""Of a script that says nothing of the show."""
OLD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- kept by hand -->
<rss version="2.0" xmlns:it="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media='http://search.yahoo.com/mrss/'>
\t<channel>
\t\t<title>Old &#8211; show</title><link>https://example.org</link>
\t\t<description><![CDATA[Since <b>2009</b>]]></description>
\t\t<it:explicit>yes</it:explicit>

\t\t<!-- the newest -->
\t\t<item>
\t\t\t<title>Two</title>
\t\t\t<guid>two</guid> <media:thumbnail  url="x.png" />
\t\t\t<pubDate>Sat, 28 Nov 2026 15:00:00 +0000</pubDate>
\t\t</item>
\t\t<item><title>Zero</title><guid>zero</guid><pubDate>Fri, 01 Jan 2010 00:00:00 GMT</pubDate></item>
\t</channel>
</rss>
"""


def read(path: Path) -> etree._Element:
    channel = etree.parse(path).getroot().find("channel")
    assert channel is not None
    return channel


def guids(path: Path) -> list[str | None]:
    return [item.findtext("guid") for item in read(path).iter("item")]


def lost_lines(old: str, new: str) -> list[str]:
    """Lines of the old text that are not in the new one."""
    kept = set(new.splitlines())
    return [line for line in old.splitlines() if line not in kept]


def test_a_new_feed_says_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "show" / "feed.xml"
    assert publish_episode(path, HEAD, EPISODE, NOW)
    channel, item = read(path), next(read(path).iter("item"))
    assert channel.findtext("title") == "Salt & Sea"
    assert channel.xpath("podcast:guid/text()", namespaces=dict(NAMESPACES)) == [HEAD.show_guid]
    assert channel.xpath("atom:link[@rel='self']/@href", namespaces=dict(NAMESPACES)) == [HEAD.feed]
    assert channel.xpath("itunes:category/itunes:category/@text", namespaces=dict(NAMESPACES)) == [
        "Documentary"
    ]
    assert dict(item.find("enclosure").attrib) == {  # type: ignore[union-attr]
        "url": "https://example.org/one.mp3",
        "length": "123",
        "type": "audio/mpeg",
    }
    assert item.findtext("description") == "Less &lt; more."  # HTML, as RSS has it
    assert item.xpath("content:encoded/text()", namespaces=dict(NAMESPACES)) == ["<p>Hi ]]&gt;</p>"]
    assert item.xpath("podcast:person/text()", namespaces=dict(NAMESPACES)) == ["Ann", "Bob"]
    assert item.xpath("itunes:duration/text()", namespaces=dict(NAMESPACES)) == ["62"]
    assert item.xpath("podcast:alternateEnclosure/podcast:source/@uri", namespaces=dict(NAMESPACES)) == [
        "https://example.org/one.m4a"
    ]
    assert b"\n    <item>\n      <guid" in path.read_bytes()


def test_an_episode_without_a_description_is_described_by_its_notes(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    publish_episode(path, msgspec.structs.replace(HEAD, description=""), EPISODE, NOW)
    assert next(read(path).iter("item")).findtext("description") == EPISODE.notes


def test_the_same_again_changes_no_byte(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    publish_episode(path, HEAD, EPISODE, NOW)
    first = path.read_bytes()
    assert not publish_episode(path, HEAD, EPISODE, LATER)
    assert path.read_bytes() == first


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16"])
def test_nothing_of_an_old_feed_is_lost(tmp_path: Path, newline: str, encoding: str) -> None:
    path = tmp_path / "feed.xml"
    old = OLD.replace("UTF-8", encoding.removesuffix("-sig")).replace("\n", newline)
    path.write_bytes(old.encode(encoding))
    episode = dataclasses.replace(EPISODE, title="Jürgen → Łukasz")
    assert publish_episode(path, QUIET, episode, NOW)
    new = path.read_bytes().decode(encoding)
    assert [line[:19] for line in lost_lines(old, new)] == ['<rss version="2.0" ']
    assert guids(path) == ["one", "two", "zero"]
    assert next(read(path).iter("item")).findtext("title") == "Jürgen → Łukasz"
    assert "<it:duration>62</it:duration>" in new
    assert new.count("explicit>yes<") == 1
    assert ("\r" in new) == ("\r" in newline)


def test_episodes_stand_by_their_dates(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(OLD)
    for guid, published in (
        ("old", dt.datetime(2011, 1, 1, tzinfo=dt.UTC)),
        ("oldest", dt.datetime(2001, 1, 1, tzinfo=dt.UTC)),
    ):
        head = msgspec.structs.replace(QUIET, published=published)
        publish_episode(path, head, dataclasses.replace(EPISODE, guid=guid), NOW)
    assert guids(path) == ["two", "old", "zero", "oldest"]


def test_what_was_added_to_an_episode_by_hand_stays(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    publish_episode(path, HEAD, EPISODE, NOW)
    own = '<podcast:soundbite startTime="3" duration="9"/>'
    path.write_text(path.read_text().replace("</item>", f"<!-- mine -->{own}</item>"))
    changed = dataclasses.replace(EPISODE, title="Uno", chapters="", people={})
    assert publish_episode(path, msgspec.structs.replace(HEAD, show="Sea"), changed, LATER)
    text, item = path.read_text(), next(read(path).iter("item"))
    assert f"<!-- mine -->{own}" in text
    assert item.findtext("title") == "Uno"
    assert item.findtext("pubDate") == "Sun, 29 Nov 2026 15:00:00 +0000"
    assert "podcast:chapters" not in text
    assert "podcast:person" not in text
    assert read(path).findtext("title") == "Sea"
    assert read(path).findtext("lastBuildDate") == "Mon, 30 Nov 2026 15:00:00 +0000"


def test_what_a_show_says_replaces_what_the_feed_says(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    links = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example.org/"/>'
    picture = "<image><url>x.png</url><title>Old</title><link>https://old.example.org</link></image>"
    path.write_text(OLD.replace("<it:explicit>", f"{links}{picture}<language>de</language><it:explicit>"))
    publish_episode(path, HEAD, EPISODE, NOW)
    text, channel = path.read_text(), read(path)
    assert channel.findtext("title") == channel.findtext("image/title") == "Salt & Sea"
    assert channel.findtext("description") == "About salt."
    assert channel.findtext("language") == "de"
    assert links in text
    assert "<it:explicit>yes</it:explicit>" in text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is not well-formed XML, line 1: no element found"),
        (b"---\nlayout: none\n---\n", "is not well-formed XML, line 1: syntax error"),
        (
            b"<rss version='2.0'><channel><title>A</channel></rss>",
            "is not well-formed XML, line 1: mismatched tag",
        ),
        (b"<rss version='2.0'><channel><a:b/></channel></rss>", "line 1: unbound prefix"),
        (b"<rss version='2.0'><channel><title>A&nbsp;B</title></channel></rss>", "line 1: undefined entity"),
        (b"<rss version='2.0'><channel>\0</channel></rss>", "line 1: not well-formed"),
        (b"<a " * 2**20, "line 1: not well-formed"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "is Atom"),
        (b"<html><body/></html>", "is a page"),
        (b"<rss version='0.91'><channel></channel></rss>", "is old RSS"),
        (b"<rss version='2.0'/>", "has no channel"),
        (b"<rss version='2.0'><channel/></rss>", "has no channel"),
        (b"<rss version='2.0'><channel> </channel><channel> </channel></rss>", "has 2 channels"),
        (b"<?xml version='1.0' encoding='klingon'?><rss/>", "is not in the encoding that it declares"),
        (b"<?xml version='1.0' encoding='idna'?><rss>\xff</rss>", "is not in the encoding that it declares"),
        (b"<rss>\xff</rss>", "is not in the encoding that it declares"),
        (
            b'<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss version="2.0"><channel>&b;</channel></rss>',
            "declares the entity 'a'",
        ),
        (
            b'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>&a;</channel></rss>',
            "declares the entity 'a'",
        ),
        (
            b"<rss version='2.0'><channel>" + b"<item><guid>one</guid></item>" * 2 + b"</channel></rss>",
            "2 episodes have the guid 'one'",
        ),
    ],
)
def test_what_is_no_feed_is_one_error_and_stays(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(data)
    for call in (lambda: check_feed(path, HEAD, "one"), lambda: publish_episode(path, HEAD, EPISODE, NOW)):
        with pytest.raises(InputError) as caught:
            call()
        assert problem in str(caught.value)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == data
    assert [each.name for each in tmp_path.iterdir()] == ["feed.xml"]


def test_a_feed_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(InputError, match="more than 64 MB"):
        check_feed(path, HEAD, "one")


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (
            Head(files="https://example.org/"),
            "show: a feed needs show, about, link of the show: add them to the head",
        ),
        (Head(show="Salt", about="A", link="https://example.org/"), "files: say where the files will lie"),
        (msgspec.structs.replace(HEAD, about=""), "about: a feed needs about of the show"),
    ],
)
def test_what_a_new_feed_needs_is_asked_for(tmp_path: Path, head: Head, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        check_feed(tmp_path / "feed.xml", head, "one")


def test_titles_hold_what_xml_cannot(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    episode = dataclasses.replace(EPISODE, title='A\x00\x1b\ufffe & <b> "c"\n\ud800', notes="<p>\x07]]></p>")
    publish_episode(path, HEAD, episode, NOW)
    assert next(read(path).iter("item")).findtext("title") == 'A & <b> "c"'
    assert not publish_episode(path, HEAD, episode, LATER)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("one two.mp3", "https://example.org/f/one%20two.mp3"),
        ("Łódź.mp3", "https://example.org/f/%C5%81%C3%B3d%C5%BA.mp3"),
        ("a?b#c.mp3", "https://example.org/f/a%3Fb%23c.mp3"),
    ],
)
def test_addresses_are_encoded(name: str, address: str) -> None:
    assert find_address(Head(files="https://example.org/f"), name) == address


def test_a_prefix_that_means_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(
        OLD.replace("xmlns:it=", 'xmlns:itunes="urn:other" xmlns:x=').replace("it:explicit", "x:explicit")
    )
    publish_episode(path, QUIET, EPISODE, NOW)
    assert "<x:duration>62</x:duration>" in path.read_text()
    path.write_text(OLD.replace("xmlns:it=", 'xmlns:podcast="urn:other" xmlns:it='))
    publish_episode(path, QUIET, EPISODE, NOW)
    chapters = read(path).xpath(".//p:chapters", namespaces={"p": NAMESPACES["podcast"]})
    assert [each.prefix for each in chapters] == ["podcast2"]


def test_a_feed_in_one_line_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(
        "<rss version='2.0'><channel><title>A</title><link>https://a.example/</link><description>B</description></channel></rss>"
    )
    publish_episode(path, QUIET, EPISODE, NOW)
    assert "\n" not in path.read_text()


def test_html_stays_html_where_an_encoding_lacks_its_letters(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(OLD.replace("UTF-8", "us-ascii").encode("ascii"))
    episode = dataclasses.replace(EPISODE, notes="<p>Łódź &amp; ]]></p>")
    publish_episode(path, QUIET, episode, NOW)
    said = next(read(path).iter("item")).xpath("content:encoded/text()", namespaces=dict(NAMESPACES))
    assert said == ["<p>Łódź &amp; ]]></p>"]
    assert not publish_episode(path, QUIET, episode, LATER)


@pytest.mark.parametrize("guid", [" one ", "o\nne", "<one> & two"])
def test_a_guid_is_found_again_however_it_is_written(tmp_path: Path, guid: str) -> None:
    path = tmp_path / "feed.xml"
    for _ in range(2):
        publish_episode(path, HEAD, dataclasses.replace(EPISODE, guid=guid), NOW)
    assert len(guids(path)) == 1


def test_an_empty_guid_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="guid: is empty"):
        check_feed(tmp_path / "feed.xml", HEAD, " ")


def test_a_place_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpeechError, match="file"):
        publish_episode(tmp_path / "file" / "feed.xml", HEAD, EPISODE, NOW)


def _publish(path: Path, number: int) -> None:
    publish_episode(path, HEAD, dataclasses.replace(EPISODE, guid=f"n{number}"), NOW)


def test_two_at_once_lose_no_episode(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    runs = [get_context("fork").Process(target=_publish, args=(path, number)) for number in range(4)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert sorted(map(str, guids(path))) == ["n0", "n1", "n2", "n3"]
