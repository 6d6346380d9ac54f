"""English."""

from __future__ import annotations

from voxpress.text.normalise.wording._base import Abbreviation, Currency, Unit, Wording

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion")
_IRREGULAR = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_DAY_FIRST = {"GB", "AU", "NZ", "IE", "ZA", "IN", "SG", "HK", "MT", "KE", "NG"}


def _units() -> dict[str, Unit]:
    table = """
    mm:millimeter cm:centimeter dm:decimeter m:meter km:kilometer µm:micrometer μm:micrometer nm:nanometer
    mg:milligram g:gram kg:kilogram KG:kilogram µg:microgram μg:microgram t:ton oz:ounce lb:pound lbs:pound
    ml:milliliter mL:milliliter cl:centiliter dl:deciliter dL:deciliter l:liter L:liter gal:gallon qt:quart tsp:teaspoon
    tbsp:tablespoon ms:millisecond s:second sec:second secs:second min:minute mins:minute h:hour
    hr:hour hrs:hour
    mi:mile yd:yard yds:yard ft:foot/feet in:inch/inches ha:hectare/hectares ac:acre
    V:volt mV:millivolt kV:kilovolt W:watt mW:milliwatt kW:kilowatt MW:megawatt GW:gigawatt kWh:kilowatt-hour
    MWh:megawatt-hour kwh:kilowatt-hour mAh:milliamp-hour Ah:amp-hour mA:milliamp Ω:ohm kΩ:kiloohm
    J:joule kJ:kilojoule cal:calorie kcal:kilocalorie N:newton Nm:newton-meter Pa:pascal hPa:hectopascal
    kPa:kilopascal bar:bar mbar:millibar
    kHz:kilohertz/kilohertz MHz:megahertz/megahertz GHz:gigahertz/gigahertz Hz:hertz/hertz
    B:byte KB:kilobyte kB:kilobyte MB:megabyte GB:gigabyte TB:terabyte PB:petabyte KiB:kibibyte
    MiB:mebibyte GiB:gibibyte
    kbit:kilobit Mbit:megabit Gbit:gigabit
    dB:decibel px:pixel pt:point rpm:revolution_per_minute/revolutions_per_minute
    mph:mile_per_hour/miles_per_hour kph:kilometer_per_hour/kilometers_per_hour
    kmh:kilometer_per_hour/kilometers_per_hour
    fps:frame_per_second/frames_per_second ppm:part_per_million/parts_per_million
    cc:c_c/c_c mmHg:millimeter_of_mercury/millimeters_of_mercury
    bpm:beat_per_minute/beats_per_minute mcg:microgram IU:international_unit mEq:milliequivalent mmol:millimole
    yr:year yrs:year mos:month wk:week wks:week psi:pound_per_square_inch/pounds_per_square_inch
    kbps:kilobit_per_second/kilobits_per_second mbps:megabit_per_second/megabits_per_second
    Mbps:megabit_per_second/megabits_per_second Gbps:gigabit_per_second/gigabits_per_second
    °C:degree_Celsius/degrees_Celsius °F:degree_Fahrenheit/degrees_Fahrenheit ℃:degree_Celsius/degrees_Celsius
    ℉:degree_Fahrenheit/degrees_Fahrenheit °:degree º:degree ºC:degree_Celsius/degrees_Celsius
    ºF:degree_Fahrenheit/degrees_Fahrenheit
    mol:mole lx:lux/lux lm:lumen cd:candela
    """
    units = {}
    for entry in table.split():
        symbol, names = entry.split(":")
        one, _, many = names.replace("_", " ").partition("/")
        units[symbol] = Unit(one, many or one + "s")
    for symbol in ("mm", "cm", "m", "km", "in", "ft", "mi", "yd"):
        for power, name in (("²", "square"), ("2", "square"), ("³", "cubic"), ("3", "cubic")):
            unit = units[symbol]
            units[symbol + power] = Unit(f"{name} {unit.one}", f"{name} {unit.many}")
    for symbol in ("in", "ft", "yd", "mi", "m", "km", "cm"):
        for short, power in (("sq", "²"), ("cu", "³")):
            for written in (f"{short} {symbol}", f"{short}. {symbol}"):
                units[written] = units[symbol + power]
    units["fl oz"] = units["fl. oz"] = Unit("fluid ounce", "fluid ounces")
    units["Tbsp"] = units["tbsp"]
    return units


