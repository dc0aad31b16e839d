"""Head gradients against one forward pass; all layers against torch.func, Opacus and BackPACK.

Every peer works in blocks of 1,024 rows; Opacus and BackPACK take part where they are installed.
All write into the same array, which is there before: the first touch of new memory would cost more
than the gradients. Memory is what a run adds to the process.
"""

import argparse
import copy
import importlib.util
import warnings
from functools import partial

import numpy as np
import torch
from _harness import compare
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from skgroup._data import BLOCK_BYTES
from skgroup.gradients import per_sample_gradients
from skgroup.modules import mlp

BLOCK = 1024


def forward(net, X, size=2048):
    logits = torch.empty(len(X), 2)
    with torch.no_grad():
        for start in range(0, len(X), size):
            logits[start : start + size] = net(torch.from_numpy(X[start : start + size]))
    return logits


def in_blocks(net, X, y, out, gradients, size=BLOCK):
    """Gather what `gradients` gives for a block, as a list of tensors with one row a sample."""
    result = torch.from_numpy(out)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    for start in range(0, len(X), size):
        where = slice(start, start + size)
        pieces = [piece.flatten(1) for piece in gradients(X[where], y[where])]
        torch.cat(pieces, dim=1, out=result[where])
    return out


def vmap_gradients(net, X, y, out):
    def loss(parameters, x, label):
        output = functional_call(net, parameters, (x[None],))
        return cross_entropy(output, label[None])

    parameters = {name: p.detach() for name, p in net.named_parameters()}
    transform = vmap(grad(loss), in_dims=(None, 0, 0))
    return in_blocks(net, X, y, out, lambda *block: transform(parameters, *block).values())


def loop_gradients(net, X, y, out):
    def one(x, label):
        loss = cross_entropy(net(x), label)
        return [g[None] for g in torch.autograd.grad(loss, net.parameters())]

    return in_blocks(net, X, y, out, one, size=1)


def opacus_gradients(net, X, y, out):
    from opacus import GradSampleModule

    wrapped = GradSampleModule(net, loss_reduction="sum").train()  # records in train mode only

    def block(x, labels):
        wrapped.zero_grad(set_to_none=True)
        cross_entropy(wrapped(x), labels, reduction="sum").backward()
        found = [p.grad_sample for p in wrapped.parameters()]
        for p in wrapped.parameters():
            p.grad_sample = None
        return found

    try:
        return in_blocks(net, X, y, out, block)
    finally:
        wrapped.to_standard_module()


def backpack_gradients(net, X, y, out):
    from backpack import backpack, extend
    from backpack.extensions import BatchGrad

    wrapped, loss = extend(net), extend(nn.CrossEntropyLoss(reduction="sum"))

    def block(x, labels):
        with backpack(BatchGrad()):
            loss(wrapped(x), labels).backward()
        return [p.grad_batch for p in wrapped.parameters()]

    return in_blocks(net, X, y, out, block)


def cnn():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 2),
    )  # fmt: skip


# what it is: network, shape of a row, rows
NETWORKS = {
    "MLP 20-64-64-2": (lambda: mlp(20, 2, (64, 64)), (20,), 10_000),
    "MLP 50-256-256-2": (lambda: mlp(50, 2, (256, 256)), (50,), 2_000),
    "CNN, 3x3 convolutions of 8 and 16 channels": (cnn, (1, 28, 28), 2_000),
}


def draw(n_rows, *shape):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, *shape), dtype=np.float32)
    return X, rng.integers(2, size=n_rows)


def head(n_rows, repeats):
    X, y = draw(n_rows, 20)
    net = mlp(20, 2, (100, 100)).eval()
    print(f"\nHead of MLP 20-100-100-2, {n_rows:,} rows: {n_rows * 202 * 4 / 2**20:.0f} MiB of "
          f"gradients, made in blocks of at most {BLOCK_BYTES >> 20} MiB\n")  # fmt: skip
    out = np.zeros((n_rows, 202), dtype=np.float32)
    runs = {
        "one forward pass": lambda: forward(net, X),
        "skgroup, source='head'": lambda: per_sample_gradients(net, X, y, out=out),
    }
    compare(runs, references=["one forward pass"], repeats=repeats)


def peers():
    found = {"torch.func vmap": vmap_gradients}
    if importlib.util.find_spec("opacus"):
        found["Opacus GradSampleModule"] = opacus_gradients
    if importlib.util.find_spec("backpack"):
        found["BackPACK BatchGrad"] = backpack_gradients
    return found | {"one backward pass a row": loop_gradients}


def all_layers(title, build, shape, n_rows, repeats):
    X, y = draw(n_rows, *shape)
    net = build().eval()
    n_parameters = sum(p.numel() for p in net.parameters())
    print(f"\n{title}, {n_rows:,} rows, {n_parameters:,} parameters: "
          f"{n_rows * n_parameters * 4 / 2**20:.0f} MiB of gradients\n")  # fmt: skip
    expected = per_sample_gradients(net, X, y, source="all")
    out = np.empty_like(expected)
    ours = partial(per_sample_gradients, net, X, y, source="all", out=out)
    runs = {"skgroup, source='all'": ours}
    for name, gradients in peers().items():
        try:
            other = copy.deepcopy(net)  # peers hang hooks on the layers
            found = gradients(other, X[:8], y[:8], out[:8])
        except (ImportError, NotImplementedError, AttributeError) as error:
            print(f"{name} is left out: {str(error).splitlines()[0]}\n")
            continue
        np.testing.assert_allclose(found, expected[:8], atol=1e-4)
        runs[name] = partial(gradients, other, X, y, out)
    del expected
    compare(runs, references=["skgroup, source='all'"], repeats=repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the head's table")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--toy", action="store_true", help="once, on a few rows")
    options = parser.parse_args()
    repeats = 1 if options.toy else options.repeats
    warnings.simplefilter("ignore")  # those of peers
    print(f"{torch.get_num_threads()} torch thread(s)")
    head(2_000 if options.toy else options.rows, repeats)
    for title, (build, shape, n_rows) in NETWORKS.items():
        all_layers(title, build, shape, 50 if options.toy else n_rows, repeats)


if __name__ == "__main__":
    main()
