"""French."""

from __future__ import annotations

import re

from voxpress.text.normalise.wording._base import Abbreviation, Currency, Unit, Wording

_ONES = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
    "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
]  # fmt: skip
_TENS = [
    "_", "_", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt",
    "quatre-vingt",
]  # fmt: skip
_SCALES = ("million", "milliard", "billion", "billiard", "trillion", "trilliard")


_FEMININE = frozenset(
    [
        "foi", "minute", "heure", "personne", "seconde", "page", "femme", "année", "semaine", "commande",
        "facture", "journée", "demande", "ligne", "chambre", "place", "boîte", "carte", "table", "voiture",
        "nuit", "classe", "question", "tonne", "adresse", "pièce", "porte", "rue", "touche",
    ]
)  # fmt: skip
_FEMININE_ENDINGS = (
    "tion",
    "sion",
    "ette",
    "elle",
    "ance",
    "ade",
    "ure",
    "erie",
    "ille",
    "otte",
    "euse",
    "êpe",
    "cée",
    "née",
    "lote",
    "rée",
    "ise",
)


def _units() -> dict[str, Unit]:
    table = """
    mm:millimètre cm:centimètre dm:décimètre m:mètre km:kilomètre µm:micromètre μm:micromètre nm:nanomètre
    mg:milligramme g:gramme kg:kilogramme t:tonne//f ml:millilitre mL:millilitre cl:centilitre
    dl:décilitre l:litre L:litre
    ms:milliseconde//f s:seconde//f sec:seconde//f min:minute//f mn:minute//f h:heure//f j:jour
    ha:hectare lb:livre//f
    V:volt mV:millivolt kV:kilovolt W:watt kW:kilowatt MW:mégawatt GW:gigawatt kWh:kilowattheure
    MWh:mégawattheure
    A:ampère mA:milliampère mAh:milliampèreheure J:joule kJ:kilojoule kcal:kilocalorie//f N:newton
    Pa:pascal hPa:hectopascal
    kPa:kilopascal bar:bar Hz:hertz/hertz kHz:kilohertz/kilohertz MHz:mégahertz/mégahertz
    GHz:gigahertz/gigahertz
    ko:kilooctet Mo:mégaoctet Go:gigaoctet To:téraoctet kB:kilobyte MB:mégabyte GB:gigabyte
    TB:térabyte dB:décibel
    km/h:kilomètre_heure/kilomètres_heure mph:mille_par_heure/milles_par_heure
    °C:degré_Celsius/degrés_Celsius ℃:degré_Celsius/degrés_Celsius °F:degré_Fahrenheit/degrés_Fahrenheit
    ℉:degré_Fahrenheit/degrés_Fahrenheit K:kelvin mmHg:millimètre_de_mercure/millimètres_de_mercure
    bpm:battement_par_minute/battements_par_minute ch:cheval/chevaux
    """
    units = {}
    for entry in table.split():
        symbol, _, names = entry.partition(":")
        one, many, gender, *_ = (*names.replace("_", " ").split("/"), "", "")
        units[symbol] = Unit(one, many or one + "s", gender or "m")
    for symbol in ("mm", "cm", "m", "km"):
        for power, name in (("²", "carré"), ("2", "carré"), ("³", "cube"), ("3", "cube")):
            unit = units[symbol]
            units[symbol + power] = Unit(f"{unit.one} {name}", f"{unit.many} {name}s")
    units["° C"] = units["°C"]
    return units


def _currencies() -> dict[str, Currency]:
    cents = ("cent", "cents")
    euro = Currency("euro", "euros", "centime", "centimes")
    pound = Currency("livre", "livres", "penny", "pence", "f")
    return {
        "€": euro, "EUR": euro, "$": Currency("dollar", "dollars", *cents), "£": pound, "GBP": pound,
        "USD": Currency("dollar américain", "dollars américains", *cents),
        "CAD": Currency("dollar canadien", "dollars canadiens", *cents),
        "$US": Currency("dollar américain", "dollars américains", *cents),
        "US$": Currency("dollar américain", "dollars américains", *cents),
        "$CA": Currency("dollar canadien", "dollars canadiens", *cents),
        "CHF": Currency("franc suisse", "francs suisses", "centime", "centimes"),
        "FF": Currency("franc", "francs", "centime", "centimes"),
        "F": Currency("franc", "francs", "centime", "centimes"),
        "¥": Currency("yen", "yens"), "JPY": Currency("yen", "yens"),
        "₽": Currency("rouble", "roubles", "kopeck", "kopecks"),
        "₹": Currency("roupie", "roupies", "", "", "f"), "₩": Currency("won", "wons"),
        "FCFA": Currency("franc C F A", "francs C F A"),
    }  # fmt: skip


