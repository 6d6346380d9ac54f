"""Numbers and keys are compared by their digits, however they are written, and none may differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpress.text.numerals import write_digits
from voxpress.text.wer import Difference, passes, score, words

pytest.importorskip("rapidfuzz")
pytest.importorskip("whisper_normalizer")
pytest.importorskip("num2words")


@pytest.mark.parametrize(
    ("language", "asked", "heard"),
    [
        ("en", "one two three four", "1234"),
        ("en", "four zero seven one", "4071"),
        ("en", "twenty twenty six", "2026"),
        ("en", "zero zero four two", "0042"),
        ("en", "nineteen oh eight", "1908"),
        ("en", "niner", "9"),
        ("en-GB", "oh double seven oh oh, nine double oh one two three", "07700 900123"),
        ("en-GB", "double five", "55"),
        ("en-GB", "triple nine", "999"),
        ("en-US", "five five five zero one four two", "555-0142"),
        ("en-US", "five five five oh one four two", "555 0142"),
        ("en-US", "three thirty p m", "3.30 p.m."),
        ("en-US", "forty nine dollars and ninety five cents", "$49.95"),
        ("de", "eins zwei drei vier", "1234"),
        ("de", "null null vier zwei", "0042"),
        ("de", "zwanzig sechsundzwanzig", "2026"),
        ("de", "zweitausendsechsundzwanzig", "2026"),
        ("de", "zwo drei", "23"),
        ("de", "hundertzwanzig", "120"),
        ("de", "eine Million zweihunderttausend", "1.200.000"),
        ("de", "drei Euro fünfzig", "3,50 Euro"),
        ("de", "drei Euro fünfzig", "3,50 €"),
        ("de", "vierzehn Uhr fünf", "14:05 Uhr"),
        ("de", "ein Uhr", "1 Uhr"),
        ("de", "zwölf Prozent", "12 %"),
        ("de", "drei Komma fünf", "3,5"),
        ("es", "uno dos tres cuatro", "1234"),
        ("es", "cero cero cuatro dos", "0042"),
        ("es", "dos mil veintiséis", "2026"),
        ("es", "mil novecientos ochenta y cuatro", "1984"),
        ("es", "veintiún días", "21 días"),
        ("es", "doscientas personas", "200 personas"),
        ("es", "doce por ciento", "12%"),
        ("fr", "un deux trois quatre", "1234"),
        ("fr", "zéro six douze trente-quatre cinquante-six soixante-dix-huit", "06 12 34 56 78"),
        ("fr", "deux mille vingt-six", "2026"),
        ("fr", "mille neuf cent quatre-vingt-quatre", "1984"),
        ("fr-CH", "nonante-deux", "92"),
        ("fr", "quatorze heures cinq", "14h05"),
        ("fr", "trois euros cinquante", "3,50 €"),
        ("it", "duemilaventisei", "2026"),
        ("pt", "dois mil e vinte e seis", "2026"),
        ("nl", "tweeduizend vierentwintig", "2024"),
        ("tr", "yirmi dört", "24"),
        ("ja", "三十二", "32"),
        ("hi", "२४", "24"),
    ],
)
def test_a_number_in_words_is_the_one_in_digits(language, asked, heard):
    """Digit by digit, in pairs, as a year, as money, as a time."""
    assert score(asked, heard, language).differences == ()
    assert score(heard, asked, language).differences == ()


LONG = {
    "en": "Thank you for calling. Your number is {}, and we answer all calls in the order in which they come in.",
    "de": "Vielen Dank für Ihren Anruf. Ihre Nummer ist {}, und wir nehmen alle Anrufe der Reihe nach an.",
    "es": "Gracias por su llamada. Su número es {}, y atendemos todas las llamadas por orden de llegada.",
    "fr": "Merci de votre appel. Votre numéro est {}, et nous répondons aux appels par ordre d'arrivée.",
}


@pytest.mark.parametrize(
    ("language", "asked", "heard"),
    [
        ("en", "four zero seven one", "4072"),
        ("en", "four zero seven one", "471"),
        ("en", "four seven one", "4071"),
        ("en", "42", "0042"),
        ("en", "fifteen", "50"),
        ("en", "seven", ""),
        ("en", "", "7"),
        ("de", "vier null sieben eins", "4072"),
        ("de", "zweiundvierzig", "0042"),
        ("de", "fünfzehn", "50"),
        ("de", "sieben", ""),
        ("es", "cuatro cero siete uno", "4072"),
        ("es", "cuarenta y dos", "0042"),
        ("es", "sesenta", "70"),
        ("es", "", "siete"),
        ("fr", "quatre zéro sept un", "4072"),
        ("fr", "quarante-deux", "0042"),
        ("fr", "seize", "13"),
        ("fr", "sept", ""),
    ],
)
def test_another_number_is_doubtful_at_any_length(language, asked, heard):
    """Changed, missing or added, leading zeros included."""
    found = score(LONG[language].format(asked), LONG[language].format(heard), language)
    assert found.numbers >= 1 and not passes(found)
    assert passes(score(LONG[language].format(asked), LONG[language].format(asked), language))


@pytest.mark.parametrize(
    ("language", "asked", "heard"),
    [
        ("en-US", "Press pound.", "press #"),
        ("en-US", "Dial star six seven.", "Dial *67."),
        ("en-US", "Dial pound two one pound.", "Dial #21#"),
        ("en-GB", "Press the hash key.", "press the # key"),
        ("en", "Press hash.", "press pound"),
        ("en-US", "Press asterisk.", "press *"),
        ("en-US", "You are number one in sales.", "You are #1 in sales."),
        ("en-US", "Press *now*.", "press now"),
        ("de", "Drücken Sie die Rautetaste.", "drücken Sie die Raute-Taste"),
        ("de", "Drücken Sie die Rautetaste.", "drücken Sie die #-Taste"),
        ("de", "Drücken Sie Stern.", "Drücken Sie *"),
        ("es", "Pulse almohadilla.", "pulse #"),
        ("es-ES", "Pulse asterisco.", "pulse *"),
        ("es-MX", "Presione gato.", "presione #"),
        ("fr", "Appuyez sur dièse.", "appuyez sur #"),
        ("fr", "Appuyez sur étoile.", "appuyez sur *"),
        ("fr-CA", "Appuyez sur carré.", "appuyez sur #"),
    ],
)
def test_the_sign_of_a_key_is_its_name(language, asked, heard):
    """The one of the region."""
    assert score(asked, heard, language).differences == ()


@pytest.mark.parametrize(
    ("language", "asked", "heard"),
    [
        ("en-US", "pound", "star"),
        ("en-US", "pound", "hash"),
        ("en-GB", "hash", "pound"),
        ("en-US", "#", ""),
        ("en-US", "", "*"),
        ("de", "Raute", "Stern"),
        ("de", "#", ""),
        ("de", "Raute", "5"),
        ("es", "almohadilla", "asterisco"),
        ("es", "*", ""),
        ("es", "almohadilla", "5"),
        ("fr", "dièse", "étoile"),
        ("fr", "#", ""),
        ("fr", "étoile", "5"),
    ],
)
def test_another_key_is_doubtful_at_any_length(language, asked, heard):
    """Changed, missing or added."""
    text = LONG[language.partition("-")[0]]
    found = score(text.format(asked), text.format(heard), language)
    assert found.numbers == 1 and not passes(found)


@pytest.mark.parametrize(
    ("language", "words", "expected"),
    [
        ("de", "zweitausend sechsundzwanzig", "2026"),
        ("de", "ein hund und eine million hunde", "ein hund und 1000000 hunde"),
        ("de", "tausend dank", "1000 dank"),
        ("de", "drei millionen zwei", "3000002"),
        ("es", "doscientas cincuenta y una cosas", "251 cosas"),
        ("es", "mil", "1000"),
        ("es", "una cosa", "una cosa"),
        ("fr", "quatre vingt dix neuf", "99"),
        ("fr", "vingt et une", "21"),
        ("fr", "un cent", "un 100"),
        ("fr-BE", "septante et un", "71"),
        ("it", "milleottocento", "1800"),
        ("pt", "mil e um", "1000 e um"),
        ("xx", "one", "one"),
    ],
)
def test_number_words_are_written_in_digits(language, words, expected):
    """And no other words."""
    assert write_digits(words.split(), language) == expected.split()


@pytest.mark.parametrize("language", ["hi", "ar", "xx"])
def test_a_key_counts_where_its_name_is_not_known(language):
    """As a sign."""
    assert score("# 1", "1", language).differences == (Difference("#", ""),)


def test_an_article_is_no_number():
    """A recogniser that leaves one out has not left out a digit; another number in its place has."""
    assert score("Vous avez un message.", "vous avez message", "fr").numbers == 0
    assert score("Sie haben eine Nachricht.", "sie haben Nachricht", "de").numbers == 0
    assert score("Tiene un mensaje.", "tiene dos mensajes", "es").numbers == 1
    assert score("Vous avez un message.", "vous avez deux messages", "fr").numbers == 1
    assert score("Sie haben eine Nachricht.", "sie haben einen Nachricht", "de").errors == 0


@settings(max_examples=200)
@given(st.text(max_size=60), st.sampled_from(["en", "en-US", "de", "fr", "es", "ja", "hi", ""]))
def test_any_text_is_itself(text, language):
    """Whatever characters it has."""
    assert score(text, text, language).errors == 0


@settings(max_examples=100)
@given(st.text(alphabet="0123456789", min_size=1, max_size=12), st.sampled_from(["en", "de", "fr", "es"]))
def test_digits_are_heard_one_by_one_or_together(digits, language):
    """Leading zeros too; and no digit may be another."""
    assert score(digits, " ".join(digits), language).errors == 0
    other = digits[:-1] + ("1" if digits[-1] == "0" else "0")
    assert score(digits, other, language).numbers == 1


@pytest.mark.parametrize(
    "piece", ["*", "#", "a*", "*a", "0", "1,", "$1", "oh ", "double ", "1 h", "ein ", "mille "]
)
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_many_of_them_take_no_long(piece, language):
    """No piece makes the comparison fail, or slower than the text is long."""
    assert words((piece * 20_000)[:20_000], language)


@pytest.mark.parametrize(
    ("language", "asked", "heard"),
    [
        ("en-US", "It costs five to ten dollars.", "It costs $5-10."),
        ("en-US", "Take two hundred fifty milligrams two times daily.", "Take 250 mg 2x daily."),
        ("en-US", "We meet between two and four P M.", "We meet between 2-4pm."),
        ("en-US", "Visit www dot example dot org.", "Visit www.example.org."),
        ("en-US", "one twenty-three Main Street", "123 Main St."),
        ("de-DE", "Zweimal täglich, zehnfach", "2x täglich, 10fach"),
        ("fr-FR", "ouvert vingt-quatre heures sur vingt-quatre", "ouvert 24h/24"),
        ("es-ES", "Dos veces al día", "2x al día"),
        ("it-IT", "Due volte al giorno", "2x al giorno"),
    ],
)
def test_what_is_heard_counts_as_it_is_read(language, asked, heard):
    """Numbers, units and abbreviations as the front end reads them."""
    assert score(asked, heard, language).errors == 0


@pytest.mark.parametrize(
    ("language", "asked", "heard"),
    [
        ("en-US", "It costs five to ten dollars.", "It costs $5-20."),
        ("en-US", "Take two hundred fifty milligrams.", "Take 250 ml."),
        ("en-US", "one twenty-three Main Street", "124 Main St."),
        ("de-DE", "Zweimal täglich", "3x täglich"),
        ("en-US", "Come in.", "Come in. Москва"),
        ("ar", "#", ""),
    ],
)
def test_reading_hides_no_difference(language, asked, heard):
    """Another number, another unit, and words that the language does not have."""
    assert score(asked, heard, language).errors > 0
