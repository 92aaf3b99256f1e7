"""Conversations for a small assistant to imitate, and how its own replies are judged.

Six kinds of question: a greeting, a spelling, a sum, a fact, a wish for a story, and what it cannot know. Each comes
with the reply to imitate, the shape of any reply to it, and what makes one right; form and truth are judged apart. What
is asked in tests never occurs in training (`chat_text.part`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

from nnfs.chat_text import (
    ANIMALS,
    CHILDREN,
    COLOURS,
    RELATIONS,
    THINGS,
    draw_pair,
    fill,
    part,
    pick,
    sentence,
    story,
    weighted,
    words,
)
from nnfs.data.names import distinct

T = TypeVar("T")


@dataclass(frozen=True)
class Exchange:
    """A question, the reply to imitate, and how to judge another reply."""

    kind: str  # a key of KINDS
    user: str
    reply: str
    shape: str  # a regular expression: what any reply to this question looks like, right or wrong
    right: str  # what a right one looks like

    def valid(self, reply: str) -> bool:
        """Whether a reply has the form."""
        return re.fullmatch(self.shape, reply, re.DOTALL) is not None

    def correct(self, reply: str) -> bool:
        """Whether a reply has the form and says the right thing."""
        return self.valid(reply) and re.fullmatch(self.right, reply, re.DOTALL) is not None


IGNORANCE = r"I don't know\. (I|You) [\w ]+\."  # a reply with form to any question about the world
GREETED = r"(Hello|Good (morning|evening)|Welcome|Goodbye|You are welcome), [A-Z]\w+! [A-Z][\w ,']+[.?]"


@cache
def callers() -> list[str]:
    """Names of those who greet: 3 to 7 letters, so many that they have to be copied rather than known."""
    return [name.capitalize() for name in distinct() if 3 <= len(name) <= 7]


def chosen(rng: Random, among: Sequence[T], of: str, key: Callable[[T], str]) -> T:
    """A random one among those whose key belongs to a part."""
    while True:
        if part(key(one := pick(rng, among))) == of:
            return one


def greeting(rng: Random, of: str) -> Exchange:
    """Somebody says who they are; names are kept apart."""
    name = chosen(rng, callers(), of, lambda name: f"name {name}")
    asked, replied = pick(
        rng,
        (
            ("[Hello|Hi|Hey][, I am|! My name is|, my name is] {n}.[| How are you?| Nice to meet you.]",
             "Hello, {n}! How can I help you?"),
            ("Good morning[, I am| from|! I am] {n}.", "Good morning, {n}! What can I do for you?"),
            ("Good evening[, I am| from|! I am] {n}.", "Good evening, {n}! What can I do for you?"),
            ("[This is|Here is] {n}. [Are you there?|Can we talk?]", "Welcome, {n}! I am here."),
            ("[Goodbye|Bye|Good night] from {n}.", "Goodbye, {n}! Come back soon."),
            ("[Thank you|Thanks]! [Yours, |]{n}.", "You are welcome, {n}! Ask me more."),
        ),
    )  # fmt: skip
    reply = replied.format(n=name)
    return Exchange("greeting", fill(rng, asked, {"n": name}), reply, GREETED, re.escape(reply))


def spelling(rng: Random, of: str, words: Sequence[str]) -> Exchange:
    """A word letter by letter; words are kept apart."""
    word = chosen(rng, words, of, lambda word: f"word {word}")
    asked = "[How do you spell {w}?|Please spell {w}.|Spell the word {w}.|Can you spell {w}?]"
    reply = " ".join(word)
    return Exchange("spelling", fill(rng, asked, {"w": word}), reply, r"[a-z]( [a-z])*", re.escape(reply))


ADD = "[What is {a}+{b}?|Please add {a} and {b}.|How much is {a} plus {b}?|Can you work out {a}+{b}?|{a}+{b}?]"


def addition(rng: Random, a: int, b: int) -> Exchange:
    """A sum, asked in one of several ways."""
    user = fill(rng, ADD, {"a": str(a), "b": str(b)})
    reply = f"{a}+{b}={a + b}"
    return Exchange("sum", user, reply, r"\d+\+\d+=\d+", re.escape(reply))


def summing(rng: Random, of: str) -> Exchange:
    """A sum of two numbers below 100; pairs are kept apart."""
    return addition(rng, *draw_pair(rng, of))


@cache
def any_fact() -> str:
    """A regular expression for a sentence that tells some fact about something, or says that it is not known."""
    shapes = [IGNORANCE]
    for relation in RELATIONS.values():
        shape = re.escape(sentence(relation.answer.format(s="\0", o="\0"))).replace(re.escape("\0"), "\0")
        shapes.append(re.sub(r"([Aa])\\ \0", r"\1n?\\ \0", shape).replace("\0", r"[\w -]+"))
    return "|".join(shapes)


def fact(rng: Random, of: str) -> Exchange:
    """Something that the stories' world knows; facts are kept apart, but all have been told in documents."""
    every = [(name, s, o) for name, relation in RELATIONS.items() for s, o in relation.facts]
    name, s, o = chosen(rng, every, of, lambda fact: f"{fact[0]} {fact[1]}")
    relation = RELATIONS[name]
    reply = sentence(relation.answer.format(s=s, o=o))
    right = "|".join(re.escape(sentence(relation.answer.format(s=s, o=o))) for t, o in relation.facts if t == s)
    return Exchange("fact", fill(rng, relation.asked, {"s": s}), reply, any_fact(), right)


