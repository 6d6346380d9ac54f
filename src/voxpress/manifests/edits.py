"""Changes in the text of a YAML document that leave all else as people wrote it: comments, order and layout."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

# PyYAML is imported where it is used, as in `voxpress.manifests.nodes`.
if TYPE_CHECKING:
    from yaml import CollectionNode, Node

_REST_OF_LINE = re.compile(r"[^\r\n]*")
_LEAD = re.compile(r"(?:\r?\n[ \t]*(?:#[^\r\n]*)?)*")
"""What stands between two entries: comments, empty lines, and the indent of the second one."""
_INDENT = re.compile(r"\r?\n[ \t]*\Z")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""Anchor and tag of a value."""
_DASH = re.compile(r"^[ ]*-(?=\s)", re.MULTILINE)
_BREAKS = re.compile("[\r\n\x85\u2028\u2029]")

_Key: TypeAlias = tuple[str, int]
"""What an entry is known by, and how many before it are known by the same."""


class _Entry(NamedTuple):
    """An entry of a map or list.

    Attributes:
        lead: what stands before it, from the end of the line of the former one.
        start: of the entry in the text: its name, or its dash.
        end: of its last line.
    """

    lead: str
    start: int
    end: int
    value: Node


def merge(text: str, old: str, new: str, names: Sequence[str]) -> str:
    r"""The document `text`, with what changed from `old` to `new`.

    >>> text = "# Mine\nsentences:\n  - text: One.  # the first\n    seed: 2\nwords: {a: b} # so far\n"
    >>> old = "words: {a: b}\nsentences:\n- text: One.\n  seed: 2\n"
    >>> new = "words: {a: b, c: d}\nsentences:\n- text: One.\n  seed: 3\n- text: Two.\n"
    >>> print(merge(text, old, new, ["text"]), end="")
    # Mine
    sentences:
      - text: One.  # the first
        seed: 3
      - text: Two.
    words: {a: b, c: d} # so far

    Args:
        text: as people wrote it. It says what `old` says, but can leave out what is usual.
        old, new: as voxpress writes them.
        names: of the fields by which a map in a list is known: the first that it has.

    Raises:
        YAMLError: one of them cannot be read.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    mine, before, after = (yaml.compose(each, Loader=loader) for each in (text, old, new))
    return (
        text[: mine.start_mark.index]
        + _Merge(text, new, names).value(mine, before, after)
        + text[_end(text, mine) :]
    )


class _Merge:
    def __init__(self, text: str, new: str, names: Sequence[str]) -> None:
        self._text, self._new, self._names = text, new, names
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def value(self, mine: Node, old: Node | None, new: Node) -> str:
        """The text of a value."""
        if old is not None and _plain(old) == _plain(new):
            return self._cut(mine)
        merged = None
        if old is not None and mine.id == old.id == new.id != "scalar" and mine.value:
            merged = self._flow(mine, old, new) if mine.flow_style else self._block(mine, old, new)
        if merged is not None:
            return merged
        properties = _PROPERTIES.match(self._cut(mine))
        return (properties[0] if properties else "") + _spell(new)

    def _cut(self, mine: Node) -> str:
        return self._text[mine.start_mark.index : _end(self._text, mine)]

    def _flow(self, mine: CollectionNode, old: CollectionNode, new: CollectionNode) -> str | None:
        """A map or list in brackets; None: it cannot be changed in its place."""
        own, before, after = self._name(mine), self._name(old), self._name(new)
        moved = mine.id == "sequence" and [*after][: len(own)] != [*own]
        empty = any(value.start_mark.index == value.end_mark.index for value in own.values())
        if moved or empty or before.keys() - after.keys():
            return None
        text, at = "", mine.start_mark.index
        for key, value in own.items():
            text += self._text[at : value.start_mark.index]
            at = _end(self._text, value)
            changed = key in after and _differ(key, before, after)
            text += self.value(value, before.get(key), after[key]) if changed else self._cut(value)
        added = [key for key in after if key not in own and _differ(key, before, after)]
        text += "".join(f", {_spell_entry(mine, key, after[key])}" for key in added)
        return text + self._text[at : mine.end_mark.index]

    def _block(self, mine: CollectionNode, old: CollectionNode, new: CollectionNode) -> str | None:
        """A map or list over several lines; None: it cannot be changed in its place."""
        before, after = self._name(old), self._name(new)
        own = dict(zip(self._name(mine), _list_entries(self._text, mine), strict=True))
        start = next(iter(own.values())).start
        indent = self._newline + " " * (start - max(self._text.rfind(each, 0, start) for each in "\r\n") - 1)
        if mine.id == "mapping":
            order = [key for key in own if key in after or key not in before]
            for former, key in pairwise(chain([None], after)):
                if key not in own and _differ(key, before, after):
                    order.insert(order.index(former) + 1 if former in order else len(order), key)
        else:
            order = [*after]
            if own.keys() != before.keys():
                return None
        # A comment over what goes stays.
        leads, left = {}, ""
        for key, entry in own.items():
            leads[key] = left + (entry.lead or indent)
            left = _INDENT.sub("", leads[key]) if key not in order and "#" in leads[key] else ""
        ours = dict(zip(after, _list_entries(self._new, new), strict=True)) if not new.flow_style else {}
        text = ""
        for key in order:
            lead = leads.get(key) or indent
            if key not in own and key in ours and "#" in ours[key].lead:
                lead = ours[key].lead.replace("\n", self._newline)
            text += lead if text else lead.lstrip()
            if key in own:
                text += self._change(own[key], before.get(key), after.get(key), indent)
            else:
                text += _spell_entry(mine, key, after[key], indent)
        return self._text[mine.start_mark.index : start] + text + left

    def _change(self, entry: _Entry, old: Node | None, new: Node | None, indent: str) -> str:
        """An entry over several lines."""
        at, end = entry.value.start_mark.index, _end(self._text, entry.value)
        before, behind = self._text[entry.start : at], self._text[end : entry.end]
        if new is None:
            return before + self._text[at : entry.end]
        if not entry.value.value and _is_long(new):
            return before.rstrip() + behind + _spell_items(new, indent)
        return (
            before
            + (" " if at == end and before.endswith(":") else "")
            + self.value(entry.value, old, new)
            + behind
        )

    def _name(self, node: CollectionNode) -> dict[_Key, Node]:
        """The values of a map or list, by what they are known by."""
        if node.id == "mapping":
            return {(key.value, 0): value for key, value in node.value}
        found: dict[_Key, Node] = {}
        for item in node.value:
            fields = {key.value: value.value for key, value in item.value} if item.id == "mapping" else {}
            known = str(next((fields[name] for name in self._names if fields.get(name)), item.value))
            found[known, sum(key[0] == known for key in found)] = item
        return found


def _list_entries(text: str, node: CollectionNode) -> Iterator[_Entry]:
    """The entries of a map or list over several lines."""
    end = 0
    for each in node.value:
        first, value = each if node.id == "mapping" else (each, each)
        lead, start = "", first.start_mark.index
        if end:
            lead = _LEAD.match(text, end)[0]
            start = end + len(lead)
        elif node.id == "sequence":
            start = node.start_mark.index
            if text[start] != "-":
                start = _DASH.search(text, start).end() - 1
        end = _end_line(text, max(_end(text, first), _end(text, value)))
        yield _Entry(lead, start, end, value)


def _end(text: str, node: Node) -> int:
    """Where the text of a value ends; of one over several lines with the rest of its last line."""
    if node.id == "scalar":
        start = node.start_mark.index
        return start + len(text[start : node.end_mark.index].rstrip())
    if node.flow_style:
        return node.end_mark.index
    last = node.value[-1]
    return _end_line(text, _end(text, last[1] if node.id == "mapping" else last))


def _end_line(text: str, place: int) -> int:
    return _REST_OF_LINE.match(text, place).end()


def _differ(key: _Key, old: Mapping[_Key, Node], new: Mapping[_Key, Node]) -> bool:
    return key not in old or _plain(old[key]) != _plain(new[key])


def _plain(node: Node) -> object:
    if node.id == "scalar":
        return node.value
    pairs = (each if node.id == "mapping" else [each] for each in node.value)
    return node.id, [[_plain(each) for each in pair] for pair in pairs]


def _is_long(node: Node) -> bool:
    """Whether voxpress writes a value over several lines."""
    return node.id == "sequence" and not node.flow_style


def _spell(node: Node) -> str:
    """A value in one line, as it can stand anywhere."""
    import yaml

    if node.id == "scalar" and _BREAKS.search(node.value):
        node.style = '"'
    alone = yaml.SequenceNode("tag:yaml.org,2002:seq", [node], flow_style=True)
    return yaml.serialize(alone, Dumper=yaml.SafeDumper, width=math.inf, allow_unicode=True).strip()[1:-1]


def _spell_entry(parent: CollectionNode, key: _Key, node: Node, indent: str = "") -> str:
    """An entry of a map or list, over several lines where there is an indent."""
    import yaml

    name = _spell(yaml.ScalarNode("tag:yaml.org,2002:str", key[0])) + ":"
    if indent and parent.id == "sequence":
        return _spell_item(node, indent)
    if indent and _is_long(node):
        return name + _spell_items(node, indent)
    return f"{name} {_spell(node)}" if parent.id == "mapping" else _spell(node)


def _spell_items(node: Node, indent: str) -> str:
    return "".join(indent + _spell_item(each, indent) for each in node.value)


def _spell_item(node: Node, indent: str) -> str:
    if node.id != "mapping" or node.flow_style:
        return f"- {_spell(node)}"
    return "- " + f"{indent}  ".join(f"{_spell(name)}: {_spell(value)}" for name, value in node.value)
