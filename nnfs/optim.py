"""Two ways to take a step: AdamW for tables and vectors, Muon for the matrices between them.

Adam scales each number by the size of its own gradients (Kingma and Ba 2015). Muon (Jordan et al. 2024) looks at a
matrix as a whole: it replaces the momentum U S V^T by about U V^T, so that every direction moves equally far, the rare
ones too. Which parameter is which, the model says (`LanguageModel.role`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from nnfs.model import LanguageModel


def orthogonalise(M: Tensor, steps: int = 5) -> Tensor:
    """About U V^T of M = U S V^T: singular values end between 0.7 and 1.2.

    Each step of the Newton–Schulz iteration applies the polynomial a s + b s³ + c s⁵ to every singular value; a, b, c
    lift small ones fast instead of bringing any exactly to 1 (Jordan et al. 2024).
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    X = M / (M.norm() + 1e-7)  # now no singular value exceeds 1
    X = X.mT if M.shape[0] > M.shape[1] else X  # the smaller side in front: smaller products
    for _ in range(steps):
        A = X @ X.mT
        X = torch.addmm(X, torch.addmm(A, A, A, beta=b, alpha=c), X, beta=a)  # a X + (b A + c A²) X
    return X.mT if M.shape[0] > M.shape[1] else X


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; for matrices only. In tall ones the step is larger, by sqrt(rows / columns)."""

    def __init__(
        self, params: Iterable[Any], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                if "momentum" not in self.state[p]:
                    self.state[p]["momentum"] = torch.zeros_like(p)
                average = self.state[p]["momentum"].lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(average, group["momentum"]))  # Nesterov: look ahead once more
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(update, alpha=group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def build(
    model: LanguageModel, kind: str, rates: dict[str, float], decay: float, betas: tuple[float, float], momentum: float
) -> list[torch.optim.Optimizer]:
    """The optimisers of a model, to be stepped one after the other.

    kind: "adamw" or "sgd" for all parameters, or "muon" for matrices with AdamW for the rest. rates: a learning rate
    for each role ("matrix", "table", "head", "vector"). decay: of everything but vectors; with Muon of matrices only.
    Each group remembers its full rate as "peak", for the schedule. Raises ValueError for an unknown kind.
    """
    if kind not in ("adamw", "muon", "sgd"):
        raise ValueError(f"optimiser {kind!r}: known are adamw, muon, sgd")
    members: dict[str, list[Tensor]] = {role: [] for role in rates}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            members[model.role(name, parameter)].append(parameter)
    groups = {
        role: {
            "params": parameters,
            "lr": rates[role],
            "peak": rates[role],
            "weight_decay": 0.0 if role == "vector" else decay,
        }
        for role, parameters in members.items()
        if parameters
    }
    if kind == "sgd":
        return [torch.optim.SGD(list(groups.values()), momentum=momentum)]
    optimisers: list[torch.optim.Optimizer] = []
    if kind == "muon" and "matrix" in groups:
        optimisers.append(Muon([groups.pop("matrix")], momentum=momentum))
        for group in groups.values():
            group["weight_decay"] = 0.0
    if groups:
        optimisers.append(torch.optim.AdamW(list(groups.values()), betas=betas, fused=True))
    return optimisers
