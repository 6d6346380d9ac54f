"""What signs and small numbers are called, in the languages that voxpress spells addresses and codes in.

An engine's own front end says signs in its own way, or not at all, so these words are written out.
"""

from __future__ import annotations

from voxpress import languages

_SIGNS = ". / - _ @ : ? = & # % + ~ * \\ | ^ ! $ ; , <"


def _name(words: str) -> dict[str, str]:
    return dict(zip(_SIGNS.split(), (word.strip() for word in words.split(",")), strict=True))


NAMES: dict[str, dict[str, str]] = {
    "en": _name(
        "dot, slash, dash, underscore, at, colon, question mark, equals, ampersand, hash, percent, plus, tilde, star,"
        "backslash, pipe, caret, exclamation mark, dollar, semicolon, comma, less than"
    ),
    "de": _name(
        "Punkt, Slash, Bindestrich, Unterstrich, at, Doppelpunkt, Fragezeichen, Gleichheitszeichen, Und-Zeichen,"
        "Raute, Prozent, Plus, Tilde, Stern, Backslash, senkrechter Strich, Zirkumflex, Ausrufezeichen, Dollar,"
        "Semikolon, Komma, kleiner als"
    ),
    "es": _name(
        "punto, barra, guion, guion bajo, arroba, dos puntos, signo de interrogación, igual, y comercial, almohadilla,"
        "por ciento, más, tilde, asterisco, barra invertida, barra vertical, acento circunflejo,"
        "signo de exclamación, dólar, punto y coma, coma, menor que"
    ),
    "fr": _name(
        "point, slash, tiret, tiret bas, arobase, deux-points, point d'interrogation, égal, esperluette, dièse,"
        "pour cent, plus, tilde, étoile, antislash, barre verticale, accent circonflexe, point d'exclamation, dollar,"
        "point-virgule, virgule, inférieur à"
    ),
    "it": _name(
        "punto, slash, trattino, trattino basso, chiocciola, due punti, punto interrogativo, uguale, e commerciale,"
        "cancelletto, per cento, più, tilde, asterisco, barra inversa, barra verticale, accento circonflesso,"
        "punto esclamativo, dollaro, punto e virgola, virgola, minore di"
    ),
    "pt": _name(
        "ponto, barra, hífen, sublinhado, arroba, dois pontos, ponto de interrogação, igual, e comercial, cerquilha,"
        "por cento, mais, til, asterisco, barra invertida, barra vertical, acento circunflexo, ponto de exclamação,"
        "dólar, ponto e vírgula, vírgula, menor que"
    ),
    "nl": _name(
        "punt, slash, streepje, laag streepje, apenstaartje, dubbele punt, vraagteken, is gelijk aan, ampersand,"
        "hekje, procent, plus, tilde, sterretje, backslash, verticale streep, dakje, uitroepteken, dollar,"
        "puntkomma, komma, kleiner dan"
    ),
}
"""The name of a sign in an address or in code, by language."""

_MARKS = "( ) [ ] { } > ' ’ \" –"


def _name_marks(words: str) -> dict[str, str]:
    return dict(zip(_MARKS.split(), (word.strip() for word in words.split(",")), strict=True))


MARKS: dict[str, dict[str, str]] = {
    "en": _name_marks(
        "open parenthesis, close parenthesis, open bracket, close bracket, open brace, close brace, greater than,"
        "apostrophe, apostrophe, quotation mark, dash"
    ),
    "de": _name_marks(
        "Klammer auf, Klammer zu, eckige Klammer auf, eckige Klammer zu, geschweifte Klammer auf,"
        "geschweifte Klammer zu, größer als, Apostroph, Apostroph, Anführungszeichen, Strich"
    ),
    "es": _name_marks(
        "abre paréntesis, cierra paréntesis, abre corchete, cierra corchete, abre llave, cierra llave, mayor que,"
        "apóstrofo, apóstrofo, comillas, raya"
    ),
    "fr": _name_marks(
        "parenthèse ouvrante, parenthèse fermante, crochet ouvrant, crochet fermant, accolade ouvrante,"
        "accolade fermante, supérieur à, apostrophe, apostrophe, guillemet, tiret"
    ),
    "it": _name_marks(
        "aperta parentesi, chiusa parentesi, aperta quadra, chiusa quadra, aperta graffa, chiusa graffa, maggiore di,"
        "apostrofo, apostrofo, virgolette, trattino"
    ),
    "pt": _name_marks(
        "abre parêntese, fecha parêntese, abre colchete, fecha colchete, abre chave, fecha chave, maior que,"
        "apóstrofo, apóstrofo, aspas, travessão"
    ),
    "nl": _name_marks(
        "haakje openen, haakje sluiten, vierkant haakje openen, vierkant haakje sluiten, accolade openen,"
        "accolade sluiten, groter dan, apostrof, apostrof, aanhalingsteken, streepje"
    ),
}
"""The names of marks that are only said where a text is spelled."""

