import pytest
import torch
from torch import nn

from skgroup.modules import mlp
from skgroup.objectives._saliency_twins import FeatureTwin, InputTwin

X = torch.randn(5, 3)


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(3, 2), nn.Linear(1, 2)

    def forward(self, left, right):
        return self.left(left) + self.right(right)


def test_both_networks_are_differentiable_by_the_input():
    twin = InputTwin(nn.Linear(3, 2), nn.Linear(3, 2))
    output = twin(X)
    assert torch.equal(output.inputs[0], X)
    assert not X.requires_grad
    for net, logits in ((twin.main, output.logits), (twin.other, output.other)):
        (gradient,) = torch.autograd.grad(logits[:, 1].sum(), output.inputs)
        torch.testing.assert_close(gradient, net.weight[1].expand(5, 3))
        torch.testing.assert_close(logits, net(X))


def test_entries_of_a_dict():
    twin = InputTwin(Sum(), Sum())
    batch = {"left": X, "right": X[:, :1]}
    output = twin(**batch)
    assert [tuple(value.shape) for value in output.inputs] == [(5, 3), (5, 1)]
    gradients = torch.autograd.grad(output.logits[:, 0].sum(), output.inputs)
    torch.testing.assert_close(gradients[1], twin.main.right.weight[0].expand(5, 1))
    torch.testing.assert_close(output.other, twin.other(**batch))
    torch.testing.assert_close(twin.eval()(**batch), twin.main(**batch))


def test_work_in_place_stays_with_its_network():
    def build():
        return nn.Sequential(nn.LeakyReLU(0.5, inplace=True), nn.Linear(3, 2))

    twin, x = InputTwin(build(), build()), X.clone()
    output = twin(x)
    assert torch.equal(x, X)
    assert torch.equal(output.inputs[0], X)
    torch.testing.assert_close(output.other, twin.other(X.clone()))
    (output.logits.sum() + output.other.sum()).backward()
    slope = torch.where(X > 0, 1.0, 0.5)
    expected = slope * (twin.main[1].weight + twin.other[1].weight).sum(dim=0)
    torch.testing.assert_close(output.inputs[0].grad, expected)


@pytest.mark.parametrize("kind", ["input", "feature"])
def test_in_eval_mode_only_the_main_network_answers(kind):
    main = mlp(3, 2, [4])
    twin = (
        InputTwin(main, mlp(3, 2))
        if kind == "input"
        else FeatureTwin(main, "head", nn.Linear(4, 2))
    )
    assert torch.equal(twin.eval()(X), main(X))


def test_features_are_what_the_head_receives():
    main = mlp(3, 2, [4])
    twin = FeatureTwin(main, "head", nn.Linear(4, 2)).train()
    output = twin(X)
    features = torch.relu(main.hidden_0(X))
    torch.testing.assert_close(output.inputs[0], features)
    torch.testing.assert_close(output.logits, main(X))
    torch.testing.assert_close(output.other, twin.other(features))
    (output.logits.sum() + output.other.sum()).backward()
    assert main.hidden_0.weight.grad is None
    assert main.head.weight.grad is not None
    assert twin.other.weight.grad is not None


class Named(nn.Module):
    """Two inputs by name, then a head."""

    def __init__(self):
        super().__init__()
        self.body, self.head = Sum(), nn.Linear(2, 2)

    def forward(self, left, right):
        return self.head(self.body(left=left, right=right))


def test_a_frozen_network_with_named_inputs():
    twin = FeatureTwin(Named(), "head", nn.Linear(2, 2)).train()
    batch = {"left": X, "right": X[:, :1]}
    features = twin.main.body(**batch)
    torch.testing.assert_close(twin(**batch).inputs[0], features)
    torch.testing.assert_close(twin.eval()(**batch), twin.main.head(features))


def test_all_but_the_heads_is_frozen():
    twin = FeatureTwin(mlp(3, 2, [4]), "head", nn.Linear(4, 2))
    trained = [name for name, value in twin.named_parameters() if value.requires_grad]
    assert trained == ["main.head.weight", "main.head.bias", "other.weight", "other.bias"]


def test_the_frozen_network_stays_in_eval_mode():
    body = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.Linear(3, 2))
    twin = FeatureTwin(body, "2", nn.Linear(3, 2)).train()
    assert twin.training
    assert not any(part.training for part in body.modules())
    before = body[0].running_mean.clone()
    assert torch.equal(twin(X).logits, twin(X).logits)  # no dropout
    assert torch.equal(body[0].running_mean, before)
