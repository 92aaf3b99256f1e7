"""Nets that add: exact slopes, an exact control, and the three kinds of question kept apart."""

import numpy as np
import pytest

from nnfs import adders
from nnfs.adders import Adder, Line
from nnfs.data import addition

PAIRS = np.array([[3, 4], [0, 0], [9, 8], [5, 5]])
CONFIG = {"top": 9, "held_out": 0.2, "hole": None, "steps": 60, "batch": 64, "lr": 0.03, "asked": [[7, 5], [9, 9]]}


def loss(adder):
    return adder.loss_and_slope(adder.outputs(PAIRS), PAIRS.sum(axis=1))[0]


class TestGradients:
    @pytest.mark.parametrize("model", adders.MODELS)
    def test_they_agree_with_central_differences(self, model):
        adder = Adder(model, top=9, seed=1)
        rng = np.random.default_rng(0)
        for parameter in adder.parameters:  # off the kinks of ReLU and away from zero biases
            parameter += rng.normal(0, 0.05, parameter.shape)
        _, gradients = adder.gradients(PAIRS)
        for parameter, gradient in zip(adder.parameters, gradients, strict=True):
            at = tuple(int(i) for i in np.unravel_index(np.abs(gradient).argmax(), gradient.shape))
            here = parameter[at]
            parameter[at] = here + 1e-6
            up = loss(adder)
            parameter[at] = here - 1e-6
            slope = (up - loss(adder)) / 2e-6
            parameter[at] = here
            assert gradient[at] == pytest.approx(slope, rel=1e-4)

    def test_the_loss_of_a_net_that_knows_nothing_is_the_log_of_the_choices(self):
        for model, choices in [("one-hot", 39), ("digits", 10)]:
            adder = Adder(model, top=9, seed=1)
            for parameter in adder.parameters:
                parameter[:] = 0.0
            assert loss(adder) == pytest.approx(np.log(choices))

    def test_adam_takes_a_first_step_of_the_learning_rate_whatever_the_slope(self):
        w = np.array([1.0, 1.0])
        adders.adam([w])([np.array([1e-3, -50.0])], 0.1)
        assert w == pytest.approx([0.9, 1.1], abs=1e-5)

    def test_adam_is_algorithm_1_of_its_paper(self):
        gradients = np.random.default_rng(3).normal(size=25).tolist()
        w = np.array([0.3])
        step = adders.adam([w])
        reference, m, v = 0.3, 0.0, 0.0
        for t, g in enumerate(gradients, 1):
            step([np.array([g])], 0.01)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            reference -= 0.01 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
        assert w[0] == pytest.approx(reference, rel=1e-10)


class TestAnswers:
    @pytest.mark.parametrize("model", adders.MODELS)
    def test_every_net_can_be_asked_for_the_largest_sum(self, model):
        adder = Adder(model, top=9, seed=1)
        said = adder.answer(np.array([[19, 19], [0, 0]]))
        assert said.shape == (2,)
        if adder.code.heads != "number":
            assert np.array_equal(said, np.round(said))

    def test_digits_are_put_together_with_the_units_first(self):
        adder = Adder("digits", top=9, seed=1)
        for parameter in adder.parameters:
            parameter[:] = 0.0
        adder.net.b[-1][[8, 13]] = 1.0  # the units head says 8, the tens head 3
        assert adder.answer(PAIRS).tolist() == [38.0] * 4

    def test_an_unknown_model_is_refused_with_those_there_are(self):
        with pytest.raises(ValueError, match="known are scalar-sigmoid"):
            Adder("roman", top=9, seed=1)

    def test_the_line_is_exact_everywhere(self):
        split = addition.split(99, 0.9, seed=0)
        line = Line(split.train)
        for pairs in (split.train, split.held_out, split.beyond):
            measured = adders.errors(line.answer(pairs), pairs)
            assert measured["exact"] == 1.0
            assert measured["mae"] < 1e-9


class TestMeasures:
    class Parrot:
        """Says 10 whatever it is asked."""

        def answer(self, pairs):
            return np.full(len(pairs), 10.0)

    def test_errors_round_before_they_compare(self):
        pairs = np.array([[5, 5], [5, 7], [9, 2], [1, 8]])
        assert adders.errors(np.array([10.4, 10.0, 10.6, 9.5]), pairs) == {"exact": 0.5, "mae": pytest.approx(0.825)}

    def test_distance_zero_is_the_edge_of_the_range(self):
        table = adders.by_distance(self.Parrot(), 9, [0, 1])
        assert table["distance"] == [0.0, 1.0]
        assert table["exact"] == [2 / 19, 2 / 21]  # 9 + 1 and 1 + 9; then 10 + 0 and 0 + 10
        edge = [(9, k) for k in range(10)] + [(k, 9) for k in range(9)]
        assert table["mae"][0] == pytest.approx(np.mean([abs(a + b - 10) for a, b in edge]))

    def test_the_heat_map_has_a_row_for_each_first_operand(self):
        class Half:
            def answer(self, pairs):
                return pairs[:, 0] * 1.0  # forgets the second

        heat = np.array(adders.heat(Half(), top=99))
        assert heat.shape == (40, 40)
        assert heat[7].tolist() == [5 * column for column in range(40)]
        assert heat.max() <= 255

    def test_checkpoints_are_dense_at_first(self):
        marks = adders.checkpoints(6000)
        assert marks[0] == 1
        assert marks[-1] == 6000
        assert len(marks) <= 24
        assert marks == sorted(set(marks))
        assert adders.checkpoints(20)[-1] == 20


