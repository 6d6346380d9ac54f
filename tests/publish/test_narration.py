"""What of a book is spoken, who says it, and where in the book a sentence of the audio stands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.publish.books import book, chapter, paragraph, spoken
from voxpress.documents import Block, Document, Place, Point, Run
from voxpress.errors import InputError, ManifestError
from voxpress.publish import outline as outlines
from voxpress.publish.narration import narrate
from voxpress.publish.outline import ChapterPlan, Decision, Doubt, Outline, Pauses, propose_chapters
from voxpress.publish.proposal import describe_languages, propose, survey, update
from voxpress.publish.recording import make_planner, narrate_chapters
from voxpress.speech import Output, Speaker
from voxpress.store import open_store

CAST = {"Ann": Speaker(engine="tone", voice="high")}


def text_of(*blocks: Block, outline: Outline | None = None) -> str:
    text = narrate("1", blocks, outline or Outline()).utterance.text
    return text.removeprefix("<speak>").removesuffix("</speak>")


@pytest.mark.parametrize(
    ("fields", "kind", "read"),
    [
        ({"tables": "skip"}, "row", False),
        ({}, "row", True),
        ({"captions": "skip"}, "caption", False),
        ({"images": "skip"}, "image", False),
        ({}, "image", True),
        ({}, "code", False),
        ({"code": "read"}, "code", True),
    ],
)
def test_an_outline_says_which_kinds_are_read(fields: dict[str, str], kind: str, read: bool) -> None:
    block = Block(kind=kind, text="Here it is.")  # type: ignore[arg-type]
    outline = Outline(**fields)  # type: ignore[arg-type]
    assert ("Here it is." in text_of(block, outline=outline)) == read


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("skip", "<p>One.</p><p>Two.</p>"),
        ("in place", "<p>One.</p><p>A note.</p><p>Two.</p>"),
        ("end of chapter", "<p>One.</p><p>Two.</p><p>A note.</p>"),
    ],
)
def test_notes_are_read_where_the_outline_says(notes: str, expected: str) -> None:
    one = paragraph("One.", points=(Point(4, "note", "n1", Place("a")),))
    note = Block(kind="note", name="n1", text="A note.")
    assert text_of(one, paragraph("Two."), note, outline=Outline(notes=notes)) == expected  # type: ignore[arg-type]


def test_a_note_of_two_references_is_read_once() -> None:
    points = (Point(4, "note", "n1", Place("a")),)
    note = Block(kind="note", name="n1", text="A note.")
    outline = Outline(notes="in place")
    text = text_of(paragraph("One.", points=points), paragraph("Two.", points=points), note, outline=outline)
    assert text == "<p>One.</p><p>A note.</p><p>Two.</p>"


def test_headings_and_scenes_pause() -> None:
    heading = Block(kind="heading", text="One", level=1)
    text = text_of(heading, paragraph("Text."), Block(kind="break"), paragraph("More."))
    assert text == '<p>One</p><break time="1.2s"/><p>Text.</p><break time="1.5s"/><p>More.</p>'


def test_quotes_and_kinds_have_speakers() -> None:
    outline = Outline(cast=CAST, speakers={"quote": "Ann", "heading": "Ann"})
    heading = Block(kind="heading", text="One", level=1)
    assert text_of(heading, paragraph("He said: “Yes.”"), outline=outline) == (
        '<p><voice name="Ann">One</voice></p><break time="1.2s"/><p>He said: <voice name="Ann">“Yes.”</voice></p>'
    )


def test_a_quote_that_cuts_an_element_stays_with_the_reader() -> None:
    outline = Outline(cast=CAST, speakers={"quote": "Ann"})
    text = "<sub alias='b'>“a</sub>” c"
    assert text_of(paragraph(text), outline=outline) == f"<p>{text}</p>"


def test_other_languages_are_spoken_by_who_speaks_them_and_else_by_the_reader() -> None:
    block = paragraph('Say <lang xml:lang="fr-CA">bonjour</lang> now.')
    assert text_of(block) == "<p>Say bonjour now.</p>"
    outline = Outline(cast=CAST, languages={"fr": "Ann"})
    assert text_of(block, outline=outline) == '<p>Say <voice name="Ann">bonjour</voice> now.</p>'


@pytest.mark.parametrize(
    ("planned", "tag", "speaker"),
    [
        ("fr", "fr-FR", "Ann"),
        ("FR", "fr", "Ann"),
        ("fr_ca", "fr-CA", "Ann"),
        ("zh", "zh-Hant", "Ann"),
        ("zh-Hant", "zh-Hant-TW", "Ann"),
        ("zh-Hant", "zh-Hans", ""),
        ("fr-FR", "fr", ""),
        ("es", "fr", ""),
    ],
)
def test_blocks_phrases_and_the_outline_agree_on_who_speaks_a_language(
    planned: str, tag: str, speaker: str
) -> None:
    outline = Outline(cast=CAST, languages={planned: "Ann"})
    phrase = paragraph(f"Say <lang xml:lang='{tag}'>it</lang>.")
    voiced = '<voice name="Ann">it</voice>' if speaker else "it"
    assert text_of(phrase, outline=outline) == f"<p>Say {voiced}.</p>"
    assert outline.find_speaker(paragraph("It.", language=tag)) == speaker
    told = list(describe_languages(Counter([tag]), outline))
    assert [f"in {tag!r}" in line for line in told] == ([] if speaker else [True])


def test_a_language_that_stands_twice_in_an_outline_is_named() -> None:
    with pytest.raises(InputError, match="languages: 'fr-CA' is there 2 times"):
        Outline(cast=CAST, languages={"fr-CA": "Ann", "FR_ca": "Ann"})


def test_a_sentence_of_the_audio_is_found_in_its_block() -> None:
    blocks = (
        Block(kind="heading", text="Chapter 2", level=1),
        paragraph("A &amp; <sub alias='bee'>B</sub> are late today. At 5 p.m. they come &amp; go home."),
    )
    (recording,) = spoken(book(chapter(1, "Chapter 2", *blocks)), Outline())
    found = [(p.block, blocks[p.block].text[p.start : p.end]) for p in recording.sentences()]
    assert found == [
        (0, "Chapter 2"),
        (1, "A &amp; <sub alias='bee'>B</sub> are late today."),
        (1, "At 5 p.m. they come &amp; go home."),
    ]
    begins = [phrase.begin for phrase in recording.sentences()]
    assert begins == sorted(begins)
    assert begins[1] - next(recording.sentences()).stop == pytest.approx(1.2, abs=0.05)


def test_a_block_knows_where_its_text_stands_in_the_source() -> None:
    block = paragraph("A &amp; B", runs=(Run(0, 10, 2, 2), Run(2, 12, 5, 1), Run(7, 13, 2, 2)))
    assert block.find_source(0, 9) == (10, 15)
    assert block.find_source(2, 7) == (12, 13)
    assert block.find_source(8, 9) == (14, 15)
    assert paragraph("A").find_source(0, 1) is None


def test_pages_are_marked_without_being_read() -> None:
    blocks = (
        Block(kind="page", name="1", text="1"),
        paragraph("It was a dark and stormy night.", points=(Point(9, "page", "2", Place("a")),)),
    )
    (recording,) = spoken(book(chapter(1, "One", *blocks)), Outline())
    pages = list(recording.pages())
    assert [(page.block, page.point) for page in pages] == [(0, None), (1, 0)]
    assert pages[0].at == 0
    assert 0 < pages[1].at < recording.clip.duration


def test_chapters_are_spoken_once_and_again_only_where_they_changed() -> None:
    store = open_store("memory:")
    one = chapter(1, "One", paragraph("The first chapter has these words."))
    two = chapter(2, "Two", paragraph("The second one has others."), paragraph("It ends with these words."))
    first = spoken(book(one, two), Outline(), store=store)
    assert [each.result.spoken for each in first] == [1, 2]
    new = chapter(
        2, "Two", paragraph("The second one has others."), paragraph("It ends otherwise, in the end.")
    )
    again = spoken(book(one, new), Outline(), store=store)
    assert [each.result.spoken for each in again] == [0, 1]


def test_an_outline_keeps_its_choices_in_a_file(tmp_path: Path) -> None:
    outline = Outline(
        title="Emma: a novel",
        creators=("Jane Austen",),
        cast=CAST,
        speakers={"quote": "Ann"},
        notes="end of chapter",
        chapters=(ChapterPlan(title="No", at="a.xhtml"), ChapterPlan(title="1", read=False, at="a.xhtml#4")),
        uncertain=(Doubt(text="St.", read="Saint", say="Street", where="One: … St. …"),),
    )
    outlines.save(outline, tmp_path / "o.yaml", source="emma.epub")
    assert outlines.load(tmp_path / "o.yaml") == outline
    assert [(entry.written, entry.spoken) for entry in outline.lexicon.entries] == [("St.", "Street")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("notes: sometimes", "notes"),
        ("chapters: [{title: One, red: no}]", "red"),
        ("speakers: {quote: Bob}", "no 'Bob' in the cast"),
        ("cast: {Bob: {engine: tone}}\nspeakers: {shout: Bob}", "no 'shout'"),
        ("cast: {Bob: {engin: tone}}", "engin"),
        ("a: [", "not YAML"),
        ("notes: In place", "notes: must be one of skip, in place, end of chapter, not 'In place'"),
        ("chapters:\n- title: One\n  read: perhaps", r"o.yaml:3: chapters\[0\].read: must be yes or no"),
        ("title: One\ntitle: Two", "o.yaml:2: title: is given twice"),
        ("pauses: {heading: -1}", "pauses.heading: must be a number of seconds from 0 to 600, not -1"),
        ("pauses: {scene: .nan}", "pauses.scene: must be a number"),
        ("pauses: {paragraph: 10000}", "not 10000"),
        ("pauses: {heading: 1e9}", "not 1e\\+09"),
        ("language: klingon!", "o.yaml:1: language: 'klingon!' is no language tag"),
        ("words: {late: ''}", "o.yaml:1: words: has nothing to say for 'late'"),
        ("sentences: [{text: A., seed: 1}, {text: A., seed: 2}]", "'A.' is there 2 times: leave one"),
        ("sentences: [{text: '', seed: 1}]", "sentences.0..text"),
        ("chapters: [{title: A, at: a}, {title: B, at: a}]", "chapters: 'a' is there 2 times"),
        ("a: &a [x, x]\ntitle: *a", "o.yaml:2: aliases such as"),
        ("", "must be 'field: value' pairs"),
        ("foo: bar", "there is no field 'foo'"),
        ('title: "a\\x07b"', "o.yaml:1: title: .* holds a control character"),
        ('creators: ["a\\0b"]', "creators: .* holds a control character"),
        ('chapters: [{title: "a\\x02b"}]', "chapters: .* holds a control character"),
        ('narrator: "\\uffff"', "narrator: .* holds a control character"),
        ("languages: {English!: Bob}\ncast: {Bob: {engine: tone}}", "English!"),
    ],
)
def test_a_wrong_outline_is_an_error_that_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "o.yaml"
    path.write_text(text)
    with pytest.raises(ManifestError, match=message) as caught:
        outlines.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("title: 1984", "title", "1984"),
        ("title: 2001-01-01", "title", "2001-01-01"),
        ("title: Yes", "title", "Yes"),
        ("language: no", "language", "no"),
        ("opening: 0o17", "opening", "0o17"),
        ("words: {1984: nineteen eighty-four, No: number, late: 10}", "words",
         {"1984": "nineteen eighty-four", "No": "number", "late": "10"}),
        ("words:", "words", {}),
        ("cast: {1: {engine: tone, speed: 1.5, options: {pitch: 2, name: 'yes'}}}", "cast",
         {"1": Speaker(engine="tone", speed=1.5, options={"pitch": 2, "name": "yes"})}),
        ("chapters: [{title: No, at: a, read: no}, {title: 2, at: b, read: 'Yes'}]", "chapters",
         (ChapterPlan(title="No", at="a", read=False), ChapterPlan(title="2", at="b"))),
        ("uncertain: [{text: 5, read: no, say: No}]", "uncertain", (Doubt(text="5", read="no", say="No"),)),
        ("pauses: {heading: 0, paragraph: '1', scene: 1e-1}", "pauses", Pauses(heading=0, paragraph=1, scene=0.1)),
        ("\ufefftitle: Emma", "title", "Emma"),
    ],
)  # fmt: skip
def test_what_people_write_is_taken_as_it_stands(
    tmp_path: Path, text: str, field: str, value: object
) -> None:
    path = tmp_path / "o.yaml"
    path.write_text(text, "utf-8")
    assert getattr(outlines.load(path), field) == value


def test_an_outline_that_does_not_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no list, so CSV would be no help."""
    monkeypatch.setattr("voxpress.manifests.MAX_DOCUMENT", 1000)
    path = tmp_path / "o.yaml"
    path.write_text("title: Emma\n" + "#\n" * 600)
    with pytest.raises(ManifestError) as caught:
        outlines.load(path)
    assert str(caught.value) == f"{path}: is longer than 1,000 characters"


