"""From a table to a tree: nets that predict the next letter from a fixed number of letters before it.

Four steps, each with the trouble that leads to the next. `BigramNet` learns by gradient the very table that counting
writes down. `CharMLP` gives every letter a place in a small space and reads several of them at once (Bengio et al.
2003), and how its weights start decides whether it learns at all: `diagnose` shows why. `BatchNorm` (Ioffe and
Szegedy 2015) makes the start matter less. `WaveNet` fuses neighbours two by two, in a tree (van den Oord et al. 2016,
without the dilated convolutions). In between, `backward` does by hand what autograd does, tensor by tensor, and
`compare` says how closely they agree.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nnfs.model import LanguageModel, cross_entropy


def contexts(idx: Tensor, length: int, pad: int) -> Tensor:
    """(B, T, length): each token of idx (B, T) and those before it, oldest first, filled up with `pad`."""
    return functional.pad(idx, (length - 1, 0), value=pad).unfold(1, length, 1)


class FixedContext(LanguageModel):
    """A net that turns the last `context` tokens into the next one, each place by itself.

    Where targets are given, places whose target is -1 are not computed and their logits are 0: BatchNorm shall see
    the examples and nothing else.
    """

    context: int
    pad: int

    @abstractmethod
    def score(self, x: Tensor) -> Tensor:
        """Logits (M, vocab) after contexts x (M, context)."""

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        x = contexts(idx, self.context, self.pad)  # (B, T, context)
        if targets is None:
            return self.score(x.flatten(0, 1)).unflatten(0, idx.shape), None
        asked = targets != -1  # (B, T)
        found = self.score(x[asked])  # (M, vocab)
        logits = found.new_zeros(*idx.shape, self.vocab).masked_scatter(asked[..., None], found)  # (B, T, vocab)
        return logits, cross_entropy(found, targets[asked])


# 1. A table


class BigramNet(FixedContext):
    """One row of logits for each token: counting, found by gradient descent. `decay` · mean(W²) is added to the loss
    and does what add-one smoothing does to the counts: it pulls towards the uniform distribution."""

    def __init__(self, vocab: int = 27, decay: float = 0.01, seed: int = 0, window: int = 64) -> None:
        super().__init__()
        self.vocab, self.window, self.context, self.pad, self.decay = vocab, window, 1, 0, decay
        self.W = nn.Parameter(torch.randn(vocab, vocab, generator=torch.Generator().manual_seed(seed)))

    def score(self, x: Tensor) -> Tensor:
        return self.W[x[:, -1]]  # (M, vocab)

    def penalty(self) -> Tensor:
        return self.decay * (self.W**2).mean()


# 2. Places in space


GAIN = 5 / 3  # tanh shrinks what it is given; multiplied by this, the spread survives (He et al. 2015; torch's table)
INITS: dict[str, tuple[float | None, float, float, float]] = {
    # deviation of hidden weights (None: GAIN / sqrt(inputs)) and biases, of the last layer's weights and biases
    "raw": (1.0, 1.0, 1.0, 1.0),
    "small-head": (1.0, 1.0, 0.01, 0.0),  # the first loss is log(vocab), not 25
    "small-hidden": (0.2, 0.01, 0.01, 0.0),  # and tanh is not stuck at ±1
    "kaiming": (None, 0.01, 0.01, 0.0),  # and no number was guessed
}


@dataclass(frozen=True)
class CharMLPConfig:
    """What a `CharMLP` is made of. Raises ValueError for an unknown init."""

    vocab: int = 27
    context: int = 3  # tokens looked back on
    width: int = 10  # coordinates of a token
    hidden: int = 200  # tanh units in a hidden layer
    layers: int = 1  # hidden layers
    batch_norm: bool = False  # before each tanh
    bias: bool = True  # of hidden layers; BatchNorm subtracts it again
    momentum: float = 0.001  # of BatchNorm's running mean and variance
    init: str = "kaiming"  # a key of INITS
    pad: int = 0  # the token that stands before the beginning
    window: int = 64  # tokens that forward is given at a time; each place sees `context` of them

    def __post_init__(self) -> None:
        if self.init not in INITS:
            raise ValueError(f"init {self.init!r}: known are {', '.join(INITS)}")


class BatchNorm(nn.Module):
    """Each unit's inputs, shifted and scaled to mean 0 and variance 1 over the batch, then to what it learns.

    In evaluation the running mean and variance stand in for the batch's. Variances divide by n - 1.
    Raises ValueError for a batch of one: it has no variance.
    """

    eps = 1e-5  # a unit that never varies is not divided by 0
    mean: Tensor
    variance: Tensor

    def __init__(self, units: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.ones(units)), nn.Parameter(torch.zeros(units))
        self.register_buffer("mean", torch.zeros(units))
        self.register_buffer("variance", torch.ones(units))
        self.momentum = momentum

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.mean, self.variance  # (units,)
        if self.training:
            rows = tuple(range(x.ndim - 1))  # all axes but the units'
            if x[..., 0].numel() < 2:
                raise ValueError("BatchNorm needs two rows or more in training: one has no variance")
            variance, mean = torch.var_mean(x, dim=rows)  # (units,)
            self.note(mean, variance)
        return self.gain * (x - mean) / torch.sqrt(variance + self.eps) + self.shift  # (..., units)

    @torch.no_grad()
    def note(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics a little towards those of this batch."""
        self.mean.lerp_(mean, self.momentum)
        self.variance.lerp_(variance, self.momentum)


