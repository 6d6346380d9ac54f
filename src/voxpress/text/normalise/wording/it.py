"""Italian."""

from __future__ import annotations

import re

from voxpress.text.normalise.wording._base import Abbreviation, Currency, Unit, Wording

_ONES = [
    "zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci", "undici",
    "dodici", "tredici", "quattordici", "quindici", "sedici", "diciassette", "diciotto", "diciannove",
]  # fmt: skip
_TENS = ["_", "_", "venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta"]
_SCALES = (("milione", "milioni"), ("miliardo", "miliardi"), ("bilione", "bilioni"), ("biliardo", "biliardi"))
_ORDINALS = [
    "_", "primo", "secondo", "terzo", "quarto", "quinto", "sesto", "settimo", "ottavo", "nono", "decimo",
]  # fmt: skip


def _units() -> dict[str, Unit]:
    table = """
    mm:millimetro/millimetri cm:centimetro/centimetri dm:decimetro/decimetri m:metro/metri
    km:chilometro/chilometri
    µm:micrometro/micrometri μm:micrometro/micrometri nm:nanometro/nanometri
    mg:milligrammo/milligrammi g:grammo/grammi
    kg:chilogrammo/chilogrammi hg:ettogrammo/ettogrammi t:tonnellata/tonnellate/f q:quintale/quintali
    ml:millilitro/millilitri cl:centilitro/centilitri dl:decilitro/decilitri l:litro/litri L:litro/litri
    ms:millisecondo/millisecondi s:secondo/secondi sec:secondo/secondi min:minuto/minuti h:ora/ore/f
    d:giorno/giorni gg:giorno/giorni
    ha:ettaro/ettari V:volt mV:millivolt kV:chilovolt W:watt kW:chilowatt MW:megawatt GW:gigawatt
    kWh:chilowattora A:ampere
    mA:milliampere J:joule kJ:chilojoule kcal:chilocaloria/chilocalorie/f N:newton Pa:pascal
    hPa:ettopascal kPa:chilopascal
    bar:bar Hz:hertz kHz:chilohertz MHz:megahertz GHz:gigahertz kB:kilobyte MB:megabyte GB:gigabyte
    TB:terabyte
    dB:decibel km/h:chilometro_all'ora/chilometri_all'ora mph:miglio_all'ora/miglia_all'ora CV:cavallo/cavalli
    °C:grado_Celsius/gradi_Celsius ℃:grado_Celsius/gradi_Celsius °F:grado_Fahrenheit/gradi_Fahrenheit K:kelvin
    mmHg:millimetro_di_mercurio/millimetri_di_mercurio bpm:battito_al_minuto/battiti_al_minuto
    ℉:grado_Fahrenheit/gradi_Fahrenheit
    """
    units = {}
    for entry in table.split():
        symbol, _, names = entry.partition(":")
        one, many, gender, *_ = (*names.replace("_", " ").split("/"), "", "")
        units[symbol] = Unit(one, many or one, gender or "m")
    for symbol in ("mm", "cm", "m", "km"):
        for power, name in (("²", "quadrat"), ("2", "quadrat"), ("³", "cub"), ("3", "cub")):
            unit = units[symbol]
            ending = ("o", "i")
            units[symbol + power] = Unit(f"{unit.one} {name}{ending[0]}", f"{unit.many} {name}{ending[1]}")
    for symbol in ("mq", "mc"):
        units[symbol] = units["m²" if symbol == "mq" else "m³"]
    units["° C"] = units["°C"]
    return units


def _currencies() -> dict[str, Currency]:
    euro = Currency("euro", "euro", "centesimo", "centesimi")
    pound = Currency("sterlina", "sterline", "penny", "penny", "f")
    return {
        "€": euro, "EUR": euro, "eur": euro, "$": Currency("dollaro", "dollari", "centesimo", "centesimi"),
        "USD": Currency("dollaro statunitense", "dollari statunitensi", "centesimo", "centesimi"), "£": pound,
        "GBP": pound,
        "US$": Currency("dollaro statunitense", "dollari statunitensi", "centesimo", "centesimi"),
        "CHF": Currency("franco svizzero", "franchi svizzeri", "centesimo", "centesimi"),
        "¥": Currency("yen", "yen"),
        "JPY": Currency("yen", "yen"), "₽": Currency("rublo", "rubli", "copeca", "copechi"),
        "₤": Currency("lira", "lire", "", "", "f"),
        "₹": Currency("rupia", "rupie", "", "", "f"), "₩": Currency("won", "won"),
    }  # fmt: skip


