"""Learning from one's own rollouts: unbiased estimates, the gradient of the policy, and a kill that changes nothing."""

import copy
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from nnfs import reinforce, train
from nnfs.gpt import GPT, GPTConfig
from nnfs.model import LanguageModel, cross_entropy
from nnfs.reinforce import Practice, Rollouts, advantages, judge, pass_at_k, rollout

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

END = 6
NET = GPTConfig(vocab=7, context=16, layers=2, heads=2, width=8)


def shaken(seed=3, std=0.5):
    net = GPT(NET)
    generator = torch.Generator().manual_seed(seed)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=std, generator=generator)
    return net.eval()


class TestPassAtK:
    @given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
    def test_it_is_the_share_of_subsets_that_hold_a_right_answer(self, case):
        n, right, k = case
        answers = [True] * right + [False] * (n - right)
        subsets = list(itertools.combinations(answers, k))
        assert pass_at_k(n, right, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))

    @given(st.floats(0, 1), st.integers(1, 4))
    def test_it_is_unbiased(self, p, k):
        """Its mean over how many of 8 answers are right is the chance that one of k is."""
        mean = sum(math.comb(8, r) * p**r * (1 - p) ** (8 - r) * pass_at_k(8, r, k) for r in range(9))
        assert mean == pytest.approx(1 - (1 - p) ** k)

    @pytest.mark.parametrize("case", [(4, 5, 1), (4, -1, 1), (4, 2, 0), (4, 2, 5)])
    def test_impossible_counts_are_refused(self, case):
        with pytest.raises(ValueError, match="cannot say"):
            pass_at_k(*case)


class TestAdvantages:
    @given(hnp.arrays(float, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-2, 2, width=32)))
    def test_they_are_those_of_a_slow_loop(self, rewards):
        for kind in reinforce.BASELINES:
            found = advantages(rewards, kind)
            for row, slow in zip(rewards.tolist(), found.tolist(), strict=True):
                mean = math.fsum(row) / len(row)
                deviation = math.sqrt(math.fsum((r - mean) ** 2 for r in row) / len(row))
                for reward, one in zip(row, slow, strict=True):
                    wanted = {
                        "none": reward,
                        "mean": reward - mean,
                        "z-score": (reward - mean) / (deviation + 1e-6),
                    }[kind]
                    assert one == pytest.approx(wanted, abs=1e-9, rel=1e-6)

    def test_a_question_that_all_or_none_can_answer_teaches_nothing(self):
        rewards = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
        for kind in ("mean", "z-score"):
            assert not advantages(rewards, kind).any()

    def test_another_baseline_is_refused(self):
        with pytest.raises(ValueError, match="known are mean"):
            advantages(np.zeros((1, 2)), "median")


class Softmax(LanguageModel):
    """The smallest policy: logits of four actions, whatever was said before."""

    def __init__(self, theta):
        super().__init__()
        self.vocab, self.window = len(theta), 8
        self.theta = nn.Parameter(torch.tensor(theta))

    def forward(self, idx, targets=None):
        logits = self.theta.expand(*idx.shape, -1)
        return logits, cross_entropy(logits, targets)


