"""Voices that somebody owns: added, kept, found, spoken with, renamed and removed."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.speechlike import speech
from voxpress.audio import codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.engines.tone import Tone
from voxpress.errors import InputError, ModelUnavailable, StoreError, UnknownVoice
from voxpress.files import formats
from voxpress.quality import asr
from voxpress.rendering import library
from voxpress.speech import Mark, Output
from voxpress.voices import editing, latents, references

WORDS = "The harbour was quiet in the early morning, and only the gulls on the wall were awake."
OWNED = {"speaker": "Anna Smith", "consent": "release signed on 1 March 2026"}
GOOD = speech()


@pytest.fixture(autouse=True)
def home(tmp_path, new_user):
    """A user without voices."""
    return tmp_path


def add(name="anna", recording=GOOD, **changes):
    return editing.add(name, recording, **{"transcript": WORDS, "language": "en-GB", **OWNED, **changes})


@dataclass
class Recogniser:
    """Hears what it is told to, of whatever is played to it."""

    text: str
    language: str = "en"
    played: Audio | None = None
    asked: str = "?"

    @property
    def words(self):
        return tuple(
            # Some recognisers count with NumPy.
            Mark(kind="word", text=word, start=float(i), end=np.float64(i + 1))
            for i, word in enumerate(self.text.split())
        )

    def hear(self, audio: Audio, language: str = "") -> Recogniser:
        self.played, self.asked = audio, language
        return self


# Adding


def test_a_voice_is_added_listed_found_and_offered():
    """With all that is known of it, by its name and by its key."""
    added = add(engines=["xtts"])
    assert references.listed() == [added] == [references.find("anna")]
    (voice,) = references.voices("xtts")
    assert references.voices("f5") == []
    assert (voice.name, voice.languages, voice.licence) == ("anna", ("en-GB",), OWNED["consent"])
    assert references.find(voice.key) == added and voice.key == f"reference:{added.digest}"
    assert added.transcript == WORDS and added.speaker == "Anna Smith" and added.added.startswith("20")


def test_the_sample_is_what_was_recorded():
    """At another level, and in 16 bits."""
    kept = references.audio(add())
    assert kept.sample_rate == GOOD.sample_rate and abs(kept.duration - GOOD.duration) < 0.1
    assert np.corrcoef(kept.samples, GOOD.samples[: len(kept.samples)])[0, 1] > 0.999


def test_the_same_recording_is_the_same_voice():
    """Whatever it is called, whoever adds it, and whenever; other words or samples are another one."""
    first = add("anna")
    assert add("other", speaker="Somebody", engines=["f5"]).digest == first.digest
    assert add("third", transcript=WORDS + " Yes.").digest != first.digest
    assert add("fourth", speech(pitch=121)).digest != first.digest


@pytest.mark.parametrize(
    ("format", "file"),
    [
        ("opus", "a.opus"), ("m4a", "a.m4a"), ("g722", "a.g722"), ("ulaw", "a.ul"), ("wav49", "a.WAV"),
        ("flac", "a"), ("mp3", "a.wav"),
    ],
)  # fmt: skip
def test_recordings_of_every_format_are_read(home, format, file):
    """By their first bytes, or by their extension where they have no header."""
    rates = formats.FORMATS[format].sample_rates
    rate = 16000 if not rates or 16000 in rates else rates[0]
    (home / file).write_bytes(codec.encode(waveform.resample(GOOD, rate), Output(format=format)))
    assert add(recording=home / file).duration == pytest.approx(8.0, abs=0.2)


def test_two_channels_become_one(home):
    """One of them may be silent."""
    both = np.stack([GOOD.samples, 0 * GOOD.samples], axis=1)
    with wave.open(str(home / "two.wav"), "wb") as file:
        file.setparams((2, 2, 16000, 0, "NONE", ""))
        file.writeframes((both * 32767).astype("<i2").tobytes())
    assert add(recording=home / "two.wav").warnings == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "a.wav: cannot be read: No such file"), (b"", "a.wav: "), (b"RIFF, but not quite", "a.wav: ")],
)
def test_what_is_no_recording_is_refused(home, content, problem):
    """Naming the file."""
    if content is not None:
        (home / "a.wav").write_bytes(content)
    with pytest.raises(InputError, match=problem):
        add(recording=home / "a.wav")


def test_too_long_a_recording_is_refused_before_anything_is_measured():
    """An audiobook is no sample."""
    with pytest.raises(InputError, match="the recording: 11 minutes are too much"):
        add(recording=Audio(np.zeros(11 * 60 * 8000, np.float32), 8000))


def test_what_is_wrong_with_a_sample_is_said_with_its_name(home):
    """And what is doubtful is kept with it."""
    (home / "quiet.wav").write_bytes(codec.encode(waveform.gain(GOOD, -50.0), Output()))
    with pytest.raises(InputError, match=r"quiet\.wav: it is silent"):
        add(recording=home / "quiet.wav")
    assert "noise lies only" in add(recording=speech(snr=15)).warnings[0]
    assert references.find("anna").warnings


@pytest.mark.parametrize("missing", [{"speaker": " "}, {"consent": ""}, {"speaker": "", "consent": ""}])
def test_nobody_is_cloned_without_being_named_and_having_agreed(missing):
    """The message says why, and how it is said."""
    with pytest.raises(
        InputError, match=r"'anna' is somebody's voice.* say wh.*which is kept with it.*for example"
    ):
        add(**missing)
    assert references.listed() == []


def test_names_lead_nowhere_else(home):
    """Neither when a voice is added, nor when it is found, renamed or removed."""
    add()
    names = [
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "/abs",
        "a\\b",
        ".hidden",
        "-x",
        "a b",
        "a:b",
        "ä",
        "a\n",
        "x" * 65,
    ]
    for name in names:
        for change in (add, editing.remove, lambda name: editing.rename("anna", name)):
            with pytest.raises(InputError, match="is no name for a voice: letters"):
                change(name)
        with pytest.raises(UnknownVoice):
            references.find(name)
    assert {path.name for path in home.iterdir()} == {"user"}
    assert {path.name for path in references.default_folder().parent.iterdir()} == {"environments", "voices"}
    assert sorted(path.name for path in references.default_folder().iterdir()) == [".lock", "anna"]


def test_a_name_is_taken_once_whatever_its_case():
    """Two voices that only differ in case would be one on some disks."""
    add("anna")
    with pytest.raises(InputError, match="there is a voice 'anna' already: replace it, remove it"):
        add("anna")
    for replace in (False, True):
        with pytest.raises(
            InputError, match="there is a voice 'anna', and 'Anna' differs from it in case only"
        ):
            add("Anna", replace=replace)


@pytest.mark.parametrize("language", ["", "english", "en_GB", "e", "en-"])
def test_languages_are_tags(language):
    """As everywhere."""
    with pytest.raises(InputError, match="is no language tag such as en or en-GB"):
        add(language=language)


# Words


def test_without_recognition_the_words_must_be_given():
    """And the language, and no more than what is kept."""
    for changes, problem in (
        ({"transcript": None}, "transcript: say what is said in it"),
        ({"transcript": "..."}, "transcript: say what is said in it"),
        ({"language": None}, "language: say which language"),
        ({"recording": speech(30.0)}, "it is too long: give at most 12 s with their transcript"),
    ):
        with pytest.raises(InputError, match=f"the recording: {problem}.* pip install"):
            add(**changes)


@pytest.mark.parametrize(("words", "much"), [("Hello.", "less"), (WORDS * 4, "more")])
def test_words_that_cannot_be_those_of_the_sample_are_refused(words, much):
    """Their number is enough to tell."""
    with pytest.raises(
        InputError, match=f"the transcript has {much} text than is said in 7.0 s of speech: '"
    ):
        add(transcript=words)


def test_recognition_writes_the_transcript():
    """And says in which language, and when each word is heard."""
    recogniser = Recogniser(WORDS)
    reference = add(transcript=None, language=None, recogniser=recogniser)
    assert (reference.transcript, reference.language, reference.words) == (WORDS, "en", recogniser.words)
    assert references.find("anna").words == recogniser.words
    assert recogniser.asked == "" and recogniser.played and recogniser.played.duration == reference.duration
    assert references.audio(reference).duration == reference.duration


@pytest.mark.models
def test_a_real_ear_writes_the_transcript_and_finds_its_part_of_a_long_one():
    """Piper speaks, Whisper listens."""
    pytest.importorskip("piper")
    pytest.importorskip("faster_whisper")
    from voxpress.models import downloads

    downloads.pull("whisper-tiny.en", "registry")
    recogniser = asr.Recogniser("whisper-tiny.en")
    parts = [
        "The harbour was quiet in the early morning, and only the gulls were awake.",
        "When the shop opened at nine, there were already four people at the door.",
        "She put the letters into the drawer, and locked it with the small brass key.",
    ]
    recording = codec.decode(library.say(" ".join(parts), speed=0.85, store="memory:").data)
    assert recording.duration > 12
    heard = add(transcript=None, language=None, recording=recording, recogniser=recogniser)
    assert heard.language == "en" and len(heard.words) == len(heard.transcript.split())
    given = add("berta", transcript=" ".join(parts), recording=recording, recogniser=recogniser)
    assert given.warnings == () and given.transcript in " ".join(parts)
    assert given.transcript.split()[-1].strip(",.") == given.words[-1].text.strip(",.")
    with pytest.raises(InputError, match="but what can be heard is"):
        add("carol", transcript=WORDS, recording=recording, recogniser=recogniser)


def test_timings_are_a_part_of_the_voice():
    """Some engines speak by them."""
    assert add("anna").digest != add("other", recogniser=Recogniser(WORDS)).digest


def test_recognition_that_makes_nothing_out_is_an_error():
    """Better than a voice without words."""
    with pytest.raises(InputError, match="no words can be made out in it"):
        add(transcript=None, recogniser=Recogniser(" ... "))


def test_a_transcript_is_compared_with_what_is_heard():
    """What is given counts; doubts are kept, and another text is refused."""
    pytest.importorskip("rapidfuzz")
    heard = WORDS.replace("harbour", "harbor").replace("awake.", "a wake")
    assert (given := add("one", recogniser=Recogniser(heard))).transcript == WORDS and given.warnings == ()
    doubtful = add(
        "two",
        recogniser=Recogniser(WORDS.replace("early morning", "other evening").replace("gulls", "girls")),
    )
    assert doubtful.transcript == WORDS and "other evening" in doubtful.warnings[0]
    with pytest.raises(
        InputError, match=r"the transcript is 'The harbour.*, but what can be heard is 'Please"
    ):
        add(
            "three",
            recogniser=Recogniser("Please enter your account number, followed by the pound key. Then wait."),
        )


def test_of_a_long_recording_the_words_of_the_best_part_are_kept():
    """As they were given, not as they were heard."""
    pytest.importorskip("rapidfuzz")
    whole = f"This is chapter two. It was raining. {WORDS} Then it stopped, and he left."
    heard = "the harbor was quite in the early morning and only the girls on the wall were awake"
    reference = add(recording=speech(30.0), transcript=whole, recogniser=Recogniser(heard))
    assert reference.transcript == WORDS and reference.duration <= 12


# Keeping


def test_a_replaced_voice_is_another_one():
    """Nothing of the former one stays."""
    first = add()
    second = add(recording=speech(pitch=200), replace=True)
    assert second.digest != first.digest and references.listed() == [second]
    references.audio(second)
    assert len(list((references.default_folder() / "anna").iterdir())) == 2


def test_a_voice_that_is_added_by_many_at_once_is_added_once(home):
    """And by many that replace it, it is always whole."""
    from concurrent.futures import ThreadPoolExecutor

    def attempt(pitch, replace):
        try:
            return add(recording=speech(4.0, pitch=pitch), transcript="One two three four.", replace=replace)
        except InputError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(attempt, range(100, 104), [False] * 4))
        assert sum(isinstance(each, references.Reference) for each in first) == 1
        again = list(pool.map(attempt, range(110, 114), [True] * 4))
    found = references.find("anna")
    assert found in again and references.audio(found)
    assert sorted(path.name for path in references.default_folder().iterdir()) == [".lock", "anna"]


def test_a_process_that_dies_while_it_adds_leaves_nothing_to_be_seen():
    """And what it left goes with the next change."""

    def program():
        setattr(Path, "rename", lambda *_: os._exit(9))  # noqa: B010 - a method is not to be assigned to
        add()

    assert _in_another_process(program) == 9
    assert references.listed() == [] and len(list(references.default_folder().iterdir())) == 2
    add()
    assert sorted(path.name for path in references.default_folder().iterdir()) == [".lock", "anna"]


def test_a_process_that_dies_while_it_replaces_leaves_the_former_voice():
    """Whole: its sample lies beside the new one until the record is renamed."""
    former = add()
    replace = os.replace

    def dies(source, target):
        if str(target).endswith("anna/voice.json"):
            os._exit(9)
        replace(source, target)

    def program():
        setattr(os, "replace", dies)  # noqa: B010 - the same
        add(recording=speech(pitch=200), replace=True)

    assert _in_another_process(program) == 9
    assert references.listed() == [former] and references.audio(former)
    assert len(list((references.default_folder() / "anna").iterdir())) == 3


def _in_another_process(program) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=program)
    process.start()
    process.join()
    return process.exitcode


def test_a_folder_that_cannot_be_written_is_said(home):
    """With its path."""
    references.default_folder().write_text("a file")
    with pytest.raises(StoreError, match=r"cannot change the voices in .*voices"):
        add()


# Reading what somebody else wrote


def test_a_record_cannot_lead_out_of_its_folder(home):
    """The folder decides what a voice is called; a digest is nothing but digits."""
    add()
    record = references.default_folder() / "anna" / "voice.json"
    facts = json.loads(record.read_bytes())
    assert "name" not in facts
    record.write_text(json.dumps({**facts, "name": "../../elsewhere"}))
    assert references.find("anna").name == "anna" and references.audio(references.find("anna"))
    record.write_text(json.dumps({**facts, "digest": "../../../../etc/passwd"}))
    with pytest.raises(ModelUnavailable, match=r"cannot read the voice 'anna'.*digest"):
        references.find("anna")


@pytest.mark.parametrize("record", [b"", b"{}", b"\xff\xfe", b'{"digest": 1}', b"[" * 100000])
def test_a_broken_record_is_an_error_of_that_voice_alone(record):
    """The others go on speaking."""
    good = add("good")
    add("bad")
    (references.default_folder() / "bad" / "voice.json").write_bytes(record)
    assert references.listed() == [good] and len(references.voices("f5")) == 1
    (problem,) = references.broken()
    assert "cannot read the voice 'bad'" in str(problem) and "bad/voice.json" in str(problem)
    with pytest.raises(ModelUnavailable, match="cannot read the voice 'bad'"):
        references.find("bad")
    editing.remove("bad")
    assert references.broken() == []


def test_another_sample_in_the_place_of_the_one_that_was_added_is_refused():
    """Its digest tells; so it does when the words were changed."""
    reference = add()
    file = next((references.default_folder() / "anna").glob("*.wav"))
    content = file.read_bytes()
    file.write_bytes(content[:-2] + bytes([content[-2] ^ 1, content[-1]]))
    with pytest.raises(ModelUnavailable, match="is not the sample that was added as 'anna'; add it again"):
        references.audio(reference)
    file.write_bytes(b"no audio")
    with pytest.raises(ModelUnavailable, match="is no audio"):
        references.audio(reference)
    file.write_bytes(content)
    with pytest.raises(ModelUnavailable, match="is not the sample"):
        references.audio(msgspec.structs.replace(reference, transcript="Something else."))
    file.unlink()
    with pytest.raises(ModelUnavailable, match="cannot read the sample of 'anna'"):
        references.audio(reference)


def test_an_unknown_voice_is_said_with_the_nearest_one():
    """And how one is made."""
    add()
    with pytest.raises(
        UnknownVoice, match=r"no cloned voice 'ana'; did you mean 'anna'\? \(voxpress voices add"
    ):
        references.find("ana")


# Renaming and removing


def test_a_renamed_voice_is_the_same_one():
    """Under another name only, also where but the case is another."""
    digest = add().digest
    editing.rename("anna", "Anna")
    editing.rename("Anna", "welcome")
    (found,) = references.listed()
    assert (found.name, found.digest) == ("welcome", digest) and references.audio(found)
    with pytest.raises(UnknownVoice, match=r"no cloned voice 'anna' \(yours: welcome\)"):
        editing.rename("anna", "x")
    add("anna")
    with pytest.raises(InputError, match="there is a voice 'anna' already"):
        editing.rename("welcome", "anna")


def test_a_removed_voice_is_gone_with_what_was_computed_from_it(home):
    """And nothing else is."""
    anna, other = add("anna"), add("other", speech(pitch=200))
    for reference in (anna, other):
        latents.compute(reference, "model", lambda: {"x": np.ones(3, np.float32)})
    editing.remove("anna")
    assert references.listed() == [other] and len(list(latents.default_folder().iterdir())) == 1
    assert sorted(path.name for path in references.default_folder().iterdir()) == [".lock", "other"]
    with pytest.raises(UnknownVoice, match="no cloned voice 'anna'"):
        editing.remove("anna")


def test_of_two_names_for_one_voice_the_other_keeps_what_was_computed():
    """It is the same sample."""
    reference, _ = add("anna"), add("other")
    latents.compute(reference, "model", lambda: {"x": np.ones(3, np.float32)})
    editing.remove("anna")
    assert list(latents.default_folder().iterdir())


def test_removing_a_link_leaves_what_it_leads_to(home):
    """Somebody else's voices, say."""
    add("anna")
    elsewhere = home / "elsewhere"
    (references.default_folder() / "anna").rename(elsewhere)
    (references.default_folder() / "anna").symlink_to(elsewhere)
    editing.remove("anna")
    assert len(list(elsewhere.iterdir())) == 2 and references.listed() == []