def _abbreviations() -> dict[str, Abbreviation]:
    titles = {
        "Sig.": "signor", "sig.": "signor", "Sig.ra": "signora", "sig.ra": "signora", "Sig.na": "signorina",
        "sig.na": "signorina", "Sigg.": "signori", "Dott.": "dottor", "dott.": "dottor",
        "Dott.ssa": "dottoressa",
        "dott.ssa": "dottoressa", "Dr.": "dottor", "Dr": "dottor", "Prof.": "professor", "prof.": "professor",
        "Prof.ssa": "professoressa", "prof.ssa": "professoressa", "Ing.": "ingegner", "ing.": "ingegner",
        "Avv.": "avvocato",
        "Arch.": "architetto", "Geom.": "geometra", "Rag.": "ragionier", "Gen.": "generale",
        "Cap.": "capitano", "On.": "onorevole",
        "S.": "San", "Mons.": "monsignor", "Don": "don",
    }  # fmt: skip
    found = {key: Abbreviation(said, "title") for key, said in titles.items()}
    numbers = {
        "n.": "numero", "N.": "numero", "nr.": "numero", "pag.": "pagina", "pagg.": "pagine", "p.": "pagina",
        "pp.": "pagine",
        "cap.": "capitolo", "art.": "articolo", "artt.": "articoli", "vol.": "volume", "fig.": "figura",
        "int.": "interno", "ep.": "episodio",
        "Tel.": "telefono", "tel.": "telefono",
    }  # fmt: skip
    found |= {key: Abbreviation(said, "number") for key, said in numbers.items()}
    found["Cap."] = Abbreviation("capitano", "title", numbered="capitolo")
    plain = {
        "n°": "numero", "nº": "numero", "N°": "numero", "gent.ma": "gentilissima", "gent.mo": "gentilissimo",
        "Gent.ma": "gentilissima", "Gent.mo": "gentilissimo", "Preg.mo": "pregiatissimo", "Egr.": "egregio",
        "P.IVA": "partita IVA", "P. IVA": "partita IVA", "D.Lgs.": "decreto legislativo", "mln": "milioni",
        "mld": "miliardi", "rif.": "riferimento", "Rif.": "riferimento",
        "ecc.": "eccetera", "es.": "esempio", "p. es.": "per esempio", "ad es.": "ad esempio",
        "a. C.": "avanti Cristo",
        "d. C.": "dopo Cristo", "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "avv.": "avvocato",
        "dip.": "dipartimento",
        "p.za": "piazza", "P.za": "piazza", "P.zza": "piazza", "p.zza": "piazza", "v.le": "viale",
        "V.le": "viale", "c.so": "corso",
        "C.so": "corso", "L.go": "largo", "ca.": "circa", "max.": "massimo", "min.": "minimo",
        "S.p.A.": "S P A", "S.r.l.": "S R L",
        "vs.": "contro", "c.a.": "corrente anno", "u.s.": "ultimo scorso", "gent.": "gentile",
        "Gent.": "gentile", "Spett.": "spettabile",
    }  # fmt: skip
    found["sec."] = Abbreviation("secolo", certain=False)
    return found | {key: Abbreviation(said) for key, said in plain.items()}


