"""Prices of hosted models (``prices.toml``), and estimates where a service bills tokens."""

from __future__ import annotations

import functools
import math
import re
from importlib import resources

import msgspec

from voxpress import languages

_PER = 1_000_000

# Estimates of tokens: English has 15 characters a second and 4 to a token; a Chinese, Japanese or Korean character
# takes three times as long as a letter. A minute of audio is 1,250 tokens, from the 0.015 dollars of OpenAI's price
# list.
_CHARACTERS_PER_SECOND = 15.0
_CHARACTERS_PER_TOKEN = 4.0
_AUDIO_TOKENS_PER_SECOND = 1250 / 60


class _Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million of each unit."""

    characters: float = 0.0
    text_tokens: float = 0.0
    audio_tokens: float = 0.0


def price(engine: str, model: str, text: str) -> float:
    """The price of speaking `text` in US dollars, without taxes; NaN if the model's price is unknown.

    >>> price("openai", "tts-1-hd", "Welcome.")
    0.00024
    >>> round(price("openai", "gpt-4o-mini-tts-2025-12-15", "x" * 900), 3)  # about a minute
    0.015
    >>> price("openai", "tts-9", "Welcome.")
    nan
    """
    known = _find_price(engine, model)
    if known is None:
        return math.nan
    if known.characters:
        return known.characters * len(text) / _PER
    letters = len(text) + 2 * len(re.findall(languages.SYLLABIC, text))
    audio_tokens = letters / _CHARACTERS_PER_SECOND * _AUDIO_TOKENS_PER_SECOND
    return (known.audio_tokens * audio_tokens + known.text_tokens * letters / _CHARACTERS_PER_TOKEN) / _PER


@functools.lru_cache(maxsize=256)
def _find_price(engine: str, model: str) -> _Price | None:
    undated = re.sub(r"-\d{4}(-\d\d-\d\d)?$", "", model)
    return _read_prices().get(engine, {}).get(undated)


@functools.cache
def _read_prices() -> dict[str, dict[str, _Price]]:
    text = resources.files(__package__).joinpath("prices.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, dict[str, _Price]])
