"""X-SAMPA, phonetic letters in ASCII (J. C. Wells, 1995), turned into the International Phonetic Alphabet."""

from __future__ import annotations

import re

from voxpress.errors import InputError, show
from voxpress.text.patterns import lazily

_PAIRS = r"""
b_< ɓ  d` ɖ  d_< ɗ  g ɡ  g_< ɠ  h\ ɦ  j\ ʝ  l` ɭ  l\ ɺ  n` ɳ  p\ ɸ  r` ɽ  r\ ɹ  r\` ɻ  s` ʂ  s\ ɕ  t` ʈ  v\ ʋ  x\ ɧ
z` ʐ
z\ ʑ  A ɑ  B β  B\ ʙ  C ç  D ð  E ɛ  F ɱ  G ɣ  G\ ɢ  G\_< ʛ  H ɥ  H\ ʜ  I ɪ  I\ ᵻ  J ɲ  J\ ɟ  J\_< ʄ  K ɬ  K\ ɮ  L ʎ
L\ ʟ  M ɯ  M\ ɰ  N ŋ  N\ ɴ  O ɔ  O\ ʘ  P ʋ  Q ɒ  R ʁ  R\ ʀ  S ʃ  T θ  U ʊ  U\ ᵿ  V ʌ  W ʍ  X χ  X\ ħ  Y ʏ  Z ʒ
. .  " ˈ  % ˌ  ' ʲ  _j ʲ  : ː  :\ ˑ  @ ə  @\ ɘ  @` ɚ  { æ  } ʉ  1 ɨ  2 ø  3 ɜ  3\ ɞ  3` ɝ  4 ɾ  5 ɫ  6 ɐ  7 ɤ  8 ɵ
9 œ  & ɶ  ? ʔ  ?\ ʕ  <\ ʢ  >\ ʡ  ^ ꜛ  ! ꜜ  !\ ǃ  | |  |\ ǀ  || ‖  |\|\ ǁ  =\ ǂ  -\ ‿
_" ̈  _+ ̟  _- ̠  _/ ̌  _0 ̥  = ̩  _= ̩  _> ʼ  _?\ ˤ  _\ ̂  _^ ̯  _} ̚  ` ˞  ~ ̃  _~ ̃  _A ̘  _a ̺  _B ̏  _c ̜  _d ̪  _e ̴
_F ̂  _G ˠ  _H ́  _h ʰ  _k ̰  _L ̀  _l ˡ  _M ̄  _m ̻  _N ̼  _n ⁿ  _O ̹  _o ̞  _q ̙  _R ̌  _r ̝  _T ̋  _t ̤  _v ̬  _w ʷ
_X ̆  _x ̽  <R> ↗  <F> ↘
"""
_SIGNS = {
    **{letter: letter for letter in "abcdefhijklmnopqrstuvwxyz "},
    "-": "",
    **dict(zip(_PAIRS.split()[::2], _PAIRS.split()[1::2], strict=True)),
}
_SIGN = lazily("|".join(re.escape(each) for each in sorted(_SIGNS, key=len, reverse=True)))
_STRESSED = lazily(r"(^|[\s.|])'")


def to_ipa(text: str) -> str:
    r"""The same sounds in the International Phonetic Alphabet.

    >>> to_ipa('t@"mA:t@U'), to_ipa('"r\\oUz')
    ('təˈmɑːtəʊ', 'ˈɹoʊz')

    Raises:
        InputError: it holds what is no sign of X-SAMPA.
    """
    # Many write an apostrophe for the stress, where X-SAMPA has a sound that no word begins with.
    text = _STRESSED.sub(r'\1"', text.strip())
    signs: list[str] = []
    at = 0
    while at < len(text):
        sign = _SIGN.match(text, at)
        if sign is None:
            problem = f"{show(text)}: character {at + 1}, {text[at]!r}, is not of X-SAMPA"
            raise InputError(problem, field="phoneme")
        signs.append(_SIGNS[sign[0]])
        at = sign.end()
    return "".join(signs)
