"""How fast is what the store has: by POST, by GET, in parts, unchanged; against a bare handler, and nginx.

    python benchmarks/hits.py [--rounds 5]

The server on one core and the client on another, with 1, 16 and 64 connections. A bare handler of the same framework
reads the same file and returns it. Where nginx is installed, it serves the file from the store, and behind
`X-Accel-Redirect`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from statistics import median

import measure
from server import TEXT, free_port, os, process, request, run_load, voxpress

SECONDS = 2.0
CONNECTIONS = (1, 16, 64)
BARE = """
import sys
from litestar import Litestar, Response, get, post
def clip() -> Response[bytes]:
    with open(sys.argv[1], "rb", buffering=0) as file:
        data = file.read()
    return Response(data, media_type="audio/mpeg")
@post("/v1/audio/speech", status_code=200)
async def posted() -> Response[bytes]:
    return clip()
@get("/clip")
async def got() -> Response[bytes]:
    return clip()
if __name__ == "__main__":
    import uvicorn
    app = Litestar([posted, got], openapi_config=None)
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
"""
NGINX = """
daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; sendfile on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream ours {{ server 127.0.0.1:{ours}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://ours; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host localhost;
    }}
    location /_clips/ {{ internal; alias {store}/; }}
    location /static/ {{ alias {store}/; }}
  }}
}}
"""


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    ours_core, client_core = cores[0], cores[-1]
    body = json.dumps({"model": "tts-1", "voice": "nova", "input": TEXT}).encode()
    lines: list[list[object]] = [
        [
            "",
            "connections",
            "requests/s",
            "bare handler",
            "ratio",
            "median",
            "99 of 100 within",
            "bare: 99 of 100",
        ]
    ]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        (folder / "bare.py").write_text(BARE)
        port, bare = free_port(), free_port()
        with process(*voxpress(folder, port), port=port, core=ours_core, ready="/readyz"):
            posted = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/audio/speech", body, {"content-type": "application/json"}
            )
            with urllib.request.urlopen(posted) as answer:
                clip, tag, data = answer.headers["content-location"], answer.headers["etag"], answer.read()
            (folder / "clip.mp3").write_bytes(data)
            asked = {
                "POST": (
                    request(port, "POST", "/v1/audio/speech", body),
                    request(bare, "POST", "/v1/audio/speech", body),
                ),
                "GET": (request(port, "GET", clip), request(bare, "GET", "/clip")),
            }
            command = (sys.executable, folder / "bare.py", folder / "clip.mp3", str(bare))
            with process(*command, port=bare, core=ours_core):
                for kind, (ours, theirs) in asked.items():
                    for count in CONNECTIONS:
                        pairs = [
                            (
                                run_load(port, [ours] * count, SECONDS, core=client_core),
                                run_load(bare, [theirs] * count, SECONDS, core=client_core),
                            )
                            for _ in range(arguments.rounds)
                        ]
                        rates = [(mine[0], other[0]) for mine, other in pairs]
                        times = [t for mine, _ in pairs for t in mine[1]]
                        others = [t for _, other in pairs for t in other[1]]
                        lines.append(
                            [
                                kind,
                                count,
                                f"{median(mine for mine, _ in rates):,.0f}",
                                f"{median(other for _, other in rates):,.0f}",
                                f"**{median(mine / other for mine, other in rates):.2f}**",
                                f"{median(times) * 1e3:.2f} ms",
                                f"{percentile(times, 0.99) * 1e3:.2f} ms",
                                f"{percentile(others, 0.99) * 1e3:.2f} ms",
                            ]
                        )
            for kind, method, headers, status in (
                ("a part of 1,000 bytes (206)", "GET", "range: bytes=0-999\r\n", b"206"),
                ("unchanged (304)", "GET", f"if-none-match: {tag}\r\n", b"304"),
            ):
                rate, _, statuses = run_load(
                    port, [request(port, method, clip, b"", headers)] * 16, SECONDS, core=client_core
                )
                assert set(statuses) == {status}, statuses
                lines.append([kind, 16, f"{rate:,.0f}", "", "", "", "", ""])
        if nginx := shutil.which("nginx") or shutil.which("/usr/sbin/nginx"):
            lines += behind_nginx(nginx, folder, body, ours_core, client_core)
    measure.report(
        "hits",
        lines,
        f"Clips of {len(data) / 1000:.0f} kB; server and client have a core each. Ratios are medians of"
        f" {arguments.rounds} pairs; above 1 is in favour of voxpress.",
    )


def behind_nginx(
    nginx: str, folder: Path, body: bytes, ours_core: int, client_core: int
) -> list[list[object]]:
    """nginx with the file alone, and with the server that says which file."""
    port, front = free_port(), free_port()
    (folder / "voxpress.toml").write_text(
        '[server]\naccel_redirect = "/_clips/"\ntrusted_hosts = ["localhost"]\n'
    )
    settings = NGINX.format(folder=folder, port=front, ours=port, store=folder / f"store-{port}")
    (folder / "nginx.conf").write_text(settings)
    lines: list[list[object]] = []
    command = (*voxpress(folder, port), "--config", folder / "voxpress.toml")
    with process(*command, port=port, core=ours_core, ready="/readyz"):
        posted = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/audio/speech", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(posted) as answer:
            clip = answer.headers["content-location"]
        store = folder / f"store-{port}"
        (file,) = store.glob(f"clips/*/{clip.rpartition('/')[2]}")
        static = f"/static/{file.relative_to(store)}"
        with process(nginx, "-c", folder / "nginx.conf", port=front, core=ours_core, ready=static):
            for kind, path in (("nginx, `X-Accel-Redirect`", clip), ("nginx, the file alone", static)):
                asked = [request(front, "GET", path)] * 16
                rate, _, statuses = run_load(front, asked, SECONDS, core=client_core)
                assert set(statuses) == {b"200"}, statuses
                lines.append([kind, 16, f"{rate:,.0f}", "", "", "", "", ""])
    return lines


if __name__ == "__main__":
    main()
