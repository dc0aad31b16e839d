import pytest
import torch
from torch import nn

from skgroup.gradients._recording import recording


def test_calls_come_in_the_order_in_which_they_end():
    inner, outer = nn.Linear(2, 2), nn.Sequential()
    outer.add_module("inner", inner)
    x = torch.randn(3, 2)
    with recording({"outer": outer, "inner": inner}) as calls:
        result = outer(x)
    assert [call.name for call in calls] == ["inner", "outer"]
    assert calls[0].input is x
    assert calls[0].output is result
    assert calls[0].returned(result)


@pytest.mark.parametrize("change", ["input", "output"])
def test_a_result_that_was_overwritten_is_not_what_the_layer_returned(change):
    layer, x = nn.Linear(2, 2), torch.randn(3, 2)
    with torch.no_grad(), recording({"": layer}) as calls:
        result = layer(x)
        (x if change == "input" else result).mul_(2)
    assert not calls[0].returned(result)


def test_a_result_for_a_sequence_is_no_closed_form():
    layer = nn.Linear(2, 2)
    with recording({"": layer}) as calls:
        result = layer(torch.randn(3, 4, 2))
    assert not calls[0].returned(result)


def test_inputs_by_keyword_are_seen():
    layer, x = nn.Linear(2, 2), torch.randn(3, 2)
    with recording({"": layer}) as calls:
        layer(input=x)
    assert calls[0].input is x


def test_differentiable_calls_survive_operations_in_place():
    layer = nn.Linear(2, 2).requires_grad_(False)
    x = torch.tensor([[3.0, -1.0]])
    with recording({"": layer}, differentiable=True) as calls:
        loss = layer(x).mul_(3).sum()
    (gradient,) = torch.autograd.grad(loss, [calls[0].output])
    assert gradient.tolist() == [[3.0, 3.0]]
    assert torch.equal(calls[0].output, layer(x))


def test_hooks_are_gone_after_an_error():
    layer = nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match="shapes"), recording({"": layer}):
        layer(torch.randn(3, 5))
    assert not layer._forward_hooks
    assert not layer._forward_hooks_with_kwargs


def test_the_layers_own_output_is_recorded_before_hooks_replace_it():
    layer, x = nn.Linear(2, 2), torch.randn(3, 2)
    layer.register_forward_hook(lambda module, args, output: output + 1)
    with recording({"": layer}) as calls:
        result = layer(x)
    assert not calls[0].returned(result)
    assert torch.equal(calls[0].output + 1, result)