def _abbreviations() -> dict[str, Abbreviation]:
    titles = {
        "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle",
        "Mlles": "mesdemoiselles", "Dr": "docteur", "Dr.": "docteur", "Pr": "professeur", "Pr.": "professeur",
        "Me": "maître",
        "Mgr": "monseigneur", "St": "saint", "Ste": "sainte", "St.": "saint", "Ste.": "sainte",
        "Mme.": "madame",
    }  # fmt: skip
    numbers = {
        "no": "numéro", "nos": "numéros", "p.": "page",
        "pp.": "pages",
        "vol.": "volume", "chap.": "chapitre", "art.": "article", "fig.": "figure", "tél.": "téléphone",
        "Tél.": "téléphone",
        "ép.": "épisode", "bd": "boulevard", "poste": "poste",
    }  # fmt: skip
    found = {key: Abbreviation(said, "title") for key, said in titles.items()}
    found |= {
        key: Abbreviation(said, "number") for key, said in numbers.items() if key not in ("poste", "bd", "no")
    }
    plain = {
        "n°": "numéro", "N°": "numéro", "nº": "numéro", "n°s": "numéros", "N°s": "numéros",
        "etc.": "et cetera", "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "càd": "c'est-à-dire",
        "env.": "environ", "réf.": "référence", "Réf.": "référence", "Dres": "docteures",
        "24 h/24": "vingt-quatre heures sur vingt-quatre", "24h/24": "vingt-quatre heures sur vingt-quatre",
        "7 j/7": "sept jours sur sept", "7j/7": "sept jours sur sept", "appt": "appartement",
        "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "J.-C.": "Jésus-Christ",
        "bd.": "boulevard",
        "Bd": "boulevard", "bd": "boulevard", "av.": "avenue", "Av.": "avenue", "pl.": "place",
        "cf.": "confer", "vs": "versus",
        "max.": "maximum", "min.": "minimum", "svp": "s'il vous plaît", "SVP": "s'il vous plaît",
        "S.V.P.": "s'il vous plaît",
        "qqn": "quelqu'un", "qqch": "quelque chose", "RDV": "rendez-vous", "rdv": "rendez-vous",
        "tél.": "téléphone",
        "Tél.": "téléphone", "Dʳ": "docteur", "Dʳᵉˢ": "docteures", "Mᵐᵉ": "madame", "Mᵐᵉˢ": "mesdames",
        "Mˡˡᵉ": "mademoiselle",
        "Mˡˡᵉˢ": "mesdemoiselles", "janv.": "janvier", "févr.": "février", "juil.": "juillet",
        "sept.": "septembre",
        "oct.": "octobre", "nov.": "novembre", "déc.": "décembre",
    }  # fmt: skip
    found |= {key: Abbreviation(titles[key]) for key in ("Dr", "Mme", "Mmes", "Mlle", "Mlles", "Mgr")}
    found |= {key: Abbreviation(said) for key, said in plain.items()}
    return found


