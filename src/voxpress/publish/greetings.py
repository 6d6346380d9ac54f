"""Greetings: what a mailbox says, as rows that a render speaks."""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from typing import Any

import msgspec

from voxpress import languages
from voxpress.errors import InputError, LeftOut, ManifestError, suggest
from voxpress.files.paths import identity
from voxpress.manifests import Row
from voxpress.manifests.columns import number
from voxpress.manifests.rows import row
from voxpress.publish.mailboxes import Entry, Mailbox
from voxpress.publish.systems import KINDS, Greetings, Kind

FIELDS = ("name", "mailbox", "context")
"""What a wording can hold."""
_IPA = re.compile("/(.+)/")
_PASSED_ON = ("speaker", "engine", "model", "voice", "language", "speed", "seed")


class Wordings:
    """What greetings say, by kind and language; empty language: in any.

    >>> wordings = Wordings()
    >>> wordings.find("busy", "en-GB")
    '{name} is on the phone. Please leave a message.'
    >>> wordings.add("busy", "{name} is talking.")
    >>> wordings.find("busy", "de")
    '{name} is talking.'
    """

    def __init__(self) -> None:
        self._own: dict[tuple[str, str], str] = {}

    def add(self, kind: str, text: str, language: str = "") -> None:
        """Say something else than before.

        Raises:
            InputError: there is no such kind, or the text holds something that mailboxes do not have.
        """
        if kind not in KINDS:
            raise InputError(f"no greeting {kind!r}{suggest(kind, KINDS)} (greetings: {', '.join(KINDS)})")
        check_wording(text)
        tag = languages.canonical(language) if language else ""
        if not tag:  # a wording for all languages replaces those that stood before
            self._own = {key: said for key, said in self._own.items() if key[0] != kind}
        self._own[kind, tag] = text

    def find(self, kind: Kind, language: str) -> str | None:
        """What is said in a language: the wording for its tag, its base, any language, or that of voxpress."""
        base = languages.base(language)
        for tag in (language, base, ""):
            if (kind, tag) in self._own:
                return self._own[kind, tag]
        usual = _load_wordings()
        return usual.get(base, {}).get(kind) or usual.get(kind)


@functools.cache
def _load_wordings() -> Mapping[str, Any]:
    import tomllib

    return tomllib.loads(resources.files(__package__).joinpath("greetings.toml").read_text(encoding="utf-8"))


