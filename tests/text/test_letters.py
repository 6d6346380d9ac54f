"""Letters and digits in another form become those that everybody reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.text.normalise.letters import fold
from voxpress.text.passage import Edit, Passage


def folded(text):
    passage = Passage.of(text)
    return passage.edit(fold(passage)).text


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Choose ② or ③.", "Choose 2 or 3."),
        ("⑫ items, ㉑ more, ⓪", "12 items, 21 more, 0"),
        ("❶ ➀ ⓫ ⑴ ㊀ ㈡", "1 1 11 1 一 二"),
        ("①②③", "1 2 3"),
        ("Step①: open", "Step 1: open"),
        ("①Open", "1 Open"),
        ("Ⓐ, ⓑ, ⒞, 🅰, 🅱️", "A, b, c, A, B"),
        ("Ⓗⓔⓛⓛⓞ", "Hello"),
        ("🆘 🆗 🆙", "SOS OK UP"),
        ("Press 1️⃣ or #️⃣ or *️⃣", "Press 1 or # or *"),
        ("Ｈｅｌｌｏ， ｗｏｒｌｄ！", "Hello, world!"),
        ("２０：３０ ＄５．５０ ￥１，２００", "20:30 $5.50 ¥1,200"),
        ("你好，ＡＢＣ", "你好，ABC"),
        ("你好！", "你好！"),
        ("ｶﾞｷﾞ ｱｲｽ", "ガギ アイス"),
        ("𝐇𝐞𝐥𝐥𝐨 𝟏𝟐 𝒳 ℝ", "Hello 12 X R"),
        ("World War Ⅱ, Henry Ⅷ, ⅻ", "World War II, Henry VIII, xii"),
        ("ﬁne ﬂour oﬃce Ĳssel Conſtitution", "fine flour office IJssel Constitution"),
        ("ﻻ ﷲ", "لا الله"),
        ("5㎏, 3㎡, 9㎥, ㏂", "5kg, 3m², 9m³, a.m."),
        ("H₂O, 1ˢᵗ, 25ᵗʰ", "H2O, 1st, 25th"),
        ("22℃ 70℉", "22°C 70°F"),
        ("555‑0142, 5⁄8", "555-0142, 5/8"),
        ("Tom &amp; Jerry don&#39;t&nbsp;win &hi;", "Tom & Jerry don't win &hi;"),
        ("<b>Bold</b> <a href='x'>link</a><br>next", "Bold link next"),
        ("<td>One</td>two<b>f</b>old", " One twofold"),
        ("3 < 4 and a <b and c> d", "3 < 4 and a <b and c> d"),
    ],
)
def test_other_forms_become_the_usual_one(written, plain):
    """Numbers in circles stay numbers of their own."""
    assert folded(written) == plain


@pytest.mark.parametrize(
    "text",
    [
        "5 m² ½ ⅔ x³",
        "Acme™ ® ©",
        "100 ‰ № 5",
        "café naïve Zürich",
        "2.º 3ª",
        "10 ㎝".replace("㎝", "cm"),
        "→ ✓ €",
    ],
)
def test_what_has_a_reading_of_its_own_stays(text):
    """NFKC would make m2, 1⁄2 and TM of it."""
    assert folded(text) == text


def test_what_is_fixed_stays():
    """The user's word wins."""
    passage = Passage.of("① x").edit([Edit(0, 1, "①")])
    assert fold(passage) == []


@given(st.text(max_size=200))
def test_any_text(text):
    """Edits are in order, keep places, and folding twice changes nothing that is a letter or digit."""
    once = folded(text)
    assert len(Passage.of(text).edit(fold(Passage.of(text))).starts) == len(once)


@pytest.mark.parametrize("token", ["①", "Ａ", "，", "ｶﾞ", "𝐀", "Ⅳ", "&amp;", "&", "<b ", "<a b=", "1️⃣", "1ˢᵗ"])
def test_the_time_grows_with_the_length(token):
    """No text costs more than its length."""
    require_linear(lambda count: fold(Passage.of(token * count)), 20_000)