class French(Wording):
    """French."""

    point, groups = ",", r"[. ]"
    numerals = tuple(_ONES[:10])
    between = {"entre": "et"}
    to_day = "au"
    ending_words = ("terminant par",)
    pressed = r"appuye[zr](?: (?:le|la|sur|touche)){0,3}"
    masked = "se terminant par"
    expiry = r"[Ee]xpire(?: le| en| fin)?|[Ee]xpiration|[Vv]alable jusqu'(?:en|au)"
    and_, or_ = "et", "ou"
    hyphen, slash = "tiret", "barre"
    point_word, minus, plus, times, divided, equals = (
        "virgule",
        "moins",
        "plus",
        "fois",
        "divisé par",
        "égale",
    )
    to, by, per, percent, per_mille, plus_minus, about = (
        "à",
        "sur",
        "par",
        "pour cent",
        "pour mille",
        "plus ou moins",
        "environ",
    )
    dot, extension, power = "point", "poste", "fois dix puissance"
    over, less, greater, at_most, at_least = "sur", "inférieur à", "supérieur à", "au plus", "au moins"
    months = (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
        "novembre", "décembre",
    )  # fmt: skip
    month_short = {
        "janv": 1, "févr": 2, "fév": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "déc": 12,
        "aout": 8,
        "fevrier": 2, "decembre": 12,
    }  # fmt: skip
    weekdays = {
        "lun": "lundi",
        "mar": "mardi",
        "mer": "mercredi",
        "jeu": "jeudi",
        "ven": "vendredi",
        "sam": "samedi",
        "dim": "dimanche",
        "Lun": "lundi",
        "Mar": "mardi",
        "Mer": "mercredi",
        "Jeu": "jeudi",
        "Ven": "vendredi",
        "Sam": "samedi",
        "Dim": "dimanche",
    }
    date_words = "le du au dès"
    dotted_dates = True
    units, currencies, abbreviations = _units(), _currencies(), _abbreviations()
    scales = {
        "million": ("million", "millions"), "millions": ("million", "millions"),
        "milliard": ("milliard", "milliards"),
        "milliards": ("milliard", "milliards"), "M": ("million", "millions"), "Md": ("milliard", "milliards"),
        "Mds": ("milliard", "milliards"), "k": ("mille", "mille"), "mille": ("mille", "mille"),
    }  # fmt: skip
    elides = True
    of_money = "de"
    signs = {
        "§": "paragraphe",
        "№": "numéro",
        "#": "numéro",
        "~": "environ",
        "≈": "environ",
        "n°": "numéro",
        "N°": "numéro",
    }
    always_degrees = True
    degree_orders = True
    every = "toutes les"
    inch = Unit("pouce", "pouces")
    degree = Unit("degré", "degrés")
    points = {"N": "nord", "S": "sud", "E": "est", "O": "ouest", "W": "ouest"}
    pressures = frozenset({"tension"})
    code_words = (
        r"(?:PIN|OTP|CVV|CVC|[Cc]odes?(?: postal| confidentiel| secret| PIN| d'accès)?|[Mm]ot de passe|CP|"
        r"(?:[Cc]ompte|[Cc]arte|[Cc]ommande|[Rr]éférence|[Dd]ossier|[Rr]éservation)(?: (?:numéro|n°))?|"
        r"se terminant par|[Pp]ostes?|[Ee]xtension|"
        r"(?:[Bb]oîte vocale|[Uu]tilisateur|[Aa]gent|[Ff]ile)(?=\W{1,3}\d{3}))"
    )
    code_links = (
        r"est(?: maintenant| désormais)?|sont|n°|"
        r"a été (?:changé|modifié|réinitialisé|remplacé) (?:en|à|par)"
    )
    secrets = "PIN|[Cc]ode|[Mm]ot de passe"
    code_ends = "est|à|par"
    code_starts = "(?:est|comme) (?:votre|ton)"
    date_joints = "au|jusqu['’]au|et le"
    counted = frozenset(
        [
            "chiffres", "caractères", "lettres", "numéros", "secondes", "minutes", "heures", "jours", "semaines",
            "mois", "ans", "années", "fois", "euros", "dollars", "francs", "points", "personnes",
        ]
    )  # fmt: skip
    after_number = frozenset(
        ["ou", "et", "pour", "en", "si", "est", "dès", "à", "depuis", "de", "maintenant", "demain", "par"]
    )
    article = "(?:le |la |au )?"
    phone_words = (
        r"(?:[Ee]nvoyez [A-ZÀ-Þ\d]{2,12} au|[Uu]rgences|"
        r"[Aa]ppelez(?: le| au)?|[Cc]omposez le|[Tt]éléphone|[Tt]él\.?|[Ff]ax|[Pp]ortable|[Mm]obile|"
        r"[Nn]uméro)"
    )
    year_words = (
        "en depuis vers avant après de à jusqu'en dès an l'an année années et entre janvier février "
        "mars avril mai juin juillet août septembre octobre novembre décembre"
    )
    chapter_words = (
        "chapitre partie acte scène tome volume livre titre section phase guerre mondiale type annexe"
    )
    rulers = (
        "Louis Henri Charles François Napoléon Philippe Jean Paul Benoît Pie Léon Élisabeth Elizabeth "
        "Catherine Pierre Nicolas "
        "Alexandre Édouard Edouard Georges Guillaume Jacques Richard Frédéric Othon Léopold Baudouin "
        "Albert Clément Grégoire "
        "Innocent Ramsès Alphonse Ferdinand Isabelle Marie Victor"
    )
    centuries = r"\b(?:([IVX]{1,6})(?P<ending>e|ᵉ|ème|ème|er|ᵉʳ)(?!\w)|(?<=siècle )([IVX]{1,6})(?!\w))"
    short_numbers = r"118 (?!000)\d{3}(?! ?[€$%]| (?:habitants|personnes|euros)\b)"
    ordinal_endings = r"ers|ères|er|ère|re|ème|èmes|eme|ième|e|es|nde?|de?|ᵉ|ᵉʳ|°(?! ?[CF]\b)"
    closing = frozenset({"etc.", "av. J.-C.", "apr. J.-C.", "J.-C.", "S.V.P.", "env."})
    zones = r"GMT|UTC|CES?T|HNE|HAE|gmt|utc"
    hour_sign = r"[hH](?:eures?)?(?=\d| |$|[-–,.;:!?)])"
    bare_hours = r"[hH](?:eures?)?(?=\d| |$|[-–,.;:!?)])"
    rates = {
        "h": "heure",
        "j": "jour",
        "d": "jour",
        "l": "litre",
        "kg": "kilogramme",
        "km": "kilomètre",
        "min": "minute",
    }
    word_units = frozenset({"A", "N", "ch", "j", "F"})
    unit_articles = "le|la|par|du|au"

    def cardinal(self, number: int, gender: str = "") -> str:
        if number == 0:
            return "zéro"
        millions, rest = divmod(number, 10**6)
        said: list[str] = []
        for name in _SCALES:
            millions, group = divmod(millions, 1000)
            if group:
                said.insert(0, f"{self._group(group)} {name}{'s' if group > 1 else ''}")
        thousands, rest = divmod(rest, 1000)
        if thousands == 1:
            said.append("mille")
        elif thousands:
            count = self._group(thousands)
            count = count.removesuffix("s") if count.endswith(("cents", "vingts")) else count
            said.append(f"{count} mille")
        if rest:
            said.append(self._group(rest))
        text = " ".join(said)
        return text + "e" if gender == "f" and text.endswith(("un",)) and number % 100 != 11 else text

    def _group(self, number: int) -> str:
        hundreds, rest = divmod(number, 100)
        said = []
        if hundreds:
            said.append("cent" if hundreds == 1 else f"{_ONES[hundreds]} cent{'' if rest else 's'}")
        if rest:
            said.append(self._below_hundred(rest))
        return " ".join(said)

    def _below_hundred(self, number: int) -> str:
        if number < 20:
            return _ONES[number]
        tens, ones = divmod(number, 10)
        if tens in (7, 9):
            ones += 10
        name = _TENS[tens]
        if ones == 0:
            return name + ("s" if tens == 8 else "")
        if ones in (1, 11) and tens < 8:
            return f"{name} et {_ONES[ones]}"
        return f"{name}-{_ONES[ones]}"

    def decimals(self, written: str) -> str:
        zeros = len(written) - len(written.lstrip("0"))
        if len(written) <= 3 and zeros < len(written):
            return " ".join((*["zéro"] * zeros, self.cardinal(int(written))))
        pairs = re.findall(r"\d\d?", written)
        return " ".join(self.digits(p) if p[0] == "0" else self.cardinal(int(p)) for p in pairs)

    def multiple(self, number: int) -> str:
        return f"{self.cardinal(number, 'f')} fois"

    def ordinal(self, number: int, ending: str = "") -> str:
        ending = ending.lower()
        if number == 1 and ending in ("ers", "ères"):
            return "premiers" if ending == "ers" else "premières"
        if number == 1:
            return "première" if ending in ("ère", "re", "ère", "f", "ères") else "premier"
        if number == 2 and ending in ("nd", "d"):
            return "second"
        if number == 2 and ending in ("nde", "de"):
            return "seconde"
        said = self.cardinal(number)
        if said.endswith(("cents", "vingts", "millions", "milliards")):
            said = said[:-1]
        if said.endswith("cinq"):
            return said + "uième"
        if said.endswith("neuf"):
            return said[:-1] + "vième"
        return said.removesuffix("e") + "ième"

    def fits_ordinal(self, number: int, ending: str) -> bool:
        if ending in ("er", "ers", "re", "ère", "ères", "ᵉʳ"):
            return number == 1
        return ending not in ("nd", "nde", "d", "de") or number == 2

    def fraction(self, above: int, below: int) -> str:
        names = {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}
        if below in names:
            return f"{self.cardinal(above)} {names[below][above > 1]}"
        if below < 2 or below > 1000:
            return f"{self.cardinal(above)} sur {self.cardinal(below)}"
        return f"{self.cardinal(above)} {self.ordinal(below)}{'s' if above > 1 else ''}"

    def mixed(self, whole: str, above: int, below: int) -> str:
        part = "demi" if (above, below) == (1, 2) else self.fraction(above, below)
        return f"{self.number(whole)} et {part}"

    def gender_of(self, after: str) -> str:
        one = after.removesuffix("s")
        return "f" if one in _FEMININE or one.endswith(_FEMININE_ENDINGS) else ""

    def gender_before(self, after: str, next_after: str) -> str:
        return self.gender_of(
            next_after if after in ("autre", "autres", "petite", "grande", "seule") else after
        )

    def date(self, day: int, month: int, year: str, before: str, *, month_first: bool = False) -> str:
        said = f"{self.months[month - 1]} {self.year_of(year) if year else ''}".strip()
        if not day:
            return said
        return f"{'premier' if day == 1 else self.cardinal(day)} {said}"

    def time(self, hour: int, minute: int, second: int | None, half: str) -> str:
        hours = f"{self.cardinal(hour, 'f')} heure{'' if hour < 2 else 's'}"
        if second is not None:
            minutes = f"{self.cardinal(minute, 'f')} minute{'' if minute < 2 else 's'}"
            return f"{hours} {minutes} et {self.cardinal(second, 'f')} seconde{'' if second < 2 else 's'}"
        said = f"{hours} {self.cardinal(minute, 'f')}" if minute else hours
        return said + {"a": " du matin", "p": " de l'après-midi"}.get(half, "")

    def price(self, written: str, money: Currency) -> str:
        whole, rest = self.split_number(written)
        cents = rest.ljust(2, "0")
        if (
            money.one == "euro"
            and rest.strip("0")
            and len(rest) <= 2
            and whole.strip("0")
            and len(whole) <= 12
        ):
            euros = int(whole)
            return f"{self.cardinal(euros)} {money.one if euros == 1 else money.many} {self.cardinal(int(cents))}"
        said = super().price(written, money)
        if rest.strip("0") or len(whole) < 7 or int(whole) % 10**6:
            return said
        return said.replace(money.many, f"d'{money.many}" if money.many[0] in "eé" else f"de {money.many}")

    def roman(self, number: int, kind: str) -> str:
        if kind == "century" or (number == 1 and kind == "ruler"):
            return self.ordinal(number)
        return self.cardinal(number)

    def telephone(self, groups: list[str]) -> str:
        if any(group.isalpha() for group in groups):
            return super().telephone(groups)
        if groups[0] == "118" and len(groups) == 2:
            return ", ".join(self.cardinal(int(group)) for group in groups)
        if len(groups) == 1 and len(groups[0]) == 4:
            return " ".join(self.number(pair) for pair in re.findall("..", groups[0]))
        pairs = [
            pair for group in groups for pair in (re.findall("..", group) if len(group) == 10 else [group])
        ]
        return ", ".join(
            self.cardinal(int(pair)) if len(pair) == 2 and pair[0] != "0" else self.digits(pair)
            for pair in pairs
        )