def _currencies() -> dict[str, Currency]:
    dollar = Currency("dollar", "dollars", "cent", "cents")
    pound = Currency("pound", "pounds", "penny", "pence")
    euro = Currency("euro", "euros", "cent", "cents")
    found = {"$": dollar, "£": pound, "€": euro, "GBP": pound, "EUR": euro, "¢": Currency("cent", "cents")}
    for country, signs in {
        "US": "US$ USD", "Canadian": "CA$ C$ CAD", "Australian": "A$ AU$ AUD", "New Zealand": "NZ$ NZD",
        "Hong Kong": "HK$ HKD", "Singapore": "S$ SGD",
    }.items():  # fmt: skip
        for sign in signs.split():
            found[sign] = Currency(f"{country} dollar", f"{country} dollars", "cent", "cents")
    found["¥"] = found["JPY"] = Currency("yen", "yen")
    found["￥"] = found["¥"]
    found["CNY"] = found["RMB"] = Currency("yuan", "yuan", "fen", "fen")
    found["₩"] = found["KRW"] = Currency("won", "won")
    found["₹"] = found["INR"] = found["Rs."] = found["Rs"] = Currency("rupee", "rupees", "paisa", "paise")
    found["₽"] = found["RUB"] = Currency("ruble", "rubles", "kopeck", "kopecks")
    found["₺"] = found["TRY"] = Currency("lira", "lira", "kurus", "kurus")
    found["₴"] = found["UAH"] = Currency("hryvnia", "hryvnias", "kopiyka", "kopiykas")
    found["₪"] = found["ILS"] = Currency("shekel", "shekels", "agora", "agorot")
    found["₫"] = found["VND"] = Currency("dong", "dong")
    found["฿"] = found["THB"] = Currency("baht", "baht", "satang", "satang")
    found["₱"] = found["PHP"] = Currency("peso", "pesos", "centavo", "centavos")
    found["₦"] = found["NGN"] = Currency("naira", "naira", "kobo", "kobo")
    found["₿"] = found["BTC"] = Currency("bitcoin", "bitcoins")
    found["CHF"] = Currency("Swiss franc", "Swiss francs", "centime", "centimes")
    found["R$"] = found["BRL"] = Currency("real", "reais", "centavo", "centavos")
    found["MXN"] = Currency("Mexican peso", "Mexican pesos", "centavo", "centavos")
    found["PLN"] = found["zł"] = Currency("zloty", "zlotys", "grosz", "groszy")
    found["SEK"] = Currency("Swedish krona", "Swedish kronor", "öre", "öre")
    found["NOK"] = Currency("Norwegian krone", "Norwegian kroner", "øre", "øre")
    found["DKK"] = Currency("Danish krone", "Danish kroner", "øre", "øre")
    found["ZAR"] = Currency("rand", "rand", "cent", "cents")
    return found


