"""Part 1 says what the library says: each claim of the post in words, computed here without building the page."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from nnfs import basic, hopfield, records
from nnfs.perceptron import BOOLEAN_2, count_separable, train_perceptron, truth_table

ROOT = Path(__file__).parents[2]
LISTINGS = ROOT / "posts" / "listings"
POST = (ROOT / "posts" / "01-origin-story.md").read_text(encoding="utf-8")
MORNINGS = truth_table(2)


def learn(name: str):
    return train_perceptron(MORNINGS, BOOLEAN_2[name])


# --- One neuron, three numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bias", "rule"), [(0, "OR"), (-1, "AND")])
def test_two_weights_of_one_make_or_and_with_a_lower_bias_and(bias, rule):
    assert tuple(int(a + b + bias > 0) for a, b in MORNINGS) == BOOLEAN_2[rule]


@pytest.fixture(scope="module")
def lessons() -> dict[str, np.ndarray]:
    """What perceptron.bas prints in each pass: pass, mistakes, weight of A, weight of B, bias."""
    screen = basic.run(LISTINGS / "perceptron.bas").screen
    line = re.compile(r"EPOCH *(\d+) MISTAKES *(\d+) WEIGHTS *(-?\d+) *(-?\d+) BIAS *(-?\d+)")
    first, second = screen.split("XOR\n")
    assert first.startswith("AND\n")
    assert first.rstrip().endswith("LEARNED")
    assert second.rstrip().endswith("GIVING UP")
    return {
        name: np.array([[int(n) for n in found] for found in line.findall(text)])
        for name, text in (("AND", first), ("XOR", second))
    }


@pytest.mark.parametrize("name", ["AND", "XOR"])
def test_basic_and_python_make_the_same_mistakes_and_find_the_same_weights(lessons, name):
    run = learn(name)
    known = lessons[name][: len(run.errors)]
    assert known[:, 1].tolist() == run.errors.tolist()
    assert known[:, 2:].tolist() == run.weights[4::4].tolist()


def test_and_takes_six_passes_and_ends_with_two_one_and_minus_two(lessons):
    assert len(lessons["AND"]) == 6
    assert lessons["AND"][-1].tolist() == [6, 0, 2, 1, -2]


def test_in_basic_xor_ends_wrong_about_all_four_mornings(lessons):
    assert lessons["XOR"][:, 1].tolist() == [2, 3, 4, 4, 4, 4, 4, 4]


# --- What one neuron cannot do ---------------------------------------------------------------------------------------


def test_one_neuron_learns_fourteen_of_the_sixteen_rules_and_all_that_can_be_learned():
    failed = {name for name in BOOLEAN_2 if not learn(name).converged}
    assert failed == {"XOR", "XNOR"}
    assert len(BOOLEAN_2) - len(failed) == count_separable(2) == 14


def test_the_two_pairs_of_mornings_in_the_argument_add_up_to_the_same():
    night, b, a, both = np.column_stack([MORNINGS, np.ones(4, dtype=int)])
    assert (a + b == night + both).all()
    assert BOOLEAN_2["XOR"] == (0, 1, 1, 0)


def test_on_xor_the_same_four_corrections_come_back_in_every_pass_after_the_second():
    run = learn("XOR")
    start, length = run.cycle
    assert (start, length) == (2, 1)
    lap = run.weights[4 * start :]
    assert run.errors[-1] == len(lap) - 1 == 4
    assert lap[0].tolist() == lap[-1].tolist()
    assert np.diff(lap, axis=0).tolist() == [[0, 0, -1], [0, 1, 1], [1, 0, 1], [-1, -1, -1]]


def test_the_share_of_rules_within_reach_falls_to_41_and_then_to_3_percent():
    assert count_separable(3) / 2**8 == pytest.approx(0.41, abs=0.005)
    assert count_separable(4) / 2**16 == pytest.approx(0.029, abs=0.0005)


# --- The layer in the middle -----------------------------------------------------------------------------------------


def test_or_unless_and_is_xor():
    unless = [int(o - 2 * a > 0) for o, a in zip(BOOLEAN_2["OR"], BOOLEAN_2["AND"], strict=True)]
    assert tuple(unless) == BOOLEAN_2["XOR"]


def test_fifty_passes_of_xor_in_basic_agree_with_python_and_get_hardly_anywhere():
    loss = np.array(basic.run(LISTINGS / "xor.bas", ["L!()"]).variables["L!()"][1:])
    net = runpy.run_path(str(LISTINGS / "net.py"), run_name="net")
    weights, python = net["make_net"]([2, 3, 1], seed=1), []
    for _ in loss:
        python.append(net["loss"](weights, net["XOR"]))
        net["update"](weights, net["backprop"](weights, net["XOR"]), rate=5)
    assert len(loss) == 50
    assert loss == pytest.approx(python, abs=1e-3)
    assert 0.2 < loss[-1] < 0.25  # better than answering one half, and far from done


def test_the_lines_that_the_page_marks_in_xor_bas_are_the_ones_that_share_out_the_blame():
    source = (LISTINGS / "xor.bas").read_text().splitlines()
    first, last = map(int, re.search(r":emphasize-lines: (\d+)-(\d+)", POST).groups())
    assert "REM BACKPROP" in source[first - 1]
    assert "REM UPDATE" in source[last]


@pytest.mark.parametrize(("name", "most"), [("perceptron.bas", 40), ("xor.bas", 60)])
def test_the_listings_are_short_and_call_themselves_reconstructions(name, most):
    source = (LISTINGS / name).read_text().splitlines()
    assert len(source) <= most
    assert "RECONSTRUCTION" in source[0]


# --- What if a mind is made of this? ---------------------------------------------------------------------------------


def share_right(patterns: np.ndarray) -> float:
    """How often a pattern comes back whole after a fifth of its points is flipped, over ten kinds of damage."""
    W = hopfield.store(patterns)
    whole = [
        np.array_equal(hopfield.recall(W, hopfield.damaged(p, 0.2, seed=seed), seed), p)
        for p in patterns
        for seed in range(10)
    ]
    return float(np.mean(whole))


def test_a_memory_of_four_letters_repairs_them_and_a_memory_of_ten_confuses_them():
    assert share_right(hopfield.letters(["J", "L", "X", "Z"])) == 1.0
    assert share_right(hopfield.letters()) < 0.1


def test_among_ten_letters_a_damaged_j_becomes_a_mixture_and_a_damaged_z_nearly_a_c():
    stored = hopfield.letters()
    W = hopfield.store(stored)
    of_j, of_z = (
        dict(zip(hopfield.LETTERS, (again != stored).sum(1), strict=True))
        for again in (hopfield.recall(W, hopfield.damaged(x, 0.2, seed=1), seed=1) for x in hopfield.letters("JZ"))
    )
    assert min(of_j.values()) > 10
    assert min(of_z, key=of_z.get) == "C"
    assert of_z["C"] == 2


def test_ten_random_patterns_are_easier_to_keep_apart_than_ten_letters():
    random = hopfield.recall_vs_load(100, [0.1], trials=3, seed=7, damage=0.2).perfect.mean()
    assert random > share_right(hopfield.letters()) + 0.5


@pytest.fixture(scope="module")
def verbs_lost() -> dict[str, list[int]]:
    """For each way of meeting the vocabulary, how many of the eight early irregular verbs each net lost."""
    depth = records.by_arm(records.load_all("p1.past-tense", "delta-*", base=ROOT), "irregular/depth")
    return {arm: [round(8 * d) for d in depths] for arm, depths in depth.items()}


def test_every_net_loses_more_verbs_when_the_vocabulary_jumps_than_when_it_grows(verbs_lost):
    jump, growth = verbs_lost["delta-jump-1986"], verbs_lost["delta-growth"]
    assert len(jump) == len(growth) == 5
    assert all(a > b for a, b in zip(jump, growth, strict=True))


def test_growth_costs_one_verb_more_than_the_control_that_has_every_verb_from_the_start(verbs_lost):
    middle = {arm: np.median(verbs_lost[f"delta-{arm}"]) for arm in ("jump-1986", "growth", "all")}
    assert middle == {"jump-1986": 6, "growth": 3, "all": 2}
    assert sorted(verbs_lost["delta-growth"]) == [1, 2, 3, 3, 5]


def test_the_jump_costs_half_of_the_verbs_in_most_nets_though_not_in_all_as_we_had_expected(verbs_lost):
    assert sum(n >= 4 for n in verbs_lost["delta-jump-1986"]) == 4
    verdict = {v["name"]: v["verdict"] for v in records.verdicts("p1.past-tense", base=ROOT)}
    assert verdict["H1"] == "not supported"
    assert verdict["H2"] == "supported"


def test_when_frequent_verbs_come_up_often_no_net_misses_one_after_the_jump_and_every_net_did_before():
    for net in records.load_all("p1.past-tense", "delta-jump-1986-zipf", base=ROOT):
        curves = net["detail"]["curves"]
        after = np.array(curves["epoch"]) > 10
        right = np.array(curves["first"])
        assert (right[after] == 1).all()
        assert (right[~after] < 1).all()


def test_the_net_of_the_story_says_wented_then_goed_then_went():
    jumped = records.load_all("p1.past-tense", "delta-jump-1986", base=ROOT)
    story = records.median_seed(jumped, "irregular/depth")["detail"]["sample"]
    forms = [form for _, form in story["said"]]
    wented, goed, went = story["past"] + story["regular"][3:], story["regular"], story["past"]
    assert forms.index(went) < forms.index(wented) < forms.index(goed)
    assert story["said"][-1] == [44, went]


# --- Memoir without invention ----------------------------------------------------------------------------------------


def prose() -> str:
    """The post without front matter, headings, code, figures, comments and the names of roles."""
    text = POST.split("---\n", 2)[2]
    text = re.sub(r"```\{(?:code-cell|claims|interactive)\}.*?```|:::.*?:::|```\{literalinclude\}.*?```", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->|\{cite\}`[^`]*`|\{\w+\}|^#.*?$", "", text, flags=re.S | re.M)
    return " ".join(text.split())


def test_the_first_person_stands_only_in_the_facts_that_the_author_gave():
    text = prose().replace("the Mark I,", "the machine,")
    about_the_author = [s for s in re.split(r"(?<=[.?!])\s+", text) if re.search(r"\b(I|[Mm]y|me)\b", s)]
    assert about_the_author == [
        "I wrote neural nets before they were cool, and the experience changed the course of my life.",
        'I was an undergraduate at Duke, my major was Cognitive Psychology, and I took a seminar called "Minds, Brains '
        'and Computers", likely a section of what is now "Computing and the Brain".',
        "I wrote neural nets in BASIC, and because of them I switched my major to Computer Science.",
        "I switched to Computer Science.",
    ]


def test_the_post_keeps_its_length():
    assert 1500 <= len(re.findall(r"[\w’'-]+", prose())) <= 2500
