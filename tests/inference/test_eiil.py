import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from torch import nn

from skgroup import EIILGroupInferrer, ErrorGroupInferrer, get_groups
from skgroup.exceptions import UnusableSplitWarning
from skgroup.metrics import group_agreement

Quick = partial(EIILGroupInferrer, max_steps=2000, random_state=0)


def slopes(inferrer, X, y):
    """From the probabilities of the reference: loss minus entropy."""
    p = inferrer._probabilities(X)
    return (p * np.log(p)).sum(axis=1) - np.log(p[np.arange(len(y)), y])


@pytest.mark.parametrize("scope", ["global", "class"])
@pytest.mark.parametrize("solver", ["adam", "exact"])
def test_separated_groups_are_found(blobs, solver, scope):
    X, y, truth = blobs
    inferrer = EIILGroupInferrer(solver, scope=scope, random_state=0).fit(X, y)
    agreement = group_agreement(truth, inferrer.groups_, y)["within_class_ari"]
    assert agreement == 1 if solver == "exact" else agreement > 0.8
    same = inferrer.groups_ == inferrer.predict(X, y)
    assert same.mean() >= (1 if solver == "exact" else 0.95)


@pytest.mark.parametrize("scope", ["global", "class"])
def test_the_exact_environments_are_the_signs_of_the_slopes(draw, scope):
    X, y = draw(3)
    inferrer = Quick("exact", scope=scope).fit(X, y)
    positive = slopes(inferrer, X, y) > 0
    table = inferrer.group_table_
    np.testing.assert_array_equal(table["cluster"][inferrer.groups_], positive)
    np.testing.assert_array_equal(table["class"][inferrer.groups_], y)
    # Class by class, environment 0 before environment 1
    np.testing.assert_array_equal(inferrer.groups_, 2 * y + positive)
    assert table["group"].tolist() == list(range(6)) == list(range(inferrer.n_groups_))


@pytest.mark.parametrize("scope", ["global", "class"])
def test_the_second_environment_has_the_larger_slopes(draw, scope):
    X, y = draw()
    for seed in range(4):
        inferrer = Quick(scope=scope, max_steps=300, random_state=seed).fit(X, y)
        environment = inferrer.group_table_["cluster"][inferrer.groups_]
        for part in [y >= 0] if scope == "global" else [y == 0, y == 1]:
            s = slopes(inferrer, X, y)[part]
            assert s[environment[part] == 1].mean() > s[environment[part] == 0].mean()


def test_with_two_classes_the_exact_environments_are_the_errors(draw):
    X, y = draw()
    exact = Quick("exact").fit(X, y)
    errors = ErrorGroupInferrer().fit(X, y)
    np.testing.assert_array_equal(exact.groups_, errors.groups_)
    assert exact.n_groups_ == 4
    wrong = exact.reference_.predict_proba(X.astype(np.float32)).argmax(axis=1) != y
    np.testing.assert_array_equal(exact.groups_, 2 * y + wrong)


def test_with_more_classes_they_are_not(draw):
    X, y = draw(4, n_rows=600)
    assert (Quick("exact").fit(X, y).groups_ != ErrorGroupInferrer().fit(X, y).groups_).any()


def test_adam_agrees_with_the_exact_solver(draw):
    X, y = draw()
    exact = Quick("exact").fit_predict(X, y)
    assert (EIILGroupInferrer(random_state=0).fit_predict(X, y) == exact).mean() > 0.9
    assert (EIILGroupInferrer(max_steps=1, random_state=0).fit_predict(X, y) == exact).mean() < 0.7
    assert (Quick(max_steps=200, step_size=0.1).fit_predict(X, y) == exact).mean() > 0.9


def test_permuted_rows_have_permuted_groups(draw):
    X, y = draw()
    order = np.random.default_rng(0).permutation(len(y))
    found = Quick("exact").fit_predict(X, y)
    np.testing.assert_array_equal(Quick("exact").fit_predict(X[order], y[order]), found[order])


def test_classes_on_their_own(draw):
    X, y = draw()
    inferrer = Quick(scope="class", max_steps=300).fit(X, y)
    # The other class can be anything, as long as the reference is the same.
    model = inferrer.reference_.module_
    X_other = np.where(y[:, None] == 1, -X, X)
    other = Quick(scope="class", max_steps=300, reference=model).fit(X_other, y)
    same = Quick(scope="class", max_steps=300, reference=model).fit(X, y)
    np.testing.assert_array_equal(other.groups_[y == 0], same.groups_[y == 0])
    assert (other.groups_ != same.groups_).any()


def test_embedding_is_the_slope(draw):
    X, y = draw(3)
    inferrer = Quick("exact").fit(X, y)
    np.testing.assert_allclose(inferrer.embed(X, y), slopes(inferrer, X, y)[:, None], atol=1e-12)
    predicted = inferrer._probabilities(X).argmax(axis=1)
    np.testing.assert_array_equal(inferrer.embed(X), inferrer.embed(X, predicted))
    assert 0 < inferrer.score(X, y) <= 1


