#!/usr/bin/env python3
"""Compares the cache that `distill pull` writes with huggingface_hub's, without a network.

A local server has the hub's routes and two commits of data/teacher. Each tool downloads from it into a cache of its own; the other must find all
that the first left, and download nothing again. transformers opens the tokenizer of what distill left.

    python3 -m venv .venv && .venv/bin/pip install huggingface_hub transformers sentencepiece protobuf
    .venv/bin/python Tests/Golden/hub/check_hub.py --distill .build/release/distill
"""

import argparse
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

NAME = "tiny/model"
ROOT = pathlib.Path(__file__).resolve().parents[3]
COMMITS = {"main": "0123456789abcdef0123456789abcdef01234567", "refs/pr/1": "fedcba9876543210fedcba9876543210fedcba98"}


def git_hash(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Repository:
    """The files of each commit, and what they are named by."""

    def __init__(self):
        teacher = {path.name: path.read_bytes() for path in (ROOT / "data/teacher").iterdir()}
        teacher["additional_chat_templates/plain.jinja"] = b"{{ messages[0]['content'] }}"
        other = dict(teacher, **{"generation_config.json": b'{"eos_token_id": 2, "do_sample": true}'})
        self.files = {COMMITS["main"]: teacher, COMMITS["refs/pr/1"]: other}

    def is_lfs(self, name):
        return name.endswith((".safetensors", ".model"))

    def tag(self, name, data):
        return hashlib.sha256(data).hexdigest() if self.is_lfs(name) else git_hash(data)


REPOSITORY = Repository()
TRANSFERS = []  # names of files that were sent


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        for revision, commit in [*COMMITS.items(), *((c, c) for c in COMMITS.values())]:
            files = REPOSITORY.files[commit]
            if path == f"/api/models/{NAME}/revision/{revision.replace('/', '%2F')}":
                entries = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
                return self.json({"id": NAME, "modelId": NAME, "sha": commit, "siblings": entries})
            if path == f"/api/models/{NAME}/tree/{commit}":
                return self.json([self.entry(name, data) for name, data in files.items()])
            prefix = f"/{NAME}/resolve/{commit}/"
            if path.startswith(prefix) and (data := files.get(path[len(prefix):])) is not None:
                return self.file(path[len(prefix):], data, commit)
        if path.startswith("/stored/"):
            for files in REPOSITORY.files.values():
                for name, data in files.items():
                    if path == "/stored/" + REPOSITORY.tag(name, data):
                        return self.send(name, data)
        self.reply(404, X_Error_Code="EntryNotFound")

    def json(self, value):
        self.reply(200, json.dumps(value).encode(), Content_Type="application/json")

    def entry(self, name, data):
        entry = {"type": "file", "path": name, "size": len(data), "oid": git_hash(data)}
        if REPOSITORY.is_lfs(name):
            entry["lfs"] = {"oid": REPOSITORY.tag(name, data), "size": len(data), "pointerSize": 130}
        return entry

    def file(self, name, data, commit):
        tag = REPOSITORY.tag(name, data)
        if REPOSITORY.is_lfs(name):
            location = f"http://localhost:{self.server.server_port}/stored/{tag}"
            return self.reply(302, Location=location, X_Repo_Commit=commit, X_Linked_Etag=f'"{tag}"', X_Linked_Size=str(len(data)))
        self.send(name, data, ETag=f'"{tag}"', X_Repo_Commit=commit)

    def send(self, name, data, **fields):
        if self.command == "GET":
            TRANSFERS.append(name)
        self.reply(200, data, **fields)


def expect(condition, message):
    if not condition:
        sys.exit(f"failed: {message}")
    print(f"ok: {message}")


def distill(arguments, cache, **variables):
    environment = dict(os.environ, HF_HUB_CACHE=str(cache), HF_HOME=str(cache), HF_TOKEN="", **variables)
    run = subprocess.run([OPTIONS.distill, *arguments], env=environment, capture_output=True, text=True, cwd=cache)
    if run.returncode:
        sys.exit(f"distill {' '.join(arguments)}: {run.stderr}")
    return run.stdout.strip()


def python(code, cache, **variables):
    """Runs Python in a process of its own: huggingface_hub reads its variables when it is imported."""
    environment = dict(os.environ, HF_HUB_CACHE=str(cache), HF_HOME=str(cache), HF_TOKEN="", HF_HUB_DISABLE_TELEMETRY="1",
                       HF_HUB_DISABLE_PROGRESS_BARS="1", **variables)
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=cache)
    if run.returncode:
        sys.exit(f"{code}\n{run.stderr}")
    return run.stdout.strip()


OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}


def from_distill(endpoint, directory):
    online = {"HF_ENDPOINT": endpoint}
    snapshot = distill(["pull", NAME], directory, **online)
    pull_request = distill(["pull", f"{NAME}@refs/pr/1"], directory, **online)
    expect(pull_request.endswith(COMMITS["refs/pr/1"]), "distill pulls another revision")
    found = python(
        f"""
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache
print(snapshot_download({NAME!r}, local_files_only=True))
print(snapshot_download({NAME!r}, revision='refs/pr/1'))
print(hf_hub_download({NAME!r}, 'model.safetensors'))
print(try_to_load_from_cache({NAME!r}, 'config.json'))
cache = scan_cache_dir()
print(len(cache.warnings), sorted(ref for repo in cache.repos for ref in repo.refs))
""", directory, **OFFLINE).splitlines()
    expect(found[0] == snapshot and found[1] == pull_request, "snapshot_download finds what distill left, without a network")
    expect(found[2] == f"{snapshot}/model.safetensors", "hf_hub_download finds the weights")
    expect(found[3] == f"{snapshot}/config.json", "try_to_load_from_cache finds a file")
    expect(found[4] == "0 ['main', 'refs/pr/1']", "scan_cache_dir has no warning")
    ids = python(f"""
from transformers import AutoTokenizer
print(*AutoTokenizer.from_pretrained({NAME!r})('Where does Aunt Noda live?', add_special_tokens=False).input_ids)
""", directory, **OFFLINE)
    own = subprocess.run([OPTIONS.distill, "tokenizer", "encode", NAME], input="Where does Aunt Noda live?\n", text=True, capture_output=True,
                         env=dict(os.environ, HF_HUB_CACHE=str(directory), **OFFLINE)).stdout.strip()
    expect(ids == own != "", "AutoTokenizer.from_pretrained opens the tokenizer, with the same ids")
    TRANSFERS.clear()
    python(f"from huggingface_hub import snapshot_download; snapshot_download({NAME!r})", directory, **online)
    expect(not TRANSFERS, f"snapshot_download transfers nothing again: {TRANSFERS}")


def from_python(endpoint, directory):
    online = {"HF_ENDPOINT": endpoint}
    snapshot = python(f"from huggingface_hub import snapshot_download; print(snapshot_download({NAME!r}))", directory, **online)
    answer = distill(["chat", NAME, "--prompt", "Where does Aunt Noda live?", "--temperature", "0"], directory, **OFFLINE)
    expect(answer != "", f"distill chats with what huggingface_hub left, without a network: {answer}")
    TRANSFERS.clear()
    expect(distill(["pull", NAME], directory, **online) == snapshot, "distill pull names the same snapshot")
    expect(not TRANSFERS, "distill pull transfers nothing again")
    distill(["pull", f"{NAME}@refs/pr/1"], directory, **online)
    expect(TRANSFERS == ["generation_config.json"], f"of another commit the changed file alone: {TRANSFERS}")


def at_once(endpoint, directory):
    """Both download the same: whoever comes second waits for the lock, or finds the blob."""
    errors = []

    def attempt(work):
        try:
            work()
        except SystemExit as error:
            errors.append(error)

    work = [lambda: distill(["pull", NAME], directory, HF_ENDPOINT=endpoint),
            lambda: python(f"from huggingface_hub import snapshot_download; snapshot_download({NAME!r})", directory, HF_ENDPOINT=endpoint)]
    threads = [threading.Thread(target=attempt, args=[each]) for each in work * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not errors, f"four downloads at once: {errors}")
    blobs = directory / "models--tiny--model/blobs"
    for path in blobs.iterdir():
        data = path.read_bytes()
        expect(path.name in (git_hash(data), hashlib.sha256(data).hexdigest()), f"{path.name[:12]} has its content")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    for check in (from_distill, from_python, at_once):
        with tempfile.TemporaryDirectory() as directory:
            check(endpoint, pathlib.Path(directory).resolve())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", default=str(ROOT / ".build/release/distill"), help="the command")
    OPTIONS = parser.parse_args()
    OPTIONS.distill = str(pathlib.Path(OPTIONS.distill).resolve())
    main()