SYLLABLES = words("bla kri zo mun tep vor lin gru fas dex pol nim rag sku wen yot")
UNKNOWN = (
    ("[Will it rain|Will it snow|Will the sun shine] [tomorrow|on {day}|next week|in {month}]?",
     "I don't know. I cannot see the future."),
    ("Who [won the race|won the game|came to the market|lost a {thing}] [yesterday|on {day}|last week|in {month}]?",
     "I don't know. I was not there."),
    ("[What did I eat|Where was I|Whom did I meet] [yesterday|on {day}|last week|in {month}]?",
     "I don't know. I was not there."),
    ("[Where is|Who has|Where did I leave] my {colour} {thing}?", "I don't know. You have not told me."),
    ("[How old is my {animal}?|What is my {animal} called?|What does my {animal} like?|Where is my {animal}?]",
     "I don't know. You have not told me."),
    ("What is the capital of {Odd}?", "I don't know. I have not heard of it."),
    ("What colour is a {odd}?", "I don't know. I have not heard of it."),
    ("Where does a {odd} live?", "I don't know. I have not heard of it."),
)  # fmt: skip
MONTHS = [s for s, _ in RELATIONS["next"].facts[7:19]]
DAYS = [s for s, _ in RELATIONS["next"].facts[:7]]


def unknown(rng: Random, of: str) -> Exchange:
    """What nobody has told it, what it cannot have seen, and words that do not exist; questions are kept apart."""
    while True:
        asked, reply = pick(rng, UNKNOWN)
        odd = pick(rng, SYLLABLES) + pick(rng, SYLLABLES)
        slots = {
            "day": pick(rng, DAYS),
            "month": pick(rng, MONTHS),
            "thing": pick(rng, THINGS),
            "colour": pick(rng, COLOURS),
            "animal": pick(rng, ANIMALS),
            "odd": odd,
            "Odd": odd.capitalize(),
        }
        user = fill(rng, asked, slots)
        if part(f"question {user}") == of:
            return Exchange("unknown", user, reply, IGNORANCE, r".*")


def telling(rng: Random, of: str) -> Exchange:
    """A story about an animal and, so that there are enough questions to keep apart, for somebody."""
    animal, name = pick(rng, ANIMALS), pick(rng, CHILDREN)
    while part(f"tell {animal} {name}") != of:
        animal, name = pick(rng, ANIMALS), pick(rng, CHILDREN)
    asked = "[Tell {n} a story about a {a}.|Please tell {n} about a {a}.|{n} wants a story about a {a}.]"
    shape = r"[A-Z\"].*[.!\"](.*[.!?\"]){2}"
    return Exchange(
        "story", fill(rng, asked, {"a": animal, "n": name}), story(rng, animal), shape, rf".*\b{animal}\b.*"
    )


KINDS = ("greeting", "spelling", "sum", "fact", "unknown", "story")


def ask(kind: str, rng: Random, of: str, words: Sequence[str]) -> Exchange:
    """An exchange of a kind with a question of a part; `words` are those that are spelt."""
    if kind == "spelling":
        return spelling(rng, of, words)
    makers = {"greeting": greeting, "sum": summing, "fact": fact, "unknown": unknown, "story": telling}
    return makers[kind](rng, of)


def conversation(rng: Random, words: Sequence[str], share: dict[str, float], of: str = "train") -> list[Exchange]:
    """One to three exchanges, kinds drawn by their shares; a story is the last."""
    said: list[Exchange] = []
    for _ in range(1 + int(rng.random() * 3)):
        kind = weighted(rng, share)
        said.append(ask(kind, rng, of, words))
        if kind == "story":
            break
    return said


def choice_question(rng: Random) -> Exchange:
    """Multiple choice about a training fact: what the mid-training stage adds to the chat template."""
    relation = pick(rng, tuple(RELATIONS.values()))
    name = next(n for n, r in RELATIONS.items() if r is relation)
    s, o = chosen(rng, relation.facts, "train", lambda fact: f"{name} {fact[0]}")
    wrong = sorted({other for t, other in relation.facts if other != o})
    options = [o, *(pick(rng, wrong) for _ in range(2))]
    at = int(rng.random() * 3)
    options[0], options[at] = options[at], options[0]
    user = fill(rng, relation.asked, {"s": s}) + "".join(f" {x}) {y}" for x, y in zip("ABC", options, strict=True))
    reply = "ABC"[at]
    return Exchange("choice", user, reply, r"[ABC]", reply)
