"""FreeSWITCH.

``mod_sndfile`` puts the rate of the call before a file's name (``ivr/8000/ivr-hello.wav``) and tries the other three if
it is not there. ``sound_prefix`` says below which folder. ``mod_voicemail`` plays ``greeting_N.wav`` if a mailbox has
chosen it, and else a phrase, with ``recorded_name.wav`` before it. Its database says which of both it has.
"""

from voxpress.publish.systems import Greetings, System

GREETINGS = Greetings(
    folder="voicemail/default/{context}/{mailbox}",
    names={"unavail": "greeting_1", "busy": "greeting_2", "temp": "greeting_3", "greet": "recorded_name"},
    domains=True,
    next_steps="""\
The greetings belong into FreeSWITCH's storage folder, such as /var/lib/freeswitch/storage; `fs_cli -x 'global_getvar
storage_dir'` shows yours. The user of FreeSWITCH must be able to read and replace them. A mailbox plays a greeting once
it has chosen it, here the one for no answer (1; busy is 2, absence is 3):

    fs_cli -x 'vm_fsdb_pref_greeting_set default DOMAIN MAILBOX 1'

or for one call, in the dialplan: <action application="set" data="voicemail_greeting_number=2"/>. It says a name once it
knows the file:

    fs_cli -x 'vm_fsdb_pref_recname_set default DOMAIN MAILBOX DIR/voicemail/default/DOMAIN/MAILBOX/recorded_name.wav'
""",
)

SYSTEM = System(
    description="FreeSWITCH",
    preset="freeswitch",
    plays={"wav": (8000, 16000, 32000, 48000)},
    pack="{language}/{country}/{voice}",
    pack_form=r"[a-z]{2,3}/[a-z0-9]+/[a-z0-9_-]+",
    pack_example="en/us/joe",
    folder="sounds/{pack}",
    instructions="""\
1. Unpack the sounds on the machine with FreeSWITCH, beside the folder `sounds` that is there:

       tar -xzf %(archive)s -C /usr/share/freeswitch

   `fs_cli -x 'global_getvar sounds_dir'` shows where yours is; take the folder above it.

2. Choose them for all calls, in vars.xml:

       <X-PRE-PROCESS cmd="set" data="sound_prefix=$${sounds_dir}/%(pack)s"/>
       <X-PRE-PROCESS cmd="set" data="default_language=%(language)s"/>
       <X-PRE-PROCESS cmd="set" data="default_dialect=%(country)s"/>
       <X-PRE-PROCESS cmd="set" data="default_voice=%(voice)s"/>

   and for phrases (voicemail, conferences), in lang/%(language)s/%(language)s.xml:

       <language name="%(language)s" say-module="%(language)s" sound-prefix="$${sounds_dir}/%(pack)s">

   then, because X-PRE-PROCESS is read at start and with reloadxml:

       fs_cli -x reloadxml

   Or for one call, in the dialplan:

       <action application="set" data="sound_prefix=$${sounds_dir}/%(pack)s"/>

3. Try it: dial an extension with

       <action application="playback" data="ivr/ivr-welcome.wav"/>

FreeSWITCH takes no missing prompt from another voice: `voxpress pack check` lists what is missing.
""",
    greetings=GREETINGS,
)