_UNITS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
    " siebzehn achtzehn neunzehn",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis"
    " diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis"
    " veintisiete veintiocho veintinueve",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
    " dix-huit dix-neuf",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
    " diciassette diciotto diciannove",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete"
    " dezoito dezenove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien"
    " zeventien achttien negentien",
}
_THOUSANDS = {
    "en": " thousand",
    "de": "tausend",
    "es": " mil",
    "fr": " mille",
    "it": "mila",
    "pt": " mil",
    "nl": "duizend",
}
_THOUSAND = {"de": "tausend", "es": "mil", "fr": "mille", "it": "mille", "pt": "mil", "nl": "duizend"}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "fr": "vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
}


def say_number(number: int, language: str) -> str:
    """A number from 0 to 99 in words, in a language of `NAMES`.

    >>> [say_number(number, language) for number, language in [(21, "en-US"), (71, "fr"), (21, "de"), (28, "it")]]
    ['twenty one', 'soixante et onze', 'einundzwanzig', 'ventotto']
    """
    language = languages.base(language)
    units = _UNITS[language].split()
    if number < len(units):
        return units[number]
    ten, unit = _TENS[language].split()[number // 10 - 2], number % 10
    if language == "fr":
        return _say_french(ten, number)
    if not unit:
        return ten
    one = units[unit]
    if language in ("de", "nl"):
        joint = "en" if language == "nl" else "und"
        return f"{'ein' if one == 'eins' else one}{'ën' if one in ('twee', 'drie') else joint}{ten}"
    if language == "it":
        return (ten[:-1] if unit in (1, 8) else ten) + ("tré" if unit == 3 else one)
    return f"{ten}{ {'es': ' y ', 'pt': ' e '}.get(language, ' ') }{one}"


def _say_french(ten: str, number: int) -> str:
    units = _UNITS["fr"].split()
    rest = number % 20 if number >= 60 else number % 10
    if not rest:
        return ten + ("s" if number == 80 else "")
    if rest in (1, 11) and number < 80:
        return f"{ten} et {units[rest]}"
    return f"{ten}-{units[rest]}"


def say_digits(digits: str, language: str) -> str:
    """Digits one by one, in a language of `NAMES`.

    >>> say_digits("042", "en")
    'zero four two'
    """
    units = _UNITS[languages.base(language)].split()
    return " ".join(units[int(digit)] for digit in digits)


def say_run(digits: str, language: str) -> str:
    """Digits of an address: a round thousand as a number, others one by one.

    >>> say_run("8000", "en"), say_run("1000", "de"), say_run("8080", "en")
    ('eight thousand', 'tausend', 'eight zero eight zero')
    """
    language = languages.base(language)
    if len(digits) != 4 or digits[0] == "0" or digits[1:] != "000":
        return say_digits(digits, language)
    if digits[0] == "1" and language in _THOUSAND:
        return _THOUSAND[language]
    return _UNITS[language].split()[int(digits[0])] + _THOUSANDS[language]


def say_group(digits: str, language: str) -> str:
    """Digits within a code: up to 99 as a number, longer ones and those with a leading zero one by one.

    >>> say_group("12", "en"), say_group("123", "en"), say_group("05", "en")
    ('twelve', 'one two three', 'zero five')
    """
    if len(digits) > 2 or (digits.startswith("0") and digits != "0"):
        return say_digits(digits, language)
    return say_number(int(digits), language)
