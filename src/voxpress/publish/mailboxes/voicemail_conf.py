"""Asterisk's ``voicemail.conf``.

``main/config.c`` reads it so: ``;`` begins a comment, ``;--`` one that ends with ``--;``; ``[context](!,base)`` is a
template that inherits from another; ``(+)`` goes on with a context. In a context, a line is ``MAILBOX =>
password,name,email,pager,option=value|…``. Passwords and addresses are read over and kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from voxpress.errors import LeftOut, ManifestError
from voxpress.publish.mailboxes import Mailbox, MailboxList, read_language

_HEADER = re.compile(r"\[([^\]]*)\](?:\(([^)]*)\))?")
_OTHER_FILE = re.compile(r"#\s*(include|tryinclude|exec)\b\s*(.*)")
_NO_MAILBOXES = frozenset(("general", "zonemessages"))


@dataclass
class _Section:
    name: str
    template: bool = False
    values: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, name and value."""


def read(lines: Sequence[str], path: str, *, complete: bool = False) -> MailboxList:
    r"""The mailboxes and formats of a ``voicemail.conf``.

    Args:
        complete: whether another file that may hold mailboxes is an error.

    >>> conf = read(["[general]\n", "format=wav49|gsm\n", "[sales]\n", "12 => 99,Ada\n"], "voicemail.conf")
    >>> conf.formats, conf.entries[0].context, conf.entries[0].name
    (('wav49', 'gsm'), 'sales', 'Ada')

    Raises:
        ManifestError: a header cannot be read, or names a template that does not exist; or nothing is a mailbox.
    """
    sections: list[_Section] = []
    entries: list[Mailbox | ManifestError] = []
    for number, line in _strip_comments(lines):
        if line.startswith("["):
            sections.append(_open_section(line, sections, path, number))
        elif other := _OTHER_FILE.match(line):
            # FreePBX includes its settings there; they hold no mailboxes.
            settings = bool(sections) and sections[-1].name == "general"
            hint = (
                "if it sets format=, name these formats with -f"
                if settings
                else "if it has mailboxes, give it to voxpress as another list"
            )
            wrong = ManifestError if complete and not settings else LeftOut
            entries.append(wrong(f"#{other[1]} {other[2]} is not read; {hint}", path=path, line=number))
        elif sections and "=" in line:
            name, _, value = line.partition("=")
            sections[-1].values.append((number, name.strip(), value.removeprefix(">").strip()))
        else:
            # The line may hold a password, so it is not shown.
            entries.append(ManifestError("is neither [context] nor mailbox => value", path=path, line=number))
    general = {name: value for each in sections if each.name == "general" for _, name, value in each.values}
    skipped = {*_NO_MAILBOXES, general.get("aliasescontext", "general")}
    for section in sections:
        if section.template or section.name in skipped:
            continue
        entries += (
            _read_mailbox(section.name, name, value, path, number) for number, name, value in section.values
        )
    if not entries:
        raise ManifestError("has no mailboxes", path=path)
    formats = tuple(name.strip().lower() for name in re.split(r"[|,]", general.get("format", "")))
    return MailboxList(entries=tuple(entries), formats=tuple(filter(None, formats)))


def _open_section(line: str, sections: Sequence[_Section], path: str, number: int) -> _Section:
    match = _HEADER.match(line)
    if match is None:
        raise ManifestError("has no closing bracket", path=path, line=number)
    section = _Section(match[1].strip())
    for option in filter(None, (each.strip() for each in (match[2] or "").split(","))):
        if option == "!":
            section.template = True
        elif not option.startswith("+"):
            base = next((each for each in sections if each.name == option), None)
            if base is None:
                raise ManifestError(f"no context {option!r} stands before this one", path=path, line=number)
            section.values += base.values
    return section


def _read_mailbox(context: str, mailbox: str, value: str, path: str, line: int) -> Mailbox:
    _password, name, _email, _pager, options = (*value.split(",", 4), "", "", "", "")[:5]
    given = dict(each.partition("=")[::2] for each in options.split("|"))
    return Mailbox(
        path=path,
        line=line,
        mailbox=mailbox,
        context=context,
        name=name.strip(),
        language=read_language(given.get("language", "").strip()),
    )


def _strip_comments(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    depth = 0
    for number, line in enumerate(lines, 1):
        said = ""
        rest = line.strip()
        while rest:
            if depth:
                end, start = rest.find("--;"), _find_block(rest)
                if end < 0 and start < 0:
                    break
                if end >= 0 and (start < 0 or end < start):
                    depth, rest = depth - 1, rest[end + 3 :]
                else:
                    depth, rest = depth + 1, rest[start + 3 :]
                continue
            comment = re.search(r"(?<!\\);", rest)
            if comment is None:
                said, rest = said + rest, ""
            elif _find_block(rest) == comment.start():
                said, rest, depth = said + rest[: comment.start()], rest[comment.start() + 3 :], depth + 1
            else:
                said, rest = said + rest[: comment.start()], ""
        said = said.replace("\\;", ";").strip()
        if said:
            yield number, said


def _find_block(line: str) -> int:
    """Where a comment over several lines begins; below 0: nowhere."""
    found = re.search(r";--(?!-)", line)
    return found.start() if found else -1