class TestGradient:
    P = np.array([4, 8, 2, 2]) / 16  # so that 16 rollouts can hold each action exactly as often as expected
    REWARDS = np.array([1.0, 0.0, 0.5, 2.0])

    def rollouts(self):
        actions = np.repeat(np.arange(4), (self.P * 16).astype(int))
        ids = torch.from_numpy(np.stack([np.zeros(16, dtype=np.int64), actions], axis=1))
        return Rollouts([0], ids, 1, torch.ones(16, dtype=torch.int64)), self.REWARDS[actions][None]

    @pytest.mark.parametrize("baseline", ["mean", "none"])
    def test_it_is_that_of_the_expected_reward(self, baseline):
        """d/dθ_a of Σ p r is p_a (r_a - Σ p r), with and without a baseline."""
        policy = Softmax(np.log(self.P))
        group, rewards = self.rollouts()
        better = torch.from_numpy(advantages(rewards, baseline)[0])
        reinforce.policy_loss(policy, group, better, tokens=16).backward()
        analytic = self.P * (self.REWARDS - self.P @ self.REWARDS)
        assert -policy.theta.grad.numpy() == pytest.approx(analytic, abs=1e-6)

    def test_every_token_counts_alike_whatever_the_length_of_its_answer(self):
        policy = Softmax(np.log(self.P))
        ids = torch.tensor([[0, 1, 2, 3], [0, 3, 0, 0]])
        group = Rollouts([0], ids, 1, torch.tensor([3, 1]))
        loss = reinforce.policy_loss(policy, group, torch.tensor([0.5, -1.0]), tokens=4)
        log_p = np.log(self.P)
        wanted = -(0.5 * (log_p[1] + log_p[2] + log_p[3]) - 1.0 * log_p[3]) / 4
        assert float(loss.detach()) == pytest.approx(wanted, abs=1e-6)

    def test_what_stands_after_the_end_and_the_question_itself_teach_nothing(self):
        group = Rollouts([0], torch.tensor([[5, 5, 1, END, 0, 0]]), 2, torch.tensor([2]))
        assert group.targets().tolist() == [[-1, 1, END, -1, -1]]


