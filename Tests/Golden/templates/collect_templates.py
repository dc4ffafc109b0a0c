"""Collects the chat templates that packages on PyPI come with, for check_templates.py. They are not committed.

    python collect_templates.py FOLDER [PACKAGE ...]

Downloads wheels, or sources where there are none, of PACKAGE ... (axolotl, trl, unsloth and llama-cpp-python unless given) and writes
each distinct template as FOLDER/PACKAGE__NAME.jinja: files *.jinja, and texts in Python files that loop over messages.
"""

import ast
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PACKAGES = ["axolotl", "trl", "unsloth", "llama-cpp-python"]
# Templates lie beside the sources that a wheel of this package is compiled from.
FROM_SOURCE = {"llama-cpp-python"}


def members(archive):
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, lambda: wheel.read(name)
    else:
        with tarfile.open(archive) as sources:
            for member in sources:
                if member.isfile():
                    yield member.name, lambda: sources.extractfile(member).read()


def templates(path, read):
    """The templates of a file: (name, bytes)."""
    if path.suffix in {".jinja", ".jinja2"}:
        yield path.stem, read()
    elif path.suffix == ".py" and ("template" in path.name or "tokenizer" in path.name):
        try:
            tree = ast.parse(read())
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if all(word in text for word in ["{%", "endfor", "message"]):
                yield f"{path.stem}_{node.lineno}", text.encode()


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    seen = set()
    for package in sys.argv[2:] or PACKAGES:
        with tempfile.TemporaryDirectory() as directory:
            kind = ["--no-binary", ":all:"] if package in FROM_SOURCE else []
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind, "-d", directory, package]
            subprocess.run(command, check=True)
            for archive in pathlib.Path(directory).iterdir():
                for name, read in members(archive):
                    for stem, content in templates(pathlib.PurePath(name), read):
                        if content.strip() and content not in seen:
                            seen.add(content)
                            (folder / f"{package}__{stem}.jinja").write_bytes(content)
    print(len(seen), "templates")


main()
