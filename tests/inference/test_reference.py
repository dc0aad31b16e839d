import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
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
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier
from skgroup._inputs import feature_statistics
from skgroup.inference._reference import (
    ClassifierReference,
    NetReference,
    fit_linear,
    fit_module,
    wrap_reference,
)

CLASSES = np.array(["a", "b", "c"])


def draw(n_classes=2, n_rows=150, seed=0):
    """Overlapping classes, and columns of different means and deviations."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    y = (X @ rng.normal(size=(3, n_classes)) + rng.gumbel(size=(n_rows, n_classes))).argmax(axis=1)
    return X * [1.0, 10.0, 0.1] + [0.0, 5.0, -3.0], y


def linear(X, y, *, standardize=True, weight_decay=0.0):
    return fit_linear(X, y, standardize=standardize, weight_decay=weight_decay, device="cpu")


def trained(X, y, **options):
    settings = {
        "module": lambda n_features, n_classes: nn.Linear(n_features, n_classes),
        "source": "head", "epochs": 1, "seeds": [1, 2, 3, 4], "batch_size": 50, "device": "cpu",
        "optimizer": "sgd", "lr": 0.01,
    }  # fmt: skip
    return fit_module(X, y, **settings | options)


def wrapped(reference, X, y, *, classes=None, names=None, seed=0):
    classes = np.unique(y) if classes is None else classes
    return wrap_reference(reference, X, y, classes, names=names, seed=seed, device="cpu")


def gradients(reference, X, y, sketch=None, seed=0):
    (found,) = reference.gradients(X, y, "head", sketch, seed)
    return found


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_reference_is_an_unpenalised_logistic_regression(n_classes, standardize):
    X, y = draw(n_classes)
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8)).fit(X, y)
    reference = linear(X, y, standardize=standardize)
    np.testing.assert_allclose(reference.probabilities(X), expected.predict_proba(X), atol=2e-5)
    in_net = reference.model.predict_proba(X.astype(np.float32))
    np.testing.assert_allclose(in_net, expected.predict_proba(X), atol=2e-5)


@pytest.mark.parametrize("sparse_rows", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_reference_is_where_torch_would_stop(n_classes, weight_decay, sparse_rows):
    X, y = draw(n_classes)
    reference = linear(sparse.csr_matrix(X) if sparse_rows else X, y, weight_decay=weight_decay)
    module = copy.deepcopy(reference.model.module_).double()
    loss = cross_entropy(module(torch.tensor(X)), torch.tensor(y))
    head = module.head
    for_weight, for_bias = torch.autograd.grad(loss, [head.weight, head.bias])
    assert (for_weight + weight_decay * head.weight).norm() < 1e-4
    assert for_bias.norm() < 1e-4
    assert head.weight.norm() > 0.1


@pytest.mark.parametrize("standardize", [True, False])
def test_linear_reference_of_sparse_rows_is_that_of_dense_rows(standardize):
    X, y = draw(3)
    X[X < 0.05] = 0
    dense = linear(X, y, standardize=standardize, weight_decay=0.01)
    found = linear(sparse.csr_matrix(X), y, standardize=standardize, weight_decay=0.01)
    head, expected = found.model.module_.head, dense.model.module_.head
    torch.testing.assert_close(head.weight, expected.weight, rtol=0, atol=1e-4)
    torch.testing.assert_close(head.bias, expected.bias, rtol=0, atol=1e-4)
    found_p = found.probabilities(sparse.csr_matrix(X))
    np.testing.assert_allclose(found_p, dense.probabilities(X), atol=1e-5)


def test_linear_reference_of_separable_classes_is_finite_and_right():
    y = np.repeat([0, 1], 30)
    X = np.column_stack([2.0 * y - 1, np.random.default_rng(0).normal(size=60)])
    reference = linear(X, y)
    assert weights(reference.model.module_).isfinite().all()
    assert reference.probabilities(X)[np.arange(60), y].min() > 0.99


def test_a_constant_column_changes_nothing():
    X, y = draw()
    more = np.column_stack([X, np.full(len(X), 7.0)])
    expected = linear(X, y).probabilities(X)
    np.testing.assert_allclose(linear(more, y).probabilities(more), expected, atol=1e-5)


@pytest.mark.parametrize(("epochs", "n_snapshots"), [(0.1, 1), (0.5, 1), (1, 1), (2.5, 3)])
def test_a_snapshot_an_epoch(epochs, n_snapshots):
    reference = trained(*draw(), epochs=epochs)
    assert len(reference.snapshots) == n_snapshots
    assert not any(module.training for module in reference.snapshots)
    assert torch.equal(weights(reference.snapshots[-1]), weights(reference.model.module_))


def test_snapshots_are_those_of_shorter_trainings():
    X, y = draw()
    reference = trained(X, y, epochs=2.5)
    for epochs, snapshot in zip([1, 2, 2.5], reference.snapshots, strict=True):
        shorter = trained(X, y, epochs=epochs).model.module_
        assert torch.equal(weights(snapshot), weights(shorter))
    assert len({float(weights(module).norm()) for module in reference.snapshots}) == 3


def test_a_tenth_of_an_epoch_is_one_step_here():
    X, y = draw()  # three batches of 50
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    second.load_state_dict(first.state_dict())
    reference = trained(X, y, module=first, epochs=0.1, optimizer="sgd")
    order = torch.randperm(150, generator=torch.Generator().manual_seed(2))[:50]
    loss = cross_entropy(second(torch.tensor(X[order]).float()), torch.tensor(y)[order])
    loss.backward()
    with torch.no_grad():
        for p in second.parameters():
            p -= 0.01 * p.grad
    torch.testing.assert_close(weights(reference.model.module_), weights(second))


def test_the_users_module_is_not_trained():
    module = nn.Linear(3, 2)
    before = weights(module).clone()
    reference = trained(*draw(), module=module)
    assert torch.equal(weights(module), before)
    assert not torch.equal(weights(reference.model.module_), before)


def no_optimizer(parameters):
    raise AssertionError("training began")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "layer:body"}, r"one of \['0', '2'\]; got 'layer:body'"),
        ({"source": "everything"}, "source must be 'head'.*got 'everything'"),
        ({"module": nn.Linear(3, 5)}, r"logits of shape \(n_samples, 2\).*returned \(2, 5\)"),
        ({"module": nn.Linear(4, 2)}, "module cannot process X"),
        ({"module": nn.Sequential(nn.Linear(3, 2), nn.Softmax(1))}, "module returns probabilities"),
    ],
)
def test_what_cannot_work_is_said_before_the_training(options, message):
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=message):
        trained(*draw(), **{"module": module} | options, optimizer=no_optimizer)


class Coin(ClassifierMixin, BaseEstimator):
    """Gives the first class probabilities of .75, .5, .75, .5 and so on."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        first = np.resize([0.75, 0.5], X.shape[0])
        return np.column_stack([first, 1 - first])


