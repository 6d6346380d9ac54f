"""What is heard between the times of an overlay is the sentence that is highlighted."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints
from lxml import etree

from tests.publish.epubs import page, write_epub
from voxpress import documents
from voxpress.audio.waveform import Audio
from voxpress.models import downloads
from voxpress.publish.readalong import OUTPUT, make_readalong, propose_outline
from voxpress.publish.recording import make_planner
from voxpress.quality.asr import Recogniser
from voxpress.speech import Speaker
from voxpress.store import open_store
from voxpress.text.wer import score

pytestmark = pytest.mark.models

PROSE = """
<h1>The harbour in winter</h1>
<p>The boats were <i>frozen to the quay. Nobody</i> had seen a winter like it. Even the dogs stayed at home.</p>
<ul><li>Three men walked across the ice.</li><li>They carried lanterns and a rope.</li></ul>
<p>“Be careful,” said the harbour master. The ice was thinner than it looked.</p>
"""


def test_a_sentence_is_heard_at_its_time(tmp_path: Path) -> None:
    pytest.importorskip("piper")
    pytest.importorskip("faster_whisper")
    downloads.pull("whisper-tiny.en", "registry")
    document = documents.read(write_epub(tmp_path / "book.epub", {"one.xhtml": page(PROSE)}))
    outline = propose_outline(document)
    planner = make_planner(document, outline, OUTPUT, speaker=Speaker(engine="piper"))
    make_readalong(
        document, outline, tmp_path / "out.epub", planner=planner, store=open_store("memory:"), workers=0
    )
    with zipfile.ZipFile(tmp_path / "out.epub") as book:
        overlay: Any = etree.fromstring(book.read("OPS/readalong/one.smil"))
        text: Any = etree.fromstring(book.read("OPS/one.xhtml"))
        samples, rate = soundfile.read(io.BytesIO(book.read("OPS/readalong/one.mp3")), dtype="float32")
    recogniser = Recogniser("whisper-tiny.en")
    heard = 0
    for par in overlay.iter("{*}par"):
        id = par[0].get("src").partition("#")[2]
        wanted = " ".join("".join(text.xpath(f"//*[@id='{id}']")[0].itertext()).split())
        begin, end = (float(par[1].get(name).removesuffix("s")) for name in ("clipBegin", "clipEnd"))
        clip = samples[int(begin * rate) : int(end * rate)]
        voiced = np.flatnonzero(np.abs(clip) > 0.02 * np.abs(samples).max())
        assert voiced[0] / rate < 0.1, wanted
        if len(wanted.split()) > 3:
            heard += 1
            assert score(wanted, recogniser.hear(Audio(clip, rate), "en").text, "en").wer < 0.35, wanted
    assert heard >= 7
