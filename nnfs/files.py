"""Writing a file so that a reader, or a kill, finds the old one or the new one and never half of it."""

import os
from pathlib import Path


def write_bytes(file: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `file`, making its folder, and rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
