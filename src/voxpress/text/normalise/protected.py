"""Read addresses, versions, code and identifiers as people read them, before anything reads their digits and dots.

Each rule looks at one token: what stands between spaces, without the marks around it. In a language without names for
signs (`voxpress.text.normalise.signs`), an address stays as it is, and later stages leave it alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from voxpress import languages
from voxpress.text.normalise.keys import find_keys
from voxpress.text.normalise.signs import NAMES, say_digits, say_group, say_run
from voxpress.text.passage import Edit, Passage
from voxpress.text.patterns import lazily

LONGEST = 2000
"""Characters of the longest token that is looked at."""

_CODE = lazily(r"(?<!`)`([^`\n]{1,200})`(?!`)")
_TOKEN = lazily('[^\\s\u3001-\u30ff\u3400-\u9fff\uac00-\ud7af\uff01-\uff60“”„‟«»‹›"…—–`]+')
_TRIGGER = lazily(r"[0-9@_/\\`#*✱∗⁎]|\w[.:]\w|[a-z][A-Z]|--[a-z]|\+\+|\.N|\(\)")
_LEADING = lazily(r"[(\[{<'‘¿¡*~^=>,;!]*")
_TRAILING = lazily(r"(?:['’]s)?[.,;:!?'’*\]}>]*$")

_TIME = lazily(
    r"\d{4}-\d\d-\d\d(T)\d\d:\d\d(?:(:00)(\.0+)?|:\d\d(?:\.\d+)?)?(?:(Z)|([+-])(\d\d):?(\d\d))?", re.ASCII
)
_DOMAINS = """
com org net edu gov mil int info biz io ai dev app cloud online shop store site tech blog news co eu uk de fr es ch nl
pl se dk fi cz gr ru ua jp cn kr br mx ar cl ca au nz ie pt lu li tv fm ly
"""
_AMBIGUOUS = "it is in at to so me no be am us do as by my"
_TOP = "|".join(_DOMAINS.split())
_HOST = rf"(?:[\w-]+\.)+(?:{_TOP})"
_REST = r"(?::\d{1,5})?(?:[/?#]\S*)?"
_ADDRESS = lazily(
    rf"(https?://|www\.(?=\w)|[a-z][a-z+]{{1,9}}://)\S+|(?=[^A-Z]*$|[\w.-]+/){_HOST}{_REST}"
    rf"|[a-z][\w-]*\.(?:{'|'.join(_AMBIGUOUS.split())})/\S+"
)
_MAIL = lazily(r"(?:mailto:)?([\w.!#$%&'*+/=?^{|}~-]+@[\w-]+(?:\.[\w-]+)+)")
_IP = lazily(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5}|/\d\d?)?", re.ASCII)
_IP6 = lazily(r"(?=.*[a-fA-F]|.*::|(?:[^:]*:){5})(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}")
_MAC = lazily(r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4}")
_UUID = lazily(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = lazily(r"(?=.*[0-9])(?=.*[a-fA-F])(?:0x[0-9a-fA-F]+|[0-9a-f]{7,128}|#[0-9a-fA-F]{6})")
_EXTENSIONS = """
aac bat bmp bz2 cfg class conf cpp css csv dll doc docx epub exe flac gif gz htm html ico ini ipynb iso jar java
jpeg jpg js json jsonl jsx log lua m4a m4b md mkv mov mp3 mp4 odt ogg opus pdf php png ppt pptx ps1 py rb rst rtf sh
sql srt svg tar tex tgz tif tiff toml ts tsv tsx ttf txt vtt wav webm webp whl xls xlsx xml yaml yml zip
"""
_EXTENSION = rf"(?:{'|'.join(sorted(_EXTENSIONS.split(), key=len, reverse=True))})"
_PATH = lazily(
    r"(?:\.\.?)?/(?!\w{1,3}[²³]$)[\w.@+-]*[^\W\d_][\w.@+-]+(?:/[\w.@+:-]*)*|~(?:/[\w.@+:-]+)+/?"
    r"|[A-Za-z]:\\[\w.@+ \\-]*|\\\\[\w.-]+\\[\w.@+\\$-]*"
    rf"|[\w.@-]+(?:/[\w.@-]+)+\.{_EXTENSION}|[\w.@-]+/[\w.@-]+/(?:[\w.@-]+/)*"
    rf"|[\w-]+(?:\.[\w-]+)*\.{_EXTENSION}",
    re.IGNORECASE,
)
_VERSION = lazily(r"([vV]?)(\d+(?:\.\d+){1,5})(?:[-+.]?([a-z]+)[.-]?(\d*))?", re.ASCII)
_TELEPHONE = lazily(r"(?:1\.)?\d{3}\.\d{3}\.\d{4}|(?=(?:\.?\d){9,15}$)0\d+(?:\.\d\d+){2,4}", re.ASCII)
_QUARTER = lazily(r"[1-4]Q(?:\d\d|20\d\d)|[12]H\d\d")
_EPISODE = lazily(r"S(\d{1,2})E(\d{1,3})", re.ASCII)
_EPISODES = {
    "en": "season {}, episode {}",
    "de": "Staffel {}, Folge {}",
    "es": "temporada {}, episodio {}",
    "fr": "saison {}, épisode {}",
    "it": "stagione {}, episodio {}",
    "pt": "temporada {}, episódio {}",
    "nl": "seizoen {}, aflevering {}",
}
_ACCOUNT = lazily(r"(?<![\w-])[A-Z]{2}\d{2}(?: [A-Z\d]{4}){3,7}(?: [A-Z\d]{1,3})?(?![\w-])", re.ASCII)
_INSURED = lazily(
    r"(?<![\w-])[A-Z]{2}(?: ?\d\d){3} ?[A-D](?![\w-])|(?<![\w.,-])[12] \d\d \d\d \d[\dAB] \d{3} \d{3} \d\d(?!\w)",
    re.ASCII,
)
_POSTCODE = lazily(
    r"(?<![\w-])(?:(?!GIR)[A-Z]{1,2}\d[A-Z\d]? \d(?!GB|TB)[ABD-HJLNP-UW-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d)(?![\w-])",
    re.ASCII,
)
_SNAKE = lazily(r"_*[^\W\d_][^\W_]*(?:_+[^\W_]+)+_*|__[^\W_]+(?:_[^\W_]+)*__")
_CAMEL = lazily(r"(?!mmHg$)[a-z]{2,}[a-z0-9]*(?:[A-Z][a-z0-9]+)+")
_CALL = lazily(r"((?:[^\W\d]\w*\.)*[^\W\d]\w*)\(\)")
_OPTION = lazily(r"--[a-z][\w-]*(?:=\S*)?")
_PLUSES = lazily(r"([^\W\d_]{1,12})\+\+")
_HASHTAG = lazily(r"#([^\W\d_]\w*|(?!\d+(?:st|nd|rd|th)$)\d+[^\W\d_]\w*)")
_HANDLE = lazily(r"@([^\W\d]\w*(?:\.\w+)*)")
_SERIAL = lazily(
    r"[A-Z]{1,4}[0-9]{1,9}(?:[A-Z]{1,3}[0-9]{0,9}){0,4}|(?!\d\d?H[0-5]\d(?!\w))[0-9]{1,4}(?:[A-Z]{1,3}[0-9]{1,4}){1,4}[A-Z]{0,3}"
)

_PIECE = lazily(r"[0-9]+|[^\W\d_]+|\s+|.", re.DOTALL)
_PAIR = lazily("[A-Z]{2}|[0-9]{2}|[A-Z]")
_HUMP = lazily(r"(?<=[a-z0-9])(?=[A-Z])")
_VOWEL = lazily(r"[aeiouyàáâäåæèéêëìíîïòóôöøùúûüý]", re.IGNORECASE)
_SPELLED = frozenset(("exe", "iso", "docx", "xlsx"))
_POINTS = {"en": "point"}
_HASHTAGS = {"de": "Hashtag"}
_SHARP = lazily("[A-J]#")


def read_protected(passage: Passage, language: str, before: str = "") -> list[tuple[Edit, str]]:
    """Edits of addresses, paths, versions, code and identifiers, each with the name of its rule.

    Args:
        passage: one paragraph.
        language: BCP 47 tag.
        before: words before the paragraph, which may say that letters and digits in it are a code.

    >>> passage = Passage.of("See https://example.com/help, use v2.3.1 on UA123.")
    >>> passage.edit(edit for edit, _ in read_protected(passage, "en")).text
    'See example dot com slash help, use v two point three point one on U A one two three.'
    """
    if not _TRIGGER.search(passage.text):
        return []
    text = passage.text
    found = [*_find_accounts(text, language), *_find_groups(text, language), *find_keys(passage, language)]
    found += _find(text, languages.base(language), before)
    edits: list[tuple[Edit, str]] = []
    for edit, rule in sorted(found, key=lambda each: each[0].start):
        if (not edits or edits[-1][0].end <= edit.start) and not passage.is_fixed(edit.start, edit.end):
            edits.append((edit, rule))
    return edits


def _find_accounts(text: str, language: str) -> Iterator[tuple[Edit, str]]:
    """International numbers of bank accounts, group by group."""
    if (base := languages.base(language)) in NAMES:
        for match in _ACCOUNT.finditer(text):
            said = ", ".join(_spell_letters(group, base) for group in match[0].split())
            yield Edit(match.start(), match.end(), said), "account number"


def _find_groups(text: str, language: str) -> Iterator[tuple[Edit, str]]:
    """National insurance numbers, and the postcodes of the United Kingdom and Canada."""
    if (base := languages.base(language)) in NAMES:
        for match in _INSURED.finditer(text):
            groups = _PAIR.findall(match[0].replace(" ", "")) if match[0][0].isalpha() else match[0].split()
            said = ", ".join(_spell_letters(group, base) for group in groups)
            yield Edit(match.start(), match.end(), said), "insurance number"
        if base in ("en", "fr"):
            for match in _POSTCODE.finditer(text):
                said = ", ".join(_spell_letters(group, base) for group in match[0].split())
                yield Edit(match.start(), match.end(), said), "postcode"


def _find(text: str, language: str, before: str) -> Iterator[tuple[Edit, str]]:
    at = 0
    for code in (*_CODE.finditer(text), None):
        for token in _TOKEN.finditer(text, at, code.start() if code else len(text)):
            if len(token[0]) <= LONGEST and _TRIGGER.search(token[0]):
                for edit, rule in _read_token(token.start(), token[0], language):
                    if rule != "serial" or not _follows_code_word(f"{before} {text[: edit.start]}", language):
                        yield edit, rule
        if code:
            yield Edit(code.start(), code.end(), _read_code(code[1], language)), "code"
            at = code.end()


def _read_token(start: int, token: str, language: str) -> Iterator[tuple[Edit, str]]:
    core = _strip_marks(token)
    start += core.start()
    if time := _TIME.fullmatch(core[0]):
        yield from ((edit, "time stamp") for edit in _read_time(time, start, language))
        return
    name, spoken = _read_whole(core[0], language)
    if name:
        yield Edit(start, start + len(core[0]), spoken), name


def _follows_code_word(near: str, language: str) -> bool:
    """Whether a text ends in a word such as code: then the reader of codes says each digit."""
    from voxpress.text.normalise.codes import link
    from voxpress.text.normalise.wording import find_wording

    wording = find_wording(language)
    if wording is None:
        return False
    return re.search(rf"\b{wording.code_words}{link(wording)}$", near[-60:]) is not None


def _read_code(code: str, language: str) -> str:
    """The words of a piece of code."""
    if language not in NAMES:
        return code
    read = (_read_whole(word, language)[1] or _spell(word, language) for word in code.split())
    return " ".join(read)


def _read_whole(core: str, language: str) -> tuple[str, str]:
    """The rule of a token and what is said; both empty where no rule reads it."""
    for name, read in _RULES:
        if (spoken := read(core, language)) is not None:
            return name, spoken if language in NAMES else core
    return "", ""


def _strip_marks(token: str) -> re.Match[str]:
    """The token without the marks of the sentence around it."""
    leading = _LEADING.match(token)
    start = leading.end() if leading and not token.startswith("~/") else 0
    trailing = _TRAILING.search(token, start)
    end = trailing.start() if trailing else len(token)
    while token.endswith((")", "/)"), start, end) and token.count("(", start, end) < token.count(
        ")", start, end
    ):
        trailing = _TRAILING.search(token, start, end - 1)
        end = trailing.start() if trailing else end - 1
    core = re.compile(".*", re.DOTALL).match(token, start, end)
    assert core
    return core


def _read_time(time: re.Match[str], start: int, language: str) -> Iterator[Edit]:
    """Edits that make a date and a time of an ISO time stamp, for the reader of numbers."""
    yield Edit(start + time.start(1), start + time.end(1), ", " if language in NAMES else " ", fixed=False)
    if time[2]:
        yield Edit(
            start + time.start(2), start + time.start(2) + len(time[2] + (time[3] or "")), "", fixed=False
        )
    if time[4]:
        yield Edit(start + time.start(4), start + time.end(4), " UTC", fixed=False)
    if time[5] and language in NAMES:
        sign = NAMES[language]["+"] if time[5] == "+" else "minus"
        minutes = "" if time[7] == "00" else " " + say_group(time[7], language)
        said = f" UTC {sign} {say_group(str(int(time[6])), language)}{minutes}"
        yield Edit(start + time.start(5), start + time.end(7), said)


def _spell(text: str, language: str, *, numbers: Callable[[str, str], str] = say_run, gap: str = "") -> str:
    """Words, digits and signs of an address or of code, each by its name; `gap` is said for a hyphen and underscore."""
    names = NAMES.get(language, {})
    said = []
    for piece in _PIECE.findall(text):
        if piece.isdigit() and piece.isascii():
            said.append(numbers(piece, language) if names else piece)
        elif piece[0].isalpha():
            said.append(_say_word(piece))
        else:
            said.append(gap if gap and piece in "-_" else names.get(piece, piece).strip())
    return " ".join(filter(None, (each.strip() for each in said)))


def _say_word(word: str) -> str:
    """A word of an address; spelled if nobody could say it."""
    if word.lower() == "jpg":
        return "jpeg"
    if word.lower() != "www" and 1 < len(word) <= 5 and (not _VOWEL.search(word) or word.lower() in _SPELLED):
        return " ".join(word.upper())
    return word.lower() if word.isupper() and len(word) > 2 else " ".join(_HUMP.split(word))


def _spell_letters(code: str, language: str) -> str:
    """Letters, digits and signs one by one."""
    if language not in NAMES:
        return code
    names = NAMES[language]
    return " ".join(say_digits(c, language) if c in "0123456789" else names.get(c, c.upper()) for c in code)


def _say_host(host: str, language: str) -> str:
    """A host name, whose country is spelled."""
    name, dot, top = host.rpartition(".")
    if dot and len(top) == 2 and top.lower() != "co" and top.isalpha():
        return f"{_spell(name + dot, language)} {' '.join(top.upper())}"
    return _spell(host, language)


def _read_address(core: str, language: str) -> str | None:
    found = _ADDRESS.fullmatch(core)
    if not found:
        return None
    core = re.sub(r"^https?://", "", core).rstrip("/")
    host = re.match(r"[^/?#:]*", core)
    assert host
    return f"{_say_host(host[0], language)} {_spell(core[host.end() :], language)}".strip()


def _read_mail(core: str, language: str) -> str | None:
    before, at, behind = core.rpartition("@")
    host, stroke, rest = behind.partition("/")
    if not (found := _MAIL.fullmatch(before + at + host)):
        return None
    name = found[1].rpartition("@")[0]
    return f"{_spell(name + '@', language)} {_say_host(host, language)} {_spell(stroke + rest, language)}".strip()


def _read_ip(core: str, language: str) -> str | None:
    if _IP6.fullmatch(core):
        return _spell_letters(core, language)
    if not _IP.fullmatch(core):
        return None
    parts = re.split(r"[.:/]", core)[:4]
    if any(int(part) > 255 or (part[0] == "0" and part != "0") for part in parts):
        return None
    if all(len(part) == 3 for part in parts[1:]) and parts[0] not in ("10", "127", "172", "192"):
        return None  # 1.234.123.234 is as likely a number
    return _spell(core, language)


def _read_hex(core: str, language: str) -> str | None:
    if _MAC.fullmatch(core) or _UUID.fullmatch(core):
        groups = re.split("[:-]", core)
        return ", ".join(_spell_letters(group, language) for group in groups)
    return _spell_letters(core, language) if _HEX.fullmatch(core) else None


def _read_path(core: str, language: str) -> str | None:
    if not _PATH.fullmatch(core):
        return None
    return _spell(core, language)


def _read_version(core: str, language: str) -> str | None:
    found = _VERSION.fullmatch(core)
    if not found:
        return None
    parts = found[2].split(".")
    if not found[1] and (
        len(parts) < 3
        or _is_date(parts, language)
        or all(len(part) == 3 for part in parts[1:])
        or _TELEPHONE.fullmatch(core)
    ):
        return None
    if not found[1] and len(parts) == 4 and not found[3]:
        return _spell(core, language)
    if language not in NAMES:
        return core
    point = _POINTS.get(language, NAMES[language]["."])
    more = [_say_word(found[3])] if found[3] else []
    more += [say_group(found[4], language)] if found[4] else []
    return " ".join(
        filter(None, (found[1], f" {point} ".join(say_group(part, language) for part in parts), *more))
    )


def _is_date(parts: list[str], language: str) -> bool:
    """Whether three numbers with dots may be day, month and year."""
    if len(parts) != 3 or not (1 <= int(parts[0]) <= 31 and 1 <= int(parts[1]) <= 12):
        return False
    return len(parts[2]) == 4 or (len(parts[2]) == 2 and language != "en")


def _read_identifier(core: str, language: str) -> str | None:
    if call := _CALL.fullmatch(core):
        return _spell(call[1], language)
    if _SNAKE.fullmatch(core):
        return _spell(core, language)
    if _CAMEL.fullmatch(core):
        words = " ".join(_HUMP.split(core)).lower()
        return _spell(words, language, numbers=say_group) if re.search(r"\d", core) else words
    if _OPTION.fullmatch(core):
        dash = NAMES.get(language, {}).get("-", "")
        return f"{dash} {dash} {_spell(core[2:], language, gap=' ')}"
    return None


def _read_name(core: str, language: str) -> str | None:
    """Names of programming languages."""
    if pluses := _PLUSES.fullmatch(core):
        plus = NAMES.get(language, {}).get("+", "")
        return f"{pluses[1]} {plus} {plus}"
    if _SHARP.fullmatch(core):
        return f"{core[0]} sharp"
    return "dot net" if core == ".NET" else None


def _read_hashtag(core: str, language: str) -> str | None:
    if found := _HASHTAG.fullmatch(core):
        return (
            f"{_HASHTAGS.get(language, 'hashtag')} {_spell(found[1], language, numbers=say_group, gap=' ')}"
        )
    if found := _HANDLE.fullmatch(core):
        return f"{NAMES.get(language, {}).get('@', '')} {_spell(found[1], language)}"
    return None


def _read_serial(core: str, language: str) -> str | None:
    """Letters and numbers of a flight, a gate, a licence plate or a product."""
    if not _SERIAL.fullmatch(core) or _QUARTER.fullmatch(core) or language not in NAMES:
        return None
    if episode := _EPISODE.fullmatch(core):
        return _EPISODES[language].format(
            *(say_group(each.lstrip("0") or "0", language) for each in episode.groups())
        )
    return " ".join(
        say_group(piece, language) if piece.isdigit() else " ".join(piece) for piece in _PIECE.findall(core)
    )


_RULES: tuple[tuple[str, Callable[[str, str], str | None]], ...] = (
    ("e-mail address", _read_mail),
    ("file path", _read_path),
    ("web address", _read_address),
    ("hex digits", _read_hex),
    ("network address", _read_ip),
    ("version", _read_version),
    ("identifier", _read_identifier),
    ("name", _read_name),
    ("hashtag", _read_hashtag),
    ("serial", _read_serial),
)
