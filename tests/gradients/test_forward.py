import numpy as np
import pytest
import torch
from torch import nn

from skgroup._data import as_rows
from skgroup.gradients._forward import (
    MAX_ROWS,
    evaluating,
    find_head,
    head_inputs,
    predict_logits,
    rows_at_once,
)
from skgroup.modules import Standardize, mlp

X = np.linspace(-1, 1, 60, dtype=np.float32).reshape(20, 3)


class Scaled(nn.Module):
    """Something happens to the logits after the last layer."""

    def __init__(self, how):
        super().__init__()
        self.body, self.fc, self.how = nn.Linear(3, 4), nn.Linear(4, 2), how

    def forward(self, x):
        return self.how(self.fc(torch.relu(self.body(x))))


def test_logits_are_those_of_the_network_in_eval_mode():
    net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.9), nn.Linear(4, 2)).train()
    logits = predict_logits(net, X, block_size=7)
    assert not logits.requires_grad
    assert net.training
    assert net[1].training
    torch.testing.assert_close(logits, net.eval()(torch.from_numpy(X)))
    torch.testing.assert_close(logits, predict_logits(net, as_rows(X)))


def test_head_inputs_are_the_penultimate_activations():
    net = nn.Sequential(Standardize(X.mean(0), X.std(0)), *mlp(3, 2, [5]))
    features = head_inputs(net, X, block_size=6)
    np.testing.assert_allclose(features, net[:3](torch.from_numpy(X)).detach(), rtol=1e-6)


def test_head_inputs_of_a_sequence_are_flattened():
    net = nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Linear(3, 2), nn.Flatten())
    np.testing.assert_array_equal(head_inputs(net, X), X)


def test_a_head_used_twice_has_no_inputs_of_its_own():
    layer = nn.Linear(3, 3)
    with pytest.raises(ValueError, match=r"head '0' must run once, .* \[\(20, 3\), \(20, 3\)\]"):
        head_inputs(nn.Sequential(layer, layer), X)


def test_eval_mode_and_random_state_are_given_back_after_an_error():
    net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 2))
    net[1].eval()
    state = torch.get_rng_state()

    @evaluating(net)
    def fail():
        assert not net.training
        assert not torch.is_grad_enabled()
        torch.rand(3)
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [part.training for part in net.modules()] == [True, True, False, True]
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def test_networks_that_do_more_in_train_than_setting_flags_are_told():
    class Merging(nn.Linear):
        merged = False

        def train(self, mode=True):
            self.merged = not mode
            return super().train(mode)

    net = Merging(3, 2)
    with evaluating(net):
        assert net.merged
    assert not net.merged


def test_the_callers_array_survives_operations_in_place():
    values = torch.from_numpy(X.copy())
    logits = predict_logits(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 2)), values)
    assert torch.equal(values, torch.from_numpy(X))
    assert len(logits) == len(X)


@pytest.mark.parametrize(
    ("net", "name", "is_output"),
    [
        (nn.Linear(3, 2), "", True),
        (mlp(3, 2, [4, 4]), "head", True),
        (
            nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 2)))),
            "0.1.0",
            True,
        ),
        (nn.Sequential(nn.Linear(3, 2), nn.Identity(), nn.Dropout()), "0", True),
        (nn.Sequential(nn.Linear(3, 2), nn.LogSoftmax(dim=1)), "0", False),
        (Scaled(lambda z: z), "fc", True),
        (Scaled(lambda z: z / 2), "fc", False),
        (Scaled(lambda z: z.mul_(2)), "fc", False),
    ],
)
def test_the_head_is_the_last_linear_layer(net, name, is_output):
    with evaluating(net):
        head = find_head(net, as_rows(X))
    assert (head.name, head.is_output) == (name, is_output)
    assert head.layer is net.get_submodule(name)


class Overridden(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "net",
    [
        nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
        nn.Sequential(nn.Linear(3, 4), nn.Bilinear(4, 4, 2)),
        nn.Sequential(nn.Linear(3, 4), nn.Unflatten(1, (2, 2)), nn.AvgPool1d(2), nn.Flatten()),
        nn.Sequential(Overridden(3, 2)),
        nn.Sequential(nn.LayerNorm(3)),
    ],
    ids=["norm", "bilinear", "pooled", "subclass", "none"],
)
def test_a_network_without_linear_head_is_told_what_to_do(net):
    if isinstance(net[-1], nn.Bilinear):
        net.forward = lambda x: net[1](net[0](x), net[0](x))
    with evaluating(net), pytest.raises(ValueError, match=r"no linear head.*\['0'"):
        find_head(net, as_rows(X))


@pytest.mark.parametrize(
    ("net", "got"),
    [
        (nn.Linear(3, 1), r"\(8, 1\)"),
        (nn.Sequential(nn.Linear(3, 2), nn.Flatten(0)), r"\(16,\)"),
        (nn.Identity(), None),
    ],
)
def test_outputs_that_are_no_logits_are_refused(net, got):
    if got is None:
        net.forward = lambda x: {"logits": x}
    with evaluating(net), pytest.raises(ValueError, match=f"must return logits .* {got or 'dict'}"):
        find_head(net, as_rows(X))


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="X has no rows"):
        predict_logits(nn.Linear(3, 2), X[:0])


def test_blocks_shrink_with_the_activations():
    wide = nn.Sequential(nn.Linear(3, 2**16), nn.ReLU(), nn.Linear(2**16, 2))
    rows = as_rows(X)
    # 2 activations of 2**16 numbers of 4 bytes are half a megabyte, of 64.
    assert rows_at_once(wide, rows) == 128
    # Backward, all three are kept.
    assert rows_at_once(wide, rows, keep_activations=True) == 63
    assert rows_at_once(wide, rows, extra=2**17) == 64
    assert rows_at_once(mlp(3, 2), rows) == MAX_ROWS


def test_the_head_of_a_compiled_network_is_that_of_its_original():
    net = mlp(3, 2, [5])
    compiled = torch.compile(net, backend="eager")
    head = find_head(compiled, as_rows(X))
    assert head.layer is net[-1]
    assert head.is_output
    np.testing.assert_array_equal(head_inputs(compiled, X), head_inputs(net, X))