def check_wording(text: str) -> set[str]:
    """The fields that a wording holds.

    >>> sorted(check_wording("{name}, extension {mailbox}."))
    ['mailbox', 'name']

    Raises:
        InputError: it holds another one, or a lone brace.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise InputError(f"{text!r} is not a wording: {error}; write {{{{ for a brace") from error
    fields = {name for _, name, _, _ in parts if name is not None}
    for name in sorted(fields):
        if name not in FIELDS or any(
            (form or conversion) and found == name for _, found, form, conversion in parts
        ):
            known = ", ".join(f"{{{each}}}" for each in FIELDS)
            raise InputError(f"{text!r} holds {{{name}}}{suggest(name, FIELDS)} (known: {known})")
    return fields


def _wrong(
    box: Mailbox,
    context: str,
    problem: str,
    *,
    field: str | None = None,
    error: type[ManifestError] = ManifestError,
) -> ManifestError:
    """What is wrong with a mailbox; its id in the report is its number in its context."""
    id = f"{context}/{box.mailbox}" if context else box.mailbox
    return error(problem, path=box.path, line=box.line, field=field, id=id)


@dataclass(frozen=True, kw_only=True)
class Greeter:
    """Turns mailboxes into rows.

    Attributes:
        greetings: where the system wants them.
        kinds: which ones each mailbox gets.
        domain: of mailboxes that name none; for Asterisk their context.
        language_of: the language in which a row without one is spoken.
        speakers: who speaks for mailboxes that name a language and no voice, by language.
    """

    greetings: Greetings
    kinds: tuple[Kind, ...]
    wordings: Wordings = field(default_factory=Wordings)
    domain: str = ""
    language_of: Callable[[Mailbox], str]
    speakers: Mapping[str, str] = field(default_factory=dict)

    def rows(self, entries: Iterable[Entry]) -> Iterator[Row]:
        """The rows of all mailboxes, and what is wrong with others."""
        boxes: dict[str, Mailbox] = {}
        contexts: dict[str, Mailbox] = {}
        for entry in entries:
            if isinstance(entry, ManifestError):
                yield entry
                continue
            context = self._choose_context(entry.context)
            box = boxes.setdefault(identity(f"{context}/{entry.mailbox}"), entry)
            like = contexts.setdefault(identity(context), entry)
            if box is not entry:
                yield _wrong(entry, context, f"mailbox {entry.mailbox} stands in line {box.line} already")
                continue
            if (first := self._choose_context(like.context)) != context:
                problem = (
                    f"{context!r} stands in line {like.line} as {first!r}, and some disks take these for one folder:"
                    " write it alike"
                )
                yield _wrong(entry, context, problem, field="context")
                continue
            entry = self._choose_speaker(entry)
            told = set()
            for kind in self.kinds:
                for found in self._greet(entry, kind):
                    if not isinstance(found, ManifestError) or str(found) not in told:
                        yield found
                    told.add(str(found))

    def _greet(self, box: Mailbox, kind: Kind) -> Iterable[Row]:
        context = self._choose_context(box.context)
        own = getattr(box, kind) or ("" if kind == "greet" else box.wording)
        language = box.language or self.language_of(box)
        wording = own or self.wordings.find(kind, language) or ""
        if found := self._find_problem(box, context, wording, kind, language):
            return [found]
        slashed = _IPA.fullmatch(box.pronunciation)
        ipa = box.ipa.strip("/") or (slashed[1] if slashed else "")
        written = re.sub(r"[][()]", "", box.name)
        name = f"[{written}](/{ipa}/)" if ipa else box.pronunciation or box.name
        values: dict[str, object] = {
            "id": self.greetings.place(context, box.mailbox, kind),
            "text": wording.format(name=name, mailbox=" ".join(box.mailbox), context=context),
            "markup": "directions" if ipa and "name" in check_wording(wording) else "plain",
        }
        for each in _PASSED_ON:
            if value := getattr(box, each):
                values[each] = number(each, value) if each in ("speed", "seed") else value
        return row(values, box.path, box.line)

    def _find_problem(
        self, box: Mailbox, context: str, wording: str, kind: Kind, language: str
    ) -> ManifestError | None:
        """Why a mailbox gets no such greeting; None: it gets it."""
        wrong = partial(_wrong, box, context)
        if not context:
            given = f"{box.context!r} is no domain" if box.context else "is missing"
            return wrong(f"{given}: name it in a column domain, or with --domain", field="domain")
        for name, folder in (("mailbox", box.mailbox), ("context", context)):
            if "/" in folder or folder in ("", ".", ".."):
                return wrong(f"{folder!r} cannot name a folder", field=name)
        if not wording:
            return wrong(f"has no wording in {language!r}: add --template {kind}='… {{name}} …'", field=kind)
        try:
            fields = check_wording(wording)
        except InputError as error:
            return wrong(error.problem, field=kind if getattr(box, kind) else "wording")
        if "name" in fields and not box.name:
            problem = f"mailbox {box.mailbox} has no name: the system says its number by itself"
            return wrong(problem, error=LeftOut)
        return None

    def _choose_speaker(self, box: Mailbox) -> Mailbox:
        """The mailbox, with the speaker of its language if it names none."""
        if not box.language or box.speaker or box.engine or box.model or box.voice:
            return box
        speaker = self.speakers.get(box.language) or self.speakers.get(languages.base(box.language))
        return msgspec.structs.replace(box, speaker=speaker) if speaker else box

    def _choose_context(self, given: str) -> str:
        """The context or domain of a mailbox; empty: not known."""
        if not self.greetings.domains:
            return given or self.domain or "default"
        # The contexts of Asterisk's lists are no domains.
        return given if "." in given or ":" in given else self.domain
