"""Text of any length and any kind, end to end: every word once and in order, or an error that says why not."""

import random
from itertools import pairwise

import msgspec
import pytest
from typer.testing import CliRunner

from voxpress import Speaker, Utterance, cli, render, say
from voxpress.manifests import report
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner

ENGINE = """
    from voxpress.engines.tone import Tone
    from voxpress.errors import SynthesisError

    class Tokens(Tone):
        name = "tokens"
        misread = '"¿<>'

        def longest(self, voice, language):
            return 20 if language.startswith("zh") else 60

        def synthesize(self, batch):
            for segment in batch:
                if sum(3 if ord(letter) > 0x3000 else 1 for letter in segment.text) > 60:
                    raise SynthesisError(f"{segment.text!r} has more than 60 tokens")
            return super().synthesize(batch)
"""


@pytest.fixture
def tokens(installed):
    """An engine whose limit is in tokens: 60, of which a Chinese character takes three."""
    return installed("tokens", ENGINE)


def words_of(clip):
    marks = [mark for mark in clip.marks if mark.kind == "word"]
    assert all(first.end <= second.start for first, second in pairwise(marks))
    return [mark.text for mark in marks]


def letters(number):
    """A word for a number, in letters only: digits are read as numbers."""
    return "w" + str(number).translate(str.maketrans("0123456789", "bdfghjklmn"))


def novel(count):
    """So many words, no two alike, in sentences of 1 to 40 words, some with commas, and in paragraphs."""
    draw = random.Random(1)
    written = 0
    while written < count:
        length = min(draw.choice([1, 2, 5, 9, 14, 40]), count - written)
        words = [letters(written + i) + draw.choice(["", "", "", ","]) for i in range(length)]
        written += length
        yield " ".join(words).rstrip(",") + draw.choice([".", "?", "!", "...", ".\n\n"])


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_words_in_one_file(count):
    """Every word is heard once, in its place."""
    text = " ".join(novel(count))
    clip = say(text, engine="tone", speed=4.0, store="memory:", workers=0)
    assert words_of(clip) == text.split()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (" ".join(novel(60)), "en"),
        (" ".join(letters(i) for i in range(60)), "en"),
        ("".join(chr(0x4E00 + i) for i in range(300)), "zh"),
        ("x" * 500, "en"),
    ],
)
def test_a_limit_in_tokens(tokens, text, language):
    """No segment has more than the engine takes, whatever the language, and nothing is cut off."""
    clip = say(text, engine=tokens, language=language, speed=4.0, store="memory:", workers=0)
    assert "".join(words_of(clip)) == "".join(text.split())


def test_a_text_with_too_many_tokens_is_never_cut(tokens):
    """Chinese of which the engine does not know how many tokens it has: the row fails, and says what is wrong."""
    (result,) = render(
        [Utterance(id="x", text="".join(chr(0x4E00 + i) for i in range(60)), language="yue")],
        engine=tokens,
        store="memory:",
        workers=0,
    )
    assert result.status == "failed" and "more than 60 tokens" in result.error


def test_what_is_misread_is_told_everywhere(tokens, tmp_path):
    """In the plan, in the result, in the report and in a dry run; and the take is that of the cleaned text."""
    (tmp_path / "prompts.csv").write_text('id,text\na,"Say ""hello"" ¿now¿."\nb,"""¿¿"""\nc,Say hello now.\n')
    command = ["render", str(tmp_path / "prompts.csv"), "-o", str(tmp_path / "out"), "-e", tokens]
    command += ["--store", str(tmp_path / "store"), "-w", "0", "--skip-bad"]
    notes = tuple(f"2 × {each!r} removed: the engine misreads it" for each in '"¿')
    dry = CliRunner().invoke(cli.app, [*command, "--dry-run"]).stdout
    assert all(f"            {note}\n" in dry for note in notes)
    assert "besides what the engine misreads" in dry
    assert CliRunner().invoke(cli.app, command).exit_code == 1
    a, b, c = report.read(tmp_path / "out" / ".voxpress" / "report.jsonl")
    assert a.notes == notes and a.text == 'Say "hello" ¿now¿.' and not c.notes
    assert b.status == "failed" and b.error.endswith(
        """nothing to speak in '"¿¿"': it has no letter and no digit besides what the engine misreads"""
    )
    assert a.spoken + c.spoken == 1


def test_markup_may_hold_what_is_misread(tokens):
    """A direction in angle brackets is still one."""
    plan = Planner(Speaker(engine=tokens)).plan(
        Utterance(text="Speak now <beep> <3", markup="directions"), filed=False
    )
    assert isinstance(plan, Plan)
    assert [take.segment.text for take in plan.takes.values()] == ["Speak now", "Less than three"]
    assert [
        msgspec.to_builtins(part).get("type") for part in plan.recipe.parts if not isinstance(part, str)
    ] == [None]
