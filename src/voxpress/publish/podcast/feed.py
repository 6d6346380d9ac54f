"""The feed of a show: an episode is put into it, and what was said of the show.

Of an existing feed, these change:

- what was said of the show: its title, link, description, author, owner, copyright, categories, funding, lock and the
  address of the feed itself;
- what the feed does not say yet: language, explicit, order, cover and guid, for an episode can differ in these;
- of the episode, the elements in `_OWN`; others that somebody added stay;
- ``lastBuildDate``, if anything else changed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from voxpress.errors import InputError, StoreError, show
from voxpress.files import atomic, locks
from voxpress.publish.podcast.head import Head, Person, write_time
from voxpress.publish.podcast.notes import write_paragraphs
from voxpress.publish.podcast.rss import Feed, Node, clean
from voxpress.speech import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A file that a feed points to.

    Attributes:
        name: its path below the address of the files.
        media_type: such as ``audio/mpeg``.
        length: in bytes.
    """

    name: str
    media_type: str
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An episode as a feed has it; what its script says of it stands in its `Head`.

    Attributes:
        guid: what identifies it for ever.
        audio: the episode in each format; apps that know one of them get the first.
        notes: show notes, as HTML.
        chapters: name of their file; empty: none.
        cover: name of the picture; empty: none.
        people: who speaks and who is named, in order.
    """

    title: str
    guid: str
    audio: tuple[Linked, ...]
    duration: Seconds
    notes: str = ""
    chapters: str = ""
    transcripts: tuple[Linked, ...] = ()
    cover: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)


_OWN = (
    "title", "link", "pubDate", "description", "content:encoded", "enclosure", "itunes:duration", "itunes:explicit",
    "itunes:episodeType", "itunes:season", "itunes:episode", "itunes:image", "podcast:season", "podcast:episode",
    "podcast:chapters", "podcast:transcript", "podcast:person", "podcast:alternateEnclosure",
)  # fmt: skip
"""Children of an episode that voxpress writes; others that somebody added stay."""
_KINDS = {"rel": "self", "type": "application/rss+xml"}


def find_address(head: Head, name: str) -> str:
    """The address of a file of the show.

    >>> find_address(Head(feed="https://example.org/salt/feed.xml"), "1/episode one.mp3")
    'https://example.org/salt/1/episode%20one.mp3'

    Raises:
        InputError: nothing says where the files will lie.
    """
    folder = head.files or (posixpath.dirname(head.feed) if head.feed else "")
    if not folder:
        problem = (
            "say where the files will lie, such as https://example.org/salt/, or the address of the feed"
        )
        raise InputError(problem, field="files")
    return f"{folder.rstrip('/')}/{quote(name)}"


def check_feed(path: Path, head: Head, guid: str) -> None:
    """Check, before anything is spoken, that an episode can be put into a feed.

    Raises:
        InputError: the feed cannot be read or changed, or has the guid twice; or something that a feed needs is neither
            in it nor said.
    """
    find_address(head, "")
    try:
        feed = Feed.read(path)
        feed.find_item(guid)
        missing = [
            name
            for name, value, element in (
                ("show", head.show, "title"),
                ("about", head.about, "description"),
                ("link", head.link, "link"),
            )
            if not value and not feed.find(feed.channel, element)
        ]
    except InputError as error:
        raise error.at(str(path)) from error
    if missing:
        problem = f"a feed needs {', '.join(missing)} of the show: add them to the head, or to [podcast]"
        raise InputError(problem, field=missing[0])


def doubt_feed(path: Path, head: Head) -> str:
    """What an author may not want of a feed; empty: nothing.

    >>> doubt_feed(Path("not-there.xml"), Head(show="Salt"))
    ''

    Raises:
        InputError: the feed cannot be read.
    """
    feed = Feed.read(path)
    title = " ".join(feed.text(feed.channel, "title").split())
    if not head.show or not title or title == " ".join(head.show.split()):
        return ""
    return f"{path} is the feed of {show(title)}, and is called {show(head.show)} from now on"


def publish_episode(path: Path, head: Head, episode: Episode, now: dt.datetime) -> bool:
    """Put an episode into a feed, or into a new one; whether the file had to be written.

    An episode with the same guid is changed. Processes that do so at once wait for each other.

    Args:
        now: with a time zone; when an episode is published that does not say so.

    Raises:
        InputError: as for `check_feed`.
        StoreError: the feed cannot be written.
    """
    check_feed(path, head, episode.guid)
    real = path.resolve()
    with _lock(real.with_name(f".{real.name}.lock")):
        feed = Feed.read(path)
        try:
            put_episode(feed, head, episode, now)
        except InputError as error:
            raise error.at(str(path)) from error
        if feed.changed:
            atomic.write(path, feed.encode(), durable=True)
        return feed.changed


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    with file:
        locks.lock(file)
        yield


def put_episode(feed: Feed, head: Head, episode: Episode, now: dt.datetime) -> None:
    """Have a feed say what is known of the show and of an episode.

    Raises:
        InputError: several episodes have the guid.
    """
    item = feed.find_item(episode.guid)
    published = head.published or (None if item and feed.text(item, "pubDate") else now)
    nodes = [*_describe(head, episode, published)]
    said = [*_say(head)]
    feed.put(feed.channel, said)
    for image in feed.find(feed.channel, "image"):
        feed.put(image, [each for each in said if each.name in ("title", "link")])
    supposed = [each for each in _suppose(head, episode) if not feed.find(feed.channel, each.name)]
    feed.put(feed.channel, supposed)
    if item:
        feed.put(item, nodes, [each for each in _OWN if each != "pubDate"])
    if not item or feed.changed:
        feed.put(feed.channel, [Node("lastBuildDate", write_time(now))])
    if not item:
        guid = Node("guid", episode.guid, {"isPermaLink": "false"})
        feed.add_item([guid, *nodes], published or now)


def _say(head: Head) -> Iterator[Node]:
    """What was said of the show, which replaces what a feed says."""
    if head.show:
        yield Node("title", head.show)
    if head.link:
        yield Node("link", head.link)
    if head.about:
        yield Node("description", write_paragraphs(head.about), html=True)
    if head.copyright:
        yield Node("copyright", head.copyright)
    if head.author:
        yield Node("itunes:author", head.author)
    if head.feed:
        yield Node("atom:link", attributes={"href": head.feed, **_KINDS})
    for category in head.categories:
        names = [each.strip() for each in category.split(">")]
        inner = tuple(Node("itunes:category", attributes={"text": each}) for each in names[1:2])
        yield Node("itunes:category", attributes={"text": names[0]}, children=inner)
    if head.email:
        owner = [Node("itunes:name", head.author)] if head.author else []
        yield Node("itunes:owner", children=(*owner, Node("itunes:email", head.email)))
    if head.locked is not None:
        owned = {"owner": head.email} if head.email else {}
        yield Node("podcast:locked", "yes" if head.locked else "no", owned)
    if head.funding:
        yield Node("podcast:funding", head.funding.text, {"url": head.funding.url})


def _suppose(head: Head, episode: Episode) -> Iterator[Node]:
    """What a feed gets where it says nothing of it: an episode may differ from its show in these."""
    if head.language:
        yield Node("language", head.language)
    yield Node("itunes:explicit", _tell(head.explicit))
    yield Node("itunes:type", head.order)
    if episode.cover:
        yield Node("itunes:image", attributes={"href": find_address(head, episode.cover)})
    if head.show_guid:
        yield Node("podcast:guid", head.show_guid)


def _describe(head: Head, episode: Episode, published: dt.datetime | None) -> Iterator[Node]:
    """An episode."""
    yield Node("title", " ".join(clean(episode.title).split()))
    if head.page:
        yield Node("link", head.page)
    if published:
        yield Node("pubDate", write_time(published))
    # Not every app reads content:encoded, and the profile of RSS wants a description before it.
    if described := write_paragraphs(head.description) or episode.notes:
        yield Node("description", described, html=True)
    if episode.notes:
        yield Node("content:encoded", episode.notes, html=True)
    first, *others = episode.audio
    told = {"length": str(first.length), "type": first.media_type}
    yield Node("enclosure", attributes={"url": find_address(head, first.name), **told})
    yield Node("itunes:duration", str(round(episode.duration)))
    yield Node("itunes:explicit", _tell(head.explicit))
    yield Node("itunes:episodeType", head.kind)
    for name, number in (("season", head.season), ("episode", head.number)):
        if number:
            yield Node(f"itunes:{name}", str(number))
    for name, number in (("season", head.season), ("episode", head.number)):
        if number is not None:
            yield Node(f"podcast:{name}", str(number))
    if episode.cover:
        yield Node("itunes:image", attributes={"href": find_address(head, episode.cover)})
    if episode.chapters:
        place = {"url": find_address(head, episode.chapters), "type": "application/json+chapters"}
        yield Node("podcast:chapters", attributes=place)
    for each in episode.transcripts:
        place = {"url": find_address(head, each.name), "type": each.media_type}
        yield Node("podcast:transcript", attributes=place)
    for name, person in episode.people.items():
        told = {"role": person.role, "href": person.link, "img": person.image}
        yield Node("podcast:person", name, {key: value for key, value in told.items() if value})
    for each in others:
        source = Node("podcast:source", attributes={"uri": find_address(head, each.name)})
        told = {"type": each.media_type, "length": str(each.length)}
        yield Node("podcast:alternateEnclosure", attributes=told, children=(source,))


def _tell(value: bool) -> str:
    return "true" if value else "false"
