"""Target systems: where each wants prompts and greetings, and how prompts are switched on.

One system is one module of this package, which sets `SYSTEM`; the module's name is the system's name
(``--install asterisk``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

import msgspec

from voxpress import languages
from voxpress.errors import InputError, UnsupportedOption
from voxpress.files.formats import FORMATS
from voxpress.speech import Hertz, Output
from voxpress.variants import Variants

Kind: TypeAlias = Literal["unavail", "busy", "greet", "temp"]
"""What a greeting is for: nobody answers, the line is busy, the name alone, an absence."""
_DIALECTS = 10
"""Languages nearer to each other than this go by each other's names, such as Norwegian and Bokmål (langcodes)."""
KINDS: tuple[Kind, ...] = ("unavail", "busy", "greet", "temp")


class Greetings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a system looks for the greetings of its mailboxes.

    >>> SYSTEMS.require("freeswitch").greetings.place("example.com", "1001", "greet")
    'voicemail/default/example.com/1001/recorded_name'
    """

    folder: str
    """Below the folder that the user names; holds ``{context}`` and ``{mailbox}``."""
    names: Mapping[Kind, str]
    """Names of the files, without extension."""
    formats: tuple[str, ...] = ("wav",)
    """Names of `voxpress.files.formats.FORMATS` that the system can play here."""
    played: frozenset[str] = frozenset()
    """Extensions of all files that it would play here, one in place of another; empty: it plays one format only, which
    its settings name."""
    domains: bool = False
    """Whether a context is the name of a domain, which every mailbox needs."""
    next_steps: str = ""
    """What the administrator does after the greetings are in their place."""

    def place(self, context: str, mailbox: str, kind: Kind) -> str:
        """The path of a greeting, without extension."""
        return f"{self.folder.format(context=context, mailbox=mailbox)}/{self.names[kind]}"


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One target system.

    Instructions are a template with ``%(archive)s``, ``%(pack)s``, ``%(language)s``, ``%(country)s``, ``%(voice)s``,
    ``%(name)s``, ``%(url)s``, ``%(size)s`` and ``%(md5)s``.
    """

    description: str
    preset: str
    """The preset that makes what it plays."""
    plays: Mapping[str, tuple[Hertz, ...]]
    """Formats that it plays, each with its sample rates; no rates: any."""
    pack: str
    """A pack's name, made of ``{language}``, ``{country}``, ``{gender}`` (f or m) and ``{voice}``. A part that is not
    known goes, with the underscore before it."""
    pack_form: str
    """Regular expression of the names that a pack can have."""
    pack_example: str
    languages: Mapping[str, str] = {}
    """The system's own codes of languages, by tag or language, where they are not those of BCP 47."""
    folder: str = "{pack}"
    """Where a pack lies in the archive; empty: at its top."""
    archive: Literal["tar.gz", "zip"] = "tar.gz"
    instructions: str
    instructions_inside: bool = True
    """Whether they may lie in the pack's folder too, as ``INSTALL.txt``."""
    greetings: Greetings | None = None

    def name_pack(self, language: str, gender: str, voice: str) -> str:
        """The name of a pack.

        >>> SYSTEMS.require("asterisk").name_pack("en-US", "female", "Allison")
        'en_US_f_Allison'
        >>> SYSTEMS.require("asterisk").name_pack("de", "", "thorsten")
        'de_thorsten'
        >>> SYSTEMS.require("freeswitch").name_pack("de", "", "Thorsten")
        'de/de/thorsten'

        Raises:
            InputError: the language is not known, or the system can have no pack of that name.
        """
        import langcodes

        if language in ("", "*"):
            raise InputError("the language of the voice is not known", field="pack_name")
        tag = langcodes.get(language)
        base = tag.language or ""
        country = tag.territory or (tag.maximize().territory if "/{country}" in self.pack else "")
        parts = {
            "{language}": self.languages.get(language) or self.languages.get(base) or base,
            "{country}": country or "",
            "{gender}": gender[:1],
            "{voice}": voice,
        }
        if "/" in self.pack:
            parts = {name: value.lower() for name, value in parts.items()}
        pack = self.pack
        for name, value in parts.items():
            pack = pack.replace(name, value) if value else pack.replace(f"_{name}", "")
        return self.check_pack(pack)

    def check_pack(self, name: str) -> str:
        """The name of a pack, if it can have that one.

        Raises:
            InputError: it cannot.
        """
        if re.fullmatch(self.pack_form, name, re.ASCII):
            return name
        raise InputError(f"{name!r} cannot name a pack here, as {self.pack_example} can", field="pack_name")

    def check_languages(self, pack: str, spoken: Collection[str]) -> None:
        """Check that a pack is not named after a language that none of its rows has.

        Args:
            spoken: BCP 47 tags of the rows.

        Raises:
            InputError: it is; the message says what to do.
        """
        if "{language}" not in self.pack or not spoken:
            return
        import langcodes

        code = re.split("[_/]", pack)[0]
        named = languages.base(next((tag for tag, own in self.languages.items() if own == code), code))
        found = sorted({languages.base(tag) for tag in spoken} - {"*", ""})
        if len(code) != 2 or not languages.iso_639_2(named) or not found:
            return
        if not any(langcodes.tag_distance(named, tag) < _DIALECTS for tag in found):
            raise InputError(
                f"the pack {pack} is named after the language {named!r}, and the rows are spoken in"
                f" {', '.join(map(repr, found))}: choose a voice of that language, or another name",
                field="pack_name",
            )

    def check_output(self, output: Output) -> None:
        """Check that the system plays such a file.

        Raises:
            InputError: it does not.
        """
        rates = self.plays.get(output.format)
        if rates is None:
            known = ", ".join(self.plays)
            raise InputError(f"{self.description} plays no {output.format} (formats: {known})")
        fixed = FORMATS[output.format].sample_rates
        rate = output.sample_rate or (fixed[0] if len(fixed) == 1 else None)
        if rates and rate not in rates:
            allowed = " or ".join(map(str, rates))
            given = f"{rate} Hz" if rate else "the voice's own rate"
            raise InputError(f"{self.description} plays {output.format} of {allowed} Hz, not of {given}")


SYSTEMS = Variants(__name__, __path__, "SYSTEM", System, "system", UnsupportedOption)