@pytest.mark.parametrize("convert", [np.array, sparse.csr_matrix])
def test_gradients_of_a_classifier_by_hand(convert):
    X = convert([[1.0, 4.0], [3.0, 4.0]])  # standardised: -1 and 1, and a constant
    reference = ClassifierReference(Coin(), feature_statistics(X))
    assert reference.n_columns(X, "head") == 6
    found = gradients(reference, X, np.array([0, 1]))
    assert found.tolist() == [[0.25, 0, -0.25, -0.25, 0, 0.25], [0.5, 0, 0.5, -0.5, 0, -0.5]]


def test_gradients_of_a_classifier_do_not_depend_on_the_blocks():
    # More rows than one block has
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8200, 2)), rng.integers(2, size=8200)
    mean, scale = feature_statistics(X)
    reference = ClassifierReference(Coin(), (mean, scale))
    inputs = np.column_stack([(X - mean) / scale, np.ones(len(X))])
    d = Coin().predict_proba(X) - np.eye(2)[y]
    expected = (d[:, :, None] * inputs[:, None, :]).reshape(len(X), -1)
    np.testing.assert_allclose(gradients(reference, X, y), expected, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_of_a_logistic_regression_are_those_of_the_net(n_classes):
    X, y = draw(n_classes)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8)).fit(X, y)
    net, classifier = linear(X, y), wrapped(model, X, y)
    assert type(classifier) is ClassifierReference
    found, expected = gradients(classifier, X, y), gradients(net, X, y)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(classifier.probabilities(X), net.probabilities(X), atol=2e-5)
    # The same random projection
    found, expected = (gradients(r, X, y, sketch=4, seed=3) for r in (classifier, net))
    assert found.shape == (150, 4)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_classifier_has_no_other_layers():
    X, y = draw()
    with pytest.raises(ValueError, match=r"='all' needs a network.*LogisticRegression.*head"):
        wrapped(LogisticRegression().fit(X, y), X, y).n_columns(X, "all")