def test_chapters_in_another_order_are_refused_and_not_read_otherwise() -> None:
    one, two = chapter(1, "One", paragraph("Text.")), chapter(2, "Two", paragraph("Text."))
    outline = Outline(chapters=propose_chapters(book(one, two))[::-1])
    with pytest.raises(ManifestError, match="in the order of the book"):
        outline.choose(book(one, two))


@pytest.mark.parametrize(
    ("speaker", "problem"),
    [
        (Speaker(engine="nosuch"), "cast: Ann: no engine 'nosuch'"),
        (Speaker(voice="nosuch"), "cast: Ann: .*'nosuch' is not a tone voice"),
        (Speaker(engine="tone", options={"nosuch": 1}), "cast: Ann: .*no option 'nosuch'"),
    ],
)
def test_a_speaker_who_is_not_there_is_an_error_before_anything_is_spoken(
    speaker: Speaker, problem: str
) -> None:
    document = book(chapter(1, "One", paragraph("Text.")))
    outline = Outline(cast={"Ann": speaker})
    with pytest.raises(InputError, match=problem):
        make_planner(document, outline, Output(), speaker=Speaker(engine="tone"))


def test_a_pause_that_is_too_short_for_ssml_is_none() -> None:
    heading = Block(kind="heading", text="One", level=1)
    outline = Outline(pauses=Pauses(heading=1e-7, scene=0))
    assert text_of(heading, Block(kind="break"), paragraph("A."), outline=outline) == "<p>One</p><p>A.</p>"


