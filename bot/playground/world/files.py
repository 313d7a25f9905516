"""Keep the files that messages carry, in memory or in a folder, behind links that cannot be guessed."""

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from urllib.parse import quote

from bot.playground.world.state import Upload

MAX_FILE_BYTES = 10 << 20
# Of a name's end, where its kind stands; file systems take 255.
_MAX_BYTES = 100
_UNSAFE = re.compile(r"[^\w.\-]+")


class FileStore:
    """Hold files by channel, attachment id and name; with a folder, they outlive the server."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.secret = secrets.token_hex(16)
        self._waiting: dict[str, Upload] = {}
        """Files in memory: all of them without a folder, else those not yet written."""

    def add(self, channel_id: int, attachment_id: int, upload: Upload) -> str:
        """Take a file in and return its path on the server, signature included."""
        path = f"/attachments/{channel_id}/{attachment_id}/{safe_name(upload.filename)}"
        self._waiting[path] = upload
        return f"{quote(path)}?hm={self.signature(path)}"

    def signature(self, path: str) -> str:
        """Return the proof that a path was handed out by this server."""
        return hmac.new(self.secret.encode(), path.encode(), hashlib.sha256).hexdigest()[:32]

    def get(self, path: str, signature: str) -> bytes | None:
        """Return a file's bytes; None where there is none or the signature is wrong."""
        if not hmac.compare_digest(signature.encode(), self.signature(path).encode()):
            return None
        if waiting := self._waiting.get(path):
            return waiting.data
        place = self._place(path)
        return place.read_bytes() if place is not None and place.is_file() else None

    def write_waiting(self) -> None:
        """Write what is only in memory into the folder, where there is one; blocks."""
        for path, upload in list(self._waiting.items()):
            place = self._place(path)
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(upload.data)
                del self._waiting[path]

    def _place(self, path: str) -> Path | None:
        return None if self.folder is None else self.folder / path.removeprefix("/")


def safe_name(filename: str) -> str:
    """Return a file name without folders or anything that a path or a link could stumble over."""
    name = _UNSAFE.sub("_", filename.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")
    return name.encode()[-_MAX_BYTES:].decode(errors="ignore") or "file"