class CharMLP(FixedContext):
    """Embed `context` tokens, put them side by side, tanh layers, logits."""

    def __init__(self, config: CharMLPConfig, seed: int = 0) -> None:
        super().__init__()
        self.config, self.vocab, self.window = config, config.vocab, config.window
        self.context, self.pad = config.context, config.pad
        self.embedding = nn.Parameter(torch.empty(config.vocab, config.width))
        body: list[nn.Module] = []
        for layer in range(config.layers):
            inputs = config.hidden if layer else config.context * config.width
            body.append(nn.Linear(inputs, config.hidden, bias=config.bias))
            body += [BatchNorm(config.hidden, config.momentum)] if config.batch_norm else []
            body.append(nn.Tanh())
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(config.hidden, config.vocab)
        self.draw(torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Normal weights with the deviations of INITS, in the order in which a token meets them."""
        weight, bias, head_weight, head_bias = INITS[self.config.init]
        self.embedding.normal_(generator=generator)
        for layer in (m for m in self.body if isinstance(m, nn.Linear)):
            deviation = GAIN / layer.in_features**0.5 if weight is None else weight
            layer.weight.normal_(0.0, deviation, generator=generator)
            if layer.bias is not None:
                layer.bias.normal_(0.0, bias, generator=generator)
        self.head.weight.normal_(0.0, head_weight, generator=generator)
        self.head.bias.normal_(0.0, head_bias, generator=generator)

    def score(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.embedding[x].flatten(1)))  # (M, context * width) → (M, vocab)


# What to look at before training


@dataclass(frozen=True)
class Unit:
    """A tanh layer or a weight matrix after one forward and one backward pass."""

    name: str
    mean: float  # of what a layer puts out, or of the weights
    deviation: float
    saturated: float  # share of outputs beyond ±0.97, where tanh lets hardly a gradient through; 0 for weights
    gradient: float  # deviation of the gradient
    ratio: float  # deviation of the gradient over deviation of the data: about the same in all matrices of a sound net


def diagnose(model: LanguageModel, idx: Tensor, targets: Tensor) -> list[Unit]:
    """One row for each tanh layer and then one for each matrix. Leaves the model's gradients at None."""
    seen: list[tuple[str, Tensor]] = []

    def keep(name: str, output: Tensor) -> None:
        output.retain_grad()
        seen.append((name, output))

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: keep(name, output))
        for name, module in model.named_modules()
        if isinstance(module, nn.Tanh)
    ]
    _, loss = model(idx, targets)
    loss.backward()
    for hook in hooks:
        hook.remove()
    seen += [(name, p) for name, p in model.named_parameters() if p.ndim == 2]
    rows = []
    for name, data in seen:
        spread, slope = data.std().item(), data.grad.std().item()  # type: ignore[union-attr]
        saturated = 0.0 if isinstance(data, nn.Parameter) else (data.abs() > 0.97).float().mean().item()
        rows.append(Unit(name, data.mean().item(), spread, saturated, slope, slope / spread))
    model.zero_grad(set_to_none=True)
    return rows


# 3. Backwards by hand


def parts(model: CharMLP) -> dict[str, Tensor]:
    """The seven tensors that a net with one hidden layer and BatchNorm learns. Raises ValueError for another net."""
    if model.config.layers != 1 or not (model.config.batch_norm and model.config.bias):
        raise ValueError("the backward pass by hand is written for one hidden layer with bias and BatchNorm")
    names = ("C", "W1", "b1", "gain", "shift", "W2", "b2")
    return dict(zip(names, model.parameters(), strict=True))