class TestRollouts:
    PROMPTS = ([1, 2], [3, 4, 5], [2, 2], [1, 2, 3, 4])

    def test_each_token_is_drawn_from_what_the_net_says_after_all_before_it(self):
        net, samples, most, key = shaken(), 3, 6, (7, 1)
        draws = np.random.default_rng(list(key)).random((4, samples, most))
        for group in rollout(net, self.PROMPTS, samples, most, END, 1.0, key):
            for row in range(len(group.which) * samples):
                number, s = group.which[row // samples], row % samples
                said = list(self.PROMPTS[number])
                for t in range(int(group.length[row])):
                    p = np.exp(net.log_prob(said)).cumsum()
                    said.append(int((p <= draws[number, s, t] * p[-1]).sum()))
                assert group.ids[row, : len(said)].tolist() == said
                assert group.length[row] == most or said[-1] == END

    def test_others_in_the_batch_change_nothing(self):
        net = shaken()
        together = rollout(net, self.PROMPTS, 2, 5, END, 1.0, (0,))
        alone = rollout(net, self.PROMPTS[:1], 2, 5, END, 1.0, (0,))[0]
        first = next(group for group in together if 0 in group.which)
        at = first.which.index(0)
        assert torch.equal(first.ids[2 * at : 2 * at + 2], alone.ids)

    def test_without_temperature_all_tries_are_the_likeliest(self):
        for group in rollout(shaken(), self.PROMPTS, 2, 5, END, 0.0, (0,)):
            assert torch.equal(group.ids[::2], group.ids[1::2])

    def test_replies_come_without_their_end_and_say_if_there_was_none(self):
        group = Rollouts([0], torch.tensor([[1, 2, 3, END, 0], [1, 2, 3, 4, 5]]), 2, torch.tensor([2, 3]))
        assert group.replies(END) == [[3], [3, 4, 5, -1]]

    def test_rewards_come_in_the_order_of_the_prompts(self):
        groups = rollout(shaken(), self.PROMPTS, 3, 4, END, 1.0, (0,))
        found = judge(groups, 3, END, lambda number, reply: 10.0 * number + len(reply))
        assert found.shape == (4, 3)
        assert (found // 10 == np.arange(4)[:, None]).all()


def practice(baseline="mean"):
    """Say the token 2 and end: a reward that can be learnt."""
    return Practice(
        questions=lambda step: [[1, step % 5], [3], [4, 4]],
        reward=lambda step, number, reply: float(reply == [2]) + 0.2 * float(2 in reply),
        samples=8,
        most=3,
        end=END,
        baseline=baseline,
    )


SETTINGS = train.TrainConfig(steps=25, lr=0.03, warmdown=1.0, snapshot_seconds=0.0)


class TestLearning:
    @pytest.mark.parametrize("baseline", reinforce.BASELINES)
    def test_what_is_rewarded_becomes_likelier(self, baseline):
        rewards = reinforce.reinforce(shaken(std=0.3), practice(baseline), SETTINGS).losses
        assert np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.3

    def test_where_nothing_can_be_earned_replay_is_imitation(self):
        rows = torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1]])

        def batches(step):
            return rows[:, :-1] + step % 2, rows[:, 1:] + step % 2

        tried, imitated = shaken(), shaken()
        nothing = replace(practice(), reward=lambda *_: 0.0, replay=batches)
        config = replace(SETTINGS, steps=5)
        assert reinforce.reinforce(tried, nothing, config).losses == [0.0] * 5
        train.train(imitated, batches, config)
        for ours, theirs in zip(tried.parameters(), imitated.parameters(), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-6)

    def test_replay_keeps_what_earns_nothing(self):
        """A net that learned to say 5 after 5 and is paid for 2 after other tokens forgets it, unless it reads on."""
        rows = torch.tensor([[5, 5, 5]] * 4)
        batches = (rows[:, :-1], rows[:, 1:])
        once = shaken(std=0.3)
        train.train(once, lambda step: batches, replace(SETTINGS, steps=15, lr=0.01))
        found = {}
        for name, replay in (("without", None), ("with", lambda step: batches)):
            net = copy.deepcopy(once)
            rewards = reinforce.reinforce(net, replace(practice(), replay=replay), replace(SETTINGS, steps=60)).losses
            assert np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.3
            found[name] = net.log_prob([5])[5]
        assert found["with"] > np.log(0.9)
        assert found["without"] < np.log(0.1)

    def test_it_is_a_function_of_the_seed(self):
        found = [reinforce.reinforce(shaken(), practice(), replace(SETTINGS, seed=seed, steps=6)) for seed in (1, 1, 2)]
        assert found[0].losses == found[1].losses != found[2].losses
        assert found[0].norm == found[1].norm != found[2].norm

    def test_what_is_noted_is_what_happened(self):
        seen, watched = {}, []
        done = reinforce.reinforce(
            shaken(),
            practice(),
            replace(SETTINGS, steps=4),
            watch=lambda step, model: watched.append(step),
            note=lambda step, told: seen.update({step: told}),
        )
        assert watched == [0, 1, 2, 3, 4]
        assert [seen[step]["reward"] for step in range(4)] == pytest.approx(done.losses)
        assert all(1 <= told["length"] <= 3 and 0 <= told["mixed"] <= 1 for told in seen.values())

    def test_a_net_that_is_no_number_any_more_is_noticed_though_its_rewards_are(self, tmp_path):
        def broken(step, model):
            if step == 3:
                with torch.no_grad():
                    next(model.parameters()).fill_(math.nan)

        with pytest.raises(train.TrainError, match="a weight is not a number"):
            reinforce.reinforce(shaken(), practice(), replace(SETTINGS, steps=9), tmp_path, watch=broken)
        assert train.newest(tmp_path).name == "step-000000002.json"
        with pytest.raises(train.TrainError, match="a weight is not a number"):
            reinforce.reinforce(shaken(), practice(), replace(SETTINGS, steps=9), watch=broken)

    def test_a_kill_loses_nothing(self, tmp_path):
        whole = shaken()
        wanted = reinforce.reinforce(whole, practice(), replace(SETTINGS, steps=9))

        class KilledError(Exception):
            pass

        def kill(step, model):
            if step == 5:
                raise KilledError

        with pytest.raises(KilledError):
            reinforce.reinforce(shaken(), practice(), replace(SETTINGS, steps=9), tmp_path, watch=kill)
        resumed, first = shaken(seed=8), []
        found = reinforce.reinforce(
            resumed, practice(), replace(SETTINGS, steps=9), tmp_path, note=lambda step, told: first.append(step)
        )
        assert first[0] == 4, "it goes on from the snapshot"
        assert found.losses == wanted.losses
        for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
            assert torch.equal(ours, theirs)
