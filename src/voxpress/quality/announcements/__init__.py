"""What a PBX plays for a number, a date or an amount: the prompts that it puts together at run time, and their seams.

Each system has a file with its rules, written from what the programs do. `values` reads what is to be announced, and
`seams` joins the prompts of a pack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType

from voxpress.errors import InputError, UnsupportedOption, show, suggest
from voxpress.quality.announcements import asterisk, freeswitch, values
from voxpress.quality.announcements.seams import Joined, Played, Seam, find_files, join

__all__ = ["GENDERS", "SYSTEMS", "Joined", "Played", "Seam", "announce", "find_files", "join", "language_of"]

SYSTEMS: Mapping[str, ModuleType] = {"asterisk": asterisk, "freeswitch": freeswitch}
GENDERS = {"f": "feminine", "m": "masculine", "n": "neuter"}

_FOLDER = re.compile(r"([a-z]{2})(?:[_/-]([A-Za-z]{2})(?:[_/].*)?)?")


def announce(
    system: str, language: str, value: str, kind: str | None = None, gender: str | None = None
) -> list[str]:
    """The ids of the prompts that a system plays, in order.

    Args:
        system: a name of `SYSTEMS`.
        language: ``en``, ``en_GB``, or the folder of a language in a pack: ``en_GB_f_Ann``, ``en/us/ann``.
        value: as people write it: ``12,345``, ``$5.05``, ``2026-11-29``, ``14:05``.
        kind: what it is, a key of the system's rules; None: what it looks like.
        gender: of what is counted: a key of `GENDERS`.

    >>> announce("asterisk", "en_GB", "12,345")[:3], announce("freeswitch", "de", "21", gender="f")
    (['digits/12', 'digits/thousand', 'digits/3'], ['digits/1_n', 'currency/and', 'digits/20'])

    Raises:
        InputError: the value is none of its kind, or larger than the system can say.
        UnsupportedOption: the system, the language, the kind or the gender is not known; it names those that are.
    """
    rules = SYSTEMS.get(system)
    if rules is None:
        known = ", ".join(SYSTEMS)
        raise UnsupportedOption(
            f"no rules for {system!r}{suggest(system, SYSTEMS)} (systems: {known})", field="system"
        )
    if gender is not None and gender not in GENDERS:
        raise UnsupportedOption(f"no gender {gender!r} (genders: {', '.join(GENDERS)})", field="gender")
    tag = language_of(language, system)
    kind = kind or values.guess(value)
    kinds = rules.KINDS.get(tag) or rules.KINDS.get(tag.partition("_")[0])
    if kinds is None:
        raise UnsupportedOption(
            f"no rules for numbers of {language!r} in {system} (languages: {', '.join(rules.KINDS)})",
            field="language",
        )
    if kind not in kinds:
        raise UnsupportedOption(
            f"no rules for {kind!r} of {tag} in {system} (kinds: {', '.join(kinds)})", field="kind"
        )
    try:
        return list(kinds[kind](values.read(value, kind), gender))
    except OverflowError as error:
        raise InputError(f"{system} does not say {show(value)}: {error}", field="value") from error


def language_of(folder: str, system: str) -> str:
    """The language whose rules hold: ``en``, ``en_GB``.

    >>> [language_of(each, "asterisk") for each in ("en", "en_GB_f_Ann", "en/gb/ann", "en-gb")]
    ['en', 'en_GB', 'en_GB', 'en_GB']

    Raises:
        UnsupportedOption: it names no language.
    """
    match = _FOLDER.fullmatch(folder)
    if match is None:
        raise UnsupportedOption(
            f"{folder!r} names no language (languages: {', '.join(SYSTEMS[system].KINDS)})", field="language"
        )
    return f"{match[1]}_{match[2].upper()}" if match[2] else match[1]
