"""Writing a file so that a reader, or a kill, finds the old one or the new one and never half of it; and locks."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def locked(lock: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a lock, a file of this name, as long as the block lasts; a process that dies lets go of it. Gives whether it
    is held: not if another process has it and there is no wish to wait."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
