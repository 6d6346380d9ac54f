"""Requests with a lexicon, and those of a project."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("litestar")

from voxpress.errors import InputError
from voxpress.rendering.projects import load_project
from voxpress.server.aliases import Aliases
from voxpress.server.errors import Refusal, to_refusal
from voxpress.server.requests import parse_speech_request
from voxpress.server.settings import Settings
from voxpress.server.speech.planner import SpeechPlan, SpeechPlanner

SETTINGS = Settings(engines=["tone"])


def plan(text: str, lexicon: Any, project: Any = None, **fields: Any) -> SpeechPlan:
    project = project or load_project()
    planner = SpeechPlanner(SETTINGS, Aliases(SETTINGS, project.defaults, project.cast), project)
    data, _ = parse_speech_request(
        {"model": "tone", "voice": "low", "input": text, "lexicon": lexicon, **fields}
    )
    return planner.plan_now(data)


def said(made: SpeechPlan) -> list[tuple[str, list[str]]]:
    segments = [take.segment for take in made.plan.takes.values()]
    return [(segment.text, [each.ipa for each in segment.phonemes or ()]) for segment in segments]


def test_a_request_with_a_lexicon() -> None:
    entries = [{"word": "SQL", "spoken": "sequel"}, {"word": "Nguyen", "ipa": "/nwɪn/"}]
    assert said(plan("SQL, Nguyen.", entries)) == [("sequel, Nguyen.", ["nwɪn"])]
    assert said(plan("SQL, Nguyen.", None)) == said(plan("SQL, Nguyen.", [])) == [("SQL, Nguyen.", [])]
    assert plan("SQL", []).clip_key != plan("SQL", entries).clip_key


def test_a_document_names_no_file_here(tmp_path, monkeypatch) -> None:
    """As with sounds: files lie beside manifests, and not beside a server."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.tsv").write_text("SQL\tsequel\n")
    text = "<speak><lexicon uri='names.tsv'/>SQL.</speak>"
    with pytest.raises(InputError) as error:
        plan(text, None, markup="ssml")
    assert str(error.value) == (
        "the lexicon 'names.tsv': a text can name files only where it comes from a manifest"
    )
    made = plan(text, [{"word": "SQL", "spoken": "S Q L"}], markup="ssml", lenient=True)
    assert (said(made), made.notes) == ([("S Q L.", [])], (str(error.value),))


def test_the_lexicons_of_a_project(tmp_path) -> None:
    (tmp_path / "names.tsv").write_text("SQL\tsequel\nPerl\tpurl\n")
    (tmp_path / "web.tsv").write_text("Perl\tpearl\n")
    file = tmp_path / "voxpress.toml"
    file.write_text(
        '[defaults]\nlexicons = ["names.tsv"]\n'
        '[presets.web]\nlexicons = ["web.tsv"]\nfiles = [{path = "{id}.mp3", format = "mp3"}]\n'
    )
    project = load_project(file)
    assert said(plan("SQL Perl", None, project)) == [("sequel purl", [])]
    assert said(plan("SQL Perl", None, project, preset="web")) == [("sequel pearl", [])]
    assert said(plan("SQL Perl", [{"word": "SQL", "spoken": "S Q L"}], project)) == [("S Q L purl", [])]
    (tmp_path / "names.tsv").unlink()
    with pytest.raises(InputError, match=r"defaults\.lexicons: no file '.*names\.tsv'"):
        plan("SQL", None, project)


@pytest.mark.parametrize(
    ("lexicon", "field", "problem"),
    [
        ([{"word": "a", "ipa": "a1"}], "lexicon[0].ipa", "character 2, '1'"),
        ([{"word": "a", "spoken": "b"}, {"word": "c"}], "lexicon[1].spoken", "has nothing to say"),
        ([{"word": "a", "spoken": "b"}, {"word": "A"}], "lexicon[1].spoken", "has nothing to say"),
        ([{"word": "a", "spoken": "b"}, {"word": "a", "spoken": "c"}], "lexicon[1].word", "'c' here and 'b'"),
        ([{"word": "\u0000", "spoken": "b"}], "lexicon[0].word", "cannot be seen"),
        ([{"word": "", "spoken": "b"}], "lexicon[0].word", "length >= 1"),
        ([{"word": "a" * 201, "spoken": "b"}], "lexicon[0].word", "length <= 200"),
        ([{"word": "a", "spoken": "b" * 501}], "lexicon[0].spoken", "length <= 500"),
        ([{"spoken": "b"}], "lexicon[0].word", "this field is missing"),
        ([{"word": "(a*)*b", "spoken": "b", "regex": True}], "lexicon[0]", "unknown field `regex`"),
        ([{"word": "a", "spoken": "b"}] * 257, "lexicon", "length <= 256"),
        ("names.tsv", "lexicon", "Expected `array`"),
        ({"SQL": "sequel"}, "lexicon", "Expected `array`"),
    ],
)
def test_a_lexicon_that_cannot_be_so(lexicon: Any, field: str, problem: str) -> None:
    with pytest.raises((InputError, Refusal)) as caught:
        plan("Hello.", lexicon)
    refused = to_refusal(caught.value)
    assert refused.status == 400
    assert refused.param == field
    assert problem in str(refused)


def test_a_lexicon_makes_no_long_text_of_a_short_one() -> None:
    lexicon = [{"word": "a", "spoken": "very long " * 40}]
    assert said(plan("a a", lexicon))
    with pytest.raises(Refusal, match=r"lexicon: 798,400 characters would be spoken with it") as caught:
        plan("a " * 2000, lexicon)
    assert caught.value.param == "lexicon"
