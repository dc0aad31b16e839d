"""Models that the user brings as the reference, fitted or not."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNetClassifier
from torch import nn

from skgroup import ERMClassifier
from skgroup.inference._reference import NetReference, wrap_reference

CLASSES = np.array(["a", "b", "c"])


def wrapped(reference, X, y, *, classes=None, names=None, seed=0):
    classes = np.unique(y) if classes is None else classes
    return wrap_reference(reference, X, y, classes, names=names, seed=seed, device="cpu")


def gradients(reference, X, y):
    (found,) = reference.gradients(X, y, "head", None, 0)
    return found


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


CLASSIFIERS = [
    LogisticRegression(),
    RandomForestClassifier(3, max_depth=3, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_classifier_that_is_not_fitted_is_cloned(model, draw):
    X, y = draw()
    labels = CLASSES[:2]
    reference = wrapped(model, X, y, classes=labels)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert reference.model.classes_.tolist() == ["a", "b"]
    expected = clone(model).fit(X, labels[y]).predict_proba(X)
    np.testing.assert_array_equal(reference.probabilities(X), expected)


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_fitted_classifier_is_used_as_it_is(model, draw):
    X, y = draw()
    fitted = clone(model).fit(X, y)
    before = pickle.dumps(fitted)
    reference = wrapped(fitted, X[:20], 1 - y[:20])
    assert reference.model is fitted
    assert gradients(reference, X[:20], y[:20]).shape == (20, 8)
    assert pickle.dumps(fitted) == before


def skorch_net(**options):
    return NeuralNetClassifier(
        nn.Linear, module__in_features=3, module__out_features=2, criterion=nn.CrossEntropyLoss,
        max_epochs=1, verbose=0, train_split=None, **options,
    )  # fmt: skip


def test_a_skorch_net_that_is_not_fitted_is_cloned(draw):
    X, y = draw()
    net = skorch_net()
    reference = wrapped(net, X, y)
    assert not net.initialized_
    assert type(reference) is NetReference
    again, other = wrapped(net, X, y), wrapped(net, X, y, seed=1)
    assert torch.equal(weights(reference.snapshots[0]), weights(again.snapshots[0]))
    assert not torch.equal(weights(reference.snapshots[0]), weights(other.snapshots[0]))


def test_a_skorch_net_takes_tensors(draw):
    X, y = draw()
    rows = torch.tensor(X, dtype=torch.float32)
    expected = wrapped(skorch_net(), X, y).snapshots[0]
    assert torch.equal(weights(wrapped(skorch_net(), rows, y).snapshots[0]), weights(expected))


def erm():
    return ERMClassifier(hidden_layer_sizes=(), max_epochs=1, early_stopping=False, random_state=0)


@pytest.mark.parametrize("make", [skorch_net, erm, lambda: nn.Linear(3, 2)])
def test_a_fitted_net_is_left_alone(make, draw):
    X, y = draw()
    given = make()
    if not isinstance(given, nn.Module):
        given.fit(X.astype(np.float32), y)
    module = given if isinstance(given, nn.Module) else getattr(given, "net_", given).module_
    module.train()
    before = weights(module)
    reference = wrapped(given, X, y)
    (snapshot,) = reference.snapshots
    assert snapshot is not module
    assert not snapshot.training
    assert module.training
    assert torch.equal(weights(snapshot), before)
    with torch.no_grad():
        expected = torch.softmax(module.eval()(torch.tensor(X).float()), dim=1)
    np.testing.assert_allclose(reference.probabilities(X), expected, atol=1e-6)


def test_a_group_classifier_that_is_not_fitted_is_cloned(draw):
    X, y = draw()
    classifier = erm()
    reference = wrapped(classifier, X, y, classes=CLASSES[:2])
    assert not hasattr(classifier, "net_")
    expected = erm().fit(X, CLASSES[y]).predict_proba(X)
    np.testing.assert_allclose(reference.probabilities(X), expected, atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3, max_depth=2),
        make_pipeline(StandardScaler(), RandomForestClassifier(3, max_depth=2)),
        ERMClassifier(hidden_layer_sizes=(), max_epochs=1),
        skorch_net(),
    ],
    ids=["forest", "pipeline", "erm", "skorch"],
)
def test_the_seed_reaches_references_without_one(model, draw):
    X, y = draw()
    states = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again, other = (wrapped(model, X, y, seed=seed).probabilities(X) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
    assert (np.random.get_state()[1] == states[0]).all()
    assert torch.equal(torch.get_rng_state(), states[1])


def test_the_seed_of_a_reference_is_its_own(draw):
    X, y = draw()
    model = RandomForestClassifier(3, max_depth=2, random_state=5)
    found = wrapped(model, X, y, seed=0).model
    assert found.random_state == 5


def test_references_with_other_classes(draw):
    X, y = draw(3)
    fitted = LogisticRegression().fit(X, CLASSES[y])
    message = r"fitted on the classes \['a', 'b', 'c'\], but y has \['a', 'b'\]"
    with pytest.raises(ValueError, match=message):
        wrapped(fitted, X, np.minimum(y, 1), classes=CLASSES[:2])
    with pytest.raises(ValueError, match=r"logits of shape \(n_samples, 2\)"):
        wrapped(nn.Linear(3, 3), X, np.minimum(y, 1))
    assert wrapped(fitted, X, y, classes=CLASSES).model is fitted


def test_probabilities_are_no_logits(draw):
    X, y = draw()
    module = nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="reference returns probabilities: remove its last soft"):
        wrapped(module, X, y)


def test_log_probabilities_are_logits(draw):
    X, y = draw()
    head = nn.Linear(3, 2)
    found = wrapped(nn.Sequential(head, nn.LogSoftmax(dim=1)), X, y)
    expected = wrapped(head, X, y)
    np.testing.assert_allclose(found.probabilities(X), expected.probabilities(X), atol=1e-6)
    np.testing.assert_allclose(gradients(found, X, y), gradients(expected, X, y), atol=1e-5)


class NeverFits(LinearSVC):
    def fit(self, X, y):
        raise AssertionError("training began")


def test_references_that_cannot_give_gradients(draw):
    X, y = draw()
    message = r"cannot give gradients: pass a torch module, a skorch net, or a classifier with pre"
    with pytest.raises(TypeError, match=f"reference NeverFits {message}"):
        wrapped(NeverFits(), X, y)
    fitted = LogisticRegression().fit(X, y)
    with pytest.raises(TypeError, match=f"reference LogisticRegression {message}"):
        wrapped(fitted, X[:, :, None], y)
    with pytest.raises(TypeError, match=f"reference LogisticRegression {message}"):
        wrapped(fitted, {"x": X}, y)


def test_columns_that_a_reference_picks_by_name(draw):
    X, y = draw()
    names = np.array(["a", "b", "c"], dtype=object)
    by_name = make_column_transformer((StandardScaler(), ["b", "c"]), remainder="passthrough")
    model = make_pipeline(by_name, LogisticRegression())
    frame = pd.DataFrame(X, columns=names)
    expected = clone(model).fit(frame, y).predict_proba(frame)
    for reference in (model, clone(model).fit(frame, y)):
        found = wrapped(reference, X, y, names=names)
        np.testing.assert_array_equal(found.probabilities(X), expected)
        assert gradients(found, X, y).shape == (150, 8)


def test_a_reference_that_knows_no_names_is_not_given_any(draw):
    X, y = draw()
    names = np.array(["a", "b", "c"], dtype=object)
    fitted = LogisticRegression().fit(X, y)
    found = wrapped(fitted, X, y, names=names)  # scikit-learn would warn
    np.testing.assert_array_equal(found.probabilities(X), fitted.predict_proba(X))


def test_sparse_frames(draw):
    X, y = draw()
    rows, names = sparse.csr_matrix(X), np.array(["a", "b", "c"], dtype=object)
    found = wrapped(LogisticRegression(), rows, y, names=names)
    expected = wrapped(LogisticRegression(), X, y)
    np.testing.assert_allclose(found.probabilities(rows), expected.probabilities(X), atol=1e-4)
    found, expected = gradients(found, rows, y), gradients(expected, X, y)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("make", [LogisticRegression, erm])
def test_references_with_other_columns(make, draw):
    X, y = draw()
    fitted = make().fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    names = np.array(["b", "a", "c"], dtype=object)
    with pytest.raises(ValueError, match=r"on the features \['a', 'b', 'c'\], but X has \['b'"):
        wrapped(fitted, X, y, names=names)
