"""Checks feeds with the W3C's feed validator.

``python tools/check_feed.py VALIDATOR FEED…``: the path of a checkout of github.com/w3c/feedvalidator, which needs
the packages lxml, html5lib and rdflib. Nothing is fetched.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from lxml import etree


def check_feed(file: Path) -> list[str]:
    """What the validator says of a feed, each with its line."""
    validator = importlib.import_module("feedvalidator")
    formatter = importlib.import_module("feedvalidator.formatter.text_plain").Formatter
    data = file.read_bytes()
    events = validator.validateString(data, base=find_address(data))["loggedEvents"]
    return [
        f"{event.params.get('line', 0)}: {type(event).__name__} ({type(event).__mro__[1].__name__}): {message}"
        for event, message in zip(events, formatter(events), strict=True)
        if not isinstance(event, validator.logging.Info | validator.logging.Success)
    ]


def find_address(data: bytes) -> str:
    """Where a feed says that it lies, without which the validator takes its own link for another feed's."""
    links = etree.fromstring(data).iter("{http://www.w3.org/2005/Atom}link")
    return next((each.get("href", "") for each in links if each.get("rel") == "self"), "")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(sys.argv[1], "src")))
    problems = [f"{file}:{each}" for file in sys.argv[2:] for each in check_feed(Path(file))]
    print("\n".join(problems) or "no errors and no warnings")
    sys.exit(bool(problems))
