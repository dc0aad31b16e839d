"""Head gradients against one forward pass, and other sources against vmap and a loop."""

import argparse

import numpy as np
import torch
from _harness import compare
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from skgroup.gradients import per_sample_gradients
from skgroup.modules import mlp


def forward(net, X, size):
    with torch.no_grad():
        return torch.cat([net(block) for block in torch.from_numpy(X).split(size)])


def vmap_gradients(net, X, y):
    def loss(parameters, x, label):
        output = functional_call(net, parameters, (x[None],))
        return cross_entropy(output, label[None])

    parameters = {name: p.detach() for name, p in net.named_parameters()}
    every = vmap(grad(loss), in_dims=(None, 0, 0))(
        parameters, torch.from_numpy(X), torch.from_numpy(y)
    )
    return torch.cat([g.flatten(1) for g in every.values()], dim=1)


def loop_gradients(net, X, y):
    rows = []
    for x, label in zip(torch.from_numpy(X), torch.from_numpy(y), strict=True):
        loss = cross_entropy(net(x[None]), label[None])
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, net.parameters())]))
    return torch.stack(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100_000, 20), dtype=np.float32)
    y = rng.integers(2, size=len(X))
    net = mlp(20, 2, (100, 100)).eval()
    print(f"100,000 rows, network 20-100-100-2, {torch.get_num_threads()} torch thread(s)")
    compare(
        {
            "one forward pass": lambda: forward(net, X, 2048),
            "skgroup, source='head'": lambda: per_sample_gradients(net, X, y),
        },
        references=["one forward pass"],
        repeats=repeats,
    )
    small, rows = mlp(20, 2, (64, 64)).eval(), slice(0, 10_000)
    print("\n10,000 rows, network 20-64-64-2, all 5,634 parameters")
    compare(
        {
            "torch.func vmap": lambda: vmap_gradients(small, X[rows], y[rows]),
            "skgroup, source='all'": lambda: per_sample_gradients(
                small, X[rows], y[rows], source="all"
            ),
            "one backward pass a row": lambda: loop_gradients(small, X[rows], y[rows]),
        },
        references=["torch.func vmap"],
        repeats=repeats,
    )


if __name__ == "__main__":
    main()
