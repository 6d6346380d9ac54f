"""German."""

from __future__ import annotations

import re

from voxpress.text.normalise.wording._base import Abbreviation, Currency, Unit, Wording

_ONES = [
    "null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf",
    "zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
]  # fmt: skip
_TENS = ["_", "_", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"]
_SCALES = (
    ("Million", "Millionen"), ("Milliarde", "Milliarden"), ("Billion", "Billionen"), ("Billiarde", "Billiarden"),
    ("Trillion", "Trillionen"), ("Trilliarde", "Trilliarden"),
)  # fmt: skip
_PREPOSITIONS = frozenset(
    [
        "in", "mit", "von", "nach", "bei", "aus", "zu", "seit", "an", "auf", "vor", "ab", "bis", "zum",
        "zur", "im", "am", "vom", "beim", "dem", "den", "des", "einem", "einen", "eines", "einer", "unter",
        "über", "hinter", "neben", "gegenüber",
    ]
)  # fmt: skip

_ENDINGS_OF_ONE = {"f": "e", "m": "", "accusative": "en", "dative": "er", "dative m": "em"}
_NO_ADJECTIVES = frozenset(
    [
        "oder", "aber", "über", "unter", "hinter", "immer", "später", "wieder", "heute", "bitte", "gerne",
        "ohne", "sowie", "eine", "einer", "eines", "einen", "diese", "dieser", "dieses", "diesen", "alle",
        "aller", "jede", "jeder", "jedes", "jeden", "seine", "ihre", "meine", "wegen", "neben", "gegen",
        "zwischen", "bevor", "der", "des", "den", "es", "er", "per", "sonst", "beide", "werden", "haben",
        "drücken", "wählen", "mitten", "innen", "außen", "oben", "unten", "durch", "viele", "ihren",
    ]
)  # fmt: skip
_OPENERS = """
    Aber Alle Alles Als Am An Andernfalls Anschließend Auch Auf Aus Außerdem Bei Beim Bis Bitte Da Dabei Dafür Damit
    Danach Danke Dann Daraufhin Das Dein Deine Den Denn Der Des Deshalb Die Dies Diese Dieser Dieses Doch Dort Durch Ein
    Eine Einen Er Es Falls Für Gegen Hier Ich Ihr Ihre Ihren Im In Ist Ja Jede Jeder Jetzt Kein Keine Man Mein Meine Mit
    Möchten Nach Nein Nicht Noch Nun Nur Ob Oder Ohne Seit Sie Sind So Sobald Solange Sollten Sonst Statt Trotzdem Über
    Um Und Uns Unser Unsere Unter Viele Vielen Vom Von Vor Wann Warum Was Weil Weitere Welche Wenn Wer Wie Wir Wo
    Während Zu Zuerst Zum Zur Zurück Zwischen
"""
_NEUTER = frozenset(
    [
        "Jahrhundert", "Jahrtausend", "Spiel", "Viertel", "Kapitel", "Quartal", "Semester", "Stockwerk", "Tor",
        "Obergeschoss", "OG", "Mal", "Gebot", "Lebensjahr", "Buch", "Bild", "Drittel", "Jahr", "Kind",
    ]
)  # fmt: skip
_NO_FEMININE = frozenset(
    [
        "Name", "Käse", "Junge", "Kunde", "Kollege", "Ende", "Auge", "Interesse", "Neffe", "Löwe", "Hase", "Affe",
        "Bote", "Erbe", "Gatte", "Zeuge", "Getreide", "Gemüse", "Gebäude", "Gelände", "Gewerbe", "Gramme", "Buchstabe",
        "Gedanke", "Friede", "Glaube", "Haufe", "Same", "Wille", "Experte", "Insasse", "Knabe", "Schütze", "Pole",
        "Franzose", "Russe", "Türke", "Brite", "Däne", "Chinese", "Code", "Service", "Beamte", "Angestellte",
    ]
)  # fmt: skip
_FEMININE = frozenset(
    [
        "Million", "Milliarde", "Billion", "Frau", "Stunde", "Minute", "Sekunde", "Woche", "Person",
        "Seite", "Tonne", "Flasche", "Tasse", "Kugel", "Karte", "Nacht", "Stufe", "Stimme", "Hand",
        "Klasse", "Straße", "Etage", "Taste", "Meile", "Stadt", "Tochter", "Schwester", "Mutter", "Portion",
        "Packung", "Dose", "Kiste", "Tür", "Wohnung", "Katze", "Stelle", "Chance", "Idee", "Frage",
        "Antwort", "Nachricht", "Mail", "Mailbox", "Information", "Datei", "Firma", "Zahl", "Nummer",
        "Bitte", "Aufgabe", "Anfrage", "Sache", "Adresse", "Reise", "Größe", "Gruppe", "Reihe", "Zeile",
    ]
)  # fmt: skip


def _units() -> dict[str, Unit]:
    table = """
    mm:Millimeter cm:Zentimeter dm:Dezimeter m:Meter km:Kilometer µm:Mikrometer μm:Mikrometer
    nm:Nanometer ft:Fuß
    mg:Milligramm g:Gramm kg:Kilogramm t:Tonne/Tonnen/f lb:Pfund µg:Mikrogramm μg:Mikrogramm
    ml:Milliliter cl:Zentiliter dl:Deziliter l:Liter L:Liter hl:Hektoliter
    ms:Millisekunde/Millisekunden/f s:Sekunde/Sekunden/f Sek:Sekunde/Sekunden/f sec:Sekunde/Sekunden/f
    min:Minute/Minuten/f Min:Minute/Minuten/f h:Stunde/Stunden/f Std:Stunde/Stunden/f Stk:Stück
    ha:Hektar V:Volt mV:Millivolt mv:Millivolt kV:Kilovolt W:Watt kW:Kilowatt MW:Megawatt GW:Gigawatt
    kWh:Kilowattstunde/Kilowattstunden/f kwh:Kilowattstunde/Kilowattstunden/f
    MWh:Megawattstunde/Megawattstunden/f
    mAh:Milliamperestunde/Milliamperestunden/f A:Ampere mA:Milliampere Ω:Ohm J:Joule kJ:Kilojoule
    kcal:Kilokalorie/Kilokalorien/f N:Newton Pa:Pascal hPa:Hektopascal kPa:Kilopascal bar:Bar
    PS:P_S Hz:Hertz kHz:Kilohertz MHz:Megahertz GHz:Gigahertz
    kB:Kilobyte KB:Kilobyte MB:Megabyte GB:Gigabyte TB:Terabyte Mbit:Megabit Gbit:Gigabit dB:Dezibel
    km/h:Kilometer_pro_Stunde mph:Meile_pro_Stunde/Meilen_pro_Stunde/f
    °C:Grad_Celsius ℃:Grad_Celsius °F:Grad_Fahrenheit ℉:Grad_Fahrenheit °:Grad K:Kelvin
    mmHg:Millimeter_Quecksilbersäule bpm:Schlag_pro_Minute/Schläge_pro_Minute mmol:Millimol
    """
    units = {}
    for entry in table.split():
        symbol, _, names = entry.partition(":")
        one, many, gender, *_ = (*names.replace("_", " ").split("/"), "", "")
        units[symbol] = Unit(one, many or one, gender or "m")
    for symbol in ("mm", "cm", "m", "km"):
        for power, name in (("²", "Quadrat"), ("2", "Quadrat"), ("³", "Kubik"), ("3", "Kubik")):
            said = name + units[symbol].one.lower()
            units[symbol + power] = Unit(said, said)
    return units


def _currencies() -> dict[str, Currency]:
    dollar = Currency("Dollar", "Dollar", "Cent", "Cent")
    euro = Currency("Euro", "Euro", "Cent", "Cent")
    pound = Currency("Pfund", "Pfund", "Penny", "Pence")
    franc = Currency("Franken", "Franken", "Rappen", "Rappen")
    yen = Currency("Yen", "Yen")
    return {
        "€": euro, "EUR": euro, "Euro": euro, "$": dollar,
        "USD": Currency("US-Dollar", "US-Dollar", "Cent", "Cent"),
        "US$": Currency("US-Dollar", "US-Dollar", "Cent", "Cent"), "£": pound, "GBP": pound, "CHF": franc,
        "Fr.": franc,
        "¥": yen, "JPY": yen, "₽": Currency("Rubel", "Rubel", "Kopeke", "Kopeken"),
        "₹": Currency("Rupie", "Rupien", "", "", "f"),
        "₩": Currency("Won", "Won"), "PLN": Currency("Zloty", "Zloty"), "zł": Currency("Zloty", "Zloty"),
        "DM": Currency("Mark", "Mark", "Pfennig", "Pfennig", "f"), "¢": Currency("Cent", "Cent"),
        "ct": Currency("Cent", "Cent"),
        "Cent": Currency("Cent", "Cent"),
        "SEK": Currency("schwedische Krone", "schwedische Kronen", "", "", "f"),
    }  # fmt: skip


def _abbreviations() -> dict[str, Abbreviation]:
    titles = {
        "Dr": "Doktor", "Prof": "Professor", "Hr": "Herr", "Hrn": "Herrn", "Fr": "Frau", "Frl": "Fräulein",
        "Mr": "Mister",
        "Mrs": "Misses", "Ms": "Miss", "St": "Sankt", "Hn": "Herrn", "Ing": "Ingenieur",
    }  # fmt: skip
    numbers = {
        "Nr": "Nummer", "Nrn": "Nummern", "S": "Seite", "Bd": "Band", "Kap": "Kapitel", "Abs": "Absatz",
        "Art": "Artikel",
        "Abb": "Abbildung", "Tab": "Tabelle", "Tel": "Telefon", "Aufl": "Auflage", "ca": "circa",
        "Ziff": "Ziffer",
        "Bj": "Baujahr", "Hausnr": "Hausnummer", "Anm": "Anmerkung", "Postf": "Postfach",
    }  # fmt: skip
    found = {f"{key}.": Abbreviation(said, "title") for key, said in titles.items()}
    found |= {f"{key}.": Abbreviation(said, "number") for key, said in numbers.items()}
    found |= {
        "Dr": Abbreviation("Doktor", "title"),
        "Nr": Abbreviation("Nummer", "number"),
    }
    plain = {
        "z. B.": "zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem", "u. U.": "unter Umständen",
        "v. a.": "vor allem",
        "z. T.": "zum Teil", "i. d. R.": "in der Regel", "o. ä.": "oder ähnliches", "o. Ä.": "oder Ähnliches",
        "u. Ä.": "und Ähnliches", "s. o.": "siehe oben", "s. u.": "siehe unten", "z. Hd.": "zu Händen",
        "z. Zt.": "zur Zeit",
        "n. Chr.": "nach Christus", "v. Chr.": "vor Christus", "u. v. m.": "und vieles mehr",
        "m. E.": "meines Erachtens",
        "i. A.": "im Auftrag", "usw.": "und so weiter", "etc.": "et cetera", "bzw.": "beziehungsweise",
        "ggf.": "gegebenenfalls",
        "evtl.": "eventuell", "vgl.": "vergleiche", "inkl.": "inklusive", "exkl.": "exklusive",
        "zzgl.": "zuzüglich",
        "sog.": "sogenannte", "ca.": "circa", "gem.": "gemäß", "bspw.": "beispielsweise", "max.": "maximal",
        "min.": "minimal",
        "mind.": "mindestens", "Std.": "Stunden", "Min.": "Minuten", "Sek.": "Sekunden", "Mio.": "Millionen",
        "Mrd.": "Milliarden",
        "Tsd.": "Tausend", "geb.": "geboren", "gest.": "gestorben", "Jh.": "Jahrhundert", "tgl.": "täglich",
        "Tel.": "Telefon",
        "zzt.": "zurzeit", "allg.": "allgemein", "ehem.": "ehemalige", "Str.": "Straße", "str.": "straße",
        "Pl.": "Platz",
        "bzgl.": "bezüglich", "zw.": "zwischen", "u.": "und", "MwSt.": "Mehrwertsteuer", "lt.": "laut",
        "ggü.": "gegenüber", "Whg.": "Wohnung", "Az.": "Aktenzeichen", "Dipl.-Ing.": "Diplomingenieur",
        "Dr.-Ing.": "Doktoringenieur", "h. c.": "honoris causa", "GmbH": "G M B H",
    }  # fmt: skip
    found |= {key: Abbreviation(said) for key, said in plain.items() if key not in found}
    found["J."] = Abbreviation("Jahre", "after")
    found["Pl."] = Abbreviation("Platz", "after")
    found["str."] = Abbreviation("straße", "after")
    return found


class German(Wording):
    """German."""

    point, groups = ",", r"[. '’]"
    numerals = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
    point_word, minus, plus, times, divided, equals = (
        "Komma",
        "minus",
        "plus",
        "mal",
        "geteilt durch",
        "gleich",
    )
    to, by, per, percent, per_mille, plus_minus, about = (
        "bis",
        "mal",
        "pro",
        "Prozent",
        "Promille",
        "plus minus",
        "etwa",
    )
    between = {"zwischen": "und"}
    ending_words = ("endet auf", "endend auf")
    pressed = r"(?:drück|wähl|tipp)\w{0,5}(?: (?:sie|auf|die|taste)){0,4}"
    keys = frozenset({"Taste", "Zahl", "Ziffer", "Option", "Nummer", "Zeile", "Seite"})
    openers = frozenset(_OPENERS.split())
    masked = "endend auf"
    expiry = r"[Gg]ültig bis(?: Ende)?|[Aa]blaufdatum|[Vv]erfällt"
    postcodes = True
    count_suffixes = (
        r"(?:fach|mal|jährig|tägig|köpfig|stündig|minütig|teilig|stellig|prozentig|stöckig|monatig|wöchig|seitig|malig)"
        r"(?:e[nrms]?)?"
    )
    and_, or_ = "und", "oder"
    hyphen, slash = "Bindestrich", "Schrägstrich"
    dot, extension, power = "Punkt", "Durchwahl", "mal zehn hoch"
    over, less, greater, at_most, at_least = "zu", "kleiner als", "größer als", "höchstens", "mindestens"
    months = (
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
        "November", "Dezember",
    )  # fmt: skip
    month_short = {
        "jan": 1, "jän": 1, "jänner": 1, "feb": 2, "feber": 2, "mär": 3, "mrz": 3, "apr": 4, "jun": 6,
        "jul": 7, "aug": 8,
        "sep": 9, "sept": 9, "okt": 10, "nov": 11, "dez": 12,
    }  # fmt: skip
    weekdays = {
        "Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag",
        "Sa": "Samstag",
        "So": "Sonntag",
    }  # fmt: skip
    dotted_dates = True
    leads_to_dotted = r"(?:(?<=\bum )|(?<=\bab )|(?<=\bgegen )|(?<=\bbis ))"
    date_words = "am vom zum ab"
    units, currencies, abbreviations = _units(), _currencies(), _abbreviations()
    scales = {
        "Mio.": ("Million", "Millionen"), "Mio": ("Million", "Millionen"), "Mrd.": ("Milliarde", "Milliarden"),
        "Mrd": ("Milliarde", "Milliarden"), "Tsd.": ("Tausend", "Tausend"), "Million": ("Million", "Millionen"),
        "million": ("Million", "Millionen"), "Millionen": ("Million", "Millionen"),
        "millionen": ("Million", "Millionen"),
        "Milliarde": ("Milliarde", "Milliarden"), "Milliarden": ("Milliarde", "Milliarden"),
        "milliarden": ("Milliarde", "Milliarden"), "Billionen": ("Billion", "Billionen"),
    }  # fmt: skip
    signs = {
        "§": "Paragraph",
        "§§": "Paragraphen",
        "¶": "Absatz",
        "№": "Nummer",
        "#": "Nummer",
        "~": "etwa",
        "≈": "etwa",
    }
    every = "alle"
    inch = Unit("Zoll", "Zoll")
    degree = Unit("Grad", "Grad")
    points = {"N": "Nord", "S": "Süd", "O": "Ost", "E": "Ost", "W": "West"}
    pressures = frozenset({"blutdruck"})
    code_words = (
        r"(?:PINs?|OTP|CVV|CVC|Pin|TANs?|PLZ|Postleitzahl|Codes?|[A-ZÄÖÜ][a-zäöüß]{2,25}codes?|Kennwort|Passwort|"
        r"(?:Konto|Kunden|Karten|Bestell|Auftrags|Rechnungs|Buchungs|Vertrags|Referenz|Mitglieds|Ticket|"
        r"Vorgangs|Serien)"
        r"(?:nummern?|nr\.)|Durchwahl(?:en)?|DW|Nebenstellen?|IBAN|endet auf|"
        r"(?:Postfach|Mailbox|Benutzer|Agent|Warteschlange|Konferenz(?! (?:19|20)\d\d))(?=\W{1,3}\d{3}))"
    )
    code_links = (
        r"ist(?: jetzt| nun)?(?: die)?|sind|lautet(?: jetzt| nun)?|Nr\.|"
        r"wurde (?:auf|(?:geändert|zurückgesetzt|gesetzt) auf)"
    )
    secrets = "PIN|Pin|TAN|[Cc]ode|[A-ZÄÖÜ][a-zäöüß]{2,20}code|Kennwort|Passwort"
    code_ends = "ist|lautet|auf"
    code_starts = "(?:ist|als) (?:Ihren?|[Dd]einen?|Ihr|[Dd]ein|Ihre|[Dd]eine)"
    date_joints = "bis(?: zum)?"
    counted = frozenset(
        [
            "Stellen", "Ziffern", "Zeichen", "Buchstaben", "Sekunden", "Minuten", "Stunden", "Tage", "Tagen",
            "Wochen", "Monate", "Monaten", "Jahre", "Jahren", "Mal", "Euro", "Dollar", "Franken", "Punkte",
            "Punkten", "Personen",
        ]
    )  # fmt: skip
    after_number = frozenset(
        [
            "oder", "und", "für", "jetzt", "an", "ein", "eingeben", "geändert", "gesetzt", "zurückgesetzt",
            "heute", "wählen", "anrufen", "um", "wenn", "bei", "im", "in", "bis",
        ]
    )  # fmt: skip
    article = "(?:die |der |den )?"
    phone_words = (
        r"(?:Notruf|Notrufnummer|SMS mit [A-ZÀ-Þ\d]{2,12} an(?: die)?|[A-Z]{2,12} an die|"
        r"Telefon|Telefonnummer|Rufnummer|Tel\.?|Fax|Mobil|Handy|Hotline|[Aa]nrufen unter|"
        r"[Rr]ufen Sie|[Ww]ählen Sie(?: die)?|[Nn]ummer|unter der|"
        r"(?:Polizei|Feuerwehr|Rettung|Rettungsdienst|Giftnotruf|[A-Z][a-z]{3,20}dienst|[Nn]ummer)"
        r"(?: (?:ist|hat|unter))?(?: die| der)?)"
    )
    year_words = (
        "jahr jahre jahres seit anno von bis um vor nach ab zwischen und januar februar märz april mai "
        "juni juli august september oktober november dezember sommer winter herbst frühjahr b beispiel "
        "sommers"
    )
    chapter_words = (
        "kapitel teil band akt szene abschnitt buch stufe phase klasse typ weltkrieg anhang artikel"
    )
    rulers = (
        "Heinrich Friedrich Wilhelm Ludwig Karl Otto Franz Joseph Johannes Paul Benedikt Pius Leo "
        "Franziskus Elisabeth Katharina "
        "Peter Nikolaus Alexander Georg Eduard Philipp Maximilian Ferdinand Leopold Napoleon Rudolf "
        "Konrad Albrecht Ernst August "
        "Christian Gustav Maria Margarethe Ramses Richard Innozenz Gregor Klemens Iwan"
    )
    roman_stop = True
    queens = frozenset({"Elisabeth", "Katharina", "Maria", "Margarethe", "Victoria", "Christina"})
    ordinal_endings = "te[rnms]?|ste[rnms]?"
    closing = frozenset(
        {"usw.", "etc.", "u. a.", "o. ä.", "u. v. m.", "v. Chr.", "n. Chr.", "Jh.", "Str.", "str.", "o. Ä."}
    )
    scale_gender = "f"
    telephones = r"|0 ?\d[\d ]{0,6} ?/ ?\d{2,8}(?: \d{2,8}){0,4}(?:-\d{1,4})?"
    short_numbers = r"116 ?(?:000|006|111|116|117|123)(?! ?[A-ZÄÖÜ€$%])"
    durations = frozenset({"in", "laufzeit", "dauer", "zeit", "siegerzeit", "bestzeit", "spielzeit"})
    bare_hours, decade_ending, ratio = "Uhr|uhr", "er", "zu"
    hour_sign = r"Uhr|uhr|h(?= |$|[,.])"
    rates = {"h": "Stunde", "d": "Tag", "l": "Liter", "kg": "Kilogramm", "km": "Kilometer", "min": "Minute"}
    word_units = frozenset({"bar", "A", "N"})
    unit_articles = "pro|je|das"
    stopped_ordinals = {
        **dict.fromkeys(
            [
                "am",
                "zum",
                "vom",
                "beim",
                "im",
                "dem",
                "den",
                "des",
                "zur",
                "einem",
                "einen",
                "eines",
                "ab",
                "bis",
                "seit",
                "jeden",
                "jedem",
                "d.",
            ],
            "n",
        ),
        **dict.fromkeys(["der", "die", "das", "eine", "jede", "dieser", "diese", "dieses"], "e"),
        **dict.fromkeys(["ein", "jeder", "kein", "sein", "ihr", "mein", "unser"], "r"),
    }

    def __init__(self, language: str) -> None:
        super().__init__(language)
        if set(language.split("-")[1:]) & {"CH", "LI"}:
            self.point, self.groups, self.point_word = ".", "[ '’]", "Punkt"

    def gender_of(self, after: str) -> str:
        noun_in_e = (
            after[:1].isupper() and len(after) > 3 and after.endswith("e") and after not in _NO_FEMININE
        )
        if (
            noun_in_e
            or after in _FEMININE
            or after.lower().endswith(("liga", "zeit", "ung", "heit", "keit", "schaft", "tion"))
        ):
            return "f"
        return "m" if after[:1].isupper() and after != "Uhr" else ""

    def gender_before(self, after: str, next_after: str) -> str:
        if not next_after[:1].isupper() or not after.islower() or after in _NO_ADJECTIVES:
            return self.gender_of(after)
        if after.endswith("en"):
            return "dative" if self.gender_of(next_after) == "f" else "accusative"
        return "f" if after.endswith("e") else "m" if after.endswith(("er", "es")) else ""

    def decline(self, gender: str, before: str) -> str:
        dative = before in ("mit", "in", "nach", "seit", "von", "bei", "aus", "zu", "vor", "binnen")
        return {"f": "dative", "m": "dative m"}.get(gender, gender) if dative else gender

    def cardinal(self, number: int, gender: str = "") -> str:
        if number == 0:
            return "null"
        millions, rest = divmod(number, 10**6)
        said: list[str] = []
        for one, many in _SCALES:
            millions, group = divmod(millions, 1000)
            if group:
                said.insert(0, f"eine {one}" if group == 1 else f"{self._below_million(group)} {many}")
        if rest or not said:
            last = self._below_million(rest)
            if last.endswith("ein"):
                last += _ENDINGS_OF_ONE.get(gender if rest == 1 else "", "s")
            said.append(last)
        return " ".join(said)

    def _below_million(self, number: int) -> str:
        thousands, rest = divmod(number, 1000)
        said = f"{self._group(thousands)}tausend" if thousands else ""
        return said + (self._group(rest) if rest else "")

    def _group(self, number: int) -> str:
        hundreds, rest = divmod(number, 100)
        said = f"{_ONES[hundreds]}hundert" if hundreds else ""
        if rest and rest < 20:
            return said + _ONES[rest]
        tens, ones = divmod(rest, 10)
        return said + (f"{_ONES[ones]}und" if ones else "") + (_TENS[tens] if tens else "")

    def multiple(self, number: int) -> str:
        return (
            self.cardinal(number).removesuffix("s") + "mal" if number == 1 else f"{self.cardinal(number)}mal"
        )

    def ordinal(self, number: int, ending: str = "") -> str:
        said = self.cardinal(number, "m")
        if not re.search("Milli|Billi|Trilli", said):
            rest = number % 100
            special = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}
            if number == 0:
                said = "nullt"
            elif 0 < rest < 20:
                name = _ONES[rest] if rest != 1 or number == 1 else "eins"
                said = said[: len(said) - len(name)] + special.get(rest, name + "t")
            else:
                said += "st"
        else:
            said = said.removesuffix("en").removesuffix("e").replace(" ", "").lower() + "st"
        ending = (
            ending.lower().lstrip("s").removeprefix("te")
            if ending.lower().startswith(("te", "st"))
            else ending
        )
        return f"{said}e{ending}" if ending != "e" else f"{said}e"

    def year(self, number: int) -> str:
        if 1100 <= number < 2000:
            return (
                f"{self._group(number // 100)}hundert{self._group(number % 100) if number % 100 else ''}".removesuffix(
                    "ein"
                )
                + (
                    "eins"
                    if number % 100 == 1
                    else "ein"
                    if number % 100 and self._group(number % 100).endswith("ein")
                    else ""
                )
            )
        return self.cardinal(number)

    def fraction(self, above: int, below: int) -> str:
        count = "ein" if above == 1 else self.cardinal(above)
        if below == 2:
            return f"{count} {'halb' if above == 1 else 'halbe'}"
        if below == 1:
            return f"{count} Eintel"
        name = self.ordinal(below, "e").removesuffix("e") + "el"
        return f"{count} {name[0].upper()}{name[1:]}"

    def mixed(self, whole: str, above: int, below: int) -> str:
        said = "ein" if whole == "1" else self.number(whole)
        return f"{said}einhalb" if (above, below) == (1, 2) else f"{said} {self.fraction(above, below)}"

    def date(self, day: int, month: int, year: str, before: str, *, month_first: bool = False) -> str:
        said = f"{self.months[month - 1]} {self.year_of(year) if year else ''}".strip()
        if not day:
            return said
        words = before.split()
        if len(words) > 2 and words[-1] in ("und", "oder") and words[-2].strip("0123456789./") == "":
            words = words[:-2]  # am 3. und 4. Mai
        return f"{self.ordinal(day, self._ending(words))} {said}"

    def _ending(self, before: list[str]) -> str:
        last = before[-1].rstrip(".") if before else ""
        ending = self.stopped_ordinals.get(last, "n" if last in _PREPOSITIONS else "r")
        if (
            last in ("der", "die", "das")
            and len(before) > 1
            and before[-2] in _PREPOSITIONS
            and last == "der"
        ):
            return "n"
        if len(before) > 1 and last.rstrip(",") in (
            "montag",
            "dienstag",
            "mittwoch",
            "donnerstag",
            "freitag",
            "samstag",
            "sonntag",
        ):
            return "n" if before[-2] in ("am", "vom", "zum", "ab", "bis", "seit", "dem", "den") else "r"
        return ending

    def find_ending(self, before: list[str], after: str) -> str | None:
        if (
            len(before) > 1
            and before[-1] in ("und", "oder", "bis", "sowie", "u.")
            and re.fullmatch(r"\d+\.", before[-2])
        ):
            return self._ending(before[:-2])
        if not before:
            if after and not after[0].isupper():
                return None
            return "s" if after in _NEUTER else "e" if self.gender_of(after) == "f" else "r"
        if not after and before[-1] not in self.stopped_ordinals:
            return None
        if before[-1] in self.stopped_ordinals or after[:1].islower():
            return self._ending(before)
        return "r" if before[-1] in ("herzliche", "alles") else None

    def fits_ordinal(self, number: int, ending: str) -> bool:
        return True

    def time(self, hour: int, minute: int, second: int | None, half: str) -> str:
        hours = "ein" if hour == 1 else self.cardinal(hour)
        if second is not None:
            minutes = "eine Minute" if minute == 1 else f"{self.cardinal(minute)} Minuten"
            seconds = "eine Sekunde" if second == 1 else f"{self.cardinal(second)} Sekunden"
            return f"{hours} Uhr {minutes} {seconds}"
        said = f"{hours} Uhr {self.cardinal(minute)}" if minute else f"{hours} Uhr"
        return said + {"a": " vormittags", "p": " nachmittags"}.get(half, "")

    def find_abbreviation(self, written: str) -> Abbreviation | None:
        if written.endswith("str.") and len(written) > 6:
            return Abbreviation(written.removesuffix("str.") + "straße", "any")
        return super().find_abbreviation(written)

    def cents(self, count: int, money: Currency, whole: str) -> str:
        if money.one == "Euro":
            return self.cardinal(count) if whole.strip("0") else f"{self.cardinal(count, 'm')} {money.cent}"
        return super().cents(count, money, whole)

    def roman(self, number: int, kind: str) -> str:
        if kind not in ("ruler", "queen"):
            return self.cardinal(number)
        return f"{'die' if kind == 'queen' else 'der'} {self.ordinal(number, 'e').capitalize()}"
