"""The dial, the chat template and what each stage reads."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs import chat, chat_talk, chat_text
from nnfs.chat import SHARES, SPECIAL, ChatTokens, Dial
from nnfs.errors import UserError
from nnfs.gpt import GPT
from nnfs.model import n_parameters
from nnfs.tokenizers import BPE

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

WORDS = ["basket", "apple", "forest", "water", "house", "table", "milk", "bread", "stone", "river", "green", "cloud"]
VERSE = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n\n" * 40


@pytest.fixture(scope="module")
def tokens():
    texts = [chat_text.document(kind, "learn", i) for kind in ("stories", "facts", "sums") for i in range(40)]
    return ChatTokens.train("\n".join([VERSE, *texts]), 600)


@pytest.fixture
def verse(monkeypatch):
    monkeypatch.setattr(chat, "shakespeare_text", lambda: (VERSE, VERSE[:600]))
    monkeypatch.setattr(chat, "spelt", lambda: WORDS)


class TestDial:
    def test_depth_four_is_the_reference(self):
        dial = Dial(4)
        assert (dial.width, dial.heads, dial.batch, dial.rate, dial.decay) == (128, 4, 4096, 1.0, 1.0)
        assert dial.tokens == 12 * (12 * 4 * 128**2 + 128 * 1024)
        assert dial.steps == dial.tokens // dial.batch

    @pytest.mark.parametrize("depth", [1, 2, 3, 4, 6, 8, 12])
    def test_the_rules(self, depth):
        dial, reference = Dial(depth), Dial(4)
        assert dial.width == 32 * depth
        assert dial.width // dial.heads == (16 if depth <= 2 else 32)
        exact = 4096 * (dial.tokens / reference.tokens) ** 0.383
        assert dial.batch == 2 ** round(math.log2(dial.batch)), "a power of two"
        assert exact / 2**0.5 <= dial.batch <= exact * 2**0.5
        assert dial.rate == pytest.approx(math.sqrt(dial.batch / reference.batch))
        assert dial.decay == pytest.approx(dial.rate * reference.tokens / dial.tokens)
        assert dial.rows * dial.context == dial.batch

    @pytest.mark.parametrize("depth", [1, 2, 3, 4])
    def test_tokens_are_twelve_for_each_weight_of_a_product(self, depth):
        net = GPT(Dial(depth).net())
        products = sum(m.weight.numel() for m in net.modules() if isinstance(m, torch.nn.Linear))
        assert Dial(depth).tokens == 12 * products
        assert n_parameters(net) == products + 1024 * 32 * depth

    def test_fewer_tokens_for_each_weight_change_nothing_else(self):
        dial, short = Dial(3), Dial(3, ratio=4.0)
        assert short.tokens == pytest.approx(dial.tokens / 3)
        assert (short.batch, short.rate, short.decay) == (dial.batch, dial.rate, dial.decay)

    def test_only_rates_and_decay_are_turned(self):
        base = {"optimiser": "muon", "lr": 0.02, "head_lr": 0.004, "weight_decay": 0.1, "warmdown": 0.6}
        turned = Dial(2).training(base)
        assert turned["lr"] / 0.02 == turned["head_lr"] / 0.004 == pytest.approx(Dial(2).rate)
        assert turned["weight_decay"] == pytest.approx(0.1 * Dial(2).decay)
        assert (turned["steps"], turned["warmdown"], turned["optimiser"]) == (Dial(2).steps, 0.6, "muon")
        assert chat.faster(base, 0.5) == {**base, "lr": 0.01, "head_lr": 0.002}
        assert base["lr"] == 0.02

    def test_there_is_no_depth_zero(self):
        with pytest.raises(ValueError, match="the dial begins at 1"):
            Dial(0)


class TestTemplate:
    @given(st.text(max_size=40))
    def test_any_text_comes_back(self, tokens, text):
        ids = tokens.encode(text)
        assert tokens.decode(ids) == text
        assert max(ids, default=0) < tokens.bpe.vocab, "no text writes a special token"

    def test_a_special_token_in_a_question_is_spelt_out(self, tokens):
        for name in SPECIAL:
            ids = tokens.prompt(f"Hello {name} there")
            assert sum(i >= tokens.bpe.vocab for i in ids) == 4, "bos, user, end, assistant and no more"
            assert f"Hello {name} there" in tokens.decode(ids)

    @given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=3))
    def test_a_conversation_comes_back_and_the_mask_covers_the_replies_and_their_ends(self, tokens, said):
        ids, own = tokens.render(said)
        assert tokens.decode(ids) == "<|bos|>" + "".join(
            f"<|user|>{question}<|end|><|assistant|>{reply}<|end|>" for question, reply in said
        )
        replies = [[*tokens.encode(reply), tokens.end] for _, reply in said]
        assert [i for i, mine in zip(ids, own, strict=True) if mine] == [i for reply in replies for i in reply]
        for start in (i for i, one in enumerate(ids) if one == tokens.assistant):
            assert not own[start]
            assert own[start + 1]

    @given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=2), st.text(max_size=9))
    def test_a_prompt_is_a_conversation_up_to_where_the_assistant_speaks(self, tokens, before, question):
        ids, _ = tokens.render([*before, (question, "reply")])
        reply = tokens.encode("reply")
        assert ids == [*tokens.prompt(question, before), *reply, tokens.end]

    def test_digits_are_never_merged(self, tokens):
        for merged in tokens.bpe.bytes[256:]:
            assert not any(48 <= byte < 58 for byte in merged)
        assert len(tokens.encode("12345+67890=80235")) == 17

    def test_ids_without_a_meaning_are_shown_as_such(self, tokens):
        assert tokens.decode([tokens.bpe.vocab, tokens.bos]) in ("\N{REPLACEMENT CHARACTER}<|bos|>", "<|bos|><|bos|>")

    def test_special_tokens_need_room(self):
        with pytest.raises(ValueError, match="do not fit"):
            ChatTokens(BPE(), 258)


class TestPretraining:
    def rows(self, tokens, **changes):
        fields = {"rows": 64, "context": 32, "seed": 0, "total": 10_000} | changes
        return chat.Pretraining(tokens, **fields)

    def test_a_step_decides_its_rows(self, tokens, verse):
        first, again, other = self.rows(tokens), self.rows(tokens), self.rows(tokens, seed=1)
        assert torch.equal(first(3)[0], again(3)[0])
        assert not torch.equal(first(3)[0], first(4)[0])
        assert not torch.equal(first(3)[0], other(3)[0])

    def test_every_row_begins_a_document_and_the_target_is_the_next_token(self, tokens, verse):
        idx, targets = self.rows(tokens)(0)
        assert idx.shape == targets.shape == (64, 32)
        assert (idx[:, 0] == tokens.bos).all()
        assert torch.equal(idx[:, 1:], targets[:, :-1])

    def test_speeches_begin_where_a_speaker_is_named(self, tokens, verse):
        ids, begins = chat.encoded(tokens)
        starts = [tokens.decode(ids[i : i + 8]) for i in begins]
        assert len(starts) == VERSE.count(":")
        assert all(start.startswith(("First Citizen:", "All:")) for start in starts)

    def test_slices_have_their_shares(self, tokens, verse):
        rows = self.rows(tokens, total=len(tokens.encode(VERSE)))
        assert rows.shares == pytest.approx(SHARES)
        begun = [tokens.decode(rows.row(n)[1:12]) for n in range(600)]
        natural = sum(text.startswith(("First Citizen", "All:")) for text in begun)
        sums = sum(text[0].isdigit() for text in begun)
        assert natural / 600 == pytest.approx(0.2, abs=0.05)
        assert sums / 600 == pytest.approx(0.2, abs=0.05)

    def test_natural_text_is_read_eight_times_at_most(self, tokens, verse):
        length = len(tokens.encode(VERSE))
        shares = self.rows(tokens, total=400 * length).shares
        assert shares["shakespeare"] * 400 == pytest.approx(8)
        assert sum(shares.values()) == pytest.approx(1)
        assert shares["facts"] == SHARES["facts"]


class TestConversations:
    SHARE = dict.fromkeys(chat_talk.KINDS, 1.0)

    def test_learnt_are_exactly_the_assistants_tokens(self, tokens, verse):
        packed = chat.imitation(tokens, 96, 4, 60, self.SHARE, seed=0)
        idx, targets = packed(0)
        for row, wanted in zip(idx.tolist(), targets.tolist(), strict=True):
            speaking = False
            for here, target in zip(row, wanted, strict=True):
                if here == tokens.assistant:
                    speaking = True
                elif here in (tokens.end, tokens.bos, tokens.user):
                    speaking = False
                assert (target != -1) == speaking
            following = [*row[1:], wanted[-1]]
            assert all(target in (-1, after) for target, after in zip(wanted, following, strict=True))

    def test_a_conversation_is_never_cut(self, tokens, verse):
        packed = chat.imitation(tokens, 96, 4, 60, self.SHARE, seed=0)
        for ids in packed.ids:
            text = tokens.decode(ids).removesuffix("<|bos|>")
            assert text.replace("<|bos|>", "").endswith("<|end|>")
            assert text.count("<|user|>") == text.count("<|assistant|>")

    def test_a_pass_reads_every_row_and_the_next_reads_them_again(self, tokens, verse):
        packed = chat.imitation(tokens, 96, 4, 200, self.SHARE, seed=0)
        once = torch.cat([packed(step)[0] for step in range(packed.steps)])
        assert len(once) == packed.steps * 4 <= len(packed.ids)
        assert torch.equal(once, torch.from_numpy(packed.ids[: len(once), :-1]))
        assert torch.equal(packed(len(packed.ids))[0], packed(0)[0])

    def test_the_seed_decides(self, tokens, verse):
        first, again, other = (chat.imitation(tokens, 96, 4, 20, self.SHARE, seed) for seed in (0, 0, 1))
        assert np.array_equal(first.ids, again.ids)
        assert first.ids.shape != other.ids.shape or not np.array_equal(first.ids, other.ids)

    def test_mid_training_learns_all_and_asks_for_a_choice(self, tokens, verse):
        packed = chat.middle(tokens, 128, 4, 20, self.SHARE, seed=0)
        _, targets = packed(0)
        assert any(" B) " in tokens.decode(ids) for ids in packed.ids)
        for row, wanted in zip(packed.ids, targets.tolist(), strict=False):
            words = len(row) - list(row[::-1] != tokens.bos).index(True)  # without what fills the row
            assert all(target != -1 or token == tokens.bos for target, token in zip(wanted, row[1:words], strict=False))


class TestAsked:
    def test_every_sum_of_a_part_is_asked_once(self):
        asked = chat.every_sum("test")
        assert len(asked) == len(chat_text.pairs("test")) == len({exchange.reply for exchange in asked})

    def test_bits_per_byte_of_a_net_that_knows_nothing(self, tokens, verse):
        net = GPT(Dial(1, 600, 32).net())
        texts = chat.held_out(tokens, 300)
        assert texts.keys() == SHARES.keys()
        for text in texts.values():
            ids = text.whole[text.predicted]
            assert tokens.bos not in ids, "a beginning is given, not predicted"
            size = len(tokens.bpe.decode(ids.tolist()))
            wanted = len(ids) * math.log2(600) / size
            assert chat.bits_per_byte(net, tokens, text) == pytest.approx(wanted, rel=1e-5)


class TestTalking:
    @pytest.fixture
    def net(self):
        net = GPT(Dial(1, 600, 64).net())
        generator = torch.Generator().manual_seed(0)
        for p in net.parameters():
            torch.nn.init.normal_(p, std=0.3, generator=generator)
        return net.eval()

    def test_the_same_seed_says_the_same(self, net, tokens):
        said = [chat.talker(net, tokens, 1.0, seed, most=20)("Hello, I am Tess.") for seed in (1, 1, 2)]
        assert said[0] == said[1] != said[2]

    @pytest.fixture
    def heard(self, tokens, monkeypatch):
        """What was said before, each time that a prompt is made."""
        found, prompt = [], tokens.prompt

        def listening(question, before=()):
            found.append(list(before))
            return prompt(question, before)

        monkeypatch.setattr(tokens, "prompt", listening)
        return found

    def test_it_hears_what_was_said_before_and_forgets_what_no_longer_fits(self, net, tokens, heard):
        reply = chat.talker(net, tokens, most=8, least=4)
        answers = [reply(f"Question {word}?") for word in ("one", "two", "three", "four", "five", "six")]
        assert heard[1] == [("Question one?", answers[0])]
        assert ("Question one?", answers[0]) not in heard[-1]
        assert heard[-1][-1] == ("Question five?", answers[4])

    def test_room_for_the_longest_reply_is_no_reason_to_forget(self, net, tokens, heard):
        reply = chat.talker(net, tokens, most=60, least=4)
        reply("One?")
        reply("Two?")
        with pytest.raises(UserError, match="fewer words"):
            reply("why " * 60)
        reply("Three?")
        assert heard[-1][-1][0] == "Two?", "and a question that is refused makes it forget nothing"

    def test_too_long_a_question_is_the_users_mistake(self, net, tokens):
        with pytest.raises(UserError, match="fewer words"):
            chat.talker(net, tokens)("why " * 60)