CLASSIFIERS = [
    LogisticRegression(),
    RandomForestClassifier(3, max_depth=3, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_classifier_that_is_not_fitted_is_cloned(model):
    X, y = draw()
    labels = CLASSES[:2]
    reference = wrapped(model, X, y, classes=labels)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert reference.model.classes_.tolist() == ["a", "b"]
    expected = clone(model).fit(X, labels[y]).predict_proba(X)
    np.testing.assert_array_equal(reference.probabilities(X), expected)


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_a_fitted_classifier_is_used_as_it_is(model):
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


def test_a_skorch_net_that_is_not_fitted_is_cloned():
    X, y = draw()
    net = skorch_net()
    reference = wrapped(net, X, y)
    assert not net.initialized_
    assert type(reference) is NetReference
    again, other = wrapped(net, X, y), wrapped(net, X, y, seed=1)
    assert torch.equal(weights(reference.snapshots[0]), weights(again.snapshots[0]))
    assert not torch.equal(weights(reference.snapshots[0]), weights(other.snapshots[0]))


def test_a_skorch_net_takes_tensors():
    X, y = draw()
    rows = torch.tensor(X, dtype=torch.float32)
    expected = wrapped(skorch_net(), X, y).snapshots[0]
    assert torch.equal(weights(wrapped(skorch_net(), rows, y).snapshots[0]), weights(expected))


def erm():
    return ERMClassifier(hidden_layer_sizes=(), max_epochs=1, early_stopping=False, random_state=0)


@pytest.mark.parametrize("make", [skorch_net, erm, lambda: nn.Linear(3, 2)])
def test_a_fitted_net_is_left_alone(make):
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


def test_a_group_classifier_that_is_not_fitted_is_cloned():
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
def test_the_seed_reaches_references_without_one(model):
    X, y = draw()
    states = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again, other = (wrapped(model, X, y, seed=seed).probabilities(X) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
    assert (np.random.get_state()[1] == states[0]).all()
    assert torch.equal(torch.get_rng_state(), states[1])


def test_the_seed_of_a_reference_is_its_own():
    X, y = draw()
    model = RandomForestClassifier(3, max_depth=2, random_state=5)
    found = wrapped(model, X, y, seed=0).model
    assert found.random_state == 5


def test_references_with_other_classes():
    X, y = draw(3)
    fitted = LogisticRegression().fit(X, CLASSES[y])
    message = r"fitted on the classes \['a', 'b', 'c'\], but y has \['a', 'b'\]"
    with pytest.raises(ValueError, match=message):
        wrapped(fitted, X, np.minimum(y, 1), classes=CLASSES[:2])
    with pytest.raises(ValueError, match=r"logits of shape \(n_samples, 2\)"):
        wrapped(nn.Linear(3, 3), X, np.minimum(y, 1))
    assert wrapped(fitted, X, y, classes=CLASSES).model is fitted


def test_probabilities_are_no_logits():
    X, y = draw()
    module = nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="reference returns probabilities: remove its last soft"):
        wrapped(module, X, y)


def test_log_probabilities_are_logits():
    X, y = draw()
    head = nn.Linear(3, 2)
    found = wrapped(nn.Sequential(head, nn.LogSoftmax(dim=1)), X, y)
    expected = wrapped(head, X, y)
    np.testing.assert_allclose(found.probabilities(X), expected.probabilities(X), atol=1e-6)
    np.testing.assert_allclose(gradients(found, X, y), gradients(expected, X, y), atol=1e-5)


class NeverFits(LinearSVC):
    def fit(self, X, y):
        raise AssertionError("training began")


def test_references_that_cannot_give_gradients():
    X, y = draw()
    message = r"cannot give gradients: pass a torch module, a skorch net, or a classifier with pre"
    with pytest.raises(TypeError, match=f"reference NeverFits {message}"):
        wrapped(NeverFits(), X, y)
    fitted = LogisticRegression().fit(X, y)
    with pytest.raises(TypeError, match=f"reference LogisticRegression {message}"):
        wrapped(fitted, X[:, :, None], y)
    with pytest.raises(TypeError, match=f"reference LogisticRegression {message}"):
        wrapped(fitted, {"x": X}, y)


def test_columns_that_a_reference_picks_by_name():
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


def test_a_reference_that_knows_no_names_is_not_given_any():
    X, y = draw()
    names = np.array(["a", "b", "c"], dtype=object)
    fitted = LogisticRegression().fit(X, y)
    found = wrapped(fitted, X, y, names=names)  # scikit-learn would warn
    np.testing.assert_array_equal(found.probabilities(X), fitted.predict_proba(X))


@pytest.mark.parametrize("make", [LogisticRegression, erm])
def test_references_with_other_columns(make):
    X, y = draw()
    fitted = make().fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    names = np.array(["b", "a", "c"], dtype=object)
    with pytest.raises(ValueError, match=r"on the features \['a', 'b', 'c'\], but X has \['b'"):
        wrapped(fitted, X, y, names=names)
