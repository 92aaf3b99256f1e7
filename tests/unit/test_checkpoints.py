"""A checkpoint is the bytes of the manifest or an error; a pickle is never opened; a URL serves by the same hash."""

import functools
import hashlib
import http.server
import json
import pickle
import threading

import numpy as np
import pytest

from nnfs import checkpoints
from nnfs.checkpoints import CheckpointError

NAME = "p9.toy.net.seed-0"
TENSORS = {"w": np.arange(6, dtype=np.float16).reshape(2, 3), "n": np.array(3)}
CONFIG = {"model": {"kind": "toy"}}


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.delenv("NNFS_CHECKPOINTS_URL", raising=False)
    checkpoints.save(NAME, TENSORS, CONFIG, "p9.toy/net/seed-0", tmp_path)
    return tmp_path


@pytest.fixture
def server(tmp_path):
    """A folder and the address at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def file_of(base):
    return checkpoints.folder(base) / f"{NAME}.safetensors"


def list_in_manifest(base, data):
    """Make the manifest say that `data` are the right bytes."""
    path = checkpoints.folder(base) / "manifest.json"
    entries = json.loads(path.read_text())
    entries[NAME] |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    path.write_text(json.dumps(entries))


def test_what_is_saved_is_read(base):
    config, tensors = checkpoints.read(NAME, base)
    assert config == CONFIG
    assert tensors["w"].dtype == np.float16
    assert (tensors["w"] == TENSORS["w"]).all()
    assert tensors["n"] == 3


def test_the_same_weights_are_the_same_bytes(base, tmp_path):
    again = checkpoints.save(NAME, TENSORS, CONFIG, "p9.toy/net/seed-0", tmp_path / "again")
    assert again == checkpoints.manifest(base)[NAME]["sha256"]
    assert not list(checkpoints.folder(base).glob(".*.safetensors.*"))


def test_several_checkpoints_of_a_run_stand_side_by_side(base):
    checkpoints.save(f"{NAME}@100", TENSORS, CONFIG, "p9.toy/net/seed-0", base)
    assert set(checkpoints.manifest(base)) == {NAME, f"{NAME}@100"}


def test_an_unknown_name_is_told_which_there_are(base):
    with pytest.raises(CheckpointError, match=f"no checkpoint 'p9.other'; there are {NAME}"):
        checkpoints.read("p9.other", base)


def test_a_name_cannot_leave_the_folder(base):
    with pytest.raises(CheckpointError, match="names no checkpoint"):
        checkpoints.save("../evil", TENSORS, CONFIG, "p9.toy/net/seed-0", base)


def test_a_corrupt_file_is_an_error_that_says_what_to_do(base):
    data = bytearray(file_of(base).read_bytes())
    data[-1] ^= 1
    file_of(base).write_bytes(data)
    with pytest.raises(CheckpointError, match=r"not the file of the manifest.*p9\.toy/net/seed-0"):
        checkpoints.read(NAME, base)
    assert checkpoints.problems(base) == {NAME: "has other bytes than the manifest says"}


def test_a_file_that_nobody_listed_is_a_problem(base):
    (checkpoints.folder(base) / "stray.safetensors").write_bytes(b"")
    assert checkpoints.problems(base) == {"stray": "is not in the manifest"}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {"sha256": "0"}}', '{"a": 1}'])
def test_a_damaged_manifest_is_an_error(base, text):
    (checkpoints.folder(base) / "manifest.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"manifest\.json is damaged"):
        checkpoints.read(NAME, base)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was opened",))


@pytest.mark.parametrize("protocol", [0, 5])
def test_a_pickle_is_refused_even_if_its_hash_is_right(base, protocol):
    data = pickle.dumps(Bomb(), protocol)
    file_of(base).write_bytes(data)
    list_in_manifest(base, data)
    with pytest.raises(CheckpointError, match="no safetensors file"):
        checkpoints.read(NAME, base)


def test_a_missing_file_without_an_address_says_how_to_get_it(base):
    file_of(base).unlink()
    with pytest.raises(CheckpointError, match="set NNFS_CHECKPOINTS_URL"):
        checkpoints.read(NAME, base)


def test_a_missing_file_comes_from_the_address_and_then_from_the_cache(base, server, monkeypatch):
    folder, address = server
    file_of(base).rename(folder / f"{NAME}.safetensors")
    monkeypatch.setenv("NNFS_CHECKPOINTS_URL", address + "/")
    assert checkpoints.read(NAME, base)[0] == CONFIG
    monkeypatch.setenv("NNFS_CHECKPOINTS_URL", "http://127.0.0.1:9")  # nobody answers there
    assert checkpoints.read(NAME, base)[0] == CONFIG


def test_another_file_at_the_address_is_refused(base, server, monkeypatch):
    folder, address = server
    file_of(base).unlink()
    (folder / f"{NAME}.safetensors").write_bytes(b"something else")
    monkeypatch.setenv("NNFS_CHECKPOINTS_URL", address)
    with pytest.raises(CheckpointError, match="could not be fetched"):
        checkpoints.read(NAME, base)


def test_offline_is_an_error_and_not_a_traceback(base, monkeypatch):
    file_of(base).unlink()
    monkeypatch.setenv("NNFS_CHECKPOINTS_URL", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError, match=r"could not be fetched from http://127\.0\.0\.1:9"):
        checkpoints.read(NAME, base)
