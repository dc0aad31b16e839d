import math

import numpy as np
import pytest
import torch
from torch import nn

from skgroup import _data
from skgroup._data import as_rows
from skgroup.training._data import TrainingData
from skgroup.training._validation import SCORINGS, BestEpoch, Validation

# Groups of 2, 2 and 4 rows, of which 2, 1 and 1 are right; of each class 4, of which 3 and 1.
PREDICTED = [0, 1, 0, 1, 0, 0, 0, 0]
Y = torch.tensor([0, 1, 0, 0, 0, 1, 1, 1])
GROUPS = torch.tensor([0, 0, 1, 1, 2, 2, 2, 2])


def validation(scoring, *, groups=GROUPS, n_groups=3, y=Y):
    """Rows that an identity network takes for the classes in `PREDICTED`."""
    rows = as_rows(4.0 * np.eye(2)[PREDICTED])
    return Validation(TrainingData(rows, y, groups, n_groups), scoring)


RIGHT, WRONG = math.log1p(math.exp(-4)), math.log1p(math.exp(4))
BY_HAND = {
    "worst_group": (1 / 4, (1 + 1 / 2 + 1 / 4) / 3),
    "group_balanced": ((1 + 1 / 2 + 1 / 4) / 3, 1 / 4),
    "worst_class": (1 / 4, 1 / 2),
    "accuracy": (1 / 2, -(RIGHT + WRONG) / 2),
}


@pytest.mark.parametrize("scoring", SCORINGS)
def test_criteria_by_hand(scoring):
    score, statistics = validation(scoring).evaluate(nn.Identity())
    assert score == pytest.approx(BY_HAND[scoring], abs=1e-6)
    assert statistics.accuracy == 1 / 2
    assert statistics.group_accuracy == [1, 1 / 2, 1 / 4]


def test_empty_groups_and_classes_do_not_count():
    shifted = validation("worst_group", groups=GROUPS + 1, n_groups=5)
    assert shifted.evaluate(nn.Identity())[0] == pytest.approx(BY_HAND["worst_group"])
    one_class = validation("worst_class", y=torch.zeros(8, dtype=torch.int64))
    assert one_class.evaluate(nn.Identity())[0] == (6 / 8, 6 / 8)


def test_a_callable_gets_codes():
    given = {}

    def scoring(y_true, y_pred, groups):
        given.update(y_true=y_true, y_pred=y_pred, groups=groups)
        return np.float32(0.25)

    score, _ = validation(scoring).evaluate(nn.Identity())
    assert score == (0.25, 1 / 2)  # accuracy breaks ties
    assert given["y_true"].tolist() == Y.tolist()
    assert given["y_pred"].tolist() == PREDICTED
    assert given["groups"].tolist() == GROUPS.tolist()


def test_the_network_is_in_eval_mode_and_without_gradients():
    class Watched(nn.Dropout):
        def forward(self, x):
            modes.append((self.training, torch.is_grad_enabled()))
            return super().forward(x)

    modes = []
    module = Watched(p=0.999)
    assert validation("worst_group").evaluate(module)[0] == pytest.approx(BY_HAND["worst_group"])
    assert modes == [(False, False)]


def test_blocks_do_not_matter(monkeypatch):
    monkeypatch.setattr(_data, "rows_per_block", lambda rows: 3)
    score, statistics = validation("accuracy").evaluate(nn.Identity())
    assert score == pytest.approx(BY_HAND["accuracy"], abs=1e-6)
    assert statistics.group_accuracy == [1, 1 / 2, 1 / 4]


def watch(scores, patience):
    """Feed scores, one an epoch, with the epoch as weight; the best epoch and the last."""
    module, best = nn.Linear(1, 1, bias=False), BestEpoch(patience)
    for epoch, score in enumerate(scores):
        nn.init.constant_(module.weight, epoch)
        if best.should_stop(score, module):
            break
    best.restore(module)
    return module.weight.item(), epoch


NAN = math.nan


@pytest.mark.parametrize(
    ("scores", "patience", "best", "last"),
    [
        ([(1, 0), (3, 0), (2, 0), (2, 0), (9, 0)], 2, 1, 3),
        ([(1, 0), (3, 0), (2, 0), (2, 0), (9, 0)], 3, 4, 4),
        ([(3, 0), (2, 0)], 1, 0, 1),
        ([(1, 0), (1, 1), (1, 0.5)], 9, 1, 2),  # the second number breaks ties
        ([(1, 1), (1, 1), (1, 1)], 2, 0, 2),  # of equals the first is kept, and waiting goes on
        ([(1, 0), (0, 0), (2, 0), (1, 0), (1, 0)], 2, 2, 4),  # a better one resets the wait
        ([(NAN, 0), (0, 0), (NAN, 5)], 9, 1, 2),
        ([(0, NAN), (0, -5)], 9, 1, 1),
        ([(NAN, NAN), (NAN, NAN)], 1, 0, 1),
    ],
)
def test_best_epoch_by_hand(scores, patience, best, last):
    assert watch(scores, patience) == (best, last)


def test_kept_weights_do_not_change_with_the_network():
    module, best = nn.BatchNorm1d(2), BestEpoch(1)
    best.should_stop((1, 0), module)
    with torch.no_grad():
        for values in module.state_dict().values():
            values += 7
    best.restore(module)
    fresh = nn.BatchNorm1d(2).state_dict()
    assert all(torch.equal(v, fresh[k]) for k, v in module.state_dict().items())


def test_nothing_is_restored_before_the_first_epoch():
    module = nn.Linear(2, 2)
    before = module.weight.clone()
    BestEpoch(1).restore(module)
    assert torch.equal(module.weight, before)


def test_state_goes_on():
    module, first = nn.Linear(1, 1), BestEpoch(2)
    nn.init.constant_(module.weight, 5)
    first.should_stop((1.0, 0.0), module)
    first.should_stop((0.5, 0.0), module)
    second = BestEpoch(2)
    second.load_state_dict(first.state_dict())
    nn.init.constant_(module.weight, 6)
    assert second.should_stop((0.9, 0.0), module)  # worse for the second time
    second.restore(module)
    assert module.weight.item() == 5