def test_an_outline_of_another_book_is_refused() -> None:
    one, two, three = (chapter(number, f"Chapter {number}", paragraph("Text.")) for number in (1, 2, 3))
    outline = Outline(chapters=propose_chapters(book(one, two)))
    with pytest.raises(InputError, match="'Chapter 3' is not in the outline"):
        outline.choose(book(one, two, three))
    with pytest.raises(InputError, match=r"'Chapter 1' at 'text\.xhtml#chapter-1' is not in the book"):
        outline.choose(book(two, three))
    with pytest.raises(InputError, match=r"of another book, .* --outline, or let voxpress outline --update"):
        outline.choose(book(three))


def test_text_that_is_added_leaves_the_chapters_what_they_are() -> None:
    outline = Outline(chapters=propose_chapters(book(chapter(1, "One"), chapter(4, "Two"))))
    assert [at.title for _, at in outline.choose(book(chapter(1, "One"), chapter(9, "Two")))] == [
        "One",
        "Two",
    ]


def test_chapters_with_one_title_at_one_place_are_told_apart() -> None:
    many = [chapter(1, title) for title in ("I", "", "I", "I!", "I-2", "日本")]
    places = [each.at for each in propose_chapters(book(*many))]
    assert places == [f"text.xhtml#{each}" for each in ("i", "start", "i-2", "i-3", "i-2-2", "日本")]


