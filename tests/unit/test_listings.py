"""The listings that readers run: net.py against the library, BASIC against both."""

import ast
import re
import runpy
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from nnfs import basic, mlp
from nnfs.perceptron import BOOLEAN_2, train_perceptron, truth_table

LISTINGS = Path(__file__).parents[2] / "posts" / "listings"
NET = runpy.run_path(str(LISTINGS / "net.py"), run_name="net")


def as_library(net):
    """The same weights in an nnfs.mlp.MLP."""
    sizes = [len(net[0][0]) - 1, *[len(layer) for layer in net]]
    twin = mlp.MLP(sizes)
    twin.W = [np.array([neuron[:-1] for neuron in layer]) for layer in net]
    twin.b = [np.array([neuron[-1] for neuron in layer]) for layer in net]
    return twin


def rows(data):
    return np.array([x for x, _ in data], dtype=float), np.array([y for _, y in data], dtype=float)


def test_net_py_is_sixty_lines_and_needs_only_math():
    text = (LISTINGS / "net.py").read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert len(text.splitlines()) <= 60
    assert [node.module for node in imports] == ["math"]
    assert max(map(len, text.splitlines())) <= 83


def test_net_py_run_as_a_reader_runs_it():
    done = subprocess.run(
        [sys.executable, "net.py"], cwd=LISTINGS, capture_output=True, text=True, check=True, timeout=120
    )
    words = [line.split(" loss ") for line in done.stdout.replace("answers", "").splitlines()]
    assert [left for left, _ in words] == ["AND [2, 1]", "OR [2, 1]", "XOR [2, 1]", "XOR [2, 3, 1]"]
    losses, answers = zip(*[(float(right.split()[0]), right.split()[1:]) for _, right in words], strict=True)
    assert losses[2] == 0.25
    assert max(losses[0], losses[1], losses[3]) < 0.01
    assert [round(float(a)) for a in answers[3]] == [0, 1, 1, 0]


@pytest.mark.parametrize(("name", "sizes"), [("AND", [2, 1]), ("OR", [2, 1]), ("XOR", [2, 1]), ("XOR", [2, 3, 1])])
def test_net_py_trains_as_the_library_does(name, sizes):
    data, net = NET[name], NET["make_net"](sizes, 1)
    assert [y for _, y in data] == list(BOOLEAN_2[name])
    twin, (X, Y) = as_library(net), rows(data)
    for _ in range(300):
        assert NET["loss"](net, data) == pytest.approx(twin.step(X, Y, lr=5), rel=1e-10)
        NET["update"](net, NET["backprop"](net, data), 5)
    assert [w for layer in net for neuron in layer for w in neuron] == pytest.approx(
        np.concatenate([np.column_stack([W, b]).ravel() for W, b in zip(twin.W, twin.b, strict=True)]), rel=1e-9
    )


def test_backprop_is_the_slope_of_the_loss():
    data, net, h = NET["XOR"], NET["make_net"]([2, 3, 2, 1], 5), 1e-6
    slopes = NET["backprop"](net, data)
    for layer, found in zip(net, slopes, strict=True):
        for neuron, row in zip(layer, found, strict=True):
            for i, slope in enumerate(row):
                neuron[i] += h
                above = NET["loss"](net, data)
                neuron[i] -= 2 * h
                below = NET["loss"](net, data)
                neuron[i] += h
                assert slope == pytest.approx((above - below) / (2 * h), rel=1e-5, abs=1e-9)


def test_its_numbers_are_exact_in_single_precision_and_do_not_repeat():
    drawn = list(islice(NET["numbers"](1), 65536))
    assert len(set(drawn)) == 65536
    assert all(-1 <= x <= 1 for x in drawn)
    assert (np.array(drawn, dtype=np.float32).astype(float) == drawn).all()
    seed = np.float32(1)
    for x in drawn[:2000]:  # the BASIC way: floats of 24 bits and INT instead of %
        seed = np.float32(75) * seed + np.float32(74)
        seed = seed - np.float32(65537) * np.floor(seed / np.float32(65537))
        assert seed / np.float32(32768) - np.float32(1) == x


