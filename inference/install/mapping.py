"""Tensors of a checkpoint onto the tensors of a network: by name, and nothing is guessed by shape."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from inference.networks import own_tensors

PREFIXES = ("module.", "model.", "net.", "network.", "_orig_mod.", "backbone.", "encoder.", "student.")
"""What training programs put before the names of a network; any chain of them is taken off."""
BACKBONE = "backbone."
"""What a detector puts before the names of the network that it stands on."""
RENAMED = {
    "densenet": (
        (r"(denselayer\d+)\.(norm|relu|conv)(\d)", r"\1.layers.\2\3"),
        (r"^classifier\.", "class_layers.out."),
    ),
}
"""torchvision's names of a network, where MONAI's differ."""
UNUSED = re.compile(r"num_batches_tracked$")
"""Counted while training; a network that reads has no use for it."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a checkpoint's tensors.

    state       for the network, complete where nothing is `missing` or of another shape
    renamed     (name in the checkpoint, name in the network), those that differ
    shapes      (name, shape in the checkpoint, shape in the network)
    """

    state: dict[str, torch.Tensor] = field(default_factory=dict)
    renamed: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    shapes: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    count: int = 0

    @property
    def whole(self) -> bool:
        """Every tensor of the network was found, and every tensor of the checkpoint has a place."""
        return not (self.missing or self.unexpected or self.shapes)

    def lines(self) -> list[str]:
        """The report: one line for each thing that can be said."""
        out = [f"{len(self.state)} of {self.count} tensors of the network loaded"]
        if self.renamed:
            old, new = self.renamed[0]
            out.append(f"{len(self.renamed)} renamed, such as {old} -> {new}")
        for word, names in (
            ("missing from the file", self.missing),
            ("in the file, but not in the network", self.unexpected),
            ("left out as the description says", self.ignored),
        ):
            if names:
                out.append(f"{len(names)} {word}: {_some(names)}")
        if self.shapes:
            texts = [f"{name} is {_sides(a)}, the network's {_sides(b)}" for name, a, b in self.shapes]
            out.append(f"{len(self.shapes)} of another shape: {_some(texts, '; ')}")
        return out


def mapped(
    tensors: Mapping[str, torch.Tensor],
    network: nn.Module,
    *,
    kind: str,
    names: Mapping[str, str],
    ignore: Iterable[str],
) -> Loaded:
    """The checkpoint on the network (which may be without storage, on the device "meta").

    kind   the network's name in the registry; `names`: prefixes renamed first; `ignore`: prefixes left out
    """
    expected = own_tensors(network)
    places = _places(network)
    dropped = tuple(sorted(n for n in tensors if any(n.startswith(p) for p in ignore)))
    given = {n: n for n in tensors if n not in dropped}
    target = {old: _renamed(new, names) for old, new in given.items()}
    target = _prefixed(_unprefixed(target, set(places)), set(places))
    if kind in RENAMED and not set(target.values()) & set(places) >= set(expected):
        target = {old: _by_rule(new, kind, set(places)) for old, new in target.items()}
    state: dict[str, torch.Tensor] = {}
    unexpected, shapes = [], []
    for old, new in target.items():
        value, place = tensors[old], places.get(new)
        if place is None:
            unexpected += [] if UNUSED.search(new) else [old]
        elif value.shape != expected[place].shape:
            shapes.append((place, tuple(value.shape), tuple(expected[place].shape)))
        elif place in state and not torch.equal(state[place], value.to(state[place].dtype)):
            unexpected.append(old)
        else:
            state[place] = value.to(expected[place].dtype).contiguous()
    wrong = {name for name, *_ in shapes}
    for name, value in expected.items():
        if name not in state and UNUSED.search(name):
            state[name] = torch.zeros(value.shape, dtype=value.dtype)
    return Loaded(
        state={name: state[name] for name in expected if name in state},
        renamed=tuple((old, places[new]) for old, new in target.items() if new in places and old != new),
        missing=tuple(name for name in expected if name not in state and name not in wrong),
        unexpected=tuple(unexpected),
        ignored=dropped,
        shapes=tuple(shapes),
        count=len(expected),
    )


def _places(network: nn.Module) -> dict[str, str]:
    """Every name of a tensor in the network's state, and the first name of the same tensor."""
    first: dict[int, str] = {}
    return {
        name: first.setdefault(id(value), name) for name, value in network.state_dict(keep_vars=True).items()
    }


def _renamed(name: str, names: Mapping[str, str]) -> str:
    for old in sorted(names, key=len, reverse=True):
        if name.startswith(old):
            return names[old] + name.removeprefix(old)
    return name


def _unprefixed(target: dict[str, str], known: set[str]) -> dict[str, str]:
    """Prefixes come off as long as that makes more names known."""
    while True:
        score = sum(new in known for new in target.values())
        trials = [{old: new.removeprefix(p) for old, new in target.items()} for p in PREFIXES]
        trials += [  # two at once: module.model.
            {old: new.removeprefix(p).removeprefix(q) for old, new in target.items()}
            for p in PREFIXES
            for q in PREFIXES
            if p != q
        ]
        best = max(trials, key=lambda trial: sum(new in known for new in trial.values()))
        if sum(new in known for new in best.values()) <= score:
            return target
        target = best


def _prefixed(target: dict[str, str], known: set[str]) -> dict[str, str]:
    """Under `BACKBONE` where that makes more names known: weights of a classifier, for a detector on it."""
    under = {old: BACKBONE + new for old, new in target.items()}
    better = sum(new in known for new in under.values()) > sum(new in known for new in target.values())
    return under if better else target


def _by_rule(name: str, kind: str, known: set[str]) -> str:
    if name in known:
        return name
    for pattern, new in RENAMED[kind]:
        name = re.sub(pattern, new, name)
    return name


def _some(names: Iterable[str], between: str = ", ") -> str:
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return between.join(listed[:SHOWN]) + more


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