def test_decisions_follow_a_chapter_behind_a_new_one_and_under_a_new_title() -> None:
    old = propose_chapters(book(*(chapter(n, title) for n, title in enumerate(["One", "Two", "Three"], 1))))
    decided = Outline(chapters=(old[0], msgspec.structs.replace(old[1], read=False), old[2]))
    first = update(decided, book(*(chapter(n, t) for n, t in enumerate(["Zero", "One", "Two", "Three"], 1))))
    assert [(each.title, each.read) for each in first.chapters] == [
        *(("Zero", True), ("One", True), ("Two", False), ("Three", True))
    ]
    renamed = update(decided, book(*(chapter(n, t) for n, t in enumerate(["One", "The Sea", "Three"], 1))))
    assert [(each.title, each.read) for each in renamed.chapters] == [
        *(("One", True), ("The Sea", False), ("Three", True))
    ]


def test_an_updated_outline_keeps_what_was_decided() -> None:
    one = chapter(1, "One", paragraph("Text."))
    old = Outline(title="Mine", chapters=(ChapterPlan(title="First", read=False, at="text.xhtml#one"),))
    new = update(old, book(one, chapter(2, "Two", paragraph("Text."))))
    assert [(each.title, each.read) for each in new.chapters] == [("First", False), ("Two", True)]
    assert new.title == "Mine"


