"""Spanish."""

from __future__ import annotations

import re

from voxpress.text.normalise.wording._base import Abbreviation, Currency, Unit, Wording

_ONES = [
    "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once",
    "doce", "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte",
    "veintiuno", "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete",
    "veintiocho", "veintinueve",
]  # fmt: skip
_TENS = ["_", "_", "veinte", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
_HUNDREDS = [
    "_", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos", "setecientos",
    "ochocientos", "novecientos",
]  # fmt: skip
_SCALES = (("millón", "millones"), ("billón", "billones"), ("trillón", "trillones"))
_ORDINAL_ONES = [
    "_", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno",
]  # fmt: skip
_ORDINAL_TENS = [
    "_", "décimo", "vigésimo", "trigésimo", "cuadragésimo", "quincuagésimo", "sexagésimo", "septuagésimo",
    "octogésimo", "nonagésimo",
]  # fmt: skip
_ORDINAL_HUNDREDS = [
    "_", "centésimo", "ducentésimo", "tricentésimo", "cuadringentésimo", "quingentésimo", "sexcentésimo",
    "septingentésimo", "octingentésimo", "noningentésimo",
]  # fmt: skip
_PARTS = {
    2: "medio",
    3: "tercio",
    4: "cuarto",
    5: "quinto",
    6: "sexto",
    7: "séptimo",
    8: "octavo",
    9: "noveno",
    10: "décimo",
}
_HALVES = {"a": "de la mañana", "p": "de la tarde"}

_MASCULINE = frozenset(
    ["día", "problema", "programa", "sistema", "tema", "idioma", "mapa", "planeta", "clima", "aroma", "poema"]
)
"""Nouns with the ending of the other gender."""
_FEMININE = frozenset(
    [
        "vez", "veces", "luz", "voz", "mano", "noche", "clase", "parte", "calle", "tarde",
        "fase", "llave", "serie", "base", "nube", "sangre", "torre", "leche", "sal", "piel",
        "foto", "moto", "radio", "imagen", "cruz", "nuez", "red",
    ]
)  # fmt: skip
_NO_NOUNS = frozenset(["por", "mayor", "menor", "mejor", "peor", "del", "igual", "cual", "tal", "con"])
"""Words that end as nouns do."""
_STATES = frozenset(
    ["ahora", "terminado", "activado", "desactivado", "encendido", "apagado", "completado", "finalizado"]
)
"""Words behind a number that it does not count: temporizador uno terminado."""


def _units() -> dict[str, Unit]:
    table = """
    mm:milímetro cm:centímetro dm:decímetro m:metro km:kilómetro µm:micrómetro μm:micrómetro nm:nanómetro
    mg:miligramo g:gramo kg:kilogramo t:tonelada//f ml:mililitro cl:centilitro dl:decilitro l:litro L:litro
    ms:milisegundo s:segundo seg:segundo min:minuto h:hora//f hs:hora//f ha:hectárea//f lb:libra//f oz:onza//f
    V:voltio mV:milivoltio kV:kilovoltio W:vatio kW:kilovatio MW:megavatio GW:gigavatio
    kWh:kilovatio_hora/kilovatios_hora
    A:amperio mA:miliamperio J:julio kJ:kilojulio kcal:kilocaloría//f cal:caloría//f
    N:newton/newtons Pa:pascal/pascales
    hPa:hectopascal/hectopascales kPa:kilopascal/kilopascales bar:bar/bares
    Hz:hercio kHz:kilohercio MHz:megahercio GHz:gigahercio kB:kilobyte KB:kilobyte MB:megabyte
    GB:gigabyte TB:terabyte
    dB:decibelio ft:pie in:pulgada//f psi:P_S_I/P_S_I cv:caballo CV:caballo
    km/h:kilómetro_por_hora/kilómetros_por_hora kph:kilómetro_por_hora/kilómetros_por_hora
    mph:milla_por_hora/millas_por_hora/f °C:grado_centígrado/grados_centígrados
    ℃:grado_centígrado/grados_centígrados
    mmHg:milímetro_de_mercurio/milímetros_de_mercurio
    lpm:latido_por_minuto/latidos_por_minuto
    °F:grado_Fahrenheit/grados_Fahrenheit ℉:grado_Fahrenheit/grados_Fahrenheit K:kelvin/kelvins
    """
    units = {}
    for entry in table.split():
        symbol, _, names = entry.partition(":")
        one, many, gender, *_ = (*names.replace("_", " ").split("/"), "", "")
        units[symbol] = Unit(one, many or one + "s", gender or "m")
    for symbol in ("mm", "cm", "m", "km"):
        for power, name in (("²", "cuadrado"), ("2", "cuadrado"), ("³", "cúbico"), ("3", "cúbico")):
            unit = units[symbol]
            units[symbol + power] = Unit(f"{unit.one} {name}", f"{unit.many} {name}s")
    for sign in ("° c", "° C", "ºC", "º C"):
        units[sign] = units["°C"]
    for sign in ("° k", "° K", "°K"):
        units[sign] = Unit("grado Kelvin", "grados Kelvin")
    return units


def _currencies() -> dict[str, Currency]:
    cent = ("centavo", "centavos")
    found = {
        "$": Currency("dólar", "dólares", *cent), "€": Currency("euro", "euros", "céntimo", "céntimos"),
        "£": Currency("libra", "libras", "penique", "peniques", "f"), "¥": Currency("yen", "yenes", *cent),
        "₩": Currency("won", "wones", *cent), "₡": Currency("colón", "colones", "céntimo", "céntimos"),
        "₧": Currency("peseta", "pesetas", *cent, "f"), "ptas": Currency("peseta", "pesetas", *cent, "f"),
        "₽": Currency("rublo", "rublos", "kopek", "kopeks"),
        "₹": Currency("rupia", "rupias", "paisa", "paisas", "f"),
    }  # fmt: skip
    named = {
        "eur": ("euro", "euros", "m", "céntimo"),
        "usd": ("dólar estadounidense", "dólares estadounidenses", "m", "centavo"),
        "us$": ("dólar estadounidense", "dólares estadounidenses", "m", "centavo"),
        "gbp": ("libra", "libras", "f", "penique"),
        "mxn": ("peso mexicano", "pesos mexicanos", "m", "centavo"),
        "mex$": ("peso mexicano", "pesos mexicanos", "m", "centavo"),
        "ars": ("peso argentino", "pesos argentinos", "m", "centavo"),
        "cop": ("peso colombiano", "pesos colombianos", "m", "centavo"),
        "clp": ("peso chileno", "pesos chilenos", "m", "centavo"),
        "bop": ("peso boliviano", "pesos bolivianos", "m", "centavo"),
        "nio": ("córdoba", "córdobas", "m", "centavo"), "pab": ("balboa", "balboas", "m", "centésimo"),
        "crc": ("colón costarricense", "colones costarricenses", "m", "céntimo"),
        "gtq": ("quetzal", "quetzales", "m", "centavo"),
        "hnl": ("lempira", "lempiras", "m", "centavo"), "jpy": ("yen", "yenes", "m", "centavo"),
        "chf": ("franco suizo", "francos suizos", "m", "céntimo"),
        "hkd": ("dólar de Hong Kong", "dólares de Hong Kong", "m", "centavo"),
        "ttd": ("dólar de Trinidad y Tobago", "dólares de Trinidad y Tobago", "m", "centavo"),
        "awg": ("florín arubeño", "florines arubeños", "m", "centavo"),
        "brl": ("real brasileño", "reales brasileños", "m", "centavo"),
        "r$": ("real", "reales", "m", "centavo"), "rs": ("rupia", "rupias", "f", "paisa"),
        "kr": ("corona", "coronas", "f", "øre"),
        "pen": ("sol", "soles", "m", "céntimo"), "s/": ("sol", "soles", "m", "céntimo"),
        "cup": ("peso cubano", "pesos cubanos", "m", "centavo"),
    }  # fmt: skip
    for code, (one, many, gender, small) in named.items():
        for sign in (code, code.upper()):
            found[sign] = Currency(one, many, small, small + "s", gender)
    found["MEX$"] = found["mex$"]
    return found


def _abbreviations() -> dict[str, Abbreviation]:
    titles = {
        "Sr": "señor", "Sra": "señora", "Srta": "señorita", "Sres": "señores", "Sras": "señoras",
        "Dr": "doctor",
        "Dra": "doctora", "D": "don", "Dña": "doña", "Da": "doña", "Prof": "profesor", "Profa": "profesora",
        "Ing": "ingeniero", "Lic": "licenciado", "Gral": "general", "Cap": "capitán", "Sto": "santo",
        "Sta": "santa",
        "Arq": "arquitecto", "Mons": "monseñor",
    }  # fmt: skip
    numbers = {
        "Núm": "número", "Cód": "código", "cód": "código",
        "núm": "número", "No": "número", "pág": "página", "págs": "páginas", "Pág": "página",
        "cap": "capítulo",
        "vol": "volumen", "art": "artículo", "Art": "artículo", "fig": "figura", "Tel": "teléfono",
        "tel": "teléfono",
        "Tfno": "teléfono", "ext": "extensión", "aprox": "aproximadamente", "izq": "izquierda", "mar": "martes",
        "p": "página",
        "pp": "páginas",
    }  # fmt: skip
    found = {f"{key}.": Abbreviation(said, "title") for key, said in titles.items()}
    found |= {
        f"{key.lower()}.": Abbreviation(said, "any")
        for key, said in titles.items()
        if len(key) > 1 and key not in ("Sta", "Cap", "Da")
    }
    found |= {f"{key}.": Abbreviation(said, "number") for key, said in numbers.items()}
    found["da."] = Abbreviation("doña", "title")
    found["Cap."] = Abbreviation("capitán", "title", numbered="capítulo")
    plain = {
        "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "etc.": "etcétera",
        "EE. UU.": "Estados Unidos",
        "ee. uu.": "Estados Unidos", "EE.UU.": "Estados Unidos", "p. ej.": "por ejemplo",
        "a. C.": "antes de Cristo",
        "d. C.": "después de Cristo", "a. c.": "antes de Cristo", "d. c.": "después de Cristo",
        "avda.": "avenida",
        "Avda.": "avenida", "Av.": "avenida", "av.": "avenida", "c/": "calle", "C/": "calle", "pza.": "plaza",
        "Pza.": "plaza",
        "esq.": "esquina", "dpto.": "departamento", "Dpto.": "departamento", "aprox.": "aproximadamente",
        "máx.": "máximo",
        "mín.": "mínimo", "c.º b.": "camino bajo", "n.º": "número",
        "n°": "número", "N°": "número", "N.º": "número", "nº": "número",
        "Nº": "número",
        "M.N.": "moneda nacional", "S. A.": "S A", "S.A.": "S A", "S. L.": "S L", "S.L.": "S L", "vier.": "viernes",
        "JJ. OO.": "Juegos Olímpicos", "Ref.": "referencia", "ref.": "referencia", "Ldo.": "licenciado",
        "Lda.": "licenciada",
        "cód. postal": "código postal", "Cód. postal": "código postal",
        "a.m.": "de la mañana", "p.m.": "de la tarde", "ec": "era común",
    }  # fmt: skip
    found |= {key: Abbreviation(said) for key, said in plain.items()}
    found["s."] = Abbreviation("siglo", "number")
    found["ss."] = Abbreviation("siglos", "number")
    found["ec"] = Abbreviation("era común", "after", certain=False)
    return found


class Spanish(Wording):
    """Spanish."""

    point, groups = ",", r"[. ]"
    numerals = tuple(_ONES[:10])
    between = {"entre": "y"}
    to_day = "al"
    ending_words = ("terminada en",)
    pressed = r"(?:puls[ae]|marque|marca|presion[ea]|oprim[ae])(?: (?:el|la|tecla)){0,3}"
    masked = "terminada en"
    expiry = r"[Vv]ence(?: en| a fines de)?|[Vv]encimiento|[Cc]aduca|[Cc]aducidad|[Vv]álida hasta"
    postcodes = True
    and_, or_ = "y", "o"
    hyphen, slash = "guion", "barra"
    point_word, minus, plus, times, divided, equals = (
        "coma",
        "menos",
        "más",
        "por",
        "dividido entre",
        "es igual a",
    )
    to, by, per, percent, per_mille, plus_minus = "a", "por", "por", "por ciento", "por mil", "más menos"
    about, dot, extension, power = "unos", "punto", "extensión", "por diez elevado a"
    over, less, greater, at_most, at_least = "sobre", "menor que", "mayor que", "como máximo", "como mínimo"
    months = (
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
        "noviembre", "diciembre",
    )  # fmt: skip
    month_short = {
        "ene": 1, "feb": 2, "mar": 3, "abr": 4, "jun": 6, "jul": 7, "ago": 8, "sep": 9, "sept": 9,
        "setiembre": 9, "oct": 10,
        "nov": 11, "dic": 12,
    }  # fmt: skip
    leads_to_dotted = r"(?:(?<=\blas ))"
    date_words = "el del al mar. fecha: vence caduca"
    month_before_day = True
    weekdays = {
        "Lun": "lunes",
        "Mart": "martes",
        "Mié": "miércoles",
        "Jue": "jueves",
        "Vie": "viernes",
        "Sáb": "sábado",
        "Dom": "domingo",
        "lun": "lunes",
        "mart": "martes",
        "mié": "miércoles",
        "jue": "jueves",
        "vie": "viernes",
        "sáb": "sábado",
        "dom": "domingo",
    }
    units, currencies, abbreviations = _units(), _currencies(), _abbreviations()
    scales = {
        "mil": ("mil", "mil"), "millón": ("millón", "millones"), "millones": ("millón", "millones"),
        "M": ("millón", "millones"),
        "billón": ("billón", "billones"), "billones": ("billón", "billones"),
        "trillones": ("trillón", "trillones"),
    }  # fmt: skip
    cents_and = "con"
    of_money = "de"
    signs = {"§": "sección", "№": "número", "#": "número", "~": "unos", "≈": "unos"}
    week = {"L-V": ("lunes", "viernes")}
    degree_orders = True
    every = "cada"
    inch = Unit("pulgada", "pulgadas", "f")
    degree = Unit("grado", "grados")
    points = {"N": "norte", "S": "sur", "E": "este", "O": "oeste", "W": "oeste"}
    pressures = frozenset({"tensión", "presión"})
    clear_weekdays = ("Lun", "Mié", "Jue", "Vie", "Sáb")
    code_words = (
        r"(?:PIN|OTP|CVV|CVC|[Cc]ód\.(?: postal)?|[Cc]ódigos?(?: postal| de \w{1,20})?|[Cc]lave|[Cc]ontraseña|C\.?P\.?|"
        r"(?:[Cc]uenta|[Tt]arjeta|[Pp]edido|[Rr]eferencia|[Rr]eserva|[Ee]xpediente)(?: (?:número|n\.º|"
        r"nº))?|terminada en|DNI|[Ee]xtensi(?:ón|ones)|[Ee]xt\.|"
        r"(?:[Ii]nterno|[Aa]nexo|[Bb]uzón|[Uu]suario|[Aa]gente|[Cc]ola)(?=\W{1,3}\d{3}))"
    )
    code_links = (
        r"(?:ahora )?es|son|n°|"
        r"(?:se )?ha(?: sido)? (?:cambiado|cambiada|restablecido|actualizado) a|se (?:cambió|restableció) a|"
        r"fue (?:cambiad|restablecid|actualizad)[oa] a"
    )
    secrets = "PIN|[Cc]ódigo|[Cc]lave|[Cc]ontraseña"
    code_ends = "es|a"
    code_starts = "(?:es|como) (?:su|tu)"
    date_joints = "al|hasta(?: el)?"
    counted = frozenset(
        [
            "dígitos", "cifras", "caracteres", "letras", "números", "segundos", "minutos", "horas", "días",
            "semanas", "meses", "años", "veces", "euros", "dólares", "pesos", "puntos", "personas",
        ]
    )  # fmt: skip
    after_number = frozenset(
        ["y", "o", "para", "ahora", "hoy", "si", "en", "desde", "de", "es", "a", "con", "por", "mañana"]
    )
    article = "(?:el |la |al )?"
    phone_words = (
        r"(?:[Ee]nv[ií]e [A-ZÀ-Þ\d]{2,12} al|[Ee]mergencias|"
        r"[Ll]lam[eé](?:nos)?(?: al)?|[Mm]arque(?: el)?|[Tt]eléfono|[Tt]el\.|[Tt]fno\.|[Mm]óvil|"
        r"[Ff]ax|[Nn]úmero)"
    )
    year_words = "en de del desde hasta año años el entre y siglo"
    chapter_words = "capítulo cap. parte acto tomo libro volumen título fase guerra mundial tipo anexo"
    rulers = (
        "Felipe Alfonso Carlos Fernando Isabel Juan Pablo Enrique Luis Pedro Benedicto Pío León "
        "Francisco Sancho Jaime María "
        "maría Jorge Eduardo Guillermo Napoleón Nicolás Alejandro Ramsés Gregorio Clemente Ricardo Otón "
        "Federico José"
    )
    centuries = r"\b(?:[Ss]iglos? |ss?\. )([IVXivx]{1,6})(?![\wáéíóú])|\baño ([mdclxvi]{3,12}|[MDCLX][MDCLXVI]{1,11})\b"
    queens = frozenset({"Isabel", "María", "maría", "Cristina", "Juana"})
    ordinal_endings = r"\.?[ºª°ᵒᵃ]|\.?[eᵉ][rʳ]|er|ero|ro|ra|do|da|to|ta|mo|ma|vo|va|no|na"
    telephones = (
        r"|\d{4}-\d{4}|\d{3}-\d{3}-\d{3}"
        r"|[6-9]\d\d(?: \d{3}){2}|[6-9]\d\d(?: \d\d){3}|[6-9]\d{8}(?! ?[€$%])|[89]\d \d{3} \d\d \d\d"
    )
    roman_articles = {"el": "º", "la": "ª", "del": "º", "al": "º"}
    closing = frozenset(
        {"etc.", "EE. UU.", "S. A.", "S.A.", "a. C.", "d. C.", "EE.UU.", "M.N.", "Ud.", "Uds."}
    )
    hour_sign = r"h(?:s|rs|oras?)?\b"
    bare_hours = r"h(?:s|rs|oras?)?\b"
    rates = {"h": "hora", "d": "día", "l": "litro", "kg": "kilogramo", "km": "kilómetro", "min": "minuto"}
    word_units = frozenset({"A", "in"})
    unit_articles = "el|al|por|cada|del"

    def __init__(self, language: str) -> None:
        super().__init__(language)
        if set(language.split("-")[1:]) & {"MX", "US", "GT", "HN", "NI", "PA", "SV", "DO", "PR"}:
            self.point, self.groups, self.point_word = ".", ",", "punto"

        if set(language.split("-")[1:]) & {"MX", "AR", "CL", "CO", "UY", "DO", "CU"}:
            peso = Currency("peso", "pesos", "centavo", "centavos")
            self.currencies = {**self.currencies, "$": peso}

    def telephone(self, groups: list[str]) -> str:
        return ", ".join(
            "ochocientos" if group == "800" else group if group.isalpha() else self.digits(group)
            for group in groups
        )

    def cardinal(self, number: int, gender: str = "") -> str:
        if number == 0:
            return "cero"
        millions, rest = divmod(number, 10**6)
        said: list[str] = []
        for one, many in _SCALES:
            millions, group = divmod(millions, 10**6)
            if group:
                said.insert(0, f"un {one}" if group == 1 else f"{self._below_million(group, 'm')} {many}")
        if rest:
            said.append(self._below_million(rest, gender))
        return " ".join(said)

    def _below_million(self, number: int, gender: str) -> str:
        thousands, rest = divmod(number, 1000)
        said = []
        if thousands:
            said = ["mil"] if thousands == 1 else [self._group(thousands, gender or "m"), "mil"]
        if rest:
            said.append(self._group(rest, gender))
        return " ".join(said)

    def _group(self, number: int, gender: str) -> str:
        if number == 100:
            return "cien"
        hundreds, rest = divmod(number, 100)
        said = [_HUNDREDS[hundreds]] if hundreds else []
        if gender == "f" and hundreds > 1:
            said = [said[0][:-2] + "as"]
        if 0 < rest < 30:
            said.append(_ONES[rest])
        elif rest:
            said.append(_TENS[rest // 10] + (f" y {_ONES[rest % 10]}" if rest % 10 else ""))
        text = " ".join(said)
        if rest % 10 == 1 and rest != 11 and gender:
            text = text.removesuffix("uno") + ("una" if gender == "f" else "ún" if rest == 21 else "un")
        return text

    def decimals(self, written: str) -> str:
        if len(written) <= 3 and written[0] != "0":
            return self.cardinal(int(written))
        pairs = re.findall(r"\d\d?", written)
        return " ".join(self.digits(p) if p[0] == "0" else self.cardinal(int(p)) for p in pairs)

    def number(self, written: str, gender: str = "") -> str:
        whole, rest = self.split_number(written)
        if (
            rest
            and gender == "f"
            and whole.isdecimal()
            and len(whole) < 16
            and not (len(whole) > 1 and whole[0] == "0")
        ):
            decimals = self.decimals(rest)
            decimals = decimals[:-1] + "a" if decimals.endswith("uno") else decimals
            return f"{self.cardinal(int(whole), 'f')} {self.point_word} {decimals}"
        said = super().number(written, gender)
        if rest and gender == "m" and said.endswith("uno"):
            return said[:-4] + "iún" if said.endswith("iuno") else said[:-1]
        return said

    def gender_of(self, after: str) -> str:
        if after in ("millones", "billones", "trillones"):
            return "m"
        if after in ("millón", "billón"):
            return "m"
        if after in _FEMININE or after.removesuffix("s") in _FEMININE:
            return "f"
        if (
            not after.islower()
            or len(after) < 3
            or after in _STATES
            or after in ("como", "para", "pero", "menos", "más", "las", "los", "una", "uno")
        ):
            return ""
        if after.removesuffix("s") in _MASCULINE or (
            after.endswith(("aje", "ente", "ete", "or", "el", "al", "ón"))
            and not after.endswith(("mente", "ión"))
            and after not in _NO_NOUNS
        ):
            return "m"
        return (
            "f"
            if after.endswith(("as", "a", "dad", "ción", "dades", "ciones")) and after != "días"
            else ("m" if after.endswith(("os", "o", "es", "ar", "días")) else "")
        )

    def agree(self, said: str, gender: str, after: str) -> str:
        if said == "un medio" and gender:
            return "media" if gender == "f" else "medio"
        if gender == "f" and said.endswith("y medio"):
            return re.sub(r"\buno y medio$", "una y medio", said)[:-1] + "a"
        return said

    def multiple(self, number: int) -> str:
        return f"{self.cardinal(number, 'f')} {'vez' if number == 1 else 'veces'}"

    def ordinal(self, number: int, ending: str = "") -> str:
        ending = ending.lower().lstrip(".")
        feminine = ending in ("ª", "ᵃ", "f") or ending.endswith("a")
        said = self._ordinal(number)
        if feminine:
            said = re.sub(r"o\b", "a", said)
        elif ending in ("er", "ᵉʳ", "eʳ") and said.endswith(("primero", "tercero")):
            said = said[:-1]
        return said

    def _ordinal(self, number: int) -> str:
        if not 0 < number < 10**6:
            return self.cardinal(number)
        if number >= 2000 and number % 1000 == 0:
            return self.cardinal(number // 1000, "m").replace(" ", "") + "milésimo"
        thousands, rest = divmod(number, 1000)
        said = (
            ["milésimo"]
            if thousands == 1
            else [self.cardinal(thousands, "m").replace(" ", "") + "milésimo"]
            if thousands
            else []
        )
        hundreds, rest = divmod(rest, 100)
        if hundreds:
            said.append(_ORDINAL_HUNDREDS[hundreds])
        if rest in (11, 12) and not said:
            said.append("undécimo" if rest == 11 else "duodécimo")
        elif 10 < rest < 30 and rest % 10:
            ones = _ORDINAL_ONES[rest % 10]
            joined = ("decimo" if rest < 20 else "vigesimo") + ones
            said.append(joined.replace("oo", "o"))
        elif rest:
            tens, ones_ = divmod(rest, 10)
            said += [
                name
                for name in (_ORDINAL_TENS[tens] if tens else "", _ORDINAL_ONES[ones_] if ones_ else "")
                if name
            ]
        return " ".join(said)

    def fits_ordinal(self, number: int, ending: str) -> bool:
        return not ending.isalpha() or ending in ("ᵉʳ", "eʳ", "º", "ª") or (self._ordinal(number).startswith(
            self._ordinal(number)[:1]
        ) and self.ordinal(number, ending).endswith(ending.lower()))  # fmt: skip

    def fraction(self, above: int, below: int) -> str:
        count = self.cardinal(above, "m")
        if (above, below) == (1, 2):
            return "un medio"
        name = _PARTS.get(below) or self._part(below)
        if not name:
            return f"{self.cardinal(above)} sobre {self.cardinal(below)}"
        return f"{count} {name}{'' if above == 1 else 's'}"

    def _part(self, below: int) -> str:
        if below < 100:
            plain = self.cardinal(below).translate(str.maketrans("áéíóú", "aeiou"))
            return (
                plain.replace(" y ", "i").removesuffix(
                    "o" if plain.endswith("uno") else "a" if below > 29 else ""
                )
                + "avo"
            )
        if below < 1000:
            return _ORDINAL_HUNDREDS[below // 100] if below % 100 == 0 else ""
        if below % 10**6 == 0:
            count = below // 10**6
            return ("" if count == 1 else self.cardinal(count, "m").replace(" ", "")) + "millonésimo"
        if below % 1000 == 0:
            return ("" if below == 1000 else self.cardinal(below // 1000, "m").replace(" ", "")) + "milésimo"
        return ""

    def mixed(self, whole: str, above: int, below: int) -> str:
        part = "medio" if (above, below) == (1, 2) else self.fraction(above, below)
        return f"{self.number(whole)} y {part}"

    def mixed_measure(self, whole: str, above: int, below: int, unit: Unit) -> str:
        number = self.number(whole, unit.gender).removesuffix("un") + (
            "uno" if self.number(whole, unit.gender) == "un" else ""
        )
        if (above, below) == (1, 2):
            half = "media" if unit.gender == "f" else "medio"
            return f"{number} y {half} {unit.one if whole == '1' else unit.many}"
        return f"{number} y {self.fraction(above, below)} de {unit.one}"

    def part_of(self, above: int, below: int, unit: Unit) -> str:
        if (above, below) == (1, 2):
            return f"{'media' if unit.gender == 'f' else 'medio'} {unit.one}"
        return f"{self.fraction(above, below)} de {unit.one}"

    def date(self, day: int, month: int, year: str, before: str, *, month_first: bool = False) -> str:
        name = self.months[month - 1]
        of_year = f" de {self.year_of(year)}" if year else ""
        if not day:
            return name + of_year
        return f"{'primero' if day == 1 else self.cardinal(day)} de {name}{of_year}"

    def time(self, hour: int, minute: int, second: int | None, half: str) -> str:
        if second is not None:
            hours = f"{self.cardinal(hour, 'f')} hora{'' if hour == 1 else 's'}"
            minutes = f"{self.cardinal(minute, 'm')} minuto{'' if minute == 1 else 's'}"
            return f"{hours} {minutes} y {self.cardinal(second, 'm')} segundo{'' if second == 1 else 's'}"
        said = self.cardinal(hour, "f")
        if not minute and half == "h":
            said += " hora" if hour == 1 else " horas"
        elif minute:
            said += f" y {({15: 'cuarto', 30: 'media'}).get(minute) or self.cardinal(minute)}"
        if half == "p":
            return f"{said} {'del mediodía' if hour == 12 else 'de la noche' if 8 <= hour < 12 else 'de la tarde'}"
        if half == "a":
            return f"{said} {'de la noche' if hour == 12 else 'de la mañana'}"
        return said

    def price(self, written: str, money: Currency) -> str:
        said = super().price(written, money)
        whole, rest = self.split_number(written)
        return (
            said
            if rest.strip("0") or len(whole) < 7 or int(whole) % 10**6
            else said.replace(money.many, f"de {money.many}")
        )

    def roman(self, number: int, kind: str) -> str:
        if kind == "queen" and number <= 10:
            return self.ordinal(number, "ª")
        return self.ordinal(number) if kind == "ruler" and number <= 10 else self.cardinal(number)
