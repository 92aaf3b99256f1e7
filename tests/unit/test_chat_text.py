"""Generated prose, facts, sums and conversations: functions of a key, and what is asked later is never learnt."""

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs import chat_talk, chat_text
from nnfs.chat_text import pair_part, pairs, part

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

WORDS = ["basket", "apple", "forest", "water", "house", "table", "milk", "bread", "stone", "river", "green", "cloud"]
ADDED = re.compile(r"(\d+)(?:\+| plus | and )(\d+)")  # every way in which a question or a line names a sum


def test_a_key_decides_its_part_and_an_eighth_goes_to_each_test():
    counts = Counter(part(f"key {i}") for i in range(16_000))
    assert counts["test"] == pytest.approx(2000, rel=0.1)
    assert counts["dev"] == pytest.approx(2000, rel=0.1)
    assert part("word basket") == part("word basket")


@given(st.integers(0, 99), st.integers(0, 99))
def test_both_orders_of_a_pair_are_on_the_same_side(a, b):
    assert pair_part(a, b) == pair_part(b, a)
    assert ((a, b) in pairs("test")) == (pair_part(a, b) == "test")


def test_every_pair_below_a_hundred_is_somewhere_once():
    every = [pair for of in ("train", "dev", "test") for pair in pairs(of)]
    assert sorted(every) == [(a, b) for a in range(100) for b in range(100)]
    for of in ("dev", "test"):
        assert any(max(pair) < 10 for pair in pairs(of)), "sums of one digit are asked, too"


@pytest.mark.parametrize("kind", ["stories", "facts", "sums"])
def test_a_document_is_a_function_of_its_key(kind):
    assert chat_text.document(kind, 1, 2) == chat_text.document(kind, 1, 2)
    several = {chat_text.document(kind, 1, i) for i in range(200)}
    assert len(several) > 190, "a grammar that is large enough to be worth reading"


def test_no_template_is_left_unfilled_and_articles_agree():
    for i in range(300):
        for kind in ("stories", "facts"):
            text = chat_text.document(kind, "test", i)
            assert not re.search(r"[\[\]{}|]", text), text
            assert not re.search(r"\b[Aa] [aeiou]", text), text


def test_what_is_lost_in_a_story_is_what_is_found():
    lost = [chat_text.document("stories", "lost", i) for i in range(400)]
    lost = [text for text in lost if " lost a " in text]
    assert len(lost) > 10
    for text in lost:
        colour, thing = re.search(r" lost an? (\w+) (\w+)\.", text).groups()
        assert f"found the {colour} {thing} " in text


def test_sums_in_documents_are_right_and_none_is_kept_for_a_test():
    for i in range(300):
        text = chat_text.document("sums", 7, i)
        for a, b, c in re.findall(r"(\d+)\+(\d+)=(\d+)", text):
            assert int(a) + int(b) == int(c)
            assert pair_part(int(a), int(b)) == "train"


def test_the_sums_that_are_asked_are_in_no_conversation_of_training():
    asked = set(pairs("test")) | set(pairs("dev"))
    share = dict.fromkeys(chat_talk.KINDS, 1.0)
    named = Counter()
    for i in range(3000):
        for exchange in chat_talk.conversation(Random(f"talk/{i}"), WORDS, share):
            for text in (exchange.user, exchange.reply):
                for a, b in ADDED.findall(text):
                    named["sums"] += 1
                    assert (int(a), int(b)) not in asked
                    assert (int(b), int(a)) not in asked
    assert named["sums"] > 1000, "the expression finds sums"


def test_a_digit_occurs_in_no_story_and_in_no_fact():
    """Or a sum could hide there."""
    for i in range(300):
        for kind in ("stories", "facts"):
            assert not re.search(r"\d", chat_text.document(kind, 3, i))


@pytest.mark.parametrize("kind", chat_talk.KINDS)
def test_questions_of_a_test_are_never_questions_of_training(kind):
    seen = {
        of: {chat_talk.ask(kind, Random(f"{of}/{i}"), of, WORDS).user for i in range(800)}
        for of in ("train", "dev", "test")
    }
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["dev"]
    assert not seen["dev"] & seen["test"]


@pytest.mark.parametrize("kind", chat_talk.KINDS)
@pytest.mark.parametrize("of", ["train", "test"])
def test_the_reply_to_imitate_has_the_form_and_is_right(kind, of):
    for i in range(200):
        exchange = chat_talk.ask(kind, Random(i), of, WORDS)
        assert exchange.kind == kind
        assert exchange.correct(exchange.reply), exchange


@pytest.mark.parametrize("kind", chat_talk.KINDS)
def test_gibberish_and_silence_have_no_form(kind):
    for i in range(50):
        exchange = chat_talk.ask(kind, Random(i), "train", WORDS)
        for reply in ("", "?", "xyzzy 12 the", exchange.reply + "\N{REPLACEMENT CHARACTER}", exchange.user):
            assert not exchange.valid(reply), (exchange, reply)


def test_form_and_truth_are_judged_apart():
    wrong = {
        "greeting": lambda e: re.sub(r", \w+!", ", Nobody!", e.reply),
        "spelling": lambda e: "x y z",
        "sum": lambda e: "1+1=3",
        "fact": lambda e: re.sub(r"\w+\.$", "nonsense.", e.reply) if e.reply[-1] == "." else e.reply + " x",
    }
    for kind, spoil in wrong.items():
        for i in range(30):
            exchange = chat_talk.ask(kind, Random(i), "train", WORDS)
            reply = spoil(exchange)
            if kind == "fact" and not exchange.valid(reply):
                continue  # the object stands in the middle of this sentence
            assert exchange.valid(reply), (exchange, reply)
            assert not exchange.correct(reply), (exchange, reply)


def test_not_to_know_a_fact_has_form_and_is_not_right():
    exchange = chat_talk.fact(Random(0), "train")
    assert exchange.valid("I don't know. I have not heard of it.")
    assert not exchange.correct("I don't know. I have not heard of it.")


def test_a_conversation_has_one_to_three_exchanges_and_ends_with_its_story():
    share = dict.fromkeys(chat_talk.KINDS, 1.0)
    lengths = Counter()
    for i in range(300):
        said = chat_talk.conversation(Random(i), WORDS, share)
        lengths[len(said)] += 1
        assert all(exchange.kind != "story" for exchange in said[:-1])
    assert set(lengths) == {1, 2, 3}


def test_shares_decide_what_is_drawn():
    drawn = Counter(chat_text.weighted(Random(i), {"a": 3.0, "b": 1.0, "c": 0.0}) for i in range(2000))
    assert drawn["a"] / 2000 == pytest.approx(0.75, abs=0.04)
    assert drawn["c"] == 0


def test_a_multiple_choice_names_the_right_letter_and_asks_nothing_that_is_kept_for_a_test():
    for i in range(200):
        exchange = chat_talk.choice_question(Random(i))
        options = dict(re.findall(r"([ABC])\) ([\w -]+?)(?= [ABC]\)|$)", exchange.user))
        name, subject, right = next(
            (name, s, o)
            for name, relation in chat_text.RELATIONS.items()
            for s, o in relation.facts
            if o == options[exchange.reply] and re.search(rf"\b{re.escape(s)}\b", exchange.user.split(" A) ")[0])
        )
        assert part(f"{name} {subject}") == "train"
        assert list(options.values()).count(right) == 1
