import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup._mixing import Mix
from skgroup.objectives import MeanLoss, MixedLoss

EVERY = torch.arange(8)


def mixture(n_pairs=4, n_classes=3):
    mixed = torch.randn(n_pairs, n_classes, dtype=torch.float64, requires_grad=True)
    y = torch.randint(n_classes, (2 * n_pairs,))
    return SimpleNamespace(mixed=mixed, share=torch.rand(n_pairs, dtype=torch.float64)), y


def test_by_hand():
    # Probabilities 3/4 and 1/4, and then 1/5 and 4/5.
    mixed = torch.tensor([[3.0, 1.0], [1.0, 4.0]], dtype=torch.float64).log()
    output = SimpleNamespace(mixed=mixed, share=torch.tensor([0.25, 0.9], dtype=torch.float64))
    y = torch.tensor([0, 1, 1, 0])  # anchors are of classes 0 and 1, partners of 1 and 0
    loss = MixedLoss()(output, y, y, EVERY[:4])
    first = 0.25 * math.log(4 / 3) + 0.75 * math.log(4)
    second = 0.9 * math.log(5 / 4) + 0.1 * math.log(5)
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-12)
    # Weights are those of the anchors, over the mean weight of the training rows, which is 3.
    weight = torch.tensor([1.0, 3.0, 7.0, 1.0], dtype=torch.float64)
    loss = MixedLoss(weight)(output, y, y, torch.tensor([2, 0, 1, 3]))
    assert loss.item() == pytest.approx((7 * first + 1 * second) / 2 / 3, rel=1e-12)


def test_it_is_the_cross_entropy_of_mixed_labels():
    output, y = mixture()
    share = output.share[:, None]
    labels = nn.functional.one_hot(y, 3)
    expected = cross_entropy(output.mixed, share * labels[:4] + (1 - share) * labels[4:])
    torch.testing.assert_close(MixedLoss()(output, y, y, EVERY), expected, rtol=0, atol=1e-12)


def test_the_gradient_is_probabilities_minus_mixed_labels():
    output, y = mixture()
    (ours,) = torch.autograd.grad(MixedLoss()(output, y, y, EVERY), output.mixed)
    share = output.share[:, None]
    labels = nn.functional.one_hot(y, 3)
    target = share * labels[:4] + (1 - share) * labels[4:]
    expected = (torch.softmax(output.mixed, dim=1) - target) / 4
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("per_pair", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_whole_shares_are_the_mean_loss_of_the_chosen_rows(per_pair, weighted):
    main = nn.Linear(2, 3).double()
    x, y = torch.randn(40, 2, dtype=torch.float64), torch.randint(3, (40,))
    output = Mix(main, alpha=1e-9, per_pair=per_pair)(x)
    assert set(output.share.tolist()) <= {0.0, 1.0}
    assert len(set(output.share.tolist())) == (2 if per_pair else 1)
    index = torch.arange(40)
    chosen = torch.where(output.share == 1, index[:20], index[20:])
    if not weighted:
        loss = MixedLoss()(output, y, y, index)
        expected = MeanLoss()(main(x[chosen]), y[chosen], y[chosen], chosen)
    else:  # a pair has the weight of its anchor, whichever row is chosen
        weight = torch.rand(40, dtype=torch.float64)
        loss = MixedLoss(weight)(output, y, y, index)
        losses = cross_entropy(main(x[chosen]), y[chosen], reduction="none")
        expected = (weight[:20] * losses).mean() / weight.mean()
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-12)


def test_rows_mixed_with_themselves_are_plain_rows():
    main = nn.Linear(2, 3).double()
    x, y = torch.randn(5, 2, dtype=torch.float64), torch.randint(3, (5,))
    index, weight = torch.arange(5), torch.rand(5, dtype=torch.float64)
    twice = [torch.cat([part, part]) for part in (x, y, index)]
    output = Mix(main, alpha=2.0, per_pair=True)(twice[0])
    for given in (None, weight):
        loss = MixedLoss(given)(output, twice[1], twice[1], twice[2])
        plain = MeanLoss(given)(main(x), y, y, index)
        torch.testing.assert_close(loss, plain, rtol=0, atol=1e-12)
        ours, theirs = (
            torch.autograd.grad(f, main.weight, retain_graph=True) for f in (loss, plain)
        )
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_only_ratios_of_weights_matter():
    output, y = mixture()
    weight = torch.rand(8, dtype=torch.float64)
    losses = [MixedLoss(scale * weight)(output, y, y, EVERY) for scale in (1, 7)]
    torch.testing.assert_close(*losses)
    plain = MixedLoss()(output, y, y, EVERY)
    torch.testing.assert_close(MixedLoss(torch.full((8,), 3.0))(output, y, y, EVERY), plain)


def test_the_weights_are_no_parameters():
    objective = MixedLoss(torch.ones(3))
    assert list(objective.parameters()) == []
    assert objective.state_dict()["sample_weight"].tolist() == [1, 1, 1]
