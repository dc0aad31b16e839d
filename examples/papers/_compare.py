"""What both scripts share: a last layer or a whole network, trained on true and inferred groups."""

import argparse
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from skgroup import ERMClassifier, GERNEClassifier, GradientGroupInferrer, GroupDROClassifier

# Name -> class, and where the groups of training and validation rows are from.
METHODS = {
    "ERM": (ERMClassifier, None),
    "Group DRO, true groups": (GroupDROClassifier, "true"),
    "Group DRO, inferred groups": (GroupDROClassifier, "inferred"),
    "GERNE, true groups": (GERNEClassifier, "true"),
    "GERNE, inferred groups": (GERNEClassifier, "inferred"),
}


class Part(NamedTuple):
    """Samples, classes and groups of one split, and the sets of rows that are reported."""

    X: Any
    y: np.ndarray
    groups: np.ndarray
    sets: dict[str, np.ndarray]


class Network(nn.Module):
    """A body that gives a vector a sample, and a linear layer on top of it.

    With `amp` the body runs in bfloat16 where that is safe; unlike float16 it needs no scaling of
    the loss. Without gradients samples go through in blocks, which bounds the memory.
    """

    def __init__(self, body: nn.Module, n_features: int, *, amp: bool = False, block: int = 64):
        super().__init__()
        self.body, self.head = body, nn.Linear(n_features, 2)
        self.amp, self.block = amp, block

    def features(self, *batch: torch.Tensor, **named: torch.Tensor) -> torch.Tensor:
        first = batch[0] if batch else next(iter(named.values()))
        with torch.autocast(first.device.type, torch.bfloat16, enabled=self.amp):
            return self.body(*batch, **named).float()

    def forward(self, *batch: torch.Tensor, **named: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled():
            return self.head(self.features(*batch, **named))
        first = batch[0] if batch else next(iter(named.values()))
        blocks = [slice(i, i + self.block) for i in range(0, len(first), self.block)]
        found = [
            self.features(*(v[b] for v in batch), **{k: v[b] for k, v in named.items()})
            for b in blocks
        ]
        return self.head(torch.cat(found))


def extract(network: Network, X: Any, options: argparse.Namespace) -> np.ndarray:
    """What the head of `network` would receive, computed once."""
    network = network.to(options.device).eval()
    found = []
    with torch.no_grad():
        for batch in batches(X, options):
            named = {k: v.to(options.device) for k, v in batch.items()} if dict_like(batch) else {}
            given = () if named else (batch.to(options.device),)
            found.append(network.features(*given, **named).cpu().numpy())
    return np.concatenate(found)


def dict_like(batch: Any) -> bool:
    return isinstance(batch, dict)


def batches(X: Any, options: argparse.Namespace) -> Any:
    """Inputs in order; labels that a data set yields with them are left out."""
    if isinstance(X, Dataset):
        for item in DataLoader(X, options.batch_size, num_workers=options.workers):
            yield item[0] if isinstance(item, (list, tuple)) else item
    else:
        n = len(next(iter(X.values())))
        for start in range(0, n, options.batch_size):
            yield {k: torch.as_tensor(v[start : start + options.batch_size]) for k, v in X.items()}


def infer(parts: dict[str, Part], features: dict[str, np.ndarray], seed: int) -> dict:
    """Groups of training and validation rows, from gradients of a last layer on `features`."""
    inferrer = GradientGroupInferrer(random_state=seed).fit(features["train"], parts["train"].y)
    found = inferrer.predict(features["validation"], parts["validation"].y)
    return {"train": inferrer.groups_, "validation": found}


def fit_all(
    parts: dict[str, Part], inputs: dict[str, Any], inferred: dict, settings: dict
) -> dict[str, np.ndarray]:
    """Test predictions of every method that trains on `inputs`."""
    known = {"true": {name: part.groups for name, part in parts.items()}, "inferred": inferred}
    predicted = {}
    for name, (cls, source) in METHODS.items():
        groups = known[source] if source else {}
        chosen = {} if source else {"scoring": "accuracy"}
        if cls is GERNEClassifier:  # of two halves x two classes x two groups
            chosen["group_batch_size"] = max(1, settings["batch_size"] // 8)
        classifier = cls(**settings, **chosen)
        classifier.fit(
            inputs["train"], parts["train"].y, groups=groups.get("train"),
            X_val=inputs["validation"], y_val=parts["validation"].y,
            groups_val=groups.get("validation"),
        )  # fmt: skip
        predicted[name] = classifier.predict(inputs["test"])
    return predicted


def report(title: str, test: Part, predicted: dict[str, np.ndarray]) -> dict:
    """Print accuracies in every set of test rows; return (rows, accuracy) by method and set."""
    sets = {name: rows for name, rows in test.sets.items() if rows.any()}
    found = {}
    for method, p in predicted.items():
        right = p == test.y
        found[method] = {
            s: (int(rows.sum()), float(right[rows].mean())) for s, rows in sets.items()
        }
    print(f"\n{title}\n\n| set | rows | {' | '.join(found)} |\n{'| --- ' * (len(found) + 2)}|")
    for name, rows in sets.items():
        values = " | ".join(f"{scores[name][1]:.3f}" for scores in found.values())
        print(f"| {name} | {rows.sum()} | {values} |")
    worst = " | ".join(f"{min(a for _, a in s.values()):.3f}" for s in found.values())
    average = " | ".join(f"{(p == test.y).mean():.3f}" for p in predicted.values())
    print(f"| worst | | {worst} |\n| average | {len(test.y)} | {average} |", flush=True)
    return found


def compare(parts: dict[str, Part], network: Network, options: argparse.Namespace) -> dict:
    """The last layer on fixed features, then the whole network, as far as `--train` says."""
    features = {name: extract(network, part.X, options) for name, part in parts.items()}
    inferred = infer(parts, features, options.seed)
    shared = {
        "max_epochs": options.epochs, "batch_size": options.batch_size, "device": options.device,
        "random_state": options.seed, "verbose": options.verbose,
        "checkpoint_dir": options.checkpoints,
    }  # fmt: skip
    found = {}
    if options.train in ("last", "both"):
        settings = shared | {"hidden_layer_sizes": ()}
        predicted = fit_all(parts, features, inferred, settings)
        found["last"] = report("Last layer", parts["test"], predicted)
    if options.train in ("whole", "both"):
        settings = shared | {
            "module": network, "optimizer": options.optimizer, "lr": options.lr,
            "weight_decay": options.weight_decay,
        }  # fmt: skip
        inputs = {name: part.X for name, part in parts.items()}
        predicted = fit_all(parts, inputs, inferred, settings)
        found["whole"] = report("Whole network", parts["test"], predicted)
    return found


def parser(text: str | None, *, optimizer: str, lr: float, weight_decay: float, batch_size: int):
    """Options that both scripts have."""
    found = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--data-home", help="folder that holds the folder of the data")
    found.add_argument("--download", action="store_true", help="fetch what is not there")
    found.add_argument("--train", choices=["last", "whole", "both"], default="both")
    found.add_argument("--epochs", type=int, default=10)
    found.add_argument("--batch-size", type=int, default=batch_size)
    found.add_argument("--optimizer", choices=["sgd", "adam", "adamw"], default=optimizer)
    found.add_argument("--lr", type=float, default=lr, help="of the whole network")
    found.add_argument("--weight-decay", type=float, default=weight_decay)
    found.add_argument("--device", default="cpu", help="cpu or cuda")
    found.add_argument("--amp", action="store_true", help="mixed precision, in bfloat16")
    found.add_argument("--checkpoints", help="folder from which a killed run goes on")
    found.add_argument("--workers", type=int, default=0, help="processes that read images")
    found.add_argument("--max-rows", type=int, help="use the first rows of each part only")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--verbose", type=int, default=1)
    return found