class TestGrid:
    def test_epochs_begin_before_training_and_end_after_it(self):
        moments = adders.epochs(280, {"batch": 64, "steps": 6000})
        assert list(moments.values())[:4] == [0, 1, 2, 3]
        assert list(moments.items())[-1] == (6000, 1200)
        assert len(moments) <= 23
        assert all(step == 5 * epoch for step, epoch in moments.items())  # 280 pairs are five batches

    def test_every_pair_is_asked_the_second_operand_fastest(self):
        class Twice:
            def answer(self, pairs):
                return pairs[:, 0] + 2 * pairs[:, 1] + 0.4

        said = adders.rounded(Twice(), top=4)
        assert said[3, 5] == 13
        assert said.shape == (10, 10)

    def test_packed_answers_come_back_and_what_a_byte_cannot_hold_is_refused(self):
        answers = [np.arange(-128, 128).reshape(16, 16)[:10, :10], np.full((10, 10), 127)]
        assert np.array_equal(adders.unpack(adders.pack(answers), top=4), answers)
        with pytest.raises(ValueError, match="got 127 to 128"):
            adders.pack([np.array([[127, 128]])])
        with pytest.raises(ValueError, match="damaged"):
            adders.unpack(adders.pack(answers)[:-8] + "AAAAAAAA", top=4)

    def test_seed_0_keeps_them_at_every_epoch_and_they_end_with_the_trained_net(self):
        config = {**CONFIG, "model": "digits", "grid": True}
        outcome = adders.run(config, seed=0)
        assert outcome["grid"]["epoch"] == list(adders.epochs(len(outcome["split"].train), config).values())
        said = adders.unpack(outcome["grid"]["said"], 9)
        assert said.shape == (len(outcome["grid"]["epoch"]), 20, 20)
        assert np.array_equal(said[0], adders.rounded(Adder("digits", 9, seed=0), 9))
        assert np.array_equal(said[-1], adders.rounded(outcome["model"], 9))
        assert adders.run(config, seed=1)["grid"] is None
        assert adders.run({**CONFIG, "model": "digits"}, seed=0)["grid"] is None


class TestTraining:
    def test_batches_go_through_all_pairs_before_they_repeat(self):
        stream = adders.batches(addition.pairs(0, 4), 10, np.random.default_rng(0))
        first = [next(stream) for _ in range(3)]
        assert [len(batch) for batch in first] == [10, 10, 5]
        assert {tuple(p) for batch in first for p in batch.tolist()} == {
            tuple(p) for p in addition.pairs(0, 4).tolist()
        }

    @pytest.mark.parametrize("model", adders.MODELS)
    def test_the_loss_falls(self, model):
        losses = adders.run({**CONFIG, "model": model}, seed=0)["losses"]
        assert losses.shape == (60,)
        assert losses[-5:].mean() < 0.5 * losses[:5].mean()

    def test_the_same_seed_gives_the_same_net(self):
        nets = [adders.run({**CONFIG, "model": "digits"}, seed=4)["model"] for _ in range(2)]
        for a, b in zip(nets[0].parameters, nets[1].parameters, strict=True):
            assert np.array_equal(a, b)

    def test_curves_and_answers_are_taken_at_the_checkpoints(self):
        outcome = adders.run({**CONFIG, "model": "scalar-relu"}, seed=0)
        assert outcome["curves"]["step"] == adders.checkpoints(60)
        assert all(len(curve) == len(adders.checkpoints(60)) for curve in outcome["curves"].values())
        assert np.array(outcome["answers"]).shape == (len(adders.checkpoints(60)), 2)
        last = outcome["model"].answer(np.array(CONFIG["asked"]))
        assert outcome["answers"][-1] == pytest.approx(last.tolist(), abs=0.005)

    def test_relu_on_plain_numbers_goes_on_adding_where_sigmoid_stops(self):
        """The finding of the post, in little: one net is a straight line outside its range, one is flat."""
        config = {**CONFIG, "steps": 800, "lr": 0.01}
        off = {
            model: adders.errors(outcome["model"].answer(beyond), beyond)["mae"]
            for model in ("scalar-relu", "scalar-sigmoid")
            for outcome in [adders.run({**config, "model": model}, seed=0)]
            for beyond in [outcome["split"].beyond]
        }
        assert off["scalar-relu"] < 1.0
        assert off["scalar-sigmoid"] > 3.0
