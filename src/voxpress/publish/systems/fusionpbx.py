"""FusionPBX, which has FreeSWITCH's folders and keeps variables and choices in its database.

Its pages offer a voice when a folder ``sounds/LANGUAGE/DIALECT/VOICE`` exists, with two letters for language and
dialect. Greetings are registered by ``app/voicemail_greetings/app_defaults.php``, and ``v_voicemails.greeting_id`` says
which one is played.
"""

from msgspec.structs import replace

from voxpress.publish.systems import freeswitch

SYSTEM = replace(
    freeswitch.SYSTEM,
    description="FusionPBX",
    pack_form=r"[a-z]{2}/[a-z]{2}/[a-z0-9_-]+",
    instructions="""\
1. Unpack the sounds on the machine with FusionPBX, and give them to its user:

       tar -xzf %(archive)s -C /usr/share/freeswitch
       chown -R www-data:www-data /usr/share/freeswitch/sounds/%(pack)s

   Advanced > Default Settings > Switch > sounds shows where yours are; take the folder above.

2. Choose them for all calls, in Advanced > Variables:

       default_language = %(language)s
       default_dialect = %(country)s
       default_voice = %(voice)s
       sound_prefix = $${sounds_dir}/%(pack)s

   For voicemail and other phrases, set sound-prefix in languages/%(language)s/%(language)s.xml of FreeSWITCH's
   configuration to $${sounds_dir}/%(pack)s. Then Status > SIP Status > Reload XML.

   For one domain, Dialplan > Dialplan Manager > default_language sets them where a call has none. For one extension:
   Accounts > Extensions > Language. For one IVR menu: Applications > IVR Menus > Language.

FreeSWITCH takes no missing prompt from another voice: `voxpress pack check` lists what is missing.
""",
    greetings=replace(
        freeswitch.GREETINGS,
        next_steps="""\
The greetings belong into FreeSWITCH's storage folder (Advanced > Default Settings > Switch > storage, usually
/var/lib/freeswitch/storage), for its user: chown -R www-data:www-data DIR. Then register them and choose one:

    php /var/www/fusionpbx/core/upgrade/upgrade.php

and Applications > Voicemail > (the mailbox) > Greeting. Greeting 1 is for no answer, 2 for busy, 3 for absence. If
storage_type is base64, FusionPBX keeps greetings in its database: upload the files there instead.
""",
    ),
)
