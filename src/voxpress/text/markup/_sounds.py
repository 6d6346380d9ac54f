"""The words with which prompt lists describe tones and silences, in the languages of these lists.

A description is a bag of words: their order differs by language (*error beep*, *tono de error*), and so do the small
words around them. So a word has a meaning here, and a description the meanings of its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from voxpress.text.patterns import lazily

_TONES = """
    beep beeps tone tones bip bips
    tono tonos pitido pitidos
    tonalité tonalités
    toni
    сигнал сигналы сигнала гудок гудки тон тоны
    ton töne signalton signaltöne piepton pieptöne piep pfeifton pfeiftöne
    tom tons bipe bipes
    toon tonen pieptoon fluittoon
"""
_KINDS = {
    "double": "double two doble dos deux doppio due двойной два doppelter doppelte doppel zwei duplo dois dubbele"
    " dubbel twee",
    "error": "error erreur errore ошибка ошибки fehler erro fout",
    "ascending": "ascending rising ascendente ascendentes ascendenti ascendant ascendants ascendante ascendantes"
    " montant montants crescente crescenti восходящий восходящие восходящего возрастающий возрастающие"
    " steigend steigende steigender aufsteigend aufsteigende aufsteigender crescentes oplopend oplopende stijgende",
    # "decending" is how Asterisk's list writes it.
    "descending": "descending decending falling descendente descendentes discendente discendenti descendant descendants"
    " descendante descendantes нисходящий нисходящие нисходящего убывающий убывающие fallend fallende fallender"
    " absteigend absteigende absteigender decrescente decrescentes aflopend aflopende dalende",
}
_AROUND = """
    this is a an simple short single sound plays play
    un una este es simple sencillo corto breve sonido suena de
    une ceci est court courte sonore son d
    uno questo è semplice suono di
    простой короткий звук звуковой
    ein eine einfacher einfache kurzer kurze dies ist
    um uma isto é simples curto som
    een eenvoudige korte geluid
"""
_JOINED = r"(fehler|fout|doppel|dubbel)(ton|töne|piep|toon|tonen)"
"""German and Dutch write kind and tone as one word."""
_SIZES = """
    long short brief largo larga corto corta breve long longue court courte lungo lunga longo longa curto curta
    moment momento instant instante augenblick ogenblik
    lang lange langer kurz kurze kurzer kort korte долгая длинная короткая небольшая
"""
_SILENCES = """
    silence pause silencio pausa silenzio тишина тишины пауза паузы молчание молчания stille pause silêncio
    stilte pauze
"""
_UNITS: Mapping[float, str] = {
    0.001: "ms millisecond milliseconds milisegundo milisegundos milliseconde millisecondes millisecondo millisecondi"
    " мс миллисекунда миллисекунды миллисекунд millisekunde millisekunden milissegundo milissegundos milliseconden",
    0.5: "полсекунды",
    1.0: "s sec secs second seconds segundo segundos seg seconde secondes secondo secondi с сек секунда секунды секунду"
    " секунд sekunde sekunden sek seconden",
    30.0: "полминуты",
    60.0: "min minute minutes minuto minutos minuti минута минуты минуту минут minuten minuut",
    3600.0: "hour hours hora horas heure heures ora ore час часа часов stunde stunden uur",
}
_COUNTS = (
    "one a an un una uno une один одна одну ein eine einer um uma een",
    "two dos deux due два две zwei dois duas twee",
    "three tres trois tre три drei três drie",
    "four cuatro quatre quattro четыре vier quatro",
    "five cinco cinq cinque пять fünf vijf",
    "six seis sei шесть sechs zes",
    "seven siete sept sette семь sieben sete zeven",
    "eight ocho huit otto восемь acht oito",
    "nine nueve neuf nove девять neun negen",
    "ten diez dix dieci десять zehn dez tien",
)
_MUSIC = "music música musica musique музыка musik muziek"
_SETTINGS = """
    on background hold waiting fondo espera fond attente sottofondo attesa ambiente fundo op achtergrond фоновая
"""
_OF = "of for de di d da von van the"

_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_COUNT_OF = {word: float(count) for count, words in enumerate(_COUNTS, 1) for word in words.split()}
_IS_TONE, _IS_AROUND = frozenset(_TONES.split()), frozenset(_AROUND.split())
_IS_SILENCE, _IS_OF = frozenset(_SILENCES.split()), frozenset(_OF.split())
_IS_SIZE, _IS_MUSIC = frozenset(_SIZES.split()), tuple(_MUSIC.split())
_IS_BESIDE_MUSIC = _IS_AROUND | _IS_SIZE | _IS_OF | frozenset(_SETTINGS.split())
_NAMES = {"": "beep", "double": "double beep", "error": "error beep"}

_NOISE_OF = (
    "(?:sound|noise)s? of ",
    "(?:sonidos?|ruidos?|grabaci[oó]n) del? ",
    "(?:sons?|bruits?) (?:de |du |des |d['’])",
    "(?:suon[oi]|rumor[ei]) d(?:i|el|ella|ello|elle|ei|egli) |(?:suono|rumore) dell['’]",
    "(?:geräusche?|klang|klänge) (?:von|vom|des|der|eines|einer) ",
    "(?:som|sons|ruídos?|barulhos?) d(?:e|o|a|os|as) ",
    "(?:geluid|geluiden) van ",
    "(?:звуки?|шум) ",
)
"""How a noise is called in each language, before its cause."""
_NOISES = """
    sounds? noises? sonidos? ruidos? sons? bruits? suon[oi] rumor[ei] звук шум geräusche? klang som ruídos? geluid
