"""What the programs of nn-run must print, from the machines that count: CPython and PC-BASIC.

`python tests/unit/test_run_golden.py` writes interactive/src/golden/run.json; vitest holds MicroPython and wwwbasic
to it, and the test here makes it again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nnfs import basic
from nnfs.files import write_bytes

ROOT = Path(__file__).resolve().parents[2]
LISTINGS = ROOT / "posts" / "listings"
FILE = ROOT / "interactive" / "src" / "golden" / "run.json"
# How GW-BASIC writes a single: signs and blanks, seven digits, when it turns to an exponent.
SINGLES = [
    "0", "1", "-1", "7.5", "-.25", ".1", "100", "1234567", "9999999", "10000000", "12345680", "1E+10", "-2.5E+20",
    "1.5E+38", ".01", ".001", ".0001234", ".0000001", ".00000012", ".0012345", ".123456", ".1234567", ".01234567",
    ".001234567", "1E-08", "-3.25E-12", "2/3", "-100/7", "EXP(1)", "EXP(-20)", "65537", "1/1024", "4*ATN(1)",
]  # fmt: skip


def golden(folder: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "net.py"], cwd=LISTINGS, capture_output=True, text=True, check=True, timeout=120
    )
    singles = folder / "singles.bas"
    singles.write_text("".join(f'{10 * i} A={a}: PRINT "<";A;">"\n' for i, a in enumerate(SINGLES, 1)))
    printed = {name: basic.run(LISTINGS / name).screen for name in ("perceptron.bas", "xor.bas")}
    return {
        "printed": {"net.py": done.stdout, **printed},
        "singles": [[a, line[1:-1]] for a, line in zip(SINGLES, basic.run(singles).screen.splitlines(), strict=True)],
    }


def test_the_golden_output_is_what_cpython_and_pc_basic_print(tmp_path):
    pytest.importorskip("pcbasic")
    assert json.loads(FILE.read_text(encoding="utf-8")) == golden(tmp_path)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        write_bytes(FILE, (json.dumps(golden(Path(folder)), indent=1) + "\n").encode())