def _abbreviations() -> dict[str, Abbreviation]:
    titles = {
        "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor", "Rev": "Reverend",
        "Gen": "General", "Col": "Colonel", "Capt": "Captain", "Cpt": "Captain", "Lt": "Lieutenant",
        "Sgt": "Sergeant",
        "Maj": "Major", "Cmdr": "Commander", "Adm": "Admiral", "Gov": "Governor", "Sen": "Senator",
        "Hon": "Honorable",
        "Rep": "Representative", "Pres": "President", "Fr": "Father", "Mt": "Mount", "Ft": "Fort",
        "St": "Saint",
        "Messrs": "Messieurs", "Pvt": "Private", "Cpl": "Corporal",
    }  # fmt: skip
    numbers = {
        "No": "number", "no": "number", "Nos": "numbers", "nos": "numbers", "p": "page", "pp": "pages",
        "Vol": "volume",
        "vol": "volume", "Fig": "figure", "fig": "figure", "Figs": "figures", "figs": "figures",
        "Ch": "chapter",
        "ch": "chapter", "Sec": "section", "sec": "section", "Art": "article", "art": "article",
        "Eq": "equation",
        "eq": "equation", "Ext": "extension", "ext": "extension", "Apt": "apartment", "apt": "apartment",
        "Rm": "room", "rm": "room", "par": "paragraph", "ca": "circa", "c": "circa", "v": "version",
        "approx": "approximately",
        "Ste": "suite", "Tab": "table", "Bldg": "building", "Pg": "page",
        "Rte": "route", "Hwy": "highway", "pg": "page", "Tel": "telephone",
        "Ep": "episode", "ep": "episode", "Lat": "latitude", "lat": "latitude", "Long": "longitude", "tel": "telephone",
    }  # fmt: skip
    after = {
        "Ave": "Avenue", "ave": "avenue", "Blvd": "Boulevard", "blvd": "boulevard", "Rd": "Road",
        "rd": "road", "Ln": "Lane",
        "Ct": "Court", "Hwy": "Highway", "hwy": "highway", "Pkwy": "Parkway", "Expy": "Expressway",
        "Sq": "Square",
        "Jr": "Junior", "Sr": "Senior", "Co": "Company", "Corp": "Corporation", "Inc": "Incorporated",
        "Ltd": "Limited",
        "Bros": "Brothers", "Dept": "Department", "dept": "department", "Univ": "University",
        "Assn": "Association", "Fl": "Floor", "Qtr": "Quarter", "ea": "each",
    }  # fmt: skip
    found = {f"{key}.": Abbreviation(said, "title") for key, said in titles.items()}
    found |= {f"{key}.": Abbreviation(said, "number") for key, said in numbers.items()}
    found |= {f"{key}.": Abbreviation(said, "after") for key, said in after.items()}
    found |= {key: Abbreviation(titles[key], "title") for key in ("Dr", "Mr", "Mrs", "Ms", "Prof")}
    found |= {key: Abbreviation(numbers[key], "number") for key in ("pp", "Vol", "Fig", "Hwy", "Rte")}
    found |= {
        "e.g.": Abbreviation("for example"),
        "i.e.": Abbreviation("that is"),
        "etc.": Abbreviation("et cetera"),
        "vs.": Abbreviation("versus"),
        "approx.": Abbreviation("approximately"),
        "incl.": Abbreviation("including"),
        "excl.": Abbreviation("excluding"),
        "est.": Abbreviation("established", "number"),
        "et al.": Abbreviation("et al"),
        "cf.": Abbreviation("compare"),
        "a.k.a.": Abbreviation("also known as"),
        "w/o": Abbreviation("without"),
        "c/o": Abbreviation("care of"),
        "N/A": Abbreviation("N A"),
        "No. of": Abbreviation("number of"),
        "Acct.": Abbreviation("account"),
        "acct.": Abbreviation("account"),
        "Ref.": Abbreviation("reference"),
        "ref.": Abbreviation("reference"),
        "Pmt": Abbreviation("payment"),
        "pmt": Abbreviation("payment"),
        "Qty.": Abbreviation("quantity"),
        "qty.": Abbreviation("quantity"),
        "exp.": Abbreviation("expires", "number"),
        "Exp.": Abbreviation("expires", "number"),
        "w/": Abbreviation("with"),
        "Ph.D.": Abbreviation("P H D"),
        "misc.": Abbreviation("miscellaneous"),
        "dept.": Abbreviation("department"),
        "appt.": Abbreviation("appointment"),
        "temp.": Abbreviation("temperature", certain=False),
        "max.": Abbreviation("maximum"),
        "min.": Abbreviation("minimum", certain=False),
        "tel.": Abbreviation("telephone"),
        "Tel.": Abbreviation("telephone"),
        "ext.": Abbreviation("extension"),
        "401(k)": Abbreviation("four oh one K"),
        "A.D": Abbreviation("A D"),
        "A.D.": Abbreviation("A D"),
        "a.m.": Abbreviation("A M"),
        "p.m.": Abbreviation("P M"),
    }
    return found


