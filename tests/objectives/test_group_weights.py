import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from skgroup.objectives import GroupDROLoss, MeanLoss, group_weights
from skgroup.objectives._group_dro import group_means
from skgroup.objectives._group_weights import weights_within_groups
from skgroup.samplers import BalancedSampler

SIZES = torch.tensor([4, 2])
GROUPS = torch.tensor([0, 1, 0, 0, 1, 0])
Y = torch.tensor([0, 1, 1, 2, 2, 0])
X = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
ROWS = torch.arange(6)


@pytest.mark.parametrize(
    ("scheme", "raw"),
    [
        ("inverse", [1 / 4, 1 / 2]),
        ("sqrt", [1 / 2, 1 / 2**0.5]),
        ("class_balanced", [0.1 / (1 - 0.9**4), 0.1 / (1 - 0.9**2)]),
    ],
)
def test_by_hand(scheme, raw):
    raw = torch.tensor(raw, dtype=torch.float64)
    summed = group_weights(SIZES, scheme, normalize="groups", b=0.9)
    torch.testing.assert_close(summed, 2 * raw / raw.sum(), rtol=1e-12, atol=0)
    mean1 = group_weights(SIZES, scheme, b=0.9)
    torch.testing.assert_close(mean1, 6 * raw / (4 * raw[0] + 2 * raw[1]), rtol=1e-12, atol=0)
    assert mean1[GROUPS].mean().item() == pytest.approx(1, abs=1e-12)


def test_inverse_weights_make_all_groups_count_the_same():
    torch.testing.assert_close(group_weights(SIZES), 6 / (2 * SIZES.double()), rtol=1e-12, atol=0)


def test_limits_of_b():
    assert group_weights(SIZES, "class_balanced", b=0.0).tolist() == [1, 1]
    nearly = group_weights(SIZES, "class_balanced", b=1 - 1e-12)
    torch.testing.assert_close(nearly, group_weights(SIZES), rtol=1e-10, atol=0)


@given(
    st.sampled_from(["inverse", "sqrt", "class_balanced"]),
    st.sampled_from(["mean1", "groups"]),
    st.integers(1, 10**6),
    st.integers(1, 9),
)
def test_equal_groups_are_plain_erm(scheme, normalize, size, n_groups):
    weights = group_weights(torch.full((n_groups,), size), scheme, normalize=normalize)
    torch.testing.assert_close(weights, torch.ones(n_groups).double(), rtol=1e-12, atol=0)


def gradient(loss_of):
    """Gradient of a loss of logits, in double precision."""
    weight = torch.full((3, 3), 0.3, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(loss_of(X @ weight), weight)[0]


def reweighted(logits):
    objective = MeanLoss(group_weights(SIZES)[GROUPS], normalize=False)
    return objective(logits, Y, GROUPS, ROWS)


def balanced(logits):
    return group_means(cross_entropy(logits, Y, reduction="none"), GROUPS, 2)[0].mean()


def test_the_gradient_over_all_rows_is_that_of_the_mean_over_groups():
    expected = gradient(balanced)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(gradient(reweighted), expected, rtol=0, atol=1e-10)


def test_it_is_that_of_group_dro_without_steps():
    robust = gradient(lambda z: GroupDROLoss(SIZES, step_size=0.0)(z, Y, GROUPS, ROWS))
    torch.testing.assert_close(gradient(reweighted), robust, rtol=0, atol=1e-10)


def test_it_is_that_of_balanced_draws_in_expectation():
    # In four epochs the three places of each group take a row of group 0 three times and one of
    # group 1 six times: the mean over them is the expectation.
    sampler = BalancedSampler(GROUPS, batch_size=6, seed=0)
    epochs = [sampler.epoch() for _ in range(4)]
    steps = [gradient(lambda z, i=i: MeanLoss()(z[i], Y[i], GROUPS[i], i)) for i in epochs]
    assert not torch.allclose(steps[0], steps[1])
    torch.testing.assert_close(
        torch.stack(steps).mean(dim=0), gradient(reweighted), rtol=0, atol=1e-10
    )


def test_weights_within_groups():
    weight = torch.tensor([1.0, 5.0, 3.0, 2.0, 15.0, 2.0])
    ours = weights_within_groups(weight, GROUPS)
    assert ours.tolist() == [0.5, 0.5, 1.5, 1, 1.5, 1]
    losses = torch.randn(6)
    expected = group_means(losses, GROUPS, 2, weight)[0]
    torch.testing.assert_close(group_means(losses * ours, GROUPS, 2)[0], expected)
    assert weights_within_groups(None, GROUPS) is None
