"""Writing a file so that a reader, or a kill, finds the old one or the new one and never half of it."""

import os
import threading
from pathlib import Path


def write_bytes(file: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `file`, making its folder, to the disk itself, and rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with temporary.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """The same for text, in UTF-8."""
    write_bytes(file, text.encode())