def unroll(model: CharMLP, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The forward pass of a net with one hidden layer and BatchNorm, in training, one operation a line.

    x (M, context), y (M,). Every intermediate has a name; the last is "loss". Raises ValueError for another net.
    """
    t, M = parts(model), len(x)
    t["emb"] = t["C"][x]  # (M, context, width)
    t["joined"] = t["emb"].flatten(1)  # (M, context * width)
    t["z"] = t["joined"] @ t["W1"].T + t["b1"]  # (M, hidden)
    t["mean"] = t["z"].sum(0, keepdim=True) / M  # (1, hidden)
    t["diff"] = t["z"] - t["mean"]  # (M, hidden)
    t["diff2"] = t["diff"] ** 2  # (M, hidden)
    t["var"] = t["diff2"].sum(0, keepdim=True) / (M - 1)  # (1, hidden)
    t["inv_std"] = (t["var"] + BatchNorm.eps) ** -0.5  # (1, hidden)
    t["normed"] = t["diff"] * t["inv_std"]  # (M, hidden)
    t["pre"] = t["gain"] * t["normed"] + t["shift"]  # (M, hidden)
    t["h"] = torch.tanh(t["pre"])  # (M, hidden)
    t["logits"] = t["h"] @ t["W2"].T + t["b2"]  # (M, vocab)
    t["top"] = t["logits"].max(1, keepdim=True).values  # (M, 1) subtracted so that exp cannot overflow
    t["shifted"] = t["logits"] - t["top"]  # (M, vocab)
    t["exp"] = t["shifted"].exp()  # (M, vocab)
    t["total"] = t["exp"].sum(1, keepdim=True)  # (M, 1)
    t["inv_total"] = t["total"] ** -1  # (M, 1)
    t["probs"] = t["exp"] * t["inv_total"]  # (M, vocab)
    t["log_probs"] = t["probs"].log()  # (M, vocab)
    t["loss"] = -t["log_probs"][torch.arange(M), y].mean()  # ()
    return t


def backward(t: dict[str, Tensor], x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """d loss / d tensor for every tensor of `unroll`, by the chain rule and nothing else."""
    M, rows = len(x), torch.arange(len(x))
    d: dict[str, Tensor] = {}
    d["log_probs"] = torch.zeros_like(t["log_probs"])
    d["log_probs"][rows, y] = -1.0 / M  # only the true tokens are in the loss
    d["probs"] = d["log_probs"] / t["probs"]
    d["inv_total"] = (d["probs"] * t["exp"]).sum(1, keepdim=True)  # one number served a row: its gradients add up
    d["total"] = -d["inv_total"] * t["total"] ** -2
    d["exp"] = d["probs"] * t["inv_total"] + d["total"]  # two uses, two terms
    d["shifted"] = d["exp"] * t["exp"]
    d["top"] = -d["shifted"].sum(1, keepdim=True)  # about 0: shifting logits changes no probability
    d["logits"] = d["shifted"].clone()
    d["logits"][rows, t["logits"].argmax(1)] += d["top"].squeeze(1)
    d["h"] = d["logits"] @ t["W2"]
    d["W2"] = d["logits"].T @ t["h"]
    d["b2"] = d["logits"].sum(0)
    d["pre"] = d["h"] * (1.0 - t["h"] ** 2)
    d["gain"] = (d["pre"] * t["normed"]).sum(0)
    d["shift"] = d["pre"].sum(0)
    d["normed"] = d["pre"] * t["gain"]
    d["inv_std"] = (d["normed"] * t["diff"]).sum(0, keepdim=True)
    d["var"] = -0.5 * d["inv_std"] * t["inv_std"] ** 3
    d["diff2"] = (d["var"] / (M - 1)).expand_as(t["diff2"])  # a sum hands its gradient to every term
    d["diff"] = d["normed"] * t["inv_std"] + 2.0 * t["diff"] * d["diff2"]
    d["mean"] = -d["diff"].sum(0, keepdim=True)
    d["z"] = d["diff"] + d["mean"] / M
    d["joined"] = d["z"] @ t["W1"]
    d["W1"] = d["z"].T @ t["joined"]
    d["b1"] = d["z"].sum(0)  # about 0: BatchNorm subtracts the bias again
    d["emb"] = d["joined"].view_as(t["emb"])
    d["C"] = torch.zeros_like(t["C"]).index_add_(0, x.flatten(), d["emb"].flatten(0, 1))  # a row for each use
    return d


def shortcuts(t: dict[str, Tensor], d: dict[str, Tensor], y: Tensor) -> dict[str, Tensor]:
    """Softmax with cross-entropy and BatchNorm once more, each in the one formula that all those lines amount to."""
    M = len(y)
    right = functional.one_hot(y, t["logits"].shape[1])
    g, n = d["normed"], t["normed"]
    return {
        "logits": (t["probs"] - right) / M,
        "z": t["inv_std"] * (g - g.mean(0) - n * (g * n).sum(0) / (M - 1)),
    }


@dataclass(frozen=True)
class Agreement:
    """How a gradient by hand compares with autograd's."""

    name: str
    exact: bool  # the same bits
    largest: float  # absolute difference


def compare(model: CharMLP, x: Tensor, y: Tensor) -> list[Agreement]:
    """Every intermediate, last first, then the two shortcuts: the gradients by hand against autograd's."""
    t = unroll(model, x, y)
    names = [name for name in reversed(t) if name != "loss"]
    auto = dict(zip(names, torch.autograd.grad(t["loss"], [t[name] for name in names]), strict=True))
    with torch.no_grad():
        hand = backward(t, x, y)
        short = {f"{name}, one formula": (name, value) for name, value in shortcuts(t, hand, y).items()}
    pairs = {**{name: (name, hand[name]) for name in names}, **short}
    return [
        Agreement(label, torch.equal(ours, auto[name]), (ours - auto[name]).abs().max().item())
        for label, (name, ours) in pairs.items()
    ]


class ByHand(torch.autograd.Function):
    """The loss of `unroll` whose gradient is `backward`: autograd asks, we answer."""

    @staticmethod
    def forward(ctx, model, x, y, *parameters):
        t = unroll(model, x, y)
        ctx.tensors, ctx.x, ctx.y = t, x, y
        model.body[1].note(t["mean"][0], t["var"][0])
        return t["loss"].clone(), t["logits"].clone()

    @staticmethod
    def backward(ctx, d_loss, d_logits):
        d = backward(ctx.tensors, ctx.x, ctx.y)
        return None, None, None, *(d_loss * d[name] for name in ("C", "W1", "b1", "gain", "shift", "W2", "b2"))


class HandMLP(CharMLP):
    """The same net, trained by `backward` instead of autograd. Raises ValueError as `parts` does."""

    def __init__(self, config: CharMLPConfig, seed: int = 0) -> None:
        super().__init__(config, seed)
        parts(self)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        if targets is None or not self.training:
            return super().forward(idx, targets)
        asked = targets != -1  # (B, T)
        x = contexts(idx, self.context, self.pad)[asked]  # (M, context)
        loss, found = ByHand.apply(self, x, targets[asked], *self.parameters())
        return found.new_zeros(*idx.shape, self.vocab).masked_scatter(asked[..., None], found), loss


# 4. A tree


@dataclass(frozen=True)
class WaveNetConfig:
    """What a `WaveNet` is made of. Raises ValueError if the context is not a power of `fuse`."""

    vocab: int = 27
    context: int = 8  # tokens looked back on, a power of `fuse`
    width: int = 24  # coordinates of a token
    hidden: int = 128  # tanh units at a node of the tree
    fuse: int = 2  # neighbours that one node joins
    momentum: float = 0.1  # of BatchNorm's running statistics
    pad: int = 0
    window: int = 64

    def __post_init__(self) -> None:
        if self.fuse < 2 or self.fuse**self.levels != self.context:
            raise ValueError(f"a tree that joins {self.fuse} at a time cannot end in one node from {self.context}")

    @property
    def levels(self) -> int:
        """How many times neighbours are joined before one is left."""
        levels = 0
        while self.fuse**levels < self.context:
            levels += 1
        return levels


class Fuse(nn.Module):
    """Put `n` neighbours side by side: (M, T, C) → (M, T / n, n · C); a single node left loses its axis."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        x = x.unflatten(1, (-1, self.n)).flatten(2)  # (M, T / n, n * C)
        return x.squeeze(1) if x.shape[1] == 1 else x


class WaveNet(FixedContext):
    """Letters to pairs, pairs to fours, fours to eights, each level one tanh layer with BatchNorm."""

    def __init__(self, config: WaveNetConfig, seed: int = 0) -> None:
        super().__init__()
        self.config, self.vocab, self.window = config, config.vocab, config.window
        self.context, self.pad = config.context, config.pad
        self.embedding = nn.Parameter(torch.empty(config.vocab, config.width))
        body: list[nn.Module] = []
        for level in range(config.levels):
            inputs = config.fuse * (config.hidden if level else config.width)
            body += [Fuse(config.fuse), nn.Linear(inputs, config.hidden, bias=False)]
            body += [BatchNorm(config.hidden, config.momentum), nn.Tanh()]
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(config.hidden, config.vocab)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.embedding.normal_(generator=generator)
            for layer in (m for m in self.body if isinstance(m, nn.Linear)):
                layer.weight.normal_(0.0, layer.in_features**-0.5, generator=generator)
            self.head.weight.normal_(0.0, 0.1 * config.hidden**-0.5, generator=generator)  # at first, no opinion
            self.head.bias.zero_()

    def score(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.embedding[x]))  # (M, context, width) → (M, hidden) → (M, vocab)
