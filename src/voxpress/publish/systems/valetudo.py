"""Valetudo on a robot vacuum: a flat archive of Vorbis files, with its MD5 and size for the form."""

from voxpress.publish.systems import System

SYSTEM = System(
    description="Valetudo",
    preset="valetudo",
    plays={"ogg": (16000,)},
    pack="{language}",
    pack_form=r"[A-Za-z0-9_-]{2,20}",
    pack_example="EN",
    folder="",
    instructions_inside=False,
    instructions="""\
1. Put %(name)s where the robot can fetch it over HTTP, such as on your own machine:

       python3 -m http.server 8000

2. In Valetudo, Robot Settings > Misc Settings > Voice packs:

       URL            http://YOUR-MACHINE:8000/%(name)s
       Language code  %(pack)s
       Hash           %(md5)s
       File size      %(size)s

   then Set Voice Pack. The pack replaces the one that was installed, so it needs all sounds. Another pack replaces it
   in the same way. Hash is the MD5 of the archive, and the size is in bytes.
""",
)