# What engines compute


def test_latents_are_computed_once_for_each_sample_and_model():
    """Again only where they are broken."""
    reference, made = add(), []

    def make():
        made.append(1)
        return {"x": np.arange(3, dtype=np.float32)}

    for model in ("a", "a", "b", "a"):
        assert latents.compute(reference, model, make)["x"].tolist() == [0, 1, 2]
    assert len(made) == 2
    for file in latents.default_folder().glob("*/*.npz"):
        file.write_bytes(file.read_bytes()[:100])
    latents.compute(reference, "a", make)
    assert len(made) == 3


# Engines that clone


class Mimic(Tone):
    """Beeps at the pitch of a sample."""

    name = "mimic"
    clones = True

    def voices(self):
        return [*super().voices(), *references.voices(self.name)]


class Only(Mimic):
    name = "only"

    def voices(self):
        return references.voices(self.name)


def test_a_cloned_voice_is_the_default_only_where_there_is_no_other():
    """Adding one must not change who speaks."""
    with pytest.raises(
        UnknownVoice, match="say with which of your voices only is to speak: voxpress voices add"
    ):
        Only().voice(None)
    add("anna")
    assert Only().voice(None).name == "anna" and Mimic().voice(None).name == "low"
    add("berta")
    with pytest.raises(UnknownVoice, match="of your voices only is to speak: anna, berta"):
        Only().voice(None)


