"""The past-tense toy: a small language with a rule and its exceptions, and nets that learn it three ways."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs import pasttense
from nnfs.pasttense import CONSONANTS, FAMILIES, VOWELS, Verb

ROOTS = st.tuples(*map(st.sampled_from, (CONSONANTS, VOWELS, CONSONANTS))).map("".join)


class TestTheRule:
    @pytest.mark.parametrize(
        ("root", "past"),
        [("pat", "patid"), ("mod", "modid"), ("kis", "kist"), ("lap", "lapt"), ("lub", "lubd"), ("zol", "zold")],
    )
    def test_the_ending_follows_the_last_sound(self, root, past):
        assert pasttense.regular_past(root) == past


class TestTheLanguage:
    verbs, wugs = pasttense.language(seed=5)

    def test_it_has_420_verbs_and_86_wugs_and_no_root_twice(self):
        roots = [verb.root for verb in self.verbs + self.wugs]
        assert (len(self.verbs), len(self.wugs), len(set(roots))) == (420, 86, 506)

    def test_fifteen_verbs_in_a_hundred_are_irregular_eight_of_them_among_the_first_ten(self):
        irregular = [verb.family != "regular" for verb in self.verbs]
        assert sum(irregular) == 63
        assert sum(irregular[:10]) == 8

    def test_the_others_are_frequent_too(self):
        ranks = [rank for rank, verb in enumerate(self.verbs) if verb.family != "regular" and rank >= 10]
        assert np.median(ranks) < 0.6 * np.median(range(10, 420))

    @pytest.mark.parametrize("seed", range(5))
    def test_every_family_keeps_its_promise(self, seed):
        verbs, wugs = pasttense.language(seed)
        for verb in verbs + wugs:
            assert verb.regular == pasttense.regular_past(verb.root)
            if verb.family == "regular":
                assert verb.past == verb.regular
            elif verb.family == "no change":
                assert verb.past == verb.root
                assert verb.root[-1] in "td"
            elif verb.family == "vowel change":
                assert {(verb.root[1], verb.past[1])} <= {("i", "a"), ("e", "o")}
                assert (verb.root[0], verb.root[2]) == (verb.past[0], verb.past[2])
            else:
                assert len(verb.past) == 3
        families = Counter(verb.family for verb in verbs)
        assert set(families) == {"regular", *FAMILIES}
        assert {wug.family for wug in wugs} == {"regular"}

    def test_the_seed_is_the_language(self):
        assert pasttense.language(5) == (self.verbs, self.wugs)
        assert pasttense.language(6) != (self.verbs, self.wugs)

    def test_there_are_only_so_many_roots(self):
        with pytest.raises(ValueError, match="only 864"):
            pasttense.language(0, verbs=800, wugs=86)


class TestSounds:
    @given(ROOTS)
    def test_a_root_switches_on_one_unit_of_each_kind_of_trigram(self, root):
        first, middle, last = pasttense.units(root)
        assert 0 <= first < 72 <= middle < 222 <= last < pasttense.N_IN

    @given(ROOTS, ROOTS)
    def test_different_roots_differ_in_their_units(self, a, b):
        assert (pasttense.units(a) == pasttense.units(b)) == (a == b)

    def test_the_middle_unit_is_shared_by_roots_of_one_shape(self):
        assert pasttense.units("pit")[1] == pasttense.units("tik")[1]
        assert pasttense.units("pit")[1] != pasttense.units("bit")[1]

    @given(ROOTS, st.sampled_from(pasttense.ENDINGS))
    def test_what_is_written_into_the_output_units_is_what_they_say(self, root, ending):
        y = pasttense.target(root + ending)
        assert y.sum() == 4
        assert pasttense.speak(y[None]) == [root + ending]


class TestTheNets:
    def test_the_hidden_net_follows_the_gradient_of_cross_entropy(self):
        on, y = pasttense.units("kis"), pasttense.target("kist")
        model = pasttense.Hidden(seed=1, lr=1e-3, hidden=5)
        x = np.zeros((1, pasttense.N_IN))
        x[0, on] = 1.0

        def loss():
            p = model.mlp.forward(x)[-1][0]
            return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))

        weight, step = model.mlp.W[0], 1e-6
        before = weight[2, on[1]]
        weight[2, on[1]] = before + step
        up = loss()
        weight[2, on[1]] = before - step
        slope = (up - loss()) / (2 * step)
        weight[2, on[1]] = before
        model.learn(on, y)
        assert (before - weight[2, on[1]]) / model.lr == pytest.approx(slope, rel=1e-5)

    def test_the_delta_rule_moves_only_the_weights_of_active_units_and_only_where_it_was_wrong(self):
        model = pasttense.Delta(seed=1, lr=0.5, temperature=1.0)
        on, y = pasttense.units("kis"), pasttense.target("kist")
        model.learn(on, y)
        moved = {int(i) for i in np.nonzero(np.abs(model.W).sum(axis=1))[0]}
        assert moved == set(on)
        assert set(np.unique(model.W[on[0]]).tolist()) <= {-0.5, 0.0, 0.5}
        assert not np.any(model.W[on[0]][y == 1] < 0)
        assert not np.any(model.W[on[0]][y == 0] > 0)

    def test_heat_makes_units_undecided(self):
        cold, hot = (pasttense.Delta(seed=1, lr=0.5, temperature=t) for t in (0.1, 10.0))
        cold.b[:] = hot.b[:] = 1.0
        X = np.zeros((1, pasttense.N_IN))
        assert np.all(cold.net(X) == 10.0)
        assert np.all(hot.net(X) == 0.1)


class TestSchedules:
    def sizes(self, schedule, epochs=200):
        return [pasttense.SCHEDULES[schedule](e, epochs, 420) for e in range(epochs)]

    def test_the_jump_is_ten_epochs_of_ten_verbs_then_all(self):
        assert self.sizes("jump-1986") == [10] * 10 + [420] * 190

    def test_growth_is_smooth_and_done_by_half_time(self):
        sizes = self.sizes("growth")
        assert sizes[0] == 10
        assert sizes[100:] == [420] * 100
        assert max(np.diff(sizes)) <= 5
        assert min(np.diff(sizes)) >= 0

    def test_all_is_all(self):
        assert set(self.sizes("all")) == {420}


DELTA = {"model": "delta", "lr": 0.1, "temperature": 1.0, "zipf": 0.0}


class TestSimulate:
    history = pasttense.simulate({**DELTA, "schedule": "jump-1986", "epochs": 14}, seed=0)

    def test_it_says_a_past_for_every_verb_and_wug_after_every_epoch(self):
        assert [len(said) for said in self.history.said] == [506] * 14

    def test_it_knows_the_first_ten_verbs_before_the_jump_and_stumbles_after_it(self):
        first = pasttense.curves(self.history)["first"]
        assert first[9] == 1.0
        assert first[10] < 0.6
        assert pasttense.depth(first) > 0.4

    def test_the_loss_is_that_of_the_vocabulary_so_it_jumps_too(self):
        loss = self.history.loss
        assert loss[9] < loss[10] > loss[13]

    def test_the_same_seed_says_the_same(self):
        again = pasttense.simulate({**DELTA, "schedule": "jump-1986", "epochs": 14}, seed=0)
        assert again.said == self.history.said

    def test_frequent_verbs_are_heard_more_often_under_zipf(self):
        zipf = {**DELTA, "zipf": 1.0, "schedule": "all", "epochs": 3}
        first = [pasttense.curves(pasttense.simulate(c, 0))["first"][-1] for c in (zipf, {**zipf, "zipf": 0.0})]
        assert first[0] > first[1]

    def test_a_hidden_layer_learns_ten_verbs_too(self):
        config = {"model": "mlp", "lr": 0.3, "hidden": 16, "zipf": 0.0, "schedule": "jump-1986", "epochs": 10}
        assert pasttense.curves(pasttense.simulate(config, 0))["first"][-1] >= 0.75


class TestMeasures:
    """Counted on a made-up history of one irregular verb, one regular verb and one wug."""

    history = pasttense.History(
        verbs=[Verb("vep", "vop", "vept", "vowel change"), Verb("kis", "kist", "kist", "regular")],
        wugs=[Verb("lub", "lubd", "lubd", "regular")],
        said=[
            ["vop", "kis", "lub"],
            ["vopt", "kist", "lub"],
            ["vept", "kist", "lubd"],
            ["vept", "kist", "lubd"],
            ["vop", "kist", "lubd"],
        ],
        size=[1, 2, 2, 2, 2],
        loss=[0.0] * 5,
        model=pasttense.Delta(0, 0.1, 1.0),
    )

    def test_the_u_of_one_verb(self):
        curve = pasttense.curves(self.history)
        assert curve["first"].tolist() == [1, 0, 0, 0, 1]
        assert curve["first_blend"].tolist() == [0, 1, 0, 0, 0]
        assert curve["first_overregularised"].tolist() == [0, 0, 1, 1, 0]
        assert curve["regular"].tolist() == [0, 1, 1, 1, 1]
        assert curve["wug"].tolist() == [0, 0, 1, 1, 1]

    @pytest.mark.parametrize(
        ("share", "depth"), [([0.1, 0.5, 0.9], 0.0), ([1, 0.25, 1], 0.75), ([0.5, 0.25, 1, 0.5], 0.5)]
    )
    def test_depth_is_the_deepest_fall_below_the_best_so_far(self, share, depth):
        assert pasttense.depth(np.array(share)) == depth

    def test_the_sample_tells_each_change_of_mind(self):
        sample = pasttense.sample(self.history)
        assert (sample["root"], sample["past"], sample["family"]) == ("vep", "vop", "vowel change")
        assert sample["said"] == [[1, "vop"], [2, "vopt"], [3, "vept"], [5, "vop"]]