def test_chapters_that_have_another_place_now_keep_what_was_decided() -> None:
    old = Outline(
        chapters=tuple(
            ChapterPlan(title=title, read=False, at=f"old.xhtml#{number}")
            for number, title in enumerate(["One", "I", "I", "Gone"])
        )
    )
    titles = ["One", "I", "I", "New"]
    document = book(*(chapter(number, title) for number, title in enumerate(titles, 1)))
    assert [(each.title, each.at, each.read) for each in update(old, document).chapters] == [
        ("One", "text.xhtml#one", False),
        ("I", "text.xhtml#i", True),
        ("I", "text.xhtml#i-2", True),
        ("New", "text.xhtml#new", True),
    ]


def surveyed(document: Document) -> tuple[Outline, list[str], int, tuple[str, ...]]:
    outline = propose(document)
    planner = make_planner(document, outline, Output(), speaker=Speaker(engine="tone"))
    found = survey(document, outline, planner, open_store("memory:"))
    return (
        found.outline,
        list(describe_languages(found.foreign, found.outline)),
        found.to_speak,
        found.problems,
    )


def test_a_survey_says_how_long_a_book_is_and_what_is_uncertain() -> None:
    words = "It was a truth that everybody in the country knew well. " * 40
    document = book(
        chapter(1, "One", paragraph(words)),
        chapter(2, "Two", paragraph("He met St. John on 3/4/2020, <lang xml:lang='fr'>bonjour</lang>.")),
    )
    outline, foreign, to_speak, problems = surveyed(document)
    assert outline.title == "Emma"
    assert outline.chapters[0].characters == len(words)
    assert 1.5 < outline.chapters[0].minutes < 3.5
    assert to_speak > 50
    assert any(doubt.text == "3/4/2020" and "Two: … " in doubt.where for doubt in outline.uncertain)
    assert any("'fr'" in line for line in foreign)
    assert not problems


def read_again(*texts: str, **fields: object) -> Outline:
    decided = tuple(Decision(text=text, seed=seed) for seed, text in enumerate(texts, 1))
    cast = {**CAST, "Bob": Speaker(engine="tone", voice="low")}
    return Outline(cast=cast, sentences=decided, **fields)  # type: ignore[arg-type]


def voice(name: str, text: str) -> str:
    return f'<voice name="{name}">{text}</voice>'


YES = voice("Ann", "“A.”")


