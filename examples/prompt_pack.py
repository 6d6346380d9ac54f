"""A prompt pack for Asterisk: reads a manifest, makes six formats of each prompt, and prints the result of each row.

Run:  python examples/prompt_pack.py [MANIFEST [FOLDER [ENGINE]]]
"""

from __future__ import annotations

import sys

import voxpress
from voxpress import manifests
from voxpress.rendering import presets


def main() -> int:
    given = dict(enumerate(sys.argv[1:]))
    manifest = given.get(0, "examples/manifests/core-sounds.txt")
    folder = given.get(1, "out/asterisk")
    engine = given.get(2, "piper")
    files = presets.preset_named("asterisk", presets.load()).files
    failed = 0
    for result in voxpress.render(manifests.read(manifest), folder, engine=engine, files=files):
        if result.status == "failed":
            failed += 1
            print(f"failed: {result.error}")
        else:
            print(f"{result.status}: {result.utterance.id}, {len(result.files)} files")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