def test_validation_rows_get_the_groups_of_the_rule(draw):
    X, y = draw()
    X_val, y_val = draw(seed=1)
    inferrer = Quick(max_steps=300).fit(X, y, X_val, y_val)
    np.testing.assert_array_equal(inferrer.groups_val_, inferrer.predict(X_val, y_val))
    np.testing.assert_array_equal(inferrer.groups_, Quick(max_steps=300).fit_predict(X, y))


def test_a_class_in_one_environment_stays_one_group():
    # All rows of class "b" are alike; those of "a" and "c" are not.
    X = np.array([[0.0], [0.0], [9.0], [9.0], [9.0], [0.0], [20.0], [20.0], [20.0]])
    y = np.array(list("aaabbaccc"))
    with pytest.warns(UnusableSplitWarning) as caught:
        inferrer = Quick("exact").fit(X, y)
    reason = "all its rows are in one environment"
    assert [str(w.message) for w in caught] == [
        f"class 'b' stays one group: {reason}",
        f"class 'c' stays one group: {reason}",
    ]
    assert {w.filename for w in caught} == {__file__}
    assert inferrer.groups_.tolist() == [0, 0, 1, 2, 2, 0, 3, 3, 3]
    # New rows of such a class are in its only group, whatever their slope.
    assert inferrer.predict([[0.0], [20.0]], ["b", "b"]).tolist() == [2, 2]


REFERENCES = {
    "module": {"module": nn.Linear(3, 2), "epochs": 2, "batch_size": 50, "lr": 0.01},
    "built": {"module": nn.Linear},
    "forest": {"reference": RandomForestClassifier(5, max_depth=3)},
    "net": {"reference": nn.Linear(3, 2)},
    "weak": {"weight_decay": 1.0, "standardize": False},
}


@pytest.mark.parametrize("options", REFERENCES.values(), ids=REFERENCES)
def test_references(draw, options):
    X, y = draw()
    first, again = (Quick(**options, max_steps=200).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.groups_, again.groups_)
    assert set(first.group_table_["cluster"]) == {0, 1}
    linear = Quick(max_steps=200).fit(X, y)
    assert abs(first._probabilities(X) - linear._probabilities(X)).max() > 1e-3


def test_a_module_without_a_linear_head(draw):
    class Distances(nn.Module):
        def __init__(self):
            super().__init__()
            self.centres = nn.Parameter(torch.tensor([[0.0, 5.0, -3.0], [1.0, 0.0, -3.0]]))

        def forward(self, x):
            return -torch.cdist(x, self.centres)

    X, y = draw()
    assert Quick("exact", module=Distances()).fit(X, y).n_groups_ == 4


def test_seeds(draw):
    X, y = draw()
    states = np.random.get_state()[1].copy(), torch.get_rng_state()
    settings = {"max_steps": 500}
    first, again, other = (
        Quick(**settings, random_state=seed).fit_predict(X, y) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (np.random.get_state()[1] == states[0]).all()
    assert torch.equal(torch.get_rng_state(), states[1])


def test_inputs(draw):
    X, y = draw()
    found = Quick("exact").fit_predict(X, y)
    names = np.array(["no", "yes"])[y]
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    np.testing.assert_array_equal(Quick("exact").fit_predict(frame, pd.Series(names)), found)
    np.testing.assert_array_equal(Quick("exact").fit_predict(sparse.csr_matrix(X), names), found)
    tensor = Quick("exact", module=nn.Linear(3, 2)).fit(torch.tensor(X).float(), y)
    assert tensor.n_groups_ == 4
    carried = get_groups(Quick("exact").fit_transform(X, y))
    np.testing.assert_array_equal(carried, found)


def test_clones_and_pickles(draw):
    X, y = draw()
    inferrer = Quick(max_steps=50, reference=LogisticRegression()).fit(X, y)
    again = pickle.loads(pickle.dumps(inferrer))
    np.testing.assert_array_equal(again.predict(X, y), inferrer.predict(X, y))
    assert clone(inferrer).get_params().keys() == inferrer.get_params().keys()
    assert not hasattr(clone(inferrer), "groups_")


def test_module_and_reference_exclude_each_other(draw):
    with pytest.raises(ValueError, match="module and reference were both given"):
        Quick(module=nn.Linear(3, 2), reference=nn.Linear(3, 2)).fit(*draw())


@pytest.mark.parametrize(
    "options", [{"solver": "sgd"}, {"scope": "all"}, {"step_size": 0.0}, {"max_steps": 0}]
)
def test_parameters_out_of_range(draw, options):
    with pytest.raises(ValueError, match=f"The '{next(iter(options))}' parameter of EIILGroup"):
        EIILGroupInferrer(**options).fit(*draw())
