"""Languages and scripts: how voxpress reads BCP 47 tags, and what it knows of languages and characters.

Ranges of characters are blocks of Unicode.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from voxpress.errors import InputError, show

_THAI_AND_LAO = "\u0e00-\u0eff"
_TIBETAN = "\u0f00-\u0fff"
_MYANMAR = "\u1000-\u109f"
_KHMER = "\u1780-\u17ff"
_IDEOGRAPHIC_MARKS = "\u3005-\u3007"  # 々, 〆 and 〇
_KANA = "\u3040-\u30ff"
_HAN = "\u3400-\u9fff"
_HANGUL = "\uac00-\ud7af"

SYLLABIC = f"[{_KANA}{_HAN}{_HANGUL}]"
"""Regular expression of a character that is read as a syllable or more."""
UNSPACED = f"[{_THAI_AND_LAO}{_MYANMAR}{_KHMER}{_KANA}{_HAN}]"
"""Regular expression of a character of a script without spaces between words."""
WORDLIKE = f"[{_THAI_AND_LAO}{_TIBETAN}{_MYANMAR}{_KHMER}{_IDEOGRAPHIC_MARKS}{_KANA}{_HAN}{_HANGUL}]"
"""Regular expression of a character that counts as a word where words are compared: its script has no spaces between
words, or writers do not agree on them."""

DENSE = frozenset({"ja", "ko", "zh"})
"""Languages in which a character takes as long as three letters."""
_LATIN = """
af az bs ca cs cy da de en es et eu fi fil fr ga gl hr hu id is it lb lt lv mi ms mt nb nl nn no pl pt ro sk sl so sq sv
sw tl tr uz vi
"""
LATIN = frozenset(_LATIN.split())
"""Languages in Latin script."""
_CODES = """
af:afr am:amh ar:ara az:aze be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng
eo:epo es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye
id:ind is:isl it:ita ja:jpn ka:kat kk:kaz km:khm kn:kan ko:kor ku:kur la:lat lb:ltz lt:lit lv:lav mk:mkd
ml:mal mn:mon mr:mar ms:msa mt:mlt my:mya nb:nob ne:nep nl:nld nn:nno no:nor pa:pan pl:pol ps:pus pt:por
ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa ta:tam te:tel th:tha tl:tgl tr:tur uk:ukr ur:urd
uz:uzb vi:vie yo:yor zh:zho zu:zul
"""
_ISO_639_2 = dict(pair.split(":") for pair in _CODES.split())
"""Codes of ISO 639-2/T by those of ISO 639-1, for the languages that speech engines know."""


@lru_cache(maxsize=1024)
def canonical(tag: str) -> str:
    """The one spelling of a BCP 47 tag, so that ``en-gb`` and ``en_GB`` are one voice and one key.

    >>> canonical("EN-gb"), canonical("zh_hans_cn"), canonical("iw")
    ('en-GB', 'zh-Hans-CN', 'he')

    Raises:
        InputError: `tag` is no language tag.
    """
    import langcodes

    try:
        return langcodes.standardize_tag(tag)
    except ValueError:
        raise InputError(f"{show(tag)} is no language tag such as en or en-GB", field="language") from None


def direction(language: str) -> str:
    """Which way a language is written.

    >>> direction("ar-EG"), direction("en")
    ('rtl', 'ltr')
    """
    return "rtl" if base(language) in _TO_LEFT else "ltr"


_TO_LEFT = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"))


def base(tag: str) -> str:
    """The language of a tag in lower case, without script and region.

    >>> base("zh-Hans-CN"), base("en_GB"), base("")
    ('zh', 'en', '')
    """
    return tag.lower().replace("_", "-").partition("-")[0]


def covers(languages: Iterable[str], tag: str) -> bool:
    """Whether one of `languages` has the same base as `tag`; ``*`` covers every language.

    >>> covers(["en-US", "de"], "en-GB"), covers(["*"], "fr"), covers(["de"], "fr")
    (True, True, False)
    """
    return any(each == "*" or base(each) == base(tag) for each in languages)


def iso_639_2(tag: str) -> str:
    """The code of three letters of a tag's language, as ID3 and MP4 write it; empty where none is known.

    >>> iso_639_2("de-AT"), iso_639_2("fil"), iso_639_2("qq")
    ('deu', 'fil', '')
    """
    language = base(tag)
    return _ISO_639_2.get(language, language if len(language) == 3 else "")