def test_a_voice_that_is_for_other_engines_says_so():
    """And for which."""
    add("anna", engines=["f5", "xtts"])
    with pytest.raises(
        UnknownVoice, match="mimic does not speak with the cloned voice 'anna': that is for f5, xtts;"
    ):
        Mimic().voice("anna")
    with pytest.raises(UnknownVoice, match=r"'anna': it does not clone \(engines that do: f5"):
        Tone().voice("anna")


def test_a_name_that_an_engine_has_as_well_is_nobodys():
    """Until yours is called otherwise."""
    add("low")
    with pytest.raises(
        UnknownVoice, match="'low' is a voice of mimic and one of yours: run  voxpress voices rename"
    ):
        Mimic().voice("low")


PACKAGE = '''
import os, time
from pathlib import Path

import msgspec
import numpy as np

from voxpress.voices import editing, latents, references
from voxpress.audio.waveform import tone
from voxpress.engines.tone import Tone


class Mimic(Tone):
    """Beeps at the pitch of a sample."""

    name = "mimic"
    clones = True

    def voices(self):
        return [*super().voices(), *references.voices(self.name)]

    def synthesize(self, batch):
        return [self._mimicked(each) if each.voice.startswith("reference:") else self._speak(each) for each in batch]

    def _mimicked(self, segment):
        reference = references.find(segment.voice)

        def listen():
            with open(os.environ["COMPUTED"], "a") as log:
                log.write(f"{os.getpid()}\\n")
            time.sleep(0.3)  # so that another worker asks meanwhile
            sample = references.audio(reference)
            spectrum = np.abs(np.fft.rfft(sample.samples))
            return {"pitch": np.array([spectrum.argmax() / sample.duration], np.float32)}

        pitch = float(latents.compute(reference, "mimic-1", listen)["pitch"][0])
        return tone([pitch], 0.08 * len(segment.text), self.sample_rate)
'''

