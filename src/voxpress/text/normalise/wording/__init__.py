"""How a language says numbers, money, dates and units: one file for each language, named by its tag."""

from __future__ import annotations

from functools import lru_cache

from voxpress import languages
from voxpress.text.normalise.wording._base import Abbreviation, Currency, Unit, Wording

__all__ = ["LANGUAGES", "Abbreviation", "Currency", "Unit", "Wording", "find_wording"]

LANGUAGES = ("en", "de", "es", "fr", "it")
"""Those that have a file here."""


@lru_cache(maxsize=64)
def find_wording(language: str) -> Wording | None:
    """The wording of a language; None where it has no file here.

    >>> wording = find_wording("en-GB")
    >>> wording.cardinal(120) if wording else ""
    'one hundred and twenty'

    Args:
        language: BCP 47 tag; its region decides dates and the names of keys.
    """
    match languages.base(language):
        case "en":
            from voxpress.text.normalise.wording.en import English

            return English(language)
        case "de":
            from voxpress.text.normalise.wording.de import German

            return German(language)
        case "es":
            from voxpress.text.normalise.wording.es import Spanish

            return Spanish(language)
        case "fr":
            from voxpress.text.normalise.wording.fr import French

            return French(language)
        case "it":
            from voxpress.text.normalise.wording.it import Italian

            return Italian(language)
    return None