class Italian(Wording):
    """Italian."""

    point, groups = ",", r"[. ]"
    numerals = tuple(_ONES[:10])
    between = {"tra": "e", "fra": "e"}
    to_day = "al"
    ending_words = ("termina con",)
    pressed = r"(?:prem[aeio](?:re)?|digit[aie](?:re)?)(?: (?:il|la|tasto)){0,3}"
    masked = "che termina con"
    expiry = r"[Ss]cad(?:e|enza)(?: a fine)?|[Vv]alida fino al"
    postcodes = True
    and_, or_ = "e", "o"
    hyphen, slash = "trattino", "barra"
    point_word, minus, plus, times, divided, equals = "virgola", "meno", "più", "per", "diviso", "uguale"
    to, by, per, percent, per_mille, plus_minus, about = (
        "a",
        "per",
        "al",
        "percento",
        "per mille",
        "più o meno",
        "circa",
    )
    dot, extension, power = "punto", "interno", "per dieci alla"
    over, less, greater, at_most, at_least = "su", "minore di", "maggiore di", "al massimo", "almeno"
    months = (
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
        "ottobre", "novembre", "dicembre",
    )  # fmt: skip
    month_short = {
        "genn": 1,
        "gen": 1,
        "feb": 2,
        "febbr": 2,
        "apr": 4,
        "giu": 6,
        "lug": 7,
        "ago": 8,
        "sett": 9,
        "set": 9,
        "ott": 10,
        "nov": 11,
        "dic": 12,
    }
    weekdays = {
        "Lun": "lunedì",
        "Mar": "martedì",
        "Mer": "mercoledì",
        "Gio": "giovedì",
        "Ven": "venerdì",
        "Sab": "sabato",
        "Dom": "domenica",
        "lun": "lunedì",
        "mar": "martedì",
        "mer": "mercoledì",
        "gio": "giovedì",
        "ven": "venerdì",
        "sab": "sabato",
        "dom": "domenica",
    }
    units, currencies, abbreviations = _units(), _currencies(), _abbreviations()
    scales = {
        "milione": ("milione", "milioni"), "milioni": ("milione", "milioni"),
        "miliardo": ("miliardo", "miliardi"),
        "miliardi": ("miliardo", "miliardi"), "mln": ("milione", "milioni"), "mld": ("miliardo", "miliardi"),
        "M": ("milione", "milioni"), "mila": ("mila", "mila"),
    }  # fmt: skip
    leads_to_dotted = r"(?:(?<=[Dd]alle )|(?<=[Aa]lle )|(?<=\b[Oo]re )|(?<=ll'))"
    date_words = "il dal al entro del l dall all dell scade data:"
    of_money = "di"
    signs = {"§": "paragrafo", "№": "numero", "#": "numero", "~": "circa", "≈": "circa"}
    degree_orders = True
    every = "ogni"
    inch = Unit("pollice", "pollici")
    degree = Unit("grado", "gradi")
    points = {"N": "nord", "S": "sud", "E": "est", "O": "ovest", "W": "ovest"}
    pressures = frozenset({"pressione"})
    code_words = (
        r"(?:PIN|OTP|CVV|CVC|[Cc]od\.|[Cc]odice(?: postale| di \w{1,20}| PIN)?|[Pp]assword|CAP|"
        r"(?:[Cc]onto|[Cc]arta|[Oo]rdine|[Rr]iferimento|[Pp]ratica|[Pp]renotazione)(?: (?:numero|n\.))?|"
        r"che termina con|[Ii]nterno|[Ii]nterni|"
        r"(?:[Cc]asella|[Uu]tente|[Aa]gente|[Cc]oda)(?=\W{1,3}\d{3}))"
    )
    code_links = (
        r"è(?: ora| adesso)?|sono|n\.|"
        r"è stat[oa] (?:cambiat|modificat|reimpostat|aggiornat)[oa] (?:in|a)"
    )
    secrets = "PIN|[Cc]odice|[Pp]assword"
    code_ends = "è|a"
    code_starts = "(?:è|come) (?:il|la) (?:tuo|tua|suo|sua|vostro|vostra)"
    date_joints = "al|e il|fino al"
    counted = frozenset(
        [
            "cifre", "caratteri", "lettere", "numeri", "secondi", "minuti", "ore", "giorni", "settimane", "mesi",
            "anni", "volte", "euro", "dollari", "punti", "persone",
        ]
    )  # fmt: skip
    after_number = frozenset(
        ["o", "e", "per", "ora", "oggi", "se", "in", "da", "di", "è", "a", "con", "adesso", "domani"]
    )
    article = "(?:il |lo |la |al )?"
    phone_words = (
        r"(?:[Ii]nvi(?:ate|a|i) [A-ZÀ-Þ\d]{2,12} al|[Ee]mergenze|"
        r"[Cc]hiam(?:ate|i|a)(?: lo| il)?|[Cc]omponete(?: lo| il)?|[Dd]igitate|[Tt]elefono|[Tt]el\.?|"
        r"[Cc]ellulare|[Ff]ax|[Nn]umero)"
    )
    year_words = (
        "nel del dal al fino anno anni dopo prima verso e tra gennaio febbraio marzo aprile maggio "
        "giugno luglio agosto settembre ottobre novembre dicembre il"
    )
    chapter_words = (
        "capitolo cap. parte atto scena volume libro titolo sezione fase guerra mondiale tipo allegato"
    )
    rulers = (
        "Paolo Giovanni Benedetto Pio Leone Francesco Luigi Enrico Carlo Elisabetta Vittorio Umberto "
        "Caterina Margherita Filippo Napoleone Federico "
        "Guglielmo Giorgio Edoardo Nicola Alessandro Pietro Caterina Ottone Clemente Gregorio Innocenzo "
        "Ferdinando Emanuele "
        "Ramses Riccardo Giacomo Bonifacio Sisto Urbano Giulio"
    )
    roman_articles = {"il": "º", "la": "ª", "del": "º", "al": "º", "nel": "º", "della": "ª"}
    centuries = r"\b(?:[Ss]ecol[oi]|sec\.) ([IVX]{1,6})(?!\w)|\b([IVX]{1,6})(?= sec(?:olo|\.))"
    telephones = (
        r"|(?:3\d\d[ .-]\d{6,7}|(?<=[\w.,:;] )3\d{9}|3\d\d \d{3} \d{4}|(?:199|8[0-9]{2})[ .]\d{3}[ .]\d{3})"
        r"(?! ?[€$%]| (?:euro|abitanti|persone|di)\b)"
    )
    short_numbers = r"89\d \d{3}(?! ?[€$%]| (?:euro|abitanti|persone)\b)"
    queens = frozenset({"Elisabetta", "Caterina", "Margherita", "Maria", "Giovanna", "Cristina", "Vittoria"})
    ordinal_endings = r"[ºª°ᵒᵃ]"
    closing = frozenset({"ecc.", "a. C.", "d. C.", "a.C.", "d.C.", "S.p.A.", "S.r.l."})
    durations = frozenset({"in", "durata", "tempo", "maratona"})
    rates = {"h": "ora", "d": "giorno", "l": "litro", "kg": "chilo", "km": "chilometro", "min": "minuto"}
    word_units = frozenset({"N", "q", "d"})
    unit_articles = "al|il|per|del"

    def cardinal(self, number: int, gender: str = "") -> str:
        if number == 0:
            return "zero"
        if number == 1 and gender:
            return "una" if gender == "f" else "un"
        millions, rest = divmod(number, 10**6)
        said: list[str] = []
        for one, many in _SCALES:
            millions, group = divmod(millions, 1000)
            if group:
                said.insert(0, f"un {one}" if group == 1 else f"{self._group(group)} {many}")
        if millions:
            return self.digits(str(number))
        thousands, rest = divmod(rest, 1000)
        word = "mille" if thousands == 1 else f"{self._group(thousands)}mila" if thousands else ""
        if word or rest:
            said.append(word + (self._group(rest) if rest else ""))
        return " ".join(said)

    def _group(self, number: int) -> str:
        hundreds, rest = divmod(number, 100)
        said = "" if not hundreds else "cento" if hundreds == 1 else f"{_ONES[hundreds]}cento"
        if rest < 20:
            return said + (_ONES[rest] if rest else "")
        tens, ones = divmod(rest, 10)
        name = _TENS[tens][:-1] if ones in (1, 8) else _TENS[tens]
        last = "" if not ones else "tré" if ones == 3 else _ONES[ones]
        return said + name + last

    def decimals(self, written: str) -> str:
        zeros = len(written) - len(written.lstrip("0"))
        if len(written) <= 3 and zeros < len(written):
            return " ".join((*["zero"] * zeros, self.cardinal(int(written))))
        return self.digits(written)

    def measure(self, written: str, unit: Unit) -> str:
        said = super().measure(written, unit)
        return said.replace("una o", "un'o", 1) if self.is_one(written) else said

    def fit_title(self, title: str, name: str) -> str:
        if title != "San":
            return title
        if name[:1] in "AEIOU":
            return "Sant'"
        female = name.endswith("a") and name not in ("Luca", "Nicola", "Mattia", "Battista", "Tommaso")
        return "Santa" if female else "Santo" if name.startswith(("St", "Sp", "Z")) else title

    def multiple(self, number: int) -> str:
        return "una volta" if number == 1 else f"{self.cardinal(number)} volte"

    def ordinal(self, number: int, ending: str = "") -> str:
        if 0 < number <= 10:
            said = _ORDINALS[number]
        else:
            said = self.cardinal(number).replace("tré", "tre").replace(" ", "")
            keep = said.endswith(("tre", "sei")) and number % 100 not in (10, 16)
            said = (said if keep else said[:-1]) + "esimo"
        return said[:-1] + "a" if ending in ("ª", "ᵃ", "f") else said

    def gender_of(self, after: str) -> str:
        if not after.islower() or len(after) < 3:
            return ""
        if after in ("milione", "copione", "campione", "problema", "programma", "sistema", "tema", "cinema"):
            return "m"
        return "f" if after.endswith(("a", "ione")) else "m" if after.endswith(("o", "e")) else ""

    def agree(self, said: str, gender: str, after: str) -> str:
        if gender != "f" and not (" e " in said and after.islower() and after.endswith("e")):
            return said
        return re.sub(r"\bmezzo$", "mezza", re.sub(r"\buno e mezzo$", "una e mezzo", said))

    def fraction(self, above: int, below: int) -> str:
        if below == 2:
            return "mezzo" if above == 1 else f"{self.cardinal(above)} mezzi"
        if below < 2:
            return f"{self.cardinal(above)} su {self.cardinal(below)}"
        name = self.ordinal(below)
        return f"{self.cardinal(above, 'm')} {name if above == 1 else name[:-1] + 'i'}"

    def mixed(self, whole: str, above: int, below: int) -> str:
        return f"{self.number(whole)} e {self.fraction(above, below)}"

    def date(self, day: int, month: int, year: str, before: str, *, month_first: bool = False) -> str:
        said = f"{self.months[month - 1]} {self.year_of(year) if year else ''}".strip()
        if not day:
            return said
        return f"{'primo' if day == 1 else self.cardinal(day)} {said}"

    def join_date(self, text: str, start: int, said: str) -> tuple[int, str]:
        if said.startswith("primo") and text[max(0, start - 2) : start].lower() in ("l'", "l’"):
            return start - 2, f" {said}" if text[max(0, start - 3) : start - 2] == "l" else f"il {said}"
        return start, said

    def time(self, hour: int, minute: int, second: int | None, half: str) -> str:
        hours = "una" if hour == 1 else self.cardinal(hour)
        if second is not None:
            count = f"{self.cardinal(minute, 'm')} minut{'o' if minute == 1 else 'i'}"
            return f"{hours} e {count} e {self.cardinal(second, 'm')} second{'o' if second == 1 else 'i'}"
        named = {15: "un quarto", 30: "mezza"} if hour <= 12 else {}
        said = f"{hours} e {named.get(minute) or self.cardinal(minute)}" if minute else hours
        return said + {"a": " di mattina", "p": " di pomeriggio"}.get(half, "")

    def price(self, written: str, money: Currency) -> str:
        said = super().price(written, money)
        whole, rest = self.split_number(written)
        if not rest.strip("0") and len(whole) >= 7 and not int(whole) % 10**6:
            return said.replace(money.many, f"di {money.many}")
        if money.one == "euro" and rest.strip("0") and whole.strip("0") and len(rest) <= 2:
            return said.replace(" euro ", " euro e ", 1)
        return said

    def roman(self, number: int, kind: str) -> str:
        if kind == "queen":
            return self.ordinal(number, "ª")
        return self.ordinal(number) if kind in ("ruler", "century") else self.cardinal(number)