@pytest.mark.parametrize(("listing", "lines"), [("perceptron.bas", 40), ("xor.bas", 60)])
def test_basic_listings_look_like_their_time_and_say_what_they_are(listing, lines):
    text = (LISTINGS / listing).read_text(encoding="ascii")
    program = text.splitlines()
    assert len(program) <= lines
    assert [int(line.split()[0]) for line in program] == list(range(10, 10 * len(program) + 1, 10))
    assert text == text.upper()
    assert max(map(len, program)) <= 80
    assert "RECONSTRUCTION" in program[0]
    targets = {int(n) for n in re.findall(r"(?:GOSUB|GOTO|THEN) (\d+)", text)}
    assert targets <= {int(line.split()[0]) for line in program}


@pytest.fixture(scope="module")
def perceptron():
    pytest.importorskip("pcbasic")
    return basic.run(LISTINGS / "perceptron.bas", ["W%()", "M%"])


@pytest.mark.parametrize(("name", "verdict"), [("AND", "LEARNED"), ("XOR", "GIVING UP")])
def test_the_basic_perceptron_has_the_weights_of_the_library_epoch_by_epoch(perceptron, name, verdict):
    block = re.search(rf"^{name}\n(.*?)^{verdict}$", perceptron.screen, re.M | re.S).group(1)
    printed = np.array([[int(n) for n in re.findall(r"-?\d+", line)] for line in block.splitlines()])
    run = train_perceptron(truth_table(2), BOOLEAN_2[name])
    ends = run.weights[4::4]
    epochs = len(run.errors)
    assert printed[:, 0].tolist() == list(range(1, len(printed) + 1))
    assert printed[:epochs, 1].tolist() == run.errors.tolist()
    assert printed[:epochs, 2:].tolist() == ends.tolist()
    assert (printed[epochs:, 2:] == ends[-1]).all(), "on XOR BASIC goes on, in the cycle that was found"


def test_the_last_weights_can_be_read_as_variables(perceptron):
    bias, *weights = perceptron.variables["W%()"]
    assert [*weights, bias] == train_perceptron(truth_table(2), BOOLEAN_2["XOR"]).weights[-1].tolist()
    assert perceptron.variables["M%"] == 4


def test_back_propagation_in_basic_equals_python_for_fifty_epochs():
    pytest.importorskip("pcbasic")
    run = basic.run(LISTINGS / "xor.bas", ["L!()"])
    net, losses = NET["make_net"]([2, 3, 1], 1), []
    for _ in range(50):
        losses.append(NET["loss"](net, NET["XOR"]))
        NET["update"](net, NET["backprop"](net, NET["XOR"]), 5)
    assert len(run.variables["L!()"]) == 51
    assert run.variables["L!()"][1:] == pytest.approx(losses, abs=1e-5)
    printed = [float(n) for n in re.findall(r"LOSS (\S+)", run.screen)]
    assert printed == pytest.approx([losses[0], *losses[9::10]], abs=1e-5)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("10 A=1\n20 FOO 7\n", "Syntax error in 20"),
        ("10 GOTO 99\n", "Undefined line number in 10"),
        ("10 A%=40000\n", "Overflow in 10"),
        ("10 A=1/0\n20 PRINT A\n", "Division by zero"),
        ("PRINT 3\n", "no BASIC line number: 'PRINT 3'"),
        ("10 GOTO 10\n", "still running after 500 statements"),
    ],
)
def test_an_error_of_basic_names_the_listing_and_the_line(tmp_path, program, message):
    pytest.importorskip("pcbasic")
    path = tmp_path / "broken.bas"
    path.write_text(program)
    with pytest.raises(basic.BasicError, match=rf"broken\.bas: .*{message}"):
        basic.run(path, max_steps=500)


def test_basic_prints_and_keeps_its_variables(tmp_path):
    pytest.importorskip("pcbasic")
    path = tmp_path / "small.bas"
    path.write_text('10 A=1.5: N%=7: S$="HI": DIM B(2): B(2)=-1\n20 PRINT S$;A;N%\n')
    run = basic.run(path, ["A!", "N%", "S$", "B!()"])
    assert run.screen == "HI 1.5  7"
    assert run.variables == {"A!": 1.5, "N%": 7, "S$": b"HI", "B!()": [0, 0, -1]}


def test_without_pcbasic_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pcbasic", None)
    with pytest.raises(ImportError, match="pip install pcbasic"):
        basic.run(LISTINGS / "perceptron.bas")