PROGRAM = """
import os, sys
import numpy as np
import voxpress
from voxpress.voices import editing, latents, references
from voxpress.audio import codec
from tests.speechlike import speech

def render(voice, workers=2, **changes):
    rows = [voxpress.Utterance(id=str(i), text=f"This is the prompt of number {i}.") for i in range(6)]
    results = list(voxpress.render(rows, "out", **{"engine": "mimic", "store": "store", "voice": voice, **changes}))
    problems = {r.error for r in results if r.error}
    print(voice, len(results), sum(r.spoken for r in results), *problems, sep="|")

def pitch():
    heard = codec.decode(open("out/0.wav", "rb").read())
    spectrum = np.abs(np.fft.rfft(heard.samples))
    print(round(spectrum.argmax() / heard.duration / 20) * 20)

def add(name, pitch, **changes):
    owned = {"speaker": "Anna", "consent": "her own", "language": "en"}
    words = "The harbour was quiet, and so were the gulls on the wall."
    editing.add(name, speech(pitch=pitch), transcript=words, **owned, **changes)

add("anna", 200)
render("anna")
pitch()
editing.rename("anna", "berta")
render("berta")
add("berta", 300, replace=True)
render("berta")
pitch()
add("carol", 200, engines=["f5"])
try:
    render("carol")
except voxpress.UnknownVoice as error:
    print(error)
editing.remove("berta")
try:
    render("berta")
except voxpress.UnknownVoice as error:
    print(error)
"""


CAROL = (
    "mimic does not speak with the cloned voice 'carol': that is for f5; add it again with --replace, and with"
    " --engine mimic or no --engine"
)


def test_a_cloned_voice_speaks_through_any_engine_that_clones(tmp_path):
    """From the plan to the files, with two workers: what is computed from the sample is computed once; a voice with
    another name costs nothing, another sample under the old name is spoken, and a removed voice does not speak.
    """
    (tmp_path / "mimic.py").write_text(PACKAGE)
    info = tmp_path / "mimic-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mimic\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[voxpress.engines]\nmimic = mimic:Mimic\n")
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={
            "PYTHONPATH": f"{tmp_path}:{root / 'src'}:{root}",
            "PATH": "",
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "COMPUTED": str(tmp_path / "computed"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "anna|6|6",
        "200",
        "berta|6|0",
        "berta|6|6",
        "300",
        CAROL,
        "'berta' is not a mimic voice (3 voices: voxpress voices mimic)",
    ], done.stderr
    assert len((tmp_path / "computed").read_text().split()) == 2
