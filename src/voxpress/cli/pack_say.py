"""``voxpress pack say``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.exits import SOME_FAILED
from voxpress.cli.options import Json
from voxpress.cli.tables import count, print_json, print_table
from voxpress.errors import InputError


def say(
    language: Annotated[
        str, typer.Argument(metavar="LANGUAGE", help="en, en_GB, or the folder of a language: en_GB_f_Ann.")
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="12,345, 0049, $5.05, 2026-11-29, 14:05, or letters.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--pack", "--from", metavar="DIR", help="The folder with the prompts.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A WAV file of 8 kHz with all of them."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="KIND",
            help="number, ordinal, digits, letters, money, date, time, datetime. By default, what it looks like.",
        ),
    ] = None,
    system: Annotated[
        str, typer.Option("--for", metavar="SYSTEM", help="Whose rules: asterisk or freeswitch.")
    ] = "asterisk",
    gender: Annotated[
        str | None, typer.Option("--gender", metavar="LETTER", help="Of what is counted: f, m or n.")
    ] = None,
    json: Json = False,
) -> None:
    """Hear what a PBX puts together from a pack: a number, an amount, a date.

    It lists the prompts, names those that are missing, and writes them into one file. The exit status is 1 when one is
    missing.
    """
    from voxpress.audio import codec
    from voxpress.files import atomic
    from voxpress.quality import announcements
    from voxpress.quality.packs import survey
    from voxpress.speech import Output

    prompts = announcements.announce(system, language, value, kind, gender)
    if folder is None:
        if output:
            raise InputError("--output needs prompts: name their folder with --pack")
        print_json({"prompts": [{"prompt": each} for each in prompts]}) if json else print("\n".join(prompts))
        return
    if output:
        _check_output(output.expanduser(), folder)
    pack = survey(folder)
    played = announcements.find_files(pack, language, prompts)
    missing = [each.prompt for each in played if each.file is None]
    joined = announcements.join(pack, played) if len(missing) < len(played) else None
    seams = joined.seams if joined else []
    if output and joined:
        place = output.expanduser()
        atomic.write(
            str(place), codec.encode(joined.audio, Output(format="wav", sample_rate=8000)), durable=True
        )
    if json:
        print_json(
            {
                "prompts": [
                    {"prompt": each.prompt, "file": each.file.path if each.file else None} for each in played
                ],
                "duration": round(joined.audio.duration, 3) if joined else 0.0,
                "seams": seams,
            }
        )
    else:
        by_prompts = iter(seams)
        rows: list[dict[str, object]] = []
        begun = False
        for each in played:
            row: dict[str, object] = {
                "prompt": each.prompt,
                "file": each.file.path if each.file else "missing",
            }
            if each.file and begun:
                seam = next(by_prompts)
                row |= {
                    "step": f"{seam.step:+.1f} dB",
                    "gap": f"{seam.gap:.2f} s",
                    "heard": "seam" * seam.is_heard,
                }
            begun = begun or each.file is not None
            rows.append(row)
        print_table(rows, ["prompt", "file", "step", "gap", "heard"])
        heard = sum(each.is_heard for each in seams)
        length = f", {joined.audio.duration:.1f} s" if joined else ""
        print(
            f"{count(len(played), 'prompt')}, {len(missing)} missing, {count(heard, 'seam')} to hear{length}"
        )
        if missing:
            print(f"missing in {system}: {announcements.SYSTEMS[system].MISSING}")
    raise typer.Exit(SOME_FAILED if missing else 0)


def _check_output(output: Path, pack: Path) -> None:
    """See that the file may be written: not under another format's name, and not among the prompts.

    Raises:
        InputError: it may not.
    """
    from voxpress.files import atomic

    if output.suffix != ".wav":
        raise InputError(f"it is a WAV file of 8 kHz: call it {output.with_suffix('.wav')}", field="output")
    if output.resolve().is_relative_to(pack.resolve()):
        raise InputError(
            f"{output} lies in the pack, where it would be a prompt: name another place", field="output"
        )
    atomic.require_place(output, "output")
