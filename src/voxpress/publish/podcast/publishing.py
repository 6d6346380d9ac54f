"""The files of an episode: audio, chapters, transcripts, notes, stems, and its place in the feed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxpress import marks
from voxpress.audio import tags
from voxpress.audio.episodes import Encoding
from voxpress.audio.signals import write_flac
from voxpress.documents.scripts import Turn
from voxpress.errors import InputError
from voxpress.files import atomic
from voxpress.files.outputs import require_outputs
from voxpress.files.paths import identity, safe_name, safe_path
from voxpress.publish.podcast import chapters, feed, notes, transcripts
from voxpress.publish.podcast.cover import doubt_cover
from voxpress.publish.podcast.episode import Episode
from voxpress.publish.podcast.head import NAMESPACE, Head, Person, read_cover
from voxpress.publish.podcast.speaking import Speaking
from voxpress.publish.podcast.timeline import GRID, RATE, Length, arrange

MEDIA_TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "opus": "audio/ogg; codecs=opus"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was written.

    Attributes:
        files: in the order in which they were written.
        encoded: parts of the episode that were not in the store.
        parts: all of them, over all formats.
        feed: the feed that has the episode; None: there is none.
    """

    files: tuple[Path, ...]
    encoded: int
    parts: int
    feed: Path | None


