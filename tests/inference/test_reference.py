import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup._inputs import feature_statistics
from skgroup.inference._linear_reference import fit_linear
from skgroup.inference._reference import ClassifierReference, fit_module


def linear(X, y):
    return fit_linear(X, y, standardize=True, weight_decay=0.0, device="cpu")


def trained(X, y, **options):
    settings = {
        "module": lambda n_features, n_classes: nn.Linear(n_features, n_classes),
        "source": "head", "epochs": 1, "seeds": [1, 2, 3, 4], "batch_size": 50, "device": "cpu",
        "optimizer": "sgd", "lr": 0.01,
    }  # fmt: skip
    return fit_module(X, y, **settings | options)


def gradients(reference, X, y, sketch=None, seed=0):
    (found,) = reference.gradients(X, y, "head", sketch, seed)
    return found


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.mark.parametrize(("epochs", "n_snapshots"), [(0.1, 1), (0.5, 1), (1, 1), (2.5, 3)])
def test_a_snapshot_an_epoch(epochs, n_snapshots, draw):
    reference = trained(*draw(), epochs=epochs)
    assert len(reference.snapshots) == n_snapshots
    assert not any(module.training for module in reference.snapshots)
    assert torch.equal(weights(reference.snapshots[-1]), weights(reference.model.module_))


def test_snapshots_are_those_of_shorter_trainings(draw):
    X, y = draw()
    reference = trained(X, y, epochs=2.5)
    for epochs, snapshot in zip([1, 2, 2.5], reference.snapshots, strict=True):
        shorter = trained(X, y, epochs=epochs).model.module_
        assert torch.equal(weights(snapshot), weights(shorter))
    assert len({float(weights(module).norm()) for module in reference.snapshots}) == 3


def test_a_tenth_of_an_epoch_is_one_step_here(draw):
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


def test_seeds_of_weights_and_batches(draw):
    X, y = draw()
    seeds = [[1, 2, 3, 4], [1, 2, 3, 4], [0, 2, 3, 4], [1, 0, 3, 4]]
    first, again, *others = (weights(trained(X, y, seeds=s).model.module_) for s in seeds)
    assert torch.equal(first, again)
    for other in others:
        assert not torch.allclose(first, other)


def test_the_users_module_is_not_trained(draw):
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
def test_what_cannot_work_is_said_before_the_training(options, message, draw):
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
def test_gradients_of_a_logistic_regression_are_those_of_the_net(n_classes, draw):
    X, y = draw(n_classes)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8)).fit(X, y)
    net, classifier = linear(X, y), ClassifierReference(model, feature_statistics(X))
    found, expected = gradients(classifier, X, y), gradients(net, X, y)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(classifier.probabilities(X), net.probabilities(X), atol=2e-5)
    # The same random projection
    found, expected = (gradients(r, X, y, sketch=4, seed=3) for r in (classifier, net))
    assert found.shape == (150, 4)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_classifier_has_no_other_layers(draw):
    X, y = draw()
    reference = ClassifierReference(LogisticRegression().fit(X, y), feature_statistics(X))
    with pytest.raises(ValueError, match=r"='all' needs a network.*LogisticRegression.*head"):
        reference.n_columns(X, "all")
