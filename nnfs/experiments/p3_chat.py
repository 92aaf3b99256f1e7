"""nanochat in miniature: arms as data.

p3.chat  one dial from byte pairs to an assistant: pretraining, imitation of conversations (SFT), REINFORCE on sums.
         Arms are depths; of depth 4, the post's, other ways of the last stages stand in the same cell: from the same
         SFT net z-scored advantages, no baseline, imitation of one's own right answers (rejection), RL with some rows
         of SFT read again beside each step (replay, whose net is kept); from the same pretrained net a mid-training
         stage before SFT (mid, mid-sft, mid-rl), and a short SFT with RL after it (few, few-rl), which has something
         left to find. metrics: for each stage (pretrain, sft, rl, …) bpb_<slice>, valid_<kind>, right_<kind>, valid
         (worst kind), exact, exact_1, exact_2 (digits of the longer operand), text (sums continued outside of a
         conversation), pass_1 … pass_16, tokens, pflop, seconds, usd; gain/{pass_1 …, sharpening, format,
         over_<branch>, mid_sft, mid_rl, few_pass_1 …}; cost/{tokens, pflop, seconds, usd} of the road pretrain → sft →
         rl. detail.card: {stage: [[kind, question, reply, right]]}; detail.curves: {stage: {step, loss}} or, of RL,
         {step, reward, length, mixed, frozen_step, frozen_0 … (right ones of 16 answers to each of 20 sums)};
         detail.{rent (what an hour costs, with source and date), natural (share of Shakespeare), bytes_per_token}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnfs.experiments.p3 import OURS
from nnfs.records import Record
from nnfs.runs import Arm, Experiment, Place, Result

Config = dict[str, Any]


def train_assistant(config: Config, seed: int, place: Place | None = None) -> Result:
    """A cell from byte pairs to an assistant. (Imported here: who only lists experiments needs no torch.)"""
    from nnfs import chat_run

    return chat_run.run(config, seed, place)


def check_checkpoint(record: Record, base: Path, whole: bool) -> str:
    """What is wrong with a record's checkpoint; "" if nothing is."""
    from nnfs import chat_run

    return chat_run.check(record, base, whole)


RATES = {**OURS, "weight_decay": 0.1}
LATER = {**OURS, "warmdown": 1.0}
KINDS = {"greeting": 1.0, "spelling": 2.0, "sum": 1.0, "fact": 2.0, "unknown": 1.0, "story": 1.0}
SFT: Config = {"conversations": 20_000, "rows": 16, "share": KINDS, "factor": 0.5, "train": LATER}
BESIDE = ["few", "z-score", "no-baseline", "replay", "rejection", "mid"]


def assistant(depth: int, beside: list[str], keep: bool | str = False, few: int = 0, replay: int = 0) -> Config:
    """Everything follows from the depth; `beside` are other ways of the last stages; `few` are the conversations of a
    short SFT, `replay` the rows of SFT beside a step of RL."""
    return {
        "data": "chat",
        "depth": depth,
        "vocab": 1024,
        "context": 128,
        "ratio": 12.0,
        "learnt": 5_000_000,
        "pretrain": RATES,
        "sft": SFT,
        "mid": {**SFT, "conversations": 12_000},
        **({"few": {**SFT, "conversations": few}} if few else {}),
        "rl": {
            "steps": 300,
            "questions": 16,
            "samples": 16,
            "most": 12,
            "factor": 0.05,
            "train": LATER,
            **({"replay": replay} if replay else {}),
        },
        "beside": beside,
        "ask": "test",
        "measure": {"sums": 256, "prompts": 50, "tokens": 16_384},
        "keep": keep,
    }


CHAT = Experiment(
    name="p3.chat",
    title="nanochat in miniature: one dial from byte pairs to an assistant",
    run=train_assistant,
    arms={
        "depth-1": Arm(assistant(1, []), seeds=3, minutes=2),
        "depth-2": Arm(assistant(2, []), seeds=3, minutes=4),
        "depth-3": Arm(assistant(3, []), seeds=3, minutes=14),
        "depth-4": Arm(assistant(4, BESIDE, keep="replay", few=5_000, replay=4), seeds=5, minutes=68),
        "depth-6": Arm(assistant(6, []), stage=2, seeds=1, minutes=190),
    },
    columns=(
        "pretrain/bpb_shakespeare",
        "sft/valid",
        "sft/exact",
        "rl/exact_1",
        "rl/exact_2",
        "rl/valid",
        "replay/exact",
        "replay/valid",
        "gain/pass_1",
        "gain/pass_16",
        "gain/few_pass_16",
        "gain/over_rejection",
        "cost/seconds",
        "cost/usd",
    ),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
    check=check_checkpoint,
)

EXPERIMENTS = [CHAT]
