"""Asterisk.

``main/file.c`` looks for a prompt in ``sounds/LANGUAGE/`` and cuts the language at its last underscore until one has
it: ``en_US_m_Joe``, ``en_US_f``, ``en_US``, ``en``. So a voice lies beside the recorded sets, and what it lacks comes
from them. A language has at most 39 bytes (``MAX_LANGUAGE``).
"""

from voxpress.publish.systems import Greetings, System

PLAYS = {
    "wav": (8000,),
    "wav16": (16000,),
    "wav49": (),
    "gsm": (),
    "ulaw": (),
    "alaw": (),
    "g722": (),
    "ogg": (8000,),
    **{f"sln{rate}": () for rate in ("", 12, 16, 24, 32, 44, 48, 96, 192)},
}
"""What its modules ``format_*.so`` read."""

# fmt: off
_EXTENSIONS = frozenset((
    "WAV", "al", "alaw", "alw", "au", "g719", "g722", "g723", "g723sf", "g726-16", "g726-24", "g726-32", "g726-40",
    "g729", "gsm", "ilbc", "mu", "ogg", "opus", "pcm", "raw", "siren14", "siren7", "slin", "sln", "sln12", "sln16",
    "sln192", "sln24", "sln32", "sln44", "sln48", "sln96", "spx", "spx16", "spx32", "ul", "ulaw", "ulw", "vox", "wav",
    "wav16", "wav49",
))
# fmt: on
"""Of sound, as its modules ``format_*.so`` name them, and Digium's for Opus. Of several files with one name, Asterisk
plays the one that costs the least for a call."""

GREETINGS = Greetings(
    folder="{context}/{mailbox}",
    names={"unavail": "unavail", "busy": "busy", "greet": "greet", "temp": "temp"},
    formats=tuple(PLAYS),
    played=_EXTENSIONS,
    next_steps="""\
Asterisk plays these greetings from /var/spool/asterisk/voicemail at the next call; nothing has to be reloaded. It must
be able to read the files, and to replace them when people record their own: chown -R asterisk: DIR. After a greeting,
Asterisk plays its instructions (vm-intro), unless the dialplan says VoiceMail(…,s).
""",
)

SYSTEM = System(
    description="Asterisk",
    preset="asterisk",
    plays=PLAYS,
    pack="{language}_{country}_{gender}_{voice}",
    pack_form=r"(?=.{2,39}$)[A-Za-z]{2,3}(?:_[A-Za-z0-9-]+)*",
    pack_example="en_US_m_Joe",
    folder="sounds/{pack}",
    instructions="""\
1. Unpack the sounds on the machine with Asterisk.

       tar -xzf %(archive)s -C /var/lib/asterisk

   On Debian, and where `asterisk -rx "core show settings"` gives another data directory, name that one, such as
   /usr/share/asterisk. The sounds are then in sounds/%(pack)s. Nothing has to be reloaded.

2. Choose them for a call, in extensions.conf, before the first prompt:

       same => n,Set(CHANNEL(language)=%(pack)s)

   for all calls of an endpoint, in pjsip.conf, in the section of the endpoint:

       language=%(pack)s

   or for everything, in asterisk.conf, and restart Asterisk:

       [options]
       defaultlanguage = %(pack)s

3. Try it: add an extension to a context that your telephone can dial, then `dialplan reload`, and dial 7000. The last
   line names a prompt of the pack:

       exten => 7000,1,Answer()
        same => n,Set(CHANNEL(language)=%(pack)s)
        same => n,Wait(1)
        same => n,Playback(hello-world)
        same => n,Hangup()

To go back, choose the former language again and delete sounds/%(pack)s. To update, delete it before you unpack the new
archive: tar leaves prompts there that are gone from the list.

A prompt that is missing here comes from the next language that Asterisk tries, which is the name up to its last
underscore, and so on. `asterisk -rx "core show file formats"` shows what your Asterisk can play.
""",
    greetings=GREETINGS,
)