@pytest.mark.parametrize(
    ("text", "again", "expected"),
    [
        ("No. Yes. No.", ["No."], f"{voice('reading 1', 'No.')} Yes. {voice('reading 1', 'No.')}"),
        ("Nothing. No", ["No"], f"Nothing. {voice('reading 1', 'No')}"),
        ("猫。名は無い。", ["名は無い。", "猫。"], voice("reading 2", "猫。") + voice("reading 1", "名は無い。")),
        ("It was late.", ["It was", "was late."], f"It {voice('reading 2', 'was late.')}"),
        ("<b>late</b> late b", ["b"], f"<b>late</b> late {voice('reading 1', 'b')}"),
        ("A <b>c. D</b>", ["c. D</b>"], "A <b>c. D</b>"),
    ],
)  # fmt: skip
def test_a_sentence_is_read_again_wherever_it_stands_and_nothing_else(
    text: str, again: list[str], expected: str
) -> None:
    assert text_of(paragraph(text), outline=read_again(*again)) == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    ("text", "again", "expected"),
    [
        ("“A.” She: “No.”", "“No.”", f"{YES} She: {voice('Ann', voice('reading 1 of Ann', '“No.”'))}"),
        ("“A.” She: “No.”", "She:", f"{YES} {voice('reading 1', 'She:')} {voice('Ann', '“No.”')}"),
        ("“Yes. No.”", "No.", voice("Ann", f"“Yes. {voice('reading 1 of Ann', 'No.')}”")),
        ('<lang xml:lang="fr">Oui.</lang>', "Oui.", voice("Bob", voice("reading 1 of Bob", "Oui."))),
        ("“A.” No.", "A.” No.", f"{YES} No."),
    ],
)  # fmt: skip
def test_a_sentence_is_read_again_by_whoever_reads_it(text: str, again: str, expected: str) -> None:
    outline = read_again(again, speakers={"quote": "Ann"}, languages={"fr": "Bob"})
    told = narrate("1", [paragraph(text)], outline).utterance
    assert told.text == f"<speak><p>{expected}</p></speak>"
    for name in ("Ann", "Bob"):
        assert told.cast[f"reading 1 of {name}"] == Speaker(seed=1).over(outline.cast[name])


def test_a_heading_is_read_again_by_whoever_reads_headings() -> None:
    outline = read_again("One", speakers={"heading": "Ann"})
    found = text_of(Block(kind="heading", text="One", level=1), outline=outline)
    assert found == f"<p>{voice('Ann', voice('reading 1 of Ann', 'One'))}</p>"


@pytest.mark.parametrize("attribute", ["“x”", "«x»", "「x」"])
def test_quotation_marks_in_attributes_are_no_quotes(attribute: str) -> None:
    text = f'<sub alias="{attribute}">B</sub> “y”'
    assert text_of(paragraph(text), outline=read_again(speakers={"quote": "Ann"})) == (
        f'<p><sub alias="{attribute}">B</sub> {voice("Ann", "“y”")}</p>'
    )


def test_notes_of_a_part_that_is_not_read_are_read_where_they_belong() -> None:
    """Many books have all their notes at the end."""
    one = paragraph("One.", points=(Point(4, "note", "n1", Place("a")),))
    note = Block(kind="note", name="n1", text="A note.")
    document = book(
        chapter(1, "One", one, paragraph("Two.")),
        chapter(2, "Other", paragraph("Three.")),
        chapter(3, "Notes", Block(kind="heading", text="Notes"), note),
    )
    chapters = propose_chapters(document)
    unread = (*chapters[:2], msgspec.structs.replace(chapters[2], read=False))

    def texts(notes: str) -> list[str]:
        outline = Outline(notes=notes, chapters=unread)  # type: ignore[arg-type]
        return [
            each.utterance.text.removeprefix("<speak>").removesuffix("</speak>")
            for each in narrate_chapters(document, outline)
        ]

    assert texts("skip") == ["<p>One.</p><p>Two.</p>", "<p>Three.</p>"]
    assert texts("in place") == ["<p>One.</p><p>A note.</p><p>Two.</p>", "<p>Three.</p>"]
    assert texts("end of chapter") == ["<p>One.</p><p>Two.</p><p>A note.</p>", "<p>Three.</p>"]
