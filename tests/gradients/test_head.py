import numpy as np
import pytest
import torch
from torch import nn

from skgroup._data import as_rows
from skgroup.gradients._forward import evaluating
from skgroup.gradients._head import ActivationGradients, HeadGradients, residuals
from skgroup.gradients._sketch import columns_of

X = torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
y = torch.arange(9) % 3


class Net(nn.Module):
    def __init__(self, after, bias=True, before=torch.relu):
        super().__init__()
        self.body, self.fc = nn.Linear(4, 5).double(), nn.Linear(5, 3, bias=bias).double()
        self.before, self.after = before, after

    def forward(self, x):
        return self.after(self.fc(self.before(self.body(x))))


CASES = {
    "closed": (lambda z: z,),
    "no bias": (lambda z: z, False),
    "temperature": (lambda z: z / 3,),
    "in place": (lambda z: z.mul_(3),),
    "log-softmax": (lambda z: torch.log_softmax(z, 1),),
    "squeezed": (lambda z: z.squeeze(1), True, lambda h: h.relu()[:, None]),
    "mean of positions": (lambda z: z.mean(1), True, lambda h: torch.stack([h, h**2], 1)),
    "mean, no bias": (lambda z: z.mean(1), False, lambda h: torch.stack([h, h**2], 1)),
}


def compute(kind, module, X=X):
    with evaluating(module):
        gradients = kind(module, as_rows(X, dtype=X.dtype), y)
        result = X.new_full((len(X), gradients.n_columns), torch.nan)
        gradients(X, y, columns_of(result))
    return gradients, result


def test_residuals_are_probabilities_minus_one_for_the_label():
    logits = torch.log(torch.tensor([[0.2, 0.8], [0.5, 0.5]]))
    expected = torch.tensor([[-0.8, 0.8], [0.5, -0.5]])
    torch.testing.assert_close(residuals(logits, torch.tensor([0, 1])), expected)


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_parameter_gradients_equal_autograd(case, frozen, head_reference):
    module = Net(*CASES[case]).requires_grad_(not frozen)
    gradients, found = compute(HeadGradients, module)
    assert gradients.keeps_activations == (case not in ("closed", "no bias"))
    module.requires_grad_(True)
    np.testing.assert_allclose(
        found, head_reference(module, X, y, module.fc), rtol=1e-10, atol=1e-15
    )


@pytest.mark.parametrize("case", CASES)
def test_activation_gradients_equal_autograd(case):
    module = Net(*CASES[case])
    _, found = compute(ActivationGradients, module)
    h = module.before(module.body(X)).detach().requires_grad_()
    loss = nn.functional.cross_entropy(module.after(module.fc(h)), y, reduction="sum")
    (expected,) = torch.autograd.grad(loss, [h])
    torch.testing.assert_close(found, expected.flatten(1), rtol=1e-10, atol=1e-15)


def test_the_closed_form_takes_one_forward_pass_and_no_graph():
    module, passes = Net(*CASES["closed"]), []
    with evaluating(module):
        gradients = HeadGradients(module, as_rows(X, dtype=X.dtype), y)
        handle = module.register_forward_hook(lambda m, args, z: passes.append(z.requires_grad))
        gradients(X, y, lambda start, columns: None)
        handle.remove()
    assert passes == [False]


def test_a_block_that_leaves_the_closed_form_is_still_right(head_reference):
    # The first look has 8 rows; the last block of one sample is rescaled.
    module = Net(lambda z: z / 2 if len(z) == 1 else z)
    with evaluating(module):
        gradients = HeadGradients(module, as_rows(X, dtype=X.dtype), y)
        assert not gradients.keeps_activations
        result = torch.empty(1, gradients.n_columns, dtype=torch.float64)
        gradients(X[-1:], y[-1:], columns_of(result))
    np.testing.assert_allclose(
        result, head_reference(module, X[-1:], y[-1:], module.fc), rtol=1e-10
    )


def test_a_head_that_runs_twice_is_refused():
    layer = nn.Linear(4, 4)
    with evaluating(layer), pytest.raises(ValueError, match="head '0' must run once"):
        HeadGradients(nn.Sequential(layer, nn.Tanh(), layer), as_rows(X.float()), y)


def test_a_reparametrised_head_has_the_gradient_of_its_effective_weight():
    module = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))).double()
    plain = nn.Linear(4, 3).double()
    plain.load_state_dict({"weight": module[0].weight, "bias": module[0].bias})
    _, found = compute(HeadGradients, module)
    _, expected = compute(HeadGradients, plain)
    torch.testing.assert_close(found, expected)
