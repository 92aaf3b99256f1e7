"""One unit: what it learns, how it fails, and how many functions are within its reach."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.perceptron import (
    BOOLEAN_2,
    count_separable,
    separable,
    train_adaline,
    train_perceptron,
    truth_table,
)

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

X2 = truth_table(2)
IMPOSSIBLE = ["XOR", "XNOR"]


def answers(X, weights):
    return (X @ weights[:-1] + weights[-1] > 0).astype(int)


def test_the_truth_table_counts_up_with_the_first_input_most_significant():
    assert truth_table(2).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert [int("".join(map(str, row)), 2) for row in truth_table(5)] == list(range(32))


def test_the_sixteen_functions_stand_in_order_of_their_number():
    assert [int("".join(map(str, outputs)), 2) for outputs in BOOLEAN_2.values()] == list(range(16))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("AND", lambda a, b: a and b),
        ("OR", lambda a, b: a or b),
        ("XOR", lambda a, b: a != b),
        ("NAND", lambda a, b: not (a and b)),
        ("NOR", lambda a, b: not (a or b)),
        ("XNOR", lambda a, b: a == b),
        ("A", lambda a, b: a),
        ("B", lambda a, b: b),
        ("NOT A", lambda a, b: not a),
        ("NOT B", lambda a, b: not b),
        ("A AND NOT B", lambda a, b: a and not b),
        ("B AND NOT A", lambda a, b: b and not a),
        ("A OR NOT B", lambda a, b: a or not b),
        ("B OR NOT A", lambda a, b: b or not a),
        ("TRUE", lambda a, b: True),
        ("FALSE", lambda a, b: False),
    ],
)
def test_each_function_does_what_its_name_says(name, meaning):
    assert BOOLEAN_2[name] == tuple(int(bool(meaning(a, b))) for a, b in X2)


@pytest.mark.parametrize("name", [name for name in BOOLEAN_2 if name not in IMPOSSIBLE])
def test_the_perceptron_learns_fourteen_of_sixteen(name):
    run = train_perceptron(X2, BOOLEAN_2[name])
    assert run.converged
    assert run.cycle is None
    assert run.errors[-1] == 0
    assert answers(X2, run.weights[-1]).tolist() == list(BOOLEAN_2[name])


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_on_xor_the_weights_come_back_and_so_it_goes_on_for_ever(name):
    run = train_perceptron(X2, BOOLEAN_2[name])
    assert not run.converged
    start, length = run.cycle
    ends = run.weights[:: len(X2)]  # the weights after every epoch, the first row before any
    assert np.array_equal(ends[start], ends[start + length])
    assert (run.errors[start:] > 0).all()


def test_the_cycle_is_the_first_return():
    run = train_perceptron(X2, BOOLEAN_2["XOR"])
    ends = [tuple(w) for w in run.weights[:: len(X2)]]
    assert len(set(ends[:-1])) == len(ends) - 1, "nothing repeats before the end"


def test_no_weights_on_the_way_answer_more_than_three_rows_of_xor():
    run = train_perceptron(X2, BOOLEAN_2["XOR"])
    right = [np.sum(answers(X2, w) == BOOLEAN_2["XOR"]) for w in run.weights]
    assert max(right) <= 3


def test_a_step_is_one_row_and_follows_the_rule():
    run = train_perceptron(X2, BOOLEAN_2["AND"], lr=3)
    assert len(run.weights) == 1 + 4 * len(run.errors)
    for step, (before, after) in enumerate(zip(run.weights, run.weights[1:], strict=False)):
        row = step % 4
        error = BOOLEAN_2["AND"][row] - answers(X2[row], before)
        assert after.tolist() == (before + 3 * error * np.append(X2[row], 1)).tolist()


def test_errors_count_the_rows_answered_wrongly_in_each_epoch():
    run = train_perceptron(X2, BOOLEAN_2["OR"])
    changed = (np.diff(run.weights, axis=0) != 0).any(axis=1)
    assert run.errors.tolist() == changed.reshape(-1, 4).sum(axis=1).tolist()


@given(st.integers(1, 50))
def test_from_zero_the_learning_rate_only_scales_the_weights(lr):
    one, other = (train_perceptron(X2, BOOLEAN_2["XOR"], lr=rate) for rate in (1, lr))
    assert np.array_equal(one.weights * lr, other.weights)
    assert one.cycle == other.cycle


@given(st.integers(0, 255), st.permutations(range(8)))
def test_it_converges_exactly_when_the_function_is_separable_in_any_order(number, order):
    t = [number >> (7 - row) & 1 for row in range(8)]
    run = train_perceptron(truth_table(3), t, order=order)
    assert run.converged == separable(3)[number]
    assert (run.cycle is not None) == (not run.converged)


def test_both_codings_of_the_targets_mean_the_same():
    zero_one = train_perceptron(X2, [0, 0, 0, 1])
    plus_minus = train_perceptron(X2, [-1, -1, -1, 1])
    assert np.array_equal(zero_one.weights, plus_minus.weights)


def test_it_stops_at_max_epochs_without_a_verdict():
    run = train_perceptron(X2, BOOLEAN_2["AND"], max_epochs=2)
    assert (run.converged, run.cycle, len(run.errors)) == (False, None, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": [[0.5, 1.0]], "t": [1]}, "must be integers"),
        ({"X": X2, "t": [0, 0, 0, 1], "lr": 0.5}, "must be integers"),
        ({"X": X2, "t": [0, 0, 0, 1], "lr": 0}, "lr at least 1"),
        ({"X": X2, "t": [0, 0, 0, 2]}, "targets are 0 and 1"),
        ({"X": X2, "t": [0, 1]}, "must be"),
        ({"X": [0, 1], "t": [0, 1]}, "must be"),
        ({"X": X2, "t": [0, 0, 0, 1], "order": [0, 4]}, "order must list rows"),
        ({"X": X2, "t": [0, 0, 0, 1], "order": []}, "order must list rows"),
        ({"X": X2, "t": [0, 0, 0, 1], "max_epochs": 0}, "max_epochs"),
    ],
)
def test_the_perceptron_refuses_what_it_cannot_do_exactly(arguments, message):
    with pytest.raises(ValueError, match=message):
        train_perceptron(**arguments)


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_adaline_on_xor_ends_at_no_answer_at_all(seed):
    run = train_adaline(2 * X2 - 1, [-1, 1, 1, -1], seed=seed)
    assert run.weights[-1] == pytest.approx([0, 0, 0], abs=1e-8)
    assert run.mse[-1] == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["AND", "OR", "NAND", "A OR NOT B"])
def test_adaline_finds_the_least_squares_solution(name):
    X, t = 2 * X2 - 1, 2 * np.array(BOOLEAN_2[name]) - 1
    run = train_adaline(X, t, lr=0.2, epochs=300, seed=4)
    best = np.linalg.lstsq(np.column_stack([X, np.ones(4)]), t, rcond=None)[0]
    assert run.weights[-1] == pytest.approx(best, abs=1e-9)
    assert np.array_equal(np.sign(X @ run.weights[-1][:-1] + run.weights[-1][-1]), t)


def test_adaline_goes_down_the_slope_of_the_squared_error():
    X, t, lr, h = 2.0 * X2 - 1, np.array([-1.0, 1, 1, 1]), 0.05, 1e-6

    def mse(w):
        return np.mean((t - X @ w[:-1] - w[-1]) ** 2)

    run = train_adaline(X, t, lr=lr, epochs=5, seed=9)
    w = run.weights[0]
    slope = [(mse(w + h * e) - mse(w - h * e)) / (2 * h) for e in np.eye(3)]
    assert run.weights[1] == pytest.approx(w - lr * np.array(slope), abs=1e-8)
    assert run.mse == pytest.approx([mse(w) for w in run.weights])
    assert (np.diff(run.mse) < 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": X2, "t": [0, 1]}, "must be"),
        ({"X": X2, "t": [0, 0, 0, 1], "lr": 2.0}, "lr must lie between 0 and"),
        ({"X": X2, "t": [0, 0, 0, 1], "lr": 0.0}, "lr must lie between 0 and"),
    ],
)
def test_adaline_refuses_bad_shapes_and_rates_that_explode(arguments, message):
    with pytest.raises(ValueError, match=message):
        train_adaline(**arguments)


@pytest.mark.parametrize(("n", "count"), [(1, 4), (2, 14), (3, 104), (4, 1882)])
def test_the_number_of_separable_functions(n, count):
    assert count_separable(n) == count


def test_of_two_inputs_only_xor_and_its_opposite_are_out_of_reach():
    assert [name for name, can in zip(BOOLEAN_2, separable(2), strict=True) if not can] == IMPOSSIBLE


def test_what_small_integer_weights_compute_is_marked_separable():
    X, marked = truth_table(3), separable(3)
    for *w, threshold in product(range(-2, 3), repeat=4):
        number = int("".join("1" if s > threshold else "0" for s in X @ w), 2)
        assert marked[number]


def test_the_count_stops_where_it_would_take_too_long():
    with pytest.raises(ValueError, match=r"2\*\*32 functions"):
        count_separable(5)
    with pytest.raises(ValueError, match="at least one input"):
        truth_table(0)
