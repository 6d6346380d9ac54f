"""The terminal edge: ``voxpress``.

One file for each command or group of commands. Everything heavy is imported inside the commands, so that ``--help``
answers at once. Exit codes: 0 all done, 1 some rows or the command failed, 2 wrong use, a bad manifest or a budget that
does not suffice, 130 interrupted.
"""

from __future__ import annotations

import atexit
import errno
import gc
import itertools
import os
import shlex
import signal
import sys
from typing import Annotated, NoReturn

import typer

from voxpress.cli import (
    acx,
    article,
    audiobook,
    check,
    daisy,
    describe,
    engines,
    lexicon,
    models,
    outline,
    pack,
    podcast,
    readalong,
    render,
    review,
    say,
    server,
    store,
    text,
    voicemail,
    voiceover,
    voices,
)
from voxpress.cli.options import examples, name_flags
from voxpress.cli.streams import prepare_streams
from voxpress.errors import InputError, SpeechError
from voxpress.files.paths import is_remote

app = typer.Typer(
    name="voxpress",
    help="Render speech once, serve it forever: text or a manifest in, finished audio files out.",
    epilog=examples("voxpress say 'Welcome.' -o welcome.mp3", "voxpress render prompts.csv -o out"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (
    say.app,
    render.app,
    voicemail.app,
    outline.app,
    audiobook.app,
    readalong.app,
    article.app,
    podcast.app,
    voiceover.app,
    describe.app,
    daisy.app,
    review.app,
    acx.app,
):
    app.add_typer(commands)
for commands in (text.app, check.app, server.app):
    app.add_typer(commands)
app.add_typer(engines.app, name="engines")
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(pack.app, name="pack")
app.add_typer(voices.app, name="voices")
app.add_typer(models.app, name="models")
app.add_typer(store.app, name="store")
app.add_typer(server.keys_app, name="keys")


def _version(wanted: bool) -> None:
    if wanted:
        from voxpress import __version__

        typer.echo(f"voxpress {__version__}")
        raise typer.Exit


@app.callback()
def _voxpress(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
_NAMES = frozenset(
    [
        "-o",
        "--output",
        "-f",
        "--format",
        "-p",
        "--preset",
        "--feed",
        "--cast",
        "-e",
        "--engine",
        "-m",
        "--model",
        "-v",
        "--voice",
        "-l",
        "--language",
        "--store",
        "--report",
        "--manifest",
        "--state",
        "--config",
        "--from",
        "--only",
        "--directory",
        "--device",
        "--lexicon",
    ]
)
"""Options that name something: an empty name is mostly a variable that is not set."""
_FORMER = {"--ear": "--asr-model", "--bar": "--max-wer"}
"""Former names of options, which hold until the next release."""
_INTERRUPTED, _TERMINATED = 130, 143
_GO_ON = "interrupted; run the same command again to go on where it stopped"


def main() -> NoReturn:
    """Run the command line."""
    prepare_streams()
    # Python looks for garbage as it ends, which takes a tenth of the time of a sentence with Kokoro.
    atexit.register(gc.freeze)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        sys.argv[1:] = _rename_former_options(sys.argv[1:])
        _require_values(sys.argv[1:])
        _require_local(sys.argv[1:])
        status = app(prog_name="voxpress", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        _end_interrupted()
    except _Terminated:
        _end_interrupted(_TERMINATED)
    except BrokenPipeError:
        # Whoever read our output has left; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (typer.TyperException, OSError, SpeechError) as error:
        _end(error)
    if status == _INTERRUPTED:  # typer's own answer to Ctrl-C
        _end_interrupted()
    sys.exit(status or 0)


def _end(error: typer.TyperException | OSError | SpeechError) -> NoReturn:
    """End with the message and the status that an error stands for."""
    match error:
        case InputError():
            _fail(str(error), 2)
        case SpeechError():
            _fail(str(error), 1)
        case OSError():
            _explain_system(error)
        case _:
            message = error.format_message()
            if hint := _hint(message):
                message = f"{message.rstrip('.')}; {hint}"
            if not message.startswith("Usage:"):  # what is printed where there are no arguments at all
                context = getattr(error, "ctx", None)
                command = context.command_path if context else "voxpress"
                message = f"voxpress: {message.rstrip('.')} ({command} --help shows what there is)"
            typer.echo(message, err=True)
            sys.exit(error.exit_code)


def _explain_system(error: OSError) -> NoReturn:
    if error.filename is not None:
        _fail(f"{os.fsdecode(error.filename)}: {error.strerror}", 1)
    if error.errno == errno.ENOENT and not _has_folder():
        _fail("the current folder is not there any more: change to another", 1)
    if error.errno not in _DISK:
        raise error
    # Files of ours are written where their errors are explained. What is left in the buffer would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _fail(f"cannot write to standard output: {error.strerror}", 1)


def _has_folder() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _rename_former_options(given: list[str]) -> list[str]:
    """What was given, with options called as they are now; a warning says so."""
    found = []
    options = True
    for each in given:
        options = options and each != "--"
        name, equals, value = each.partition("=")
        if options and name in _FORMER:
            typer.echo(
                f"voxpress: {name} is called {_FORMER[name]} now; {name} goes with the next release", err=True
            )
            each = f"{_FORMER[name]}{equals}{value}"
        found.append(each)
    return found


def _require_values(given: list[str]) -> None:
    """See that no option that names something is given an empty name.

    Raises:
        InputError: one is.
    """
    for option, value in itertools.pairwise(given):
        if option == "--":
            return
        if option in _NAMES and value == "":
            raise InputError(f"{option} is given an empty value")
    for each in given:
        if each.endswith("=") and each[:-1] in _NAMES:
            raise InputError(f"{each[:-1]} is given an empty value")


def _require_local(given: list[str]) -> None:
    """See that URLs of object stores are given only to what can use them: the rest would take them for paths.

    Raises:
        InputError: one is given to something else.
    """
    able = {"--store", *(("-o", "--output", "--map") if given[:1] == ["render"] else ())}
    for before, each in itertools.pairwise(["", *given]):
        if each == "--":
            return
        option, equals, value = each.partition("=") if each.startswith("--") else (before, "=", each)
        if equals and option.startswith("-") and option not in able and is_remote(value):
            raise InputError(
                f"{option} {value}: give a path of this machine; only -o of voxpress render and --store go to an object"
                " store"
            )


def _hint(message: str) -> str:
    """The next step after some mistakes in the use of the command line; else nothing."""
    given = sys.argv[1:]
    if message.startswith("No such option: -") and not message.startswith("No such option: --"):
        if given[:1] == ["say"]:
            return "a text that begins with - stands behind --: voxpress say -- '-5 degrees'"
        if given[:2] == ["pack", "say"]:
            return "a value that begins with - stands behind --: voxpress pack say en -- -5"
    elif message.startswith("No such command") and "." in given[0]:
        if os.path.isfile(given[0]):
            return f"to render a list: voxpress render {shlex.quote(given[0])} -o out"
        return f"to say a text: voxpress say {shlex.quote(given[0])}"
    elif message.startswith("Missing option '--output'"):
        source = next((each for each in given[1:] if not each.startswith("-")), "prompts.csv")
        name = {"audiobook": f"{os.path.splitext(source)[0]}.m4b", "readalong": "read-along.epub"}.get(
            given[0], "out"
        )
        return f"it says where the files go: voxpress {given[0]} {shlex.quote(source)} -o {shlex.quote(name)}"
    return ""


class _Terminated(BaseException):
    """Somebody wants this process to end. What is claimed or started is given back, as with Ctrl-C."""


def _terminate(*_: object) -> NoReturn:
    raise _Terminated


def _end_interrupted(status: int = _INTERRUPTED) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # another one would meet the interpreter as it ends
    _fail(_GO_ON, status)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"voxpress: {name_flags(message)}", err=True)
    sys.exit(status)
