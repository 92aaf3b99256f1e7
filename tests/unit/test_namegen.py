"""Names on the page: the models in plain NumPy are those that were trained, and chance is the page's.

`python tests/unit/test_namegen.py` writes interactive/src/golden/names.json, to which the page's twin is held
(interactive/src/components/nn-names-models.test.ts); a test makes it again.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs import namegen, records, trace
from nnfs.data import names
from nnfs.files import write_bytes
from nnfs.namegen import LONGEST, MODELS, Bloom, Makers, Model, Transformer, draw, spell, surprise
from nnfs.ngram import NGram
from nnfs.rng import Mulberry32

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "interactive" / "src" / "golden" / "names.json"
SEEDS, TEMPERATURES = (0, 7, 999_999), (0, 0.3, 1, 1.7)
TYPED = ["emma", "x", "zzzzzzzzzzzzzzz", "alexandria", "qwerty"]
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=LONGEST)


@pytest.fixture(scope="module")
def makers() -> Makers:
    return namegen.load(ROOT)


def recorded_loss(arm: str) -> float:
    """Nats a letter over the held-out names."""
    return records.metric(records.load("p3.ladder", arm, 0, base=ROOT), "full/dev")


# --- The filter ------------------------------------------------------------------------------------------------------


@given(st.lists(WORDS, max_size=30))
def test_the_filter_never_misses_a_word_of_its_list(words: list[str]):
    bloom = Bloom.of(words, size=32, hashes=4)
    assert all(word in bloom for word in words)


def test_an_empty_filter_knows_nothing_and_one_of_ones_everything():
    assert "emma" not in Bloom.of([])
    assert "emma" in Bloom(np.full(8, 255, dtype=np.uint8))


def test_the_filter_is_wrong_as_often_as_bloom_says_it_must_be(makers: Makers):
    """(1 - e^(-kn/m))^k of the words that it was not told, give or take three standard deviations."""
    bloom = Bloom.of(makers.names.train)
    n, k, m = len(set(makers.names.train)), bloom.hashes, 8 * len(bloom.bits)
    expected = (1 - math.exp(-k * n / m)) ** k
    others = makers.names.dev + makers.names.test
    assert not set(others) & set(makers.names.train)
    found = namegen.measured(bloom, others)
    assert abs(found - expected) < 3 * math.sqrt(expected * (1 - expected) / len(others))
    assert 0.002 < expected < 0.006


# --- The models ------------------------------------------------------------------------------------------------------


def test_counts_say_what_counting_says(makers: Makers):
    slow = NGram(names.text(makers.names.train), 1)
    ids = spell("emma")[:-1]
    assert makers.counts.log_probs(ids) == pytest.approx(
        np.stack([slow.log_prob(ids[: i + 1]) for i in range(len(ids))])
    )
    assert int(makers.counts.counts.sum()) == sum(len(name) + 1 for name in makers.names.train)


@pytest.mark.parametrize(("model", "arm"), [("counts", "ssa.bigram"), ("MLP", "ssa.mlp")])
def test_a_model_is_as_surprised_by_the_held_out_names_as_its_record_says(makers: Makers, model: str, arm: str):
    nats = np.concatenate([surprise(makers.models[model], name) for name in makers.names.dev])
    assert nats.mean() == pytest.approx(
        records.metric(records.load("p3.ladder", arm, 0, base=ROOT), "full/dev"), abs=2e-7
    )


@pytest.mark.parametrize("model", ["MLP", "transformer"])
def test_a_net_in_numpy_says_what_the_trained_net_says_in_torch(makers: Makers, model: str):
    """On 100 held-out names, every prefix, every letter: to float32's accuracy. The transformer on rounded weights."""
    torch = pytest.importorskip("torch")
    from nnfs import recipes

    net = recipes.load(f"p3.ladder.{namegen.ARMS[model]}.seed-0", ROOT)
    if model == "transformer":
        net.load_state_dict({key: torch.from_numpy(matrix) for key, matrix in makers.weights.rounded.items()})
    ours = makers.models[model]
    for name in makers.names.dev[:100]:
        ids = spell(name)[:-1]
        with torch.no_grad():
            theirs = torch.log_softmax(net(torch.from_numpy(ids)[None])[0][0].double(), dim=-1).numpy()
        assert np.abs(ours.log_probs(ids) - theirs).max() < 2e-5