def _states() -> dict[str, str]:
    table = """
    AL:Alabama AK:Alaska AZ:Arizona AR:Arkansas CA:California CO:Colorado CT:Connecticut DE:Delaware
    FL:Florida GA:Georgia
    HI:Hawaii ID:Idaho IL:Illinois IN:Indiana IA:Iowa KS:Kansas KY:Kentucky LA:Louisiana ME:Maine MD:Maryland
    MA:Massachusetts MI:Michigan MN:Minnesota MS:Mississippi MO:Missouri MT:Montana NE:Nebraska NV:Nevada
    NH:New_Hampshire NJ:New_Jersey NM:New_Mexico NY:New_York NC:North_Carolina ND:North_Dakota
    OH:Ohio OK:Oklahoma
    OR:Oregon PA:Pennsylvania RI:Rhode_Island SC:South_Carolina SD:South_Dakota TN:Tennessee
    TX:Texas UT:Utah VT:Vermont DC:D_C
    VA:Virginia WA:Washington WV:West_Virginia WI:Wisconsin WY:Wyoming
    """
    return {short: name.replace("_", " ") for short, name in (entry.split(":") for entry in table.split())}


class English(Wording):
    """English of any region; that of the United States without another."""

    point = "."
    groups = ","
    numerals = tuple(_ONES[:10])
    point_word = "point"
    minus, plus, times, divided, equals = "minus", "plus", "times", "divided by", "equals"
    to, by, per, percent, per_mille, plus_minus, about = (
        "to", "by", "per", "percent", "per mille", "plus or minus", "about",
    )  # fmt: skip
    between = {"between": "and"}
    ending_words = ("ending in", "ending with", "ends in")
    masked = "ending in"
    expiry = r"[Ee]xp(?:\.|iry|ires|iration)?(?: date)?|[Vv]alid (?:thru|through|until|to)"
    hyphen, slash = "dash", "slash"
    and_, or_ = "and", "or"
    eras_before = r"A\.D\.|AD"
    eras = r"A\.?D|B\.?C(?:\.?E)?|C\.?E"
    year_parts = {"Q": "quarter", "H": "half"}
    dot, extension, power = "dot", "extension", "times ten to the power of"
    streets = {
        "St": "Street", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Ct": "Court",
        "Hwy": "Highway", "HWY": "Highway", "hwy": "highway", "Pkwy": "Parkway", "Expy": "Expressway",
        "Sq": "Square", "st": "street",
        "ave": "avenue", "Pl": "Place", "Dr": "Drive", "Ter": "Terrace", "Cir": "Circle",
    }  # fmt: skip
    states = _states()
    months = (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    )  # fmt: skip
    month_short = {
        "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10,
        "nov": 11,
        "dec": 12,
    }  # fmt: skip
    weekdays = {
        "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday",
        "Weds": "Wednesday", "Thu": "Thursday",
        "Thur": "Thursday",
        "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
    }  # fmt: skip
    clear_weekdays = ("Mon", "Tue", "Tues", "Wed", "Weds", "Thu", "Thur", "Thurs", "Fri")
    week = {"M-F": ("Monday", "Friday")}
    inch = Unit("inch", "inches")
    degree = Unit("degree", "degrees")
    points = {"N": "north", "S": "south", "E": "east", "W": "west"}
    pressures = frozenset({"pressure", "BP", "bp"})
    units = _units()
    currencies = _currencies()
    scales = {
        **{word: (word, word) for word in ("hundred", "thousand", "million", "billion", "trillion")},
        "K": ("thousand", "thousand"), "k": ("thousand", "thousand"), "M": ("million", "million"),
        "m": ("million", "million"), "mn": ("million", "million"), "bn": ("billion", "billion"),
        "B": ("billion", "billion"), "b": ("billion", "billion"), "T": ("trillion", "trillion"),
        "tn": ("trillion", "trillion"),
    }  # fmt: skip
    abbreviations = _abbreviations()
    signs = {
        "§": "section",
        "§§": "sections",
        "¶": "paragraph",
        "№": "number",
        "#": "number",
        "~": "about",
        "≈": "about",
    }
    code_words = (
        r"(?:PINs?|pins?|Pin|OTP|otp|SSN|[Pp]asscodes?|[Pp]asswords?|[Zz]ip|ZIP|zip code|[Cc]odes?|"
        r"CVV|CVC|PNR|"
        r"(?:[Aa]ccount|[Cc]ard|[Oo]rder|[Tt]icket|[Rr]eference|[Cc]onfirmation|[Tt]racking|[Ss]erial|"
        r"[Cc]ustomer|[Bb]ooking|"
        r"[Mm]ember|[Ii]nvoice|[Pp]olicy|"
        r"(?<!\b[Ii]n )[Cc]ase|[Mm]eeting)s?(?: (?:numbers?|codes?|IDs?|ids?|no\.|No\.))?|"
        r"(?:[Mm]ailbox|[Vv]oicemail|[Uu]ser|[Aa]gent|[Cc]onference(?! (?:19|20)\d\d)|[Qq]ueue)"
        r"(?:e?s)?(?: (?:number|ID|id|room|bridge))?(?=\W{1,3}\d{3})|"
        r"ending in|ending with|ISBN|IBAN|VIN|IMEI|"
        r"[Ee]xtensions?|[Ee]xt\.?|[Pp]ostcodes?)"
    )
    code_links = (
        r"(?:is|are|was)(?: now)?|(?:was |has |has been )?changed from|at|on|no\.|No\.|n°|the number|will be|"
        r"(?:has been|have been|was|were|is|are)(?: now)? (?:changed|reset|set|updated|switched) to"
    )
    secrets = "PINs?|[Pp]in|OTP|[Cc]ode|[Pp]asscode|[Pp]assword"
    code_ends = "is|to"
    code_starts = "(?:is|as) your"
    date_joints = "until|till|through|thru"
    counted = frozenset(
        [
            "digit", "digits", "character", "characters", "letter", "letters", "number", "numbers", "second",
            "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months",
            "year", "years", "time", "times", "dollars", "euros", "pounds", "points", "people",
        ]
    )  # fmt: skip
    after_number = frozenset(
        [
            "now", "for", "to", "or", "and", "if", "in", "at", "from", "today", "immediately", "then", "on",
            "tomorrow", "again",
        ]
    )  # fmt: skip
    article = "(?:the )?"
    phone_words = (
        r"(?:[Cc]all|CALL|[Dd]ial|DIAL|[Pp]hone|[Tt]elephone|[Tt]el\.?|[Ff]ax|[Mm]obile|[Cc]ell|"
        r"[Tt]ext|(?:[Tt]ext|[Rr]eply|[Ss]end)(?: with)? [A-Z\d]{2,12} to|"
        r"[Rr]ing|[Nn]umber|"
        r"[Hh]otline|[Cc]all us (?:at|on)|reach us (?:at|on))"
    )
    year_words = (
        "in since year until till from by after before around circa during of born ended spring summer "
        "autumn fall winter "
        "between to and early late mid the class through ©"
    )
    chapter_words = (
        "chapter part act scene volume vol. section book appendix article title war phase type class "
        "level stage grade "
        "tier unit lesson step round episode season category bowl figure table schedule annex psalm "
        "canto division group "
        "mark"
    )
    rulers = (
        "Henry Louis Charles Elizabeth George Edward James William Richard Mary Philip Paul Benedict "
        "Pius Leo Francis "
        "Clement Gregory Innocent Urban Napoleon Frederick Nicholas Alexander Peter Catherine Ivan "
        "Ramses Ramesses Otto "
        "Wilhelm Leopold Albert Constantine Julius Sixtus Boniface Xerxes Darius Ptolemy Harald Olaf "
        "Christian Gustav "
        "Victor Umberto Ferdinand Alfonso Felipe Isabella Joseph Selim Mehmed Murad Robert Malcolm "
        "Baldwin Cleopatra "
        "Margrethe Theodore Stephen Tiberius Attila Edmund Sancho Pedro João Manuel Haakon Juan Theodosius"
    )
    month_before_day = decades = shillings = adjectives = feet = i_speaks = True
    date_words = (
        "on by until till before after since from through thru due ends starts begins expires reopens refill"
    )
    date_heads = (
        r"(?i:(?:[a-z]+ )?(?:date|due|delivery|appointment|reminder|collection|pickup|deadline)):|[Aa]s of"
    )
    before_times = "at|from|between|@"
    leads_to_hours = "at|from|until|till|between|by|before|after|since|around"
    out_of = "out of"
    version_point = "point"
    longest_plain = 9
    over, less, greater, at_most, at_least = "over", "less than", "greater than", "at most", "at least"
    rates = {
        "mo": "month", "yr": "year", "wk": "week", "d": "day", "hr": "hour", "h": "hour", "min": "minute",
        "kg": "kilogram",
        "km": "kilometer", "l": "liter", "lb": "pound", "oz": "ounce", "gal": "gallon", "bbl": "barrel", "ea": "each",
    }  # fmt: skip
    word_units = frozenset({"in", "pt", "bar", "ha", "ac", "t", "sec", "min", "second", "A", "N"})
    letter_units = "VWL"
    doubtful_units = frozenset({"m", "s", "h", "t", "B", "C"})
    two_faced = {"St.": ("Saint", "Street"), "Dr.": ("Doctor", "Drive")}
    closing = frozenset({"etc.", "Ph.D.", "et al.", "a.m.", "p.m.", "A.D."})
    ordinal_endings = "st|nd|rd|th|ST|ND|RD|TH"
    cents_and = "and"
    dotted_before = (
        r"(?:service|train|bus|coach|flight|ferry|tram|departure|arrival|showing|performance)s?\b"
        r"|(?:to|from) [A-Z]"
    )

    @property
    def _region(self) -> str:
        return next((p.upper() for p in self.language.split("-")[1:] if len(p) == 2), "")

    @property
    def month_first(self) -> bool | None:  # type: ignore[override]
        return None if self._region in ("", "CA") else self._region not in _DAY_FIRST

    @property
    def dotted_times(self) -> str:  # type: ignore[override]
        days = "|".join({*self.weekdays, *self.weekdays.values()})
        words = (
            "at|from|until|till|between|opens?|closes?|starts?|begins?|ends?|departs?|arrives?|it['’]s|it is|doors|"
            "before|after|around|"
            "(?<![a-z] )by"
        )
        return rf"(?i:{words}|(?:{days})\.?,?)" if self._region in _DAY_FIRST else ""

    def plural(self, said: str) -> str:
        if said.endswith("y"):
            return said[:-1] + "ies"
        return said + ("es" if said.endswith("x") else "s")

    def o_clock(self, hour: int, said: str) -> str:
        return f"{self.cardinal(hour)} hundred hours" if said.endswith("o'clock") else said

    def time_of_four_digits(self, hour: str, minute: str) -> str:
        hours = self.digits(hour) if hour[0] == "0" else self.number(hour)
        minutes = self.digits(minute) if minute[0] == "0" else self.number(minute)
        return f"{hours} {'hundred' if minute == '00' else minutes}"

    def counts(self, after: str) -> bool:
        if after in ("people", "men", "women", "children", "more", "percent", "of"):
            return True
        plural = after.endswith("s") and not after.endswith(("ss", "was", "this", "his"))
        return plural and after.islower() and len(after) > 3

    def fits_ordinal(self, number: int, ending: str) -> bool:
        return self.ordinal(number).endswith(ending.lower())

    def cardinal(self, number: int, gender: str = "") -> str:
        if number == 0:
            return "zero"
        said: list[str] = []
        scale = 0
        rest = number
        while rest:
            rest, group = divmod(rest, 1000)
            if group:
                said.insert(0, f"{self._group(group)} {_SCALES[scale]}".strip())
            scale += 1
        if self._region in _DAY_FIRST and len(said) > 1 and number % 1000 and number % 1000 < 100:
            said[-1] = f"and {said[-1]}"
        return " ".join(said)

    def _group(self, number: int) -> str:
        hundreds, rest = divmod(number, 100)
        said = [f"{_ONES[hundreds]} hundred"] if hundreds else []
        if rest:
            if hundreds and self._region in _DAY_FIRST:
                said.append("and")
            tens, ones = divmod(rest, 10)
            said.append(_ONES[rest] if rest < 20 else _TENS[tens] + (f"-{_ONES[ones]}" if ones else ""))
        return " ".join(said)

    def house(self, written: str) -> str:
        if len(written) == 4 and written.endswith("00") and written[1] != "0":
            return f"{self.number(written[:2])} hundred"
        if len(written) <= 2 or written.endswith("00"):
            return self.number(written)
        first, rest = written[:-2], written[-2:]
        if len(first) > 2:
            return self.digits(written)
        tail = f"oh {self.numerals[int(rest[1])]}" if rest[0] == "0" else self.number(rest)
        return f"{self.number(first)} {tail}"

    def multiple(self, number: int) -> str:
        return f"{self.cardinal(number)} {'time' if number == 1 else 'times'}"

    def ordinal(self, number: int, ending: str = "") -> str:
        said = self.cardinal(number)
        cut = max(said.rfind(" "), said.rfind("-")) + 1
        last = said[cut:]
        last = _IRREGULAR.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
        return said[:cut] + last

    def year(self, number: int) -> str:
        century, rest = divmod(number, 100)
        if (
            number < 100
            or not number % 1000
            or (number < 1000 and not rest)
            or (number >= 2100 and not rest)
            or number % 1000 < 10
        ):
            return self.cardinal(number)
        if not rest:
            return f"{self.cardinal(century)} hundred"
        return f"{self.cardinal(century)} {f'oh {_ONES[rest]}' if rest < 10 else self.cardinal(rest)}"

    def fraction(self, above: int, below: int) -> str:
        if below == 2:
            name = "half" if above == 1 else "halves"
        elif below == 4:
            name = "quarter" if above == 1 else "quarters"
        elif below < 2:
            return f"{self.cardinal(above)} over {self.cardinal(below)}"
        else:
            name = self.ordinal(below) + ("" if above == 1 else "s")
        return f"{self.cardinal(above)} {name}"

    def mixed(self, whole: str, above: int, below: int) -> str:
        part = "a half" if (above, below) == (1, 2) else self.fraction(above, below)
        return f"{self.number(whole)} and {part}"

    def date(self, day: int, month: int, year: str, before: str, *, month_first: bool = False) -> str:
        name = self.months[month - 1]
        said = self.year_of(year) if year else ""
        if not day:
            return f"{name} {said}".strip()
        if month_first:
            return f"{name} {self.ordinal(day)} {said}".strip()
        article = "" if before.endswith("the") else "the "
        return f"{article}{self.ordinal(day)} of {name} {said}".strip()

    def time(self, hour: int, minute: int, second: int | None, half: str) -> str:
        if second is not None:
            parts = [(hour, "hour"), (minute, "minute"), (second, "second")]
            said = [f"{self.cardinal(n)} {name}{'' if n == 1 else 's'}" for n, name in parts]
            return f"{said[0]} {said[1]} and {said[2]}" + (f" {half.upper()} M" if half in ("a", "p") else "")
        if minute:
            said_minute = f" {f'oh {_ONES[minute]}' if minute < 10 else self.cardinal(minute)}"
            hours = "zero" if hour == 0 else self.cardinal(hour)
            return hours + said_minute + (f" {half.upper()} M" if half else "")
        if half:
            return f"{self.cardinal(hour)} {half.upper()} M"
        if hour == 0:
            return "midnight"
        return f"{self.cardinal(hour)} o'clock" if hour <= 12 else f"{self.cardinal(hour)} hundred hours"

    def roman(self, number: int, kind: str) -> str:
        return f"the {self.ordinal(number)}" if kind == "ruler" else self.cardinal(number)

    def telephone(self, groups: list[str]) -> str:
        return ", ".join(
            "eight hundred" if group == "800" else group if group.isalpha() else self.digits(group)
            for group in groups
        )
