"""FreePBX, whose module soundlang keeps custom languages in ``ASTVARLIBDIR/sounds/LANGUAGE``.

The module makes the folder when a custom language is added, removes it only while it is empty, and knows the default
language by its ID (``fwconsole sounds --global``). System Recordings takes each file in the folder of a plain language
for a recording, a text too.
"""

from msgspec.structs import replace

from voxpress.publish.systems import asterisk

SYSTEM = replace(
    asterisk.SYSTEM,
    description="FreePBX",
    instructions_inside=False,
    instructions="""\
1. In Admin > Sound Languages > Custom Languages, add a language with the code %(pack)s.

2. Unpack the sounds on the machine with FreePBX:

       tar -xzf %(archive)s -C /var/lib/asterisk
       fwconsole chown

   /var/lib/asterisk is the usual ASTVARLIBDIR; `fwconsole setting ASTVARLIBDIR` shows yours.

3. Choose the language. For the whole system:

       fwconsole sounds --listglobal
       fwconsole sounds --global %(pack)s
       fwconsole reload

   For an extension: Applications > Extensions > Language Code. For some calls: Applications > Languages, and send the
   calls to that destination.

To go back, choose the former language, delete sounds/%(pack)s, and delete the custom language. To update, delete the
files in sounds/%(pack)s before you unpack the new archive: tar leaves prompts there that are gone from the list.

A prompt that is missing here comes from the next language that Asterisk tries, which is the name up to its last
underscore, and so on.
""",
    greetings=replace(
        asterisk.GREETINGS,
        next_steps="""\
FreePBX plays greetings from /var/spool/asterisk/voicemail. Render into that folder, because a copy would replace
greetings that people recorded; then run `fwconsole chown`. Nothing has to be reloaded. After a greeting, Asterisk
plays its instructions, unless the extension's voicemail leaves them out.
""",
    ),
)
