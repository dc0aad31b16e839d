import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn

from skgroup._data import as_rows
from skgroup.modules import (
    FrozenBatchNorm,
    Standardize,
    Twin,
    Wrapper,
    build_module,
    check_module_output,
    mlp,
)


def equal_weights(first, second):
    a, b = first.state_dict(), second.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_standardize_by_hand():
    layer = Standardize([1.0, 0.0, -2.0], [2.0, 0.0, 0.5])
    X = torch.tensor([[5.0, 3.0, -2.0], [1.0, 0.0, 0.0]])
    assert layer(X).tolist() == [[2.0, 3.0, 0.0], [0.0, 0.0, 4.0]]
    assert list(layer.parameters()) == []  # nothing to train
    assert layer(X).dtype == torch.float32


def test_standardize_gives_mean_0_and_deviation_1():
    X = np.random.default_rng(0).normal(5, 3, (200, 4))
    out = Standardize(X.mean(axis=0), X.std(axis=0))(torch.tensor(X, dtype=torch.float32)).double()
    np.testing.assert_allclose(out.mean(dim=0), 0, atol=1e-6)
    np.testing.assert_allclose(out.std(dim=0, correction=0), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standardize_does_not_write_into_the_callers_arrays(dtype):
    mean, scale = np.array([1, 2], dtype), np.array([3, 4], dtype)
    layer = Standardize(mean, scale)
    layer.load_state_dict(Standardize([7.0, 7.0], [7.0, 7.0]).state_dict())
    assert layer(torch.full((1, 2), 14.0)).tolist() == [[1.0, 1.0]]
    assert (mean.tolist(), scale.tolist()) == ([1, 2], [3, 4])


def test_mlp_equals_matrix_products():
    net = mlp(3, 2, [5, 4])
    names = [name for name, _ in net.named_children()]
    assert names == ["hidden_0", "relu_0", "hidden_1", "relu_1", "head"]
    X = torch.randn(6, 3)
    hidden = X
    for layer in (net.hidden_0, net.hidden_1):
        hidden = (hidden @ layer.weight.T + layer.bias).clamp_min(0)
    torch.testing.assert_close(net(X), hidden @ net.head.weight.T + net.head.bias)
    assert [p.shape[0] for p in net.parameters()] == [5, 5, 4, 4, 2, 2]


def test_mlp_without_hidden_layers_is_linear():
    net = mlp(3, 2)
    assert [name for name, _ in net.named_children()] == ["head"]
    X = torch.randn(4, 3)
    torch.testing.assert_close(net(X), X @ net.head.weight.T + net.head.bias)


def test_an_instance_is_copied_with_its_weights():
    own = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    before = copy.deepcopy(own.state_dict())
    built = build_module(own, 3, 2, hidden_layer_sizes=(9,), standardize=([0.0], [1.0]))
    assert equal_weights(built, own)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.zero_()
    assert all(torch.equal(own.state_dict()[name], value) for name, value in before.items())


def test_a_callable_gets_the_sizes():
    seen = []

    def make(n_features, n_classes):
        seen.append((n_features, n_classes))
        return nn.Linear(n_features, n_classes)

    assert build_module(make, 7, 3).weight.shape == (3, 7)
    assert build_module(nn.Linear, 5, 2).weight.shape == (2, 5)  # a class is a callable
    assert seen == [(7, 3)]


@pytest.mark.parametrize(("result", "name"), [(None, "NoneType"), (nn.Linear, "type")])
def test_a_callable_must_return_a_module(result, name):
    with pytest.raises(TypeError, match=rf"return a torch.nn.Module, got {name}: pass a callable"):
        build_module(lambda n_features, n_classes: result, 3, 2)


class Fixed(nn.Linear):
    def __init__(self):
        super().__init__(3, 2)


def test_a_class_that_does_not_take_the_sizes_is_to_be_an_instance():
    with pytest.raises(
        TypeError, match=r"called as Fixed\(n_features.*instance, .*module=Fixed\(\)"
    ):
        build_module(Fixed, 3, 2)


def test_an_error_of_the_callable_s_own_stays_what_it_is():
    def broken(n_features, n_classes):
        raise TypeError("inside")

    with pytest.raises(TypeError, match=r"^inside$"):
        build_module(broken, 3, 2)


def test_the_default_network_starts_with_the_statistics():
    net = build_module(None, 2, 3, hidden_layer_sizes=(4,), standardize=([1.0, 2.0], [2.0, 0.0]))
    assert [name for name, _ in net.named_children()] == [
        "standardize", "hidden_0", "relu_0", "head"
    ]  # fmt: skip
    bare = build_module(None, 2, 3, hidden_layer_sizes=(4,))
    X = torch.tensor([[3.0, 5.0]])
    assert torch.equal(net(X), bare(torch.tensor([[1.0, 3.0]])))


@pytest.mark.parametrize("module", [None, nn.Linear])
def test_the_seed_decides_the_weights(module):
    before = torch.get_rng_state()
    first, again, other = (build_module(module, 4, 2, seed=seed) for seed in (1, 1, 2))
    assert equal_weights(first, again)
    assert not equal_weights(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_seed_decides_the_weights_in_threads():
    ready = threading.Barrier(4)

    def build(seed):
        ready.wait()
        return [build_module(None, 20, 2, hidden_layer_sizes=(20,), seed=seed) for _ in range(5)]

    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(build, range(4)))
    assert torch.equal(torch.get_rng_state(), before)
    for seed, nets in enumerate(built):
        alone = build_module(None, 20, 2, hidden_layer_sizes=(20,), seed=seed)
        assert all(equal_weights(net, alone) for net in nets)


ROWS = as_rows(np.ones((5, 3)))


class Returns(nn.Module):
    """A module that returns what a function makes of the batch."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x)


@pytest.mark.parametrize("n_rows", [1, 2, 5])
def test_a_module_that_fits_passes(n_rows):
    rows = as_rows(np.ones((n_rows, 3)))
    check_module_output(nn.Linear(3, 2), rows, 2)
    check_module_output(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)), rows, 2)


REFUSED = {
    "columns": (nn.Linear(3, 4), r"logits of shape \(n_samples, 2\).* returned \(2, 4\)"),
    "one column": (nn.Linear(3, 1), r"returned \(2, 1\). Change the size of its last layer"),
    "flat": (Returns(lambda x: x[:, 0]), r"returned \(2,\)"),
    "one row": (Returns(lambda x: x[:1, :2]), r"for 2 samples it returned \(1, 2\)"),
    "tuple": (Returns(lambda x: (x[:, :2], x)), r"returned tuple"),
    "dict": (Returns(lambda x: {"logits": x[:, :2]}), r"returned dict"),
    "classes": (Returns(lambda x: x[:, :2].long()), r"floating-point logits.*torch.int64"),
    "softmax": (
        nn.Sequential(nn.Linear(3, 2), nn.Softmax(1)),
        r"returns probabilities: remove its",
    ),
    "input width": (nn.Linear(4, 2), r"cannot process X: .*2x3 and 4x2.*fits the shape"),
    "input type": (nn.Embedding(4, 2), r"cannot process X: .*Check that its input layer fits"),
}


@pytest.mark.parametrize(("module", "match"), REFUSED.values(), ids=REFUSED.keys())
def test_a_module_that_does_not_fit_is_refused(module, match):
    with pytest.raises(ValueError, match=f"^module .*{match}"):
        check_module_output(module, ROWS, 2)
    assert module.training


@pytest.mark.parametrize(
    ("width", "outcome"), [(3, nullcontext()), (4, pytest.raises(ValueError, match="cannot"))]
)
def test_checking_leaves_the_module_as_it_was(width, outcome):
    frozen = nn.BatchNorm1d(width).eval()
    module = nn.Sequential(frozen, nn.Dropout(), nn.BatchNorm1d(width), nn.Linear(width, 2))
    statistics = copy.deepcopy(module.state_dict())
    modes = [part.training for part in module.modules()]
    before = torch.get_rng_state()
    with outcome:
        check_module_output(module, ROWS, 2)
    assert [part.training for part in module.modules()] == modes == [True, False, True, True, True]
    assert all(torch.equal(module.state_dict()[k], value) for k, value in statistics.items())
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.grad is None for parameter in module.parameters())


def test_dict_input():
    class Sum(nn.Module):
        def forward(self, a, b):
            return a + b

    check_module_output(Sum(), as_rows({"a": np.ones((4, 2)), "b": np.ones((4, 2))}), 2)


def test_a_wrapper_predicts_what_its_main_network_does():
    main, x = mlp(3, 2, [4]), torch.randn(5, 3)
    for wrapper in (Wrapper(main), FrozenBatchNorm(main), Twin(main, mlp(3, 2))):
        assert torch.equal(wrapper.eval()(x), main(x))


def test_frozen_statistics_neither_move_nor_are_replaced_by_those_of_the_batch():
    norm = nn.BatchNorm1d(2)
    norm.running_mean.fill_(3.0)
    norm.running_var.fill_(4.0)
    x = torch.tensor([[3.0, 5.0], [1.0, -1.0]])
    net = FrozenBatchNorm(nn.Sequential(norm, nn.Dropout(0.5))).train()
    assert [part.training for part in net.main] == [False, True]
    torch.testing.assert_close(net.main[0](x), (x - 3) / 2, rtol=0, atol=1e-4)
    assert norm.running_mean.tolist() == [3.0, 3.0]
    assert not net.eval().main[1].training


def test_a_twin_trains_two_networks_on_the_same_rows():
    main, other, x = mlp(3, 2), mlp(3, 2, [4]), torch.randn(5, 3)
    both = Twin(main, other).train()(x)
    assert torch.equal(both.logits, main(x))
    assert torch.equal(both.other, other(x))
    both.other.sum().backward()
    assert all(p.grad is None for p in main.parameters())
    assert all(p.grad is not None for p in other.parameters())
