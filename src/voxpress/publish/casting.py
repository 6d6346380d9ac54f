"""Who speaks in a script or in subtitles: names, and the voices that people give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from voxpress import validation
from voxpress.errors import InputError, ManifestError, show, suggest
from voxpress.rendering.projects import read_cast
from voxpress.speech import Speaker

_MOST_NAMED = 8


def read_voice(text: str) -> Speaker:
    """A voice as people write it in one word: its name, or engine and name.

    >>> read_voice("af_heart"), read_voice("piper:joe")
    (Speaker(voice='af_heart'), Speaker(engine='piper', voice='joe'))

    Raises:
        InputError: a part is empty.
    """
    engine, colon, voice = text.rpartition(":")
    if not voice.strip() or (colon and not engine.strip()):
        raise InputError(f"must be VOICE or ENGINE:VOICE, not {show(text)}")
    return Speaker(engine=engine.strip() or None, voice=voice.strip())


def read_cast_of(given: object, path: Path) -> dict[str, Speaker]:
    """The cast that a file names: names with a voice, or with the fields of a speaker.

    >>> read_cast_of({"Ann": "af_heart", "Bob": {"engine": "piper", "speed": 1.1}}, Path("talk.md"))["Bob"]
    Speaker(engine='piper', speed=1.1)

    Raises:
        ManifestError: it is wrong, with file and field.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        problem = f"must be names with a voice each, such as {{Ann: af_heart}}, not {show(given)}"
        raise ManifestError(problem, path=str(path), field="cast")
    cast: dict[str, Speaker] = {}
    spellings: dict[str, str] = {}
    for name, value in given.items():
        if (other := spellings.setdefault(str(name).casefold(), str(name))) != str(name):
            problem = f"{show(other)} and {show(str(name))} are one name: capitals make no difference"
            raise ManifestError(problem, path=str(path), field="cast")
        if problem := validation.explain_cast_name(str(name)):
            raise ManifestError(problem, path=str(path), field="cast")
        if not isinstance(value, str | Mapping):
            problem = f"must be a voice such as af_heart, or a table, not {show(value)}"
            raise ManifestError(problem, path=str(path), field=f"cast.{name}")
        if isinstance(value, str):
            try:
                cast[str(name)] = read_voice(value)
            except InputError as error:
                raise ManifestError(error.problem, path=str(path), field=f"cast.{name}") from error
        else:
            cast.update(read_cast({str(name): value}, str(path), strict=False))
    return cast


def read_cast_options(given: Iterable[str]) -> dict[str, Speaker]:
    """The cast that options of the form ``NAME=VOICE`` name.

    >>> read_cast_options(["Ann=tone:high"])
    {'Ann': Speaker(engine='tone', voice='high')}

    Raises:
        InputError: one says something else, or two name one person.
    """
    found: dict[str, Speaker] = {}
    spellings: set[str] = set()
    for each in given:
        name, equals, voice = (part.strip() for part in each.partition("="))
        if not equals or not name or not voice:
            raise InputError(f"--cast takes NAME=VOICE, not {show(each)}")
        if name.casefold() in spellings:
            raise InputError(f"--cast names {show(name)} twice: say one voice")
        spellings.add(name.casefold())
        found[name] = read_voice(voice)
    return found


def require_present(given: Iterable[str], names: Iterable[str], path: Path) -> None:
    """Check that those whom options name are in a file: a name that is not there is a typing error.

    Args:
        given: names of `--cast`.
        names: who speaks in the file; empty ones are left out.

    Raises:
        InputError: somebody does not speak there; with the names of those who do.
    """
    present = [name for name in dict.fromkeys(names) if name]
    spellings = {name.casefold() for name in present}
    for name in given:
        if name.casefold() not in spellings:
            who = f"who speaks: {_list_names(present)}" if present else "no line has a name"
            raise InputError(
                f"--cast names {show(name)}, who does not speak here{suggest(name, present)} ({who})",
                place=str(path),
            )


def join_casts(*casts: Mapping[str, Speaker]) -> dict[str, Speaker]:
    """All members of some casts; of a name that several have, in whatever letters, the last one counts.

    >>> join_casts({"Ann": Speaker(voice="one")}, {"ANN": Speaker(voice="two")})
    {'ANN': Speaker(voice='two')}
    """
    joined = {name.casefold(): (name, speaker) for cast in casts for name, speaker in cast.items()}
    return dict(joined.values())


def match_names(names: Iterable[tuple[str, str]], cast: Mapping[str, Speaker]) -> dict[str, str]:
    """The member of a cast that each name means, also where it is written in other letters: ``ANN``.

    Args:
        names: each with the place where it stands; empty ones are left out.

    Raises:
        InputError: names have no voice. All of them are named.
    """
    folded = {name.casefold(): name for name in cast}
    found: dict[str, str] = {}
    absent: dict[str, str] = {}
    for name, place in names:
        if not name or name in found:
            continue
        member = name if name in cast else folded.get(name.casefold())
        if member is None:
            absent.setdefault(name, place)
        else:
            found[name] = member
    if absent:
        first, place = next(iter(absent.items()))
        raise InputError(
            f"no voice for {_list_names(absent)}{suggest(first, cast)}"
            + (f" (cast: {', '.join(cast)})" if cast else "")
            + f": add --cast '{first}=VOICE', or [cast] to voxpress.toml",
            place=place,
        )
    return found


def _list_names(names: Iterable[str]) -> str:
    listed = [show(name) for name in names]
    more = f" and {len(listed) - _MOST_NAMED:,} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more
