"""What a language has to know so that its numbers can be read."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

MOST_DIGITS = 24
"""A longer number is read digit by digit."""


class Unit(NamedTuple):
    """A unit of measure in words: of one, of many, and the grammatical gender."""

    one: str
    many: str
    gender: str = "m"


class Currency(NamedTuple):
    """Money in words: the whole and its hundredth; no hundredth: the amount is read as a decimal."""

    one: str
    many: str
    cent: str = ""
    cents: str = ""
    gender: str = "m"


class Abbreviation(NamedTuple):
    """What an abbreviation stands for, and where it does.

    Attributes:
        where: ``title`` before a name, ``number`` before a digit, ``after`` behind a digit or a name, ``any``.
        certain: False where it often stands for something else.
        numbered: what it stands for before a number, where that differs.
    """

    spoken: str
    where: Literal["title", "number", "after", "any"] = "any"
    certain: bool = True
    numbered: str = ""


_OTHER_GROUPS = (
    r"\d{1,2}(?:,\d\d){1,4},\d{3}(?!\d)|"  # lakhs
    # Spaces also stand between numbers of a list: two numbers are one only where the second is 000.
    r"(?<!\d)(?<!\d{3} )(?<!\b0 )[1-9]\d{0,2}(?>(?: \d{3}(?!\d)){1,8} 000(?!\d)| 000(?!\d)|(?: \d{3}(?!\d)){2,9})|"
)
"""How some people group digits where most write a comma."""


class Wording(ABC):
    """The words of one language.

    Attributes:
        language: BCP 47 tag.
        point: the decimal mark as written.
        groups: what may stand between groups of three digits: a class of a regular expression.
    """

    point: str
    groups: str
    numerals: ClassVar[tuple[str, ...]]  # zero to nine
    point_word: str
    minus: ClassVar[str]
    plus: ClassVar[str]
    times: ClassVar[str]
    divided: ClassVar[str]
    equals: ClassVar[str]
    to: ClassVar[str]
    by: ClassVar[str]
    per: ClassVar[str]
    every: ClassVar[str] = ""  # between an amount and several hours, where that is not `per`
    percent: ClassVar[str]
    per_mille: ClassVar[str]
    plus_minus: ClassVar[str]
    about: ClassVar[str]
    dot: ClassVar[str]  # between the numbers of a version or an address
    months: ClassVar[tuple[str, ...]]
    month_short: ClassVar[Mapping[str, int]]  # lower case, without its stop
    units: ClassVar[Mapping[str, Unit]]
    currencies: Mapping[str, Currency]
    scales: ClassVar[Mapping[str, tuple[str, str]]]  # written after an amount; of one, of many
    abbreviations: ClassVar[Mapping[str, Abbreviation]]
    signs: ClassVar[Mapping[str, str]]  # a sign before a number
    weekdays: ClassVar[Mapping[str, str]]
    clear_weekdays: ClassVar[tuple[str, ...]] = ()  # those that are no words, and read alone
    week: ClassVar[Mapping[str, tuple[str, str]]] = {}  # letters such as M-F, and the two days
    inch: ClassVar[Unit]
    degree: ClassVar[Unit]
    pressures: ClassVar[frozenset[str]]  # words before a blood pressure
    code_words: ClassVar[str]  # a regular expression: digits after it are read one by one
    code_links: ClassVar[str]  # a regular expression of words between a code word and its digits
    secrets: ClassVar[str]  # code words that name a number further on in the sentence
    code_ends: ClassVar[str]  # words right before that number
    code_starts: ClassVar[str]  # words between a number and the code word that names it
    counted: ClassVar[frozenset[str]]  # words behind a number that is no code
    after_number: ClassVar[frozenset[str]]  # words behind a number that do not say what it counts
    article: ClassVar[str] = ""  # a regular expression: before a number in a list
    phone_words: ClassVar[str]
    year_words: ClassVar[str]
    chapter_words: ClassVar[str]  # before a Roman numeral that counts
    rulers: ClassVar[str]  # before a Roman numeral that orders
    ordinal_endings: ClassVar[str]  # a regular expression of what is written behind the digits
    version_point: ClassVar[str] = ""  # between the numbers of a version, where that is not `dot`
    extension: ClassVar[str]
    power: ClassVar[str]  # between a number and the exponent of ten
    telephones: ClassVar[str] = ""  # more patterns of telephone numbers, each behind a |
    short_numbers: ClassVar[str] = "(?!)"  # a pattern of telephone numbers of less than seven digits
    roman_articles: ClassVar[Mapping[str, str]] = {}  # before a numeral that orders, and the ending
    date_joints: ClassVar[str] = ""  # a regular expression: between two dates with strokes
    date_words: ClassVar[str] = ""  # before a day and a month with a stroke
    date_heads: ClassVar[str] = ""  # a regular expression: before a date, as in "Due date: 3/4"
    before_times: ClassVar[str] = (
        "at|um|ab|à|dès|entre|a las|desde las|de|alle|dalle"  # a regular expression: before a time of day
    )
    leads_to_hours: ClassVar[str] = ""  # a regular expression of what stands before a time such as 1430 hours
    leads_to_dotted: ClassVar[str] = (
        ""  # a look-behind before a time such as 17.30, whose dot is no decimal point
    )
    dotted_times: ClassVar[str] = ""  # a regular expression of what stands before a time such as 17.30
    dotted_before: ClassVar[str] = ""  # the same of what stands behind it
    out_of: ClassVar[str] = ""  # between points and the most points
    between: ClassVar[Mapping[str, str]] = {}  # a word before two numbers, and the word that then joins them
    to_day: ClassVar[str] = ""  # between two days of a month, where that differs from `to`
    and_: ClassVar[str]
    or_: ClassVar[str]
    pressed: ClassVar[str] = ""  # a regular expression: before the key of a telephone
    ending_words: ClassVar[tuple[str, ...]]  # before the last digits of a card
    masked: ClassVar[str]  # in place of the hidden digits of a card
    expiry: ClassVar[str] = ""  # a regular expression of what stands before the last month of a card
    count_suffixes: ClassVar[str] = (
        ""  # a regular expression of endings that are one word with a number: 10fach
    )
    postcodes: ClassVar[bool] = False  # whether five digits before a town are read one by one
    hyphen: ClassVar[str]  # where it is read out
    slash: ClassVar[str]
    eras_before: ClassVar[str] = ""  # a regular expression of what stands before a year
    eras: ClassVar[str] = ""  # a regular expression of what follows a year that is said in two halves
    year_parts: ClassVar[Mapping[str, str]] = {}  # Q and H of 2Q22
    streets: ClassVar[Mapping[str, str]] = {}
    states: ClassVar[Mapping[str, str]] = {}
    points: ClassVar[Mapping[str, str]]
    """Letters of the points of the compass."""
    scale_gender: ClassVar[str] = "m"  # of million
    elides: ClassVar[bool] = False  # de before a vowel is d'
    of_money: ClassVar[str] = ""  # between million and the currency
    cents_and: ClassVar[str] = ""  # between whole and hundredths
    month_first: bool | None = False
    """Whether 4/5 is April; None: the region does not say."""
    month_before_day: ClassVar[bool] = False
    """Whether people write May 3."""
    dotted_dates: ClassVar[bool] = False
    """Whether 3.5. and 17.06 are dates."""
    decade_ending: ClassVar[str] = ""  # behind the digits: 80er
    ratio: ClassVar[str] = ""  # between the numbers of 4:3, where that is not `to`
    decades: ClassVar[bool] = False
    zones: ClassVar[str] = (
        r"GMT|UTC|CES?T|AE[SD]T|AK[SD]T|[BHIJ]ST|[ECMP][SD]?T|est|pst|cst|edt|pdt|gmt|utc|e\.s\.t|p\.s\.t"
    )
    """A regular expression of zones of time that are no words of the language."""
    durations: ClassVar[frozenset[str]] = frozenset()
    """Words before how long something lasts."""
    hour_sign: ClassVar[str] = ""  # a regular expression of what is written behind an hour
    bare_hours: ClassVar[str] = ""  # the same, behind an hour without minutes
    rates: ClassVar[Mapping[str, str]] = {}  # behind the stroke of an amount
    longest_plain: ClassVar[int] = MOST_DIGITS
    """Digits of the longest number without marks between its groups that is no code."""
    shillings: ClassVar[bool] = False  # whether 2s. 6d. is money
    adjectives: ClassVar[bool] = False
    """Whether a unit before a noun is in the singular."""
    feet: ClassVar[bool] = False
    degree_orders: ClassVar[bool] = False  # whether ° also makes an ordinal
    always_degrees: ClassVar[bool] = False  # unless a noun follows
    doubtful_units: ClassVar[frozenset[str]] = frozenset()
    word_units: ClassVar[frozenset[str]] = frozenset()
    """Units that are words too."""
    letter_units: ClassVar[str] = "VWLKAJN"  # one capital letter, behind a space
    unit_articles: ClassVar[str] = ""
    over: ClassVar[str]  # between the two numbers of a blood pressure
    less: ClassVar[str]
    greater: ClassVar[str]
    at_most: ClassVar[str]
    at_least: ClassVar[str]
    queens: ClassVar[frozenset[str]] = frozenset()  # rulers whose ordinal is feminine
    centuries: ClassVar[str] = ""  # a regular expression with a group of the numeral
    rulers_by_sound: ClassVar[frozenset[str]] = frozenset()
    roman_stop: ClassVar[bool] = False  # Heinrich VIII. war
    i_speaks: ClassVar[bool] = False  # I is a pronoun
    two_faced: ClassVar[Mapping[str, tuple[str, str]]] = {}  # a title before a name, a place behind one
    closing: ClassVar[frozenset[str]] = frozenset()
    """Abbreviations that may end a sentence."""
    stopped_ordinals: ClassVar[Mapping[str, str]] = {}
    """Words before a number with a stop that make it an ordinal, and the ending that they ask for."""
    openers: ClassVar[frozenset[str]] = frozenset()  # words that begin a sentence, and are no nouns
    keys: ClassVar[frozenset[str]] = frozenset()  # nouns for what is pressed

    def __init__(self, language: str) -> None:
        self.language = language

    @cached_property
    def number_pattern(self) -> str:
        """A regular expression of a number as people of this language write it, without a sign."""
        point = re.escape(self.point)
        other = _OTHER_GROUPS if self.groups == "," else ""
        return rf"(?:{other}\d{{1,3}}(?>(?:{self.groups}\d{{3}}(?!\d)){{1,9}})|\d{{1,40}})(?:{point}\d{{1,40}})?(?!\d)"

    @cached_property
    def abbreviation_pattern(self) -> str:
        """A regular expression of what may be an abbreviation; each match is looked up."""
        odd = [re.escape(key) for key in self.abbreviations if not re.fullmatch(r"[^\W\d_]{1,9}\.?", key)]
        odd = sorted((each.replace("\\ ", " ?") for each in odd), key=len, reverse=True)
        odd = [f"[{each[0]}{each[0].upper()}]{each[1:]}" if each[0].islower() else each for each in odd]
        first = rf"(?<![\w.])(?:{'|'.join(odd)})(?!\w)|" if odd else ""
        return rf"{first}(?<![\w.@&])[^\W\d_]{{1,24}}(?:\.(?![^\W\d])|(?![\w.]))"

    def find_abbreviation(self, written: str) -> Abbreviation | None:
        """What an abbreviation stands for; spaces within do not count, nor does a capital letter such as in E.g."""
        found = self.abbreviations.get(written) or self._spaceless.get(written.replace(" ", ""))
        if found is None and not written.isalpha() and not written[:-1].isalpha() and written[0].isupper():
            return self.find_abbreviation(written[0].lower() + written[1:])
        return found

    def fit_title(self, title: str, name: str) -> str:
        """A title before this name; one that ends in an apostrophe is one word with it."""
        return title

    @cached_property
    def _spaceless(self) -> dict[str, Abbreviation]:
        return {key.replace(" ", ""): value for key, value in self.abbreviations.items() if " " in key}

    def time_of_four_digits(self, hour: str, minute: str) -> str:
        """The time of 1430 hours; a language with `leads_to_hours` says it."""
        raise NotImplementedError(f"{self.language} has no times of four digits")

    def o_clock(self, hour: int, said: str) -> str:
        """A full hour in words beside times after noon, which count 24 hours; `said`: as it is read alone."""
        return said

    def counts(self, after: str) -> bool:
        """Whether a number before this word counts things, and is no year."""
        return False

    def gender_of(self, after: str) -> str:
        """The gender that a number takes before this word: ``m``, ``f`` or none."""
        return ""

    def plural(self, said: str) -> str:
        """A number in words as several of them: fifties, sixes, hundreds."""
        return said

    def gender_before(self, after: str, next_after: str) -> str:
        """The gender that a number takes before two words, of which the first may be an adjective."""
        return self.gender_of(after)

    def decline(self, gender: str, before: str) -> str:
        """The gender of a number, or another form that the word before it asks for."""
        return gender

    def agree(self, said: str, gender: str, after: str) -> str:
        """A fraction in words before a noun, `after`, of this gender."""
        return said

    def fits_ordinal(self, number: int, ending: str) -> bool:
        """Whether an ordinal is written with that ending."""
        return True

    def find_ending(self, before: list[str], after: str) -> str | None:
        """The ending of an ordinal that is written with a stop; None: the stop ends a sentence."""
        return None

    def per_unit(self, unit: Unit) -> str:
        """Per and a unit."""
        return f"{self.per} {unit.one}"

    @abstractmethod
    def cardinal(self, number: int, gender: str = "") -> str:
        """A whole number that is not negative.

        Args:
            number: below 10 to the power of `MOST_DIGITS`.
            gender: ``m`` or ``f`` where a noun follows.
        """

    @abstractmethod
    def ordinal(self, number: int, ending: str = "") -> str:
        """First, second and so on; `ending` as written, or what the context asks for."""

    def year(self, number: int) -> str:
        """A year."""
        return self.cardinal(number)

    def digits(self, written: str) -> str:
        """Digits one by one; letters stay."""
        return " ".join(self.numerals[int(c)] if c.isdecimal() else c for c in written if c.isalnum())

    def decimals(self, written: str) -> str:
        """What follows the decimal mark."""
        return self.digits(written)

    def split_number(self, written: str) -> tuple[str, str]:
        """The digits before and after the decimal mark."""
        whole, _, rest = written.partition(self.point)
        return re.sub(r"\D", "", whole), rest

    def number(self, written: str, gender: str = "") -> str:
        """A number as written, without a sign."""
        whole, rest = self.split_number(written)
        if len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
            said = self.digits(whole)
        elif whole:
            said = self.cardinal(int(whole), "" if rest else gender)
        else:
            said = ""
        if not rest:
            return said
        return " ".join(filter(None, (said, self.point_word, self.decimals(rest))))

    def joint(self, before: str) -> str:
        """The word between two ends of a range, by the words before it: from 2 to 4, between 2 and 4."""
        near = before.split()[-2:]
        return next((self.between[word] for word in near if word in self.between), self.to)

    def house(self, written: str) -> str:
        """The number of a house."""
        return self.number(written)

    @abstractmethod
    def multiple(self, number: int) -> str:
        """So many times."""

    def is_one(self, written: str) -> bool:
        """Whether a noun after this number is in the singular."""
        whole, rest = self.split_number(written)
        return whole == "1" and not rest.strip("0")

    def measure(self, written: str, unit: Unit) -> str:
        """A number with a unit."""
        return f"{self.number(written, unit.gender)} {unit.one if self.is_one(written) else unit.many}"

    def duration(self, hours: str, minutes: str, seconds: str = "") -> str:
        """How long something lasts."""
        parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
        said = [self.measure(str(int(count)), self.units[unit]) for count, unit in parts if count.strip("0")]
        return " ".join([*said[:-1], self.and_, said[-1]] if len(said) > 2 else said)

    @abstractmethod
    def fraction(self, above: int, below: int) -> str:
        """A fraction such as a half."""

    def mixed(self, whole: str, above: int, below: int) -> str:
        """A number and a fraction."""
        return f"{self.number(whole)} {self.fraction(above, below)}"

    def mixed_measure(self, whole: str, above: int, below: int, unit: Unit) -> str:
        """A number and a fraction with a unit."""
        return f"{self.mixed(whole, above, below)} {unit.many}"

    def part_of(self, above: int, below: int, unit: Unit) -> str:
        """A fraction of a unit."""
        return f"{self.fraction(above, below)} {unit.one}"

    @abstractmethod
    def date(self, day: int, month: int, year: str, before: str, *, month_first: bool = False) -> str:
        """A date.

        Args:
            day: from 1 on; 0: none.
            month: from 1 on.
            year: as written; empty: none.
            before: the words that stand before it, in lower case.
            month_first: whether it was written so.
        """

    def join_date(self, text: str, start: int, said: str) -> tuple[int, str]:
        """Where a date begins, and the date in words, with an article before it that its first word changes."""
        return start, said

    @abstractmethod
    def time(self, hour: int, minute: int, second: int | None, half: str) -> str:
        """A time of day; `half`: ``a`` or ``p`` of a.m. and p.m., or ``h`` where the word for hour is written."""

    def price(self, written: str, money: Currency) -> str:
        """An amount of money."""
        whole, rest = self.split_number(written)
        cents = rest.rstrip("0").ljust(2, "0") if rest.strip("0") else ""
        if (rest and len(cents) > 2) or (cents and not money.cent):
            return f"{self.number(whole + self.point + rest.rstrip('0'))} {money.many}"
        said = (
            f"{self.cardinal(int(whole), money.gender)} {money.one if int(whole) == 1 else money.many}"
            if (whole and len(whole) <= MOST_DIGITS)
            else f"{self.digits(whole)} {money.many}"
        )
        if not cents:
            return said
        small = self.cents(int(cents), money, whole)
        if not whole.strip("0"):
            return small
        return " ".join(filter(None, (said, self.cents_and, small)))

    def cents(self, count: int, money: Currency, whole: str) -> str:
        """Hundredths of an amount; `whole`: the digits before them."""
        return f"{self.cardinal(count, 'm')} {money.cent if count == 1 else money.cents}"

    def year_of(self, written: str) -> str:
        """A year of a date, which may have two digits."""
        if len(written) == 4 and written[0] != "0":
            return self.year(int(written))
        return self.digits(written) if written[0] == "0" else self.cardinal(int(written))

    def roman(self, number: int, kind: str) -> str:
        """A Roman numeral; `kind`: ``ruler``, ``queen``, ``century`` or ``chapter``."""
        return self.ordinal(number) if kind in ("ruler", "queen") else self.cardinal(number)

    def country_code(self, said: str, code: str) -> str:
        """A telephone number that begins with a country code; one of two digits is often said as a number."""
        if len(code) == 2 and self.point == ",":
            return said.replace(self.digits(code), self.cardinal(int(code)), 1)
        return said

    def telephone(self, groups: list[str]) -> str:
        """A telephone number in its groups."""
        return ", ".join(group if group.isalpha() else self.digits(group) for group in groups)