def test_a_model_reads_no_further_than_the_letter_before(makers: Makers):
    """What follows a prefix does not depend on what comes after it."""
    ids = spell("katherine")
    for model in makers.models.values():
        whole = model.log_probs(ids)
        for end in (1, 2, 5):
            assert model.log_probs(ids[:end]) == pytest.approx(whole[:end], abs=1e-12)
        assert np.exp(whole).sum(axis=1) == pytest.approx(1)


def test_rounding_leaves_the_transformer_what_it_was(makers: Makers):
    """The bounds that the figure states, and the held-out names as likely as before."""
    some = makers.names.dev[:200]
    off = namegen.rounding(makers.weights, some)
    assert off["mean"] <= 0.02
    assert off["same"] >= 0.99
    exact = Transformer(makers.weights.shape, {key: x.astype(np.float64) for key, x in makers.weights.tensors.items()})
    before, after = (
        np.concatenate([surprise(model, name) for name in some]).mean()
        for model in (exact, Transformer.of(makers.weights))
    )
    assert after == pytest.approx(before, abs=0.005)
    assert before == pytest.approx(
        records.metric(records.load("p3.ladder", "ssa.ours", 0, base=ROOT), "full/dev"), abs=0.05
    )


# --- Chance ----------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=8),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from([1, 2]),
)
def test_a_token_is_chosen_whose_share_holds_u(weights: list[int], u: float, power: int):
    """Against exact fractions: shares stand side by side, and temperature 1 / 2 squares them."""
    log_p = np.log(np.array(weights, dtype=float) / sum(weights))
    edges = list(itertools.accumulate(Fraction(w**power) for w in weights))
    at = Fraction(u) * edges[-1]
    if min(abs(edge - at) for edge in edges) > Fraction(1, 10**9):
        assert namegen.choose(log_p, u, 1 / power) == sum(edge < at for edge in edges)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8), st.floats(1e-9, 1 - 1e-9))
def test_cold_takes_the_likeliest_and_the_first_among_equals(scores: list[int], u: float):
    assert namegen.choose(np.array(scores, dtype=float), u, 0) == scores.index(max(scores))
    if scores.count(max(scores)) == 1:
        assert namegen.choose(np.array(scores, dtype=float), u, 0.01) == scores.index(max(scores))


class Uniform:
    """Every token as likely, whatever came before."""

    def log_probs(self, ids: np.ndarray) -> np.ndarray:
        return np.full((len(ids), 27), -math.log(27))


def test_name_i_spends_draw_after_draw_of_a_generator_of_its_own():
    seeds = Mulberry32(5)
    for name in draw(Uniform(), 20, seed=5):
        luck = Mulberry32(seeds.uint32())
        tokens = [luck.below(27) for _ in range(LONGEST)]
        whole = tokens[: tokens.index(0)] if 0 in tokens else tokens
        assert name == "".join(names.SYMBOLS[token] for token in whole)


def test_a_seed_says_the_same_names_and_more_of_them_begin_alike(makers: Makers):
    few, many = (draw(makers.mlp, n, seed=3) for n in (2, 5))
    assert many[:2] == few
    assert draw(makers.mlp, 5, seed=4) != many


# --- For the page ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(makers: Makers) -> dict[str, trace.Trace]:
    """The traces that a cell sends, each read back as the page reads it."""
    sent = {}

    def publish(_mime: str, payload: dict) -> None:
        data = base64.b64decode(payload["data"])
        whole = trace.finish(payload["header"], data, post="p", cell=1, digest="0" * 12, command="c", poster="p#f")
        sent[payload["header"]["id"]] = trace.decode(whole, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "publish", publish)
        patch.setenv("NNFS_ROOT", str(ROOT))
        namegen.record(makers, "names")
    return sent


