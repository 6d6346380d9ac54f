"""Which prompts of a pack are missing, extra or stale, and what callers hear instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from voxpress.files.paths import identity
from voxpress.quality.packs.findings import Finding
from voxpress.quality.packs.folder import Pack, PackFile
from voxpress.quality.packs.references import Wanted

_CALLS: Mapping[str, str] = {
    "digits/": "numbers, dates and counts stop there, and voicemail ends the call",
    "letters/": "spelling stops there",
    "phonetic/": "spelling stops there",
    "vm-": "voicemail goes on without it, or ends the call",
    "voicemail/": "voicemail goes on without it, or ends the call",
    "conf": "conferences go on without it",
    "queue-": "callers who wait hear a gap",
    "dir-": "the directory goes on without it",
    "directory/": "the directory goes on without it",
    "silence/": "the pause is missing",
    "beep": "callers do not know when to speak",
}
"""What happens in a call without a prompt, by the beginning of its name."""
_DEFAULT = "en"
_GENDER = re.compile(r"(.*\d)[FMNfmn]")
_USUAL = 0.5
"""Share of prompts that have a format: it is one of the pack."""


def compare(
    pack: Pack, language: str, wanted: Mapping[str, Wanted], texts: Mapping[tuple[str, str], str]
) -> Iterator[Finding]:
    """Missing, extra and stale prompts of one language.

    Args:
        wanted: those that it should have.
        texts: what files of the pack say, by language and prompt.
    """
    there = pack.files.get(language, {})
    alike = {identity(prompt): prompt for prompt in there}
    for prompt, one in sorted(wanted.items()):
        if prompt not in there:
            yield Finding(
                kind="missing" if one.content != "noise" else "left-out",
                language=language,
                prompt=prompt,
                problem=_find_similar(prompt, there, alike),
                instead=find_fallback(pack, language, prompt),
            )
        elif one.text is not None and (rendered := texts.get((language, prompt))) not in (None, one.text):
            yield Finding(
                kind="stale",
                language=language,
                prompt=prompt,
                problem=f"it says {_shorten(rendered or '')}, and the list {_shorten(one.text)}",
            )
    for prompt in sorted(there.keys() - wanted.keys()):
        yield Finding(kind="extra", language=language, prompt=prompt)


def find_fallback(pack: Pack, language: str, prompt: str) -> str:
    """What callers hear where `prompt` is missing.

    Asterisk looks in ``de_AT_f_Ann``, ``de_AT_f``, ``de_AT`` and ``de``, then outside of all languages, and at last in
    ``en`` (file.c, fileexists_core). FreeSWITCH knows one voice.
    """
    if "/" not in language:
        names = language.split("_")
        folders = ["_".join(names[:count]) for count in range(len(names) - 1, 0, -1)]
        for folder in (*folders, "", _DEFAULT):
            if found := pack.files.get(folder, {}).get(prompt):
                return f"Asterisk plays {found[0].path}"
    return next((why for start, why in _CALLS.items() if prompt.startswith(start)), "callers hear nothing")


def _find_similar(prompt: str, there: Mapping[str, object], alike: Mapping[str, str]) -> str:
    if other := alike.get(identity(prompt)):
        return f"there is {other}; on Linux that is another name"
    if (match := _GENDER.fullmatch(prompt)) and match[1] in there:
        return f"there is {match[1]}, which no system plays instead"
    return ""


def compare_variants(pack: Pack, language: str) -> Iterator[Finding]:
    """Prompts of one language that lack a format or a rate which most of the others have."""
    prompts = pack.files[language]
    counts = Counter(variant for files in prompts.values() for variant in {each.variant for each in files})
    usual = [variant for variant, count in counts.items() if count > _USUAL * len(prompts)]
    for prompt, files in sorted(prompts.items()):
        own = {each.variant for each in files if not each.problem}
        if not own:
            continue
        for variant in sorted(set(usual) - own):
            yield Finding(
                kind="no-variant",
                language=language,
                prompt=prompt,
                problem=f"no {variant}",
                instead=f"{_pick(files).path} is converted during each call",
            )


def _pick(files: list[PackFile]) -> PackFile:
    """The file that FreeSWITCH takes for a rate that is not there: that with the highest one (mod_sndfile.c)."""
    return max(files, key=lambda each: (each.rate or 0, each.path))


def find_same_names(pack: Pack) -> Iterator[Finding]:
    """Files whose names some system takes for one."""
    seen: dict[str, str] = {}
    for file in pack.all():
        if file.extension in ("WAV", "wav"):  # Asterisk's two formats, wherever both are used
            key = f"{identity(file.path.rpartition('.')[0])}.{file.extension}"
        else:
            key = identity(file.path)
        if (former := seen.setdefault(key, file.path)) != file.path:
            yield Finding(
                kind="same-name",
                language=file.language,
                prompt=file.prompt,
                file=file.path,
                problem=f"the other one is {former}",
            )


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
