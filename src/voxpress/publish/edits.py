"""Changes in the text of a YAML document that leave all else as people wrote it: comments, order and layout."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple, TypeAlias

import yaml
from yaml import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

_REST_OF_LINE = re.compile(r"[^\r\n]*")
_LEAD = re.compile(r"(?:\r?\n[ \t]*(?:#[^\r\n]*)?)*")
_INDENT = re.compile(r"\r?\n[ \t]*\Z")
_DASH = re.compile(r"^ *(?=-\s)", re.MULTILINE)
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""Anchor and tag of a value."""
_NULL = "tag:yaml.org,2002:null"
_BREAKS = re.compile("[\r\n\x85\u2028\u2029]")

_Key: TypeAlias = tuple[str, int]
"""What an entry is known by, and how many before it are known by the same."""


class _Entry(NamedTuple):
    """An entry of a map or list over several lines.

    Attributes:
        lead: what stands before it: comments, empty lines and its indent; empty before the first one.
        start: of its name, or of its dash.
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
    mine, before, after = map(_compose, (text, old, new))
    merged = _Merge(text, new, names).value(mine, before, after)
    return text[: mine.start_mark.index] + merged + text[_end(text, mine) :]


def _compose(text: str) -> Node:
    found = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if found is None:
        raise yaml.YAMLError("the document is empty")
    return found


class _Merge:
    def __init__(self, text: str, new: str, names: Sequence[str]) -> None:
        self._text, self._new, self._names = text, new, names
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def value(self, mine: Node, old: Node | None, new: Node) -> str:
        """The text of a value."""
        if old is not None and _plain(old) == _plain(new):
            return self._cut(mine)
        if isinstance(mine, CollectionNode) and mine.value and type(mine) is type(old) is type(new):
            merged = self._flow(mine, old, new) if mine.flow_style else self._block(mine, old, new)
            if merged is not None:
                return merged
        properties = _PROPERTIES.match(self._cut(mine))
        return (properties[0] if properties else "") + _spell(new)

    def _cut(self, mine: Node) -> str:
        return self._text[mine.start_mark.index : _end(self._text, mine)]

    def _flow(self, mine: CollectionNode, old: Node, new: Node) -> str | None:
        """A map or list in brackets; None: it cannot be changed in its place."""
        own, before, after = self._name(mine), self._name(old), self._name(new)
        moved = isinstance(mine, SequenceNode) and [*after][: len(own)] != [*own]
        if moved or before.keys() - after.keys() or not all(map(self._cut, own.values())):
            return None
        text, at = "", mine.start_mark.index
        for key, value in own.items():
            text += self._text[at : value.start_mark.index]
            text += self.value(value, before.get(key), after[key]) if key in after else self._cut(value)
            at = _end(self._text, value)
        for key, value in after.items():
            if key not in own and _differ(key, before, after):
                text += ", " + _spell_entry(mine, key, value)
        return text + self._text[at : mine.end_mark.index]

    def _block(self, mine: CollectionNode, old: Node, new: Node) -> str | None:
        """A map or list over several lines; None: it cannot be changed in its place."""
        before, after = self._name(old), self._name(new)
        own = dict(zip(self._name(mine), _list_entries(self._text, mine), strict=True))
        if isinstance(mine, SequenceNode) and own.keys() != before.keys():
            return None
        order = _order(own, before, after) if isinstance(mine, MappingNode) else [*after]
        start = next(iter(own.values())).start
        line = max(self._text.rfind(each, 0, start) for each in "\r\n") + 1
        indent = self._newline + " " * (start - line)
        leads, left = _find_leads(own, order, indent)
        comments = _find_comments(self._new, new, after, self._newline)
        text = ""
        for key in order:
            lead = leads.get(key) or comments.get(key, indent)
            text += lead if text else lead.lstrip()
            if key in own:
                text += self._change(own[key], before.get(key), after.get(key), indent)
            else:
                text += _spell_entry(mine, key, after[key], indent)
        return self._text[mine.start_mark.index : start] + text + left

    def _change(self, entry: _Entry, old: Node | None, new: Node | None, indent: str) -> str:
        """An entry over several lines; `new`: None where voxpress would not write it."""
        end = _end(self._text, entry.value)
        before, behind = self._text[entry.start : entry.value.start_mark.index], self._text[end : entry.end]
        if new is None:
            return before + self._cut(entry.value) + behind
        if not entry.value.value and _is_long(new):
            return before.rstrip() + behind + _spell_items(new, indent)
        value = self.value(entry.value, old, new)
        return before + (" " if value and before.endswith(":") else "") + value + behind

    def _name(self, node: Node) -> dict[_Key, Node]:
        """The values of a map or list, by what they are known by."""
        if isinstance(node, MappingNode):
            return {(name.value, 0): value for name, value in node.value}
        found: dict[_Key, Node] = {}
        for item in node.value:
            fields = dict(_fields(item))
            known = str(next((fields[name] for name in self._names if fields.get(name)), item.value))
            found[known, sum(key[0] == known for key in found)] = item
        return found


def _fields(node: Node) -> Iterator[tuple[str, object]]:
    if isinstance(node, MappingNode):
        for name, value in node.value:
            yield name.value, value.value


def _list_entries(text: str, node: Node) -> Iterator[_Entry]:
    """The entries of a map or list over several lines."""
    end: int | None = None
    for each in node.value:
        name, value = each if isinstance(node, MappingNode) else (each, each)
        if end is not None:
            start = _skip(_LEAD, text, end)
        elif isinstance(node, MappingNode):
            start = name.start_mark.index
        else:
            start = node.start_mark.index
            if text[start] != "-":  # an anchor comes first
                found = _DASH.search(text, start)
                start = found.end() if found else start
        lead = "" if end is None else text[end:start]
        end = _skip(_REST_OF_LINE, text, max(_end(text, name), _end(text, value)))
        yield _Entry(lead, start, end, value)


def _skip(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _end(text: str, node: Node) -> int:
    """Where a value ends; one over several lines ends with the line."""
    if isinstance(node, ScalarNode):
        start = node.start_mark.index
        return start + len(text[start : node.end_mark.index].rstrip())
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return node.end_mark.index
    last = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    return _skip(_REST_OF_LINE, text, _end(text, last))


def _order(own: Mapping[_Key, _Entry], old: Mapping[_Key, Node], new: Mapping[_Key, Node]) -> list[_Key]:
    """The entries of a map: as people ordered them, each new one behind the one that it follows in `new`."""
    order: list[_Key] = [key for key in own if key in new or key not in old]
    for former, key in pairwise(chain([("", -1)], new)):
        if key not in own and _differ(key, old, new):
            order.insert(order.index(former) + 1 if former in order else len(order), key)
    return order


def _find_leads(
    own: Mapping[_Key, _Entry], order: Sequence[_Key], indent: str
) -> tuple[dict[_Key, str], str]:
    """What stands before each entry, and behind the last one. A comment over what goes stays."""
    leads: dict[_Key, str] = {}
    left = ""
    for key, entry in own.items():
        leads[key] = left + (entry.lead or indent)
        left = _INDENT.sub("", leads[key]) if key not in order and "#" in leads[key] else ""
    return leads, left


def _find_comments(text: str, node: Node, names: Mapping[_Key, Node], newline: str) -> dict[_Key, str]:
    """The comments over entries as voxpress writes them."""
    if not isinstance(node, CollectionNode) or node.flow_style:
        return {}
    entries = zip(names, _list_entries(text, node), strict=True)
    return {key: entry.lead.replace("\n", newline) for key, entry in entries if "#" in entry.lead}


def _differ(key: _Key, old: Mapping[_Key, Node], new: Mapping[_Key, Node]) -> bool:
    return key not in old or _plain(old[key]) != _plain(new[key])


def _plain(node: Node) -> object:
    """What can be compared of a value."""
    if isinstance(node, ScalarNode):
        return node.value
    pairs = (each if isinstance(node, MappingNode) else [each] for each in node.value)
    return type(node), [[_plain(each) for each in pair] for pair in pairs]


def _is_long(node: Node) -> bool:
    """Whether voxpress writes a value over several lines."""
    return isinstance(node, SequenceNode) and not node.flow_style


def _spell_entry(parent: Node, key: _Key, node: Node, indent: str = "") -> str:
    """An entry of a map or list, over several lines where there is an indent."""
    if isinstance(parent, SequenceNode):
        return _spell_item(node, indent) if indent else _spell(node)
    name = _spell(ScalarNode("tag:yaml.org,2002:str", key[0])) + ":"
    return (
        name + _spell_items(node, indent) if indent and _is_long(node) else f"{name} {_spell(node)}".rstrip()
    )


def _spell_items(node: Node, indent: str) -> str:
    return "".join(indent + _spell_item(each, indent) for each in node.value)


def _spell_item(node: Node, indent: str) -> str:
    if not isinstance(node, MappingNode) or node.flow_style:
        return f"- {_spell(node)}"
    return "- " + f"{indent}  ".join(
        f"{_spell(name)}: {_spell(value)}".rstrip() for name, value in node.value
    )


def _spell(node: Node) -> str:
    """A value in one line, as it can stand anywhere."""
    if _is_empty(node):
        return ""
    _set_styles(node)
    alone = SequenceNode("tag:yaml.org,2002:seq", [node], flow_style=True)
    text: str = yaml.serialize(alone, Dumper=yaml.SafeDumper, width=math.inf, allow_unicode=True)
    return text.strip()[1:-1]


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _NULL


def _set_styles(node: Node) -> None:
    """See that a value needs one line only."""
    if isinstance(node, ScalarNode):
        if _BREAKS.search(node.value):
            node.style = '"'
        elif _is_empty(node):
            node.value = "null"
        return
    for each in node.value:
        for part in each if isinstance(node, MappingNode) else [each]:
            _set_styles(part)
