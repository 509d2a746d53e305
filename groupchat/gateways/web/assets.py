"""
The files of the page, each under a name that changes with them, so that browsers keep them.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["ROOT_FILES", "Asset", "Assets"]

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".woff2": "font/woff2",
}
#: Files that are served at the root under their own names, where browsers look for them.
ROOT_FILES = ("favicon.ico", "manifest.webmanifest", "robots.txt", "sw.js")
INDEX = "index.html"
HASH_LENGTH = 12
_REFERENCE = re.compile(rb"""(["'(])\./([\w.-]+)(["')])""")


class Asset(NamedTuple):
    """
    A file.

    :ivar path: of its URL, relative to that of the page.
    :ivar compressed: the same bytes by gzip; b"" where that saves nothing.
    """

    path: str
    type: str
    body: bytes
    compressed: bytes


class Assets:
    """
    All files of a folder. In each text among them, ``"./NAME"`` becomes the URL of that file.

    :param folder: of the files; without one, there are none.
    :ivar page: the page, or None.
    :ivar files: the others, by their paths.
    """

    def __init__(self, folder: Path) -> None:
        found = sorted(path for path in folder.glob("*.*") if path.suffix in TYPES)
        contents = {path.name: path.read_bytes() for path in found}
        # One hash for all: modules may import each other in a circle.
        digest = hashlib.sha256(b"\0".join(contents.values())).hexdigest()[:HASH_LENGTH]
        self._paths = {name: _path(name, digest) for name in contents}
        assets = {name: self._asset(name, content) for name, content in contents.items()}
        self.page = assets.pop(INDEX, None)
        self.files = {asset.path: asset for asset in assets.values()}

    def _asset(self, name: str, content: bytes) -> Asset:
        type, path = TYPES[Path(name).suffix], self._paths[name]
        if not type.startswith(("image/png", "image/x-icon", "font/")):
            content = self._with_paths(content, "/" in path)
        compressed = gzip.compress(content, mtime=0)
        return Asset(path, type, content, compressed if len(compressed) < len(content) else b"")

    def _with_paths(self, content: bytes, within: bool) -> bytes:
        """Return a text that names other files by their paths, as seen from its own."""

        def path(found: re.Match[bytes]) -> bytes:
            before, name, after = found.groups()
            if name.decode() not in self._paths:
                return found[0]
            target = self._paths[name.decode()]
            relative = target.removeprefix("assets/") if "/" in target else f"../{target}"
            return before + b"./" + (relative if within else target).encode() + after

        return _REFERENCE.sub(path, content)


def _path(name: str, digest: str) -> str:
    if name in (INDEX, *ROOT_FILES):
        return name
    stem, _, suffix = name.rpartition(".")
    return f"assets/{stem}.{digest}.{suffix}"