class Publisher:
    """Writes the files of an episode into a folder.

    Args:
        folder: where they go.
        feed_file: the feed; None: the one in the folder, if the head says where it will lie.
        stems: whether a track of each speaker is written too.

    Attributes:
        doubts: what directories will not like, and what an author may not want.

    Raises:
        InputError: the cover or the feed cannot be so, or a file cannot be written.
    """

    def __init__(
        self, speaking: Speaking, folder: Path, feed_file: Path | None = None, *, stems: bool = False
    ) -> None:
        self._speaking, self._head, self._folder = speaking, speaking.head, folder
        self._stem = name_episode(speaking.script.path)
        self._tracks = name_tracks(list_speakers(speaking)) if stems else {}
        self._cover = read_cover(self._head, speaking.script.path.parent)
        self._guid = find_guid(self._head, self._stem)
        self._feed = feed_file or (folder / "feed.xml" if self._head.feed or self._head.files else None)
        if self._feed:
            feed.check_feed(self._feed, self._head, self._guid)
        doubts = [
            doubt_cover(self._cover) if self._cover else "",
            feed.doubt_feed(self._feed, self._head) if self._feed else "",
        ]
        self.doubts = [each for each in doubts if each]
        self._require_chapters()
        sources = [speaking.script.path, *(Path(each.path) for each in speaking.files.values())]
        require_outputs(
            [("output", path) for path in self._list_places()],
            [("what the episode is made of", path) for path in sources],
        )

    def publish(self, episode: Episode, now: dt.datetime) -> Published:
        """Write everything; the feed last, when all that it names is there.

        Raises:
            InputError: the feed has changed, and cannot be extended any more.
            StoreError: a file cannot be written.
        """
        written: list[Path] = []
        encoded = parts = 0
        audio = []
        for codec in self._head.formats:
            path = self._place(codec)
            made, all_parts = episode.write(
                path, Encoding(codec=codec, channels=episode.channels), self._tags()
            )
            encoded, parts = encoded + made, parts + all_parts
            audio.append(
                feed.Linked(name=path.name, media_type=MEDIA_TYPES[codec], length=path.stat().st_size)
            )
            written.append(path)
        texts = dict(self._write_texts(episode, audio[0].name))
        for name, data in texts.items():
            atomic.write(self._folder / name, data)
            written.append(self._folder / name)
        for speaker, track in self._tracks.items():
            path = self._place(track)
            write_flac(path, episode.mix(speaker, channels=1))
            written.append(path)
        if self._feed:
            feed.publish_episode(self._feed, self._head, self._describe(episode, audio, texts), now)
            written.append(self._feed)
        return Published(files=tuple(written), encoded=encoded, parts=parts, feed=self._feed)

    def _require_chapters(self) -> None:
        items, files = self._speaking.script.items, self._speaking.files
        turns = sum(isinstance(each, Turn) for each in items)
        placed = arrange(items, [GRID] * turns, dict.fromkeys(files, Length(GRID)), self._head.gaps).chapters
        # What comes before the first heading is a chapter too.
        count = len(placed) + bool(placed and placed[0].start)
        if "mp3" in self._head.formats and count > tags.MOST_CHAPTERS:
            problem = f"an MP3 has at most {tags.MOST_CHAPTERS} chapters, and the script has {count}"
            raise InputError(
                f"{problem}: make fewer, or another format", place=str(self._speaking.script.path)
            )

    def _place(self, ending: str) -> Path:
        return self._folder / f"{self._stem}.{ending}"

    def _list_places(self) -> Iterator[Path]:
        """All files that can be written."""
        texts = (
            "chapters.json",
            "notes.html",
            "notes.md",
            *(f"transcript.{each}" for each in transcripts.FORMATS),
        )
        yield from map(self._place, (*self._head.formats, *texts, *self._tracks.values()))
        if self._cover:
            yield self._folder / self._name_cover()
        if self._feed:
            yield self._feed

    def _tags(self) -> tags.Tags:
        head = self._head
        return tags.Tags(
            title=head.show or head.title,
            authors=(head.author,) if head.author else (),
            published=head.published.date().isoformat() if head.published else "",
            description=head.description,
            language=head.language,
            genre="Podcast",
            media="podcast",
            rights=head.copyright,
            cover=self._cover,
        )

    def _write_texts(self, episode: Episode, audio: str) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of all files but audio and feed."""
        head = self._head
        if episode.chapters:
            written = chapters.write_chapters(episode.chapters, title=head.title, show=head.show, file=audio)
            yield f"{self._stem}.chapters.json", written
        transcript = transcripts.Transcript(
            title=head.title,
            said=list_said(self._speaking, episode),
            language=head.language,
            chapters=episode.chapters,
        )
        for format in transcripts.FORMATS.values():
            yield f"{self._stem}.transcript.{format.extension}", format.write(transcript).encode()
        told = self._take_notes(episode)
        yield f"{self._stem}.notes.html", notes.write_html(told).encode()
        yield f"{self._stem}.notes.md", notes.write_markdown(told).encode()
        if self._cover:
            yield self._name_cover(), self._cover

    def _name_cover(self) -> str:
        extension = "jpg" if tags.picture_type(self._cover) == "image/jpeg" else "png"
        return f"{self._stem}.cover.{extension}"

    def _take_notes(self, episode: Episode) -> notes.Notes:
        played = {name: file.about for name, file in episode.files.items()}
        return notes.Notes(
            description=self._head.description,
            language=self._head.language,
            chapters=episode.chapters,
            people=list_people(self._speaking),
            sounds=played,
            links=notes.find_links(self._speaking.script),
        )

    def _describe(
        self, episode: Episode, audio: Sequence[feed.Linked], texts: dict[str, bytes]
    ) -> feed.Episode:
        kinds = {f".transcript.{each.extension}": each.media_type for each in transcripts.FORMATS.values()}
        linked = [
            feed.Linked(name=name, media_type=kind)
            for ending, kind in kinds.items()
            for name in texts
            if name.endswith(ending)
        ]
        return feed.Episode(
            title=self._head.title,
            guid=self._guid,
            audio=tuple(audio),
            duration=episode.timeline.duration,
            notes=notes.write_html(self._take_notes(episode)),
            chapters=f"{self._stem}.chapters.json" if episode.chapters else "",
            transcripts=tuple(linked),
            cover=self._name_cover() if self._cover else "",
            people=list_people(self._speaking),
        )


def name_episode(script: Path) -> str:
    """What the names of an episode's files begin with.

    >>> name_episode(Path("shows/salt.md")), name_episode(Path("What now?.md"))
    ('salt', 'What now-')

    Raises:
        InputError: no system, or not every system, can have such files.
    """
    try:
        stem = safe_name(script.stem)
        safe_path(f"{stem}.mp3")
    except InputError as error:
        raise InputError(f"{error.problem}: give the script another name", place=str(script)) from error
    return stem


def name_tracks(speakers: Iterable[str]) -> dict[str, str]:
    """The ending of the name of each speaker's track; no two are one file on any system.

    >>> list(name_tracks(["Ann", "A/B", "a-b", "…", ""]).values())
    ['stems/Ann.flac', 'stems/A-B.flac', 'stems/a-b 2.flac', 'stems/….flac', 'stems/narrator.flac']
    """
    tracks: dict[str, str] = {}
    taken: set[str] = set()
    for speaker in speakers:
        try:
            name = safe_name(speaker or "narrator")
            safe_path(f"{name}.stems")
        except InputError:
            name = "speaker"
        others = (f"{name} {number}" for number in range(2, len(tracks) + 3))
        free = next(each for each in (name, *others) if identity(each) not in taken)
        taken.add(identity(free))
        tracks[speaker] = f"stems/{free}.flac"
    return tracks


def list_speakers(speaking: Speaking) -> list[str]:
    """Who speaks, in the order of their first turns; empty: the narrator."""
    return list(dict.fromkeys(each.speaker for each in speaking.script.items if isinstance(each, Turn)))


def find_guid(head: Head, stem: str) -> str:
    """What identifies an episode for ever: what its head says, else the name of its file within the show.

    >>> find_guid(Head(feed="https://example.org/feed.xml"), "one") == find_guid(Head(guid="x"), "one")
    False
    """
    return head.guid or str(uuid.uuid5(uuid.UUID(head.show_guid) if head.show_guid else NAMESPACE, stem))


def list_people(speaking: Speaking) -> dict[str, Person]:
    """Who is in an episode: those that its head names, and all who speak, who are hosts."""
    named = dict(speaking.head.people)
    return {**{name: Person() for name in list_speakers(speaking) if name}, **named}


def list_said(speaking: Speaking, episode: Episode) -> list[transcripts.Said]:
    """What is said in an episode, turn by turn, with its times."""
    said, clips = [], episode.clips
    for turn in episode.timeline.turns:
        _, plan = speaking.planned[turn.number]
        timed = marks.time_text(clips[turn.number], plan.recipe.script)
        said.append(transcripts.Said(turn.turn.speaker, timed, turn.start / RATE, turn.turn.language))
    return said
