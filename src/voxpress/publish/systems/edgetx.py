"""EdgeTX on the SD card of a transmitter: ``SOUNDS/LANGUAGE/SYSTEM/0000.wav``.

A radio speaks the languages of ``radio/src/translations/tts/tts_*.cpp``, and has its own codes of some.
"""

from voxpress.publish.systems import System

SYSTEM = System(
    description="EdgeTX",
    preset="edgetx",
    plays={"wav": (8000, 16000, 32000), "wav-alaw": (), "wav-ulaw": ()},
    pack="{language}",
    pack_form="cn|cz|da|de|en|es|fi|fr|he|hu|it|jp|ko|nl|pl|pt|ru|se|sk|tw|ua",
    languages={"cs": "cz", "ja": "jp", "sv": "se", "uk": "ua", "zh": "cn", "zh-TW": "tw"},
    pack_example="en",
    folder="SOUNDS/{pack}",
    archive="zip",
    instructions_inside=False,
    instructions="""\
1. Switch the transmitter on in USB storage mode, or put its SD card into a reader.

2. Unpack %(name)s onto the top of the card. The sounds are then in SOUNDS/%(pack)s and replace those of the same names.

3. On the transmitter: SYS > Radio Setup > Voice language > %(language)s.
""",
)
