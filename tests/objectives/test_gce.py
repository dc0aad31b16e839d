import pytest
import torch
from torch.nn.functional import cross_entropy

from skgroup.objectives._gce import generalized_cross_entropy

LOGITS = 3 * torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 2, 0, 1, 1, 0])


def gradients(loss):
    logits = LOGITS.clone().requires_grad_()
    return torch.autograd.grad(loss(logits).sum(), logits)[0]


@pytest.mark.parametrize("q", [0.1, 0.7, 1.0])
def test_the_value_is_its_definition(q):
    p = torch.softmax(LOGITS, dim=1).gather(1, Y[:, None]).flatten()
    torch.testing.assert_close(
        generalized_cross_entropy(LOGITS, Y, q), (1 - p**q) / q, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("q", [0.1, 0.7, 1.0])
def test_the_gradient_is_that_of_the_cross_entropy_times_p_to_the_q(q):
    p = torch.softmax(LOGITS, dim=1).gather(1, Y[:, None])
    plain = gradients(lambda logits: cross_entropy(logits, Y, reduction="none"))
    actual = gradients(lambda logits: generalized_cross_entropy(logits, Y, q))
    torch.testing.assert_close(actual, p**q * plain, rtol=0, atol=1e-10)


def test_without_trust_it_is_the_cross_entropy():
    expected = cross_entropy(LOGITS, Y, reduction="none")
    assert torch.equal(generalized_cross_entropy(LOGITS, Y, 0), expected)
    torch.testing.assert_close(
        generalized_cross_entropy(LOGITS, Y, 1e-12), expected, rtol=0, atol=1e-9
    )


def test_with_full_trust_it_is_the_probability_of_being_wrong():
    p = torch.softmax(LOGITS, dim=1).gather(1, Y[:, None]).flatten()
    torch.testing.assert_close(generalized_cross_entropy(LOGITS, Y, 1), 1 - p, rtol=0, atol=1e-12)


def test_saturated_logits_keep_a_finite_gradient():
    logits = torch.tensor([[1e4, 0.0], [0.0, 1e4]], requires_grad=True)
    losses = generalized_cross_entropy(logits, torch.tensor([0, 0]), 0.5)
    assert losses.tolist() == [0, 2]
    losses.sum().backward()
    assert logits.grad.isfinite().all()