"""
_ARTICLES = "the an? el los las? una? le les il lo un os? uma? het een der das eine? um"
_PLAYS = """
    play plays playing played spielt spielen läuft ertönt erklingt gespielt abgespielt speelt klinkt gespeeld afgespeeld
    suona suonano suonando toca tocam tocando suena suenan sonando joue jouent retentit играет звучит
"""
_IS_PLAYED = "is are wird werden wordt worden está estão viene vengono sta est sont"


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


_HEARD = _any(f"{_NOISES} {_TONES} {_MUSIC}")
SOUND = lazily(
    rf"(?:{'|'.join(_NOISE_OF)}).+"
    # "the sound of your voice is recorded" is prose.
    rf"|(?:{_any(_ARTICLES)} |l['’])(?:{'|'.join(_NOISE_OF)})\S+(?: \S+){{0,2}}"
    rf"|(?:.*[ '’])?{_HEARD} (?:{_any(_IS_PLAYED)} )?{_any(_PLAYS)}"
    rf"|{_any(_PLAYS)} (?:{_any(_ARTICLES)} |l['’])?{_HEARD}"
)
"""Sounds that nobody can generate from their description."""
_WORD = lazily(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_JOINT = lazily(_JOINED)
_BETWEEN = lazily(r"[\s'’:-]*")
_BETWEEN_LENGTHS = lazily(r"[\s'’:.,/½¼¾-]*")
_SIGNED = lazily(r"(?<!\w)[-−–]\d")
_DECIMAL = lazily(r"\d+(?:[.,]\d+)?")
_GROUPED = lazily(r"\d{1,3}(?:[.,]\d{3})+")


def describe(words: str) -> str | float | None:
    """The tone that a description means, or the seconds of its silence; empty: no tone of a known kind, and no silence
    of a clear length; None: neither.

    >>> describe("tono de error"), describe("2 secondes de silence"), describe("toni ascendenti"), describe("press one")
    ('error beep', 2.0, 'ascending tones', None)

    Args:
        words: in small letters.
    """
    found = [part for word in _WORD.findall(words) for part in _split(word)]
    if not found:
        return None
    between = _WORD.sub("", words)
    if any(word in _IS_TONE for word in found):
        return _describe_tone(found) if _BETWEEN.fullmatch(between) else None
    if any(word in _IS_SILENCE for word in found) and _BETWEEN_LENGTHS.fullmatch(between):
        return _measure_silence(found) if not _SIGNED.search(words) else ""
    others = [word for word in found if not word.endswith(_IS_MUSIC)]
    return "" if len(others) < len(found) and _IS_BESIDE_MUSIC.issuperset(others) else None


def _split(word: str) -> tuple[str, ...]:
    joined = _JOINT.fullmatch(word)
    return joined.groups() if joined else (word,)


def _describe_tone(found: list[str]) -> str | None:
    kinds = {_KIND_OF[word] for word in found if word in _KIND_OF}
    if len(set(found)) < len(found) or any(
        word not in _IS_TONE and word not in _IS_AROUND and word not in _KIND_OF for word in found
    ):
        return None
    if len(kinds) > 1:
        return ""
    kind = next(iter(kinds), "")
    return _NAMES.get(kind) or f"{kind} tones"


def _measure_silence(found: list[str]) -> float | str | None:
    """The seconds of a silence; empty: it has a length that is not clear, None: the words are prose."""
    rest = [word for word in found if word not in _IS_SILENCE and word not in _IS_OF]
    if len(rest) == 3 and _COUNT_OF.get(rest[0]) == 1:
        del rest[0]  # "a pause of two seconds"
    units = [_UNIT_OF[word] for word in rest if word in _UNIT_OF]
    if len(rest) == 2 and rest[1] in _UNIT_OF:
        count = _COUNT_OF.get(rest[0]) or _read_count(rest[0], _UNIT_OF[rest[1]])
        if count is not None:
            return count * _UNIT_OF[rest[1]]
    strange = sum(word not in _UNIT_OF and word not in _COUNT_OF and not word[0].isdecimal() for word in rest)
    # "half a second of silence" is no prose, and "silence fell for the last ten seconds" is.
    if units:
        return "" if strange <= 1 else None
    return "" if all(word in _IS_SIZE or word in _IS_AROUND for word in rest) else None


def _read_count(written: str, unit: float) -> float | None:
    """A number in digits; None: it is none, or may be one of thousands as well as one with decimals."""
    if not written[0].isdecimal():
        return None
    if _GROUPED.fullmatch(written):
        # Nobody writes thousandths of a millisecond.
        return float(re.sub("[.,]", "", written)) if unit < 1.0 else None
    return float(written.replace(",", ".")) if _DECIMAL.fullmatch(written) else None