def test_the_page_gets_the_models_and_the_list_and_no_rounding(makers: Makers, recorded: dict[str, trace.Trace]):
    small = recorded["names"]
    assert (small.arrays["counts"] == makers.counts.counts).all()
    for part in ("embedding", "hidden", "hidden_bias", "head", "head_bias"):
        assert (small.arrays[part] == getattr(makers.mlp, part)).all(), part
    known = Bloom(small.arrays["known"].astype(np.uint8), small.header["config"]["hashes"])
    assert all(name in known for name in makers.names.train[:500])
    (quiz,) = (axis["labels"] for axis in small.header["axes"] if axis["name"] == "quiz")
    assert not set(quiz) & set(makers.names.train)
    assert len(set(quiz)) == namegen.QUIZ


def test_the_page_gets_the_transformer_in_whole_numbers(makers: Makers, recorded: dict[str, trace.Trace]):
    large = recorded["names-transformer"]
    for key, matrix in makers.weights.rounded.items():
        name = key.removesuffix(".weight").replace(".", "_")
        levels, steps = (np.float32(large.arrays[part]) for part in (name, f"{name}_step"))
        assert (levels * steps[:, None] == matrix).all(), key


def test_the_poster_shows_six_names_of_each_model_from_seed_0(makers: Makers):
    svg = namegen.poster(makers, "fig-names-poster")
    assert svg is not None
    for model, one in makers.models.items():
        assert model in svg
        for name in draw(one, 6, seed=0):
            assert f">{name}<" in svg


# --- Golden names ----------------------------------------------------------------------------------------------------


def margin(model: Model, seed: int, temperature: float) -> float:
    """How far from the edge of a share the draws of ten names fall, at the least."""
    seeds, least = Mulberry32(seed), 1.0
    for name in draw(model, 10, seed, temperature):
        luck, log_p = Mulberry32(seeds.uint32()), model.log_probs(spell(name)[:-1])
        for row in log_p[:LONGEST]:
            upto = np.cumsum(np.exp((row - row.max()) / temperature))
            least = min(least, float(np.abs(upto / upto[-1] - luck.random()).min()))
    return least


def vectors(makers: Makers) -> dict:
    """What the page has to say too."""
    words = makers.names.train[:20]
    bloom = Bloom.of(words, size=64, hashes=5)
    asked = [*words[:3], *makers.names.dev[:40]]
    return {
        "counts": makers.counts.counts.ravel().tolist(),
        "bloom": {
            "bytes": bloom.bits.tolist(),
            "hashes": bloom.hashes,
            "asked": asked,
            "known": [w in bloom for w in asked],
        },
        "surprise": {
            model: {name: surprise(one, name).tolist() for name in TYPED} for model, one in makers.models.items()
        },
        "draws": [
            {"model": model, "seed": seed, "temperature": t, "names": draw(one, 10, seed, t)}
            for model, one in makers.models.items()
            for seed in SEEDS
            for t in TEMPERATURES
        ],
    }


def test_the_golden_names_are_those_of_today(makers: Makers):
    kept, now = json.loads(FILE.read_text()), vectors(makers)
    assert kept.keys() == now.keys()
    for part in ("counts", "bloom", "draws"):
        assert kept[part] == now[part]
    for model in MODELS:
        for name in TYPED:
            assert kept["surprise"][model][name] == pytest.approx(now["surprise"][model][name], rel=1e-12)


def test_no_golden_name_hangs_by_a_thread(makers: Makers):
    """Sums in another order differ by 1e-13; no draw falls so near to the edge of a share."""
    for model in makers.models.values():
        assert min(margin(model, seed, t) for seed in SEEDS for t in TEMPERATURES if t) > 1e-9


if __name__ == "__main__":
    text = json.dumps(vectors(namegen.load(ROOT)), separators=(",", ":")).replace('{"model"', '\n{"model"')
    write_bytes(FILE, (text.replace('"bloom"', '\n"bloom"').replace('"surprise"', '\n"surprise"') + "\n").encode())
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size:,} bytes")
