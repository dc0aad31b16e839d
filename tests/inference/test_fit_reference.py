from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from skgroup.inference._fit_reference import document_reference, epochs_of_steps, fit_reference
from skgroup.inference._linear_reference import fit_linear
from skgroup.inference._reference import fit_module, wrap_reference

SEEDS = [1, 2, 3]


def asked(**options):
    """What an inferrer with these parameters would pass."""
    defaults = {
        "reference": "auto", "module": None, "epochs": None, "standardize": True,
        "optimizer": "adam", "lr": 0.01, "weight_decay": None, "batch_size": 50, "device": "cpu",
        "verbose": 0, "classes_": np.array([0, 1]),
    }  # fmt: skip
    return SimpleNamespace(**(defaults | options))


@pytest.mark.parametrize("options", [{}, {"reference": "linear"}, {"standardize": False}])
def test_the_linear_one(draw, options):
    X, y = draw()
    found = fit_reference(asked(**options), X, y, SEEDS)
    expected = fit_linear(
        X, y, standardize=options.get("standardize", True), weight_decay=0.01, device="cpu"
    )
    np.testing.assert_array_equal(found.probabilities(X), expected.probabilities(X))
    assert found.is_linear


@pytest.mark.parametrize("options", [{"reference": "ridge"}, {}])
@pytest.mark.parametrize("standardize", [True, False])
def test_ridge(draw, options, standardize):
    X, y = draw()
    found = fit_reference(asked(standardize=standardize, **options), X, y, SEEDS, auto="ridge")
    expected = fit_linear(
        X, y, by_effect=True, standardize=standardize, weight_decay=1.0, device="cpu"
    )
    np.testing.assert_array_equal(found.probabilities(X), expected.probabilities(X))


@pytest.mark.parametrize(("kind", "penalty"), [("ridge", 2 / 3), ("linear", 0.01)])
def test_the_penalty_of_three_classes(draw, kind, penalty):
    X, y = draw(n_classes=3)
    inferrer = asked(reference=kind, classes_=np.arange(3))
    found = fit_reference(inferrer, X, y, SEEDS)
    expected = fit_linear(
        X, y, by_effect=kind == "ridge", standardize=True, weight_decay=penalty, device="cpu"
    )
    np.testing.assert_array_equal(found.probabilities(X), expected.probabilities(X))


@pytest.mark.parametrize(("kind", "by_effect"), [("linear", False), ("ridge", True)])
def test_a_penalty_of_the_user(draw, kind, by_effect):
    X, y = draw()
    found = fit_reference(asked(reference=kind, weight_decay=0.3), X, y, SEEDS)
    expected = fit_linear(
        X, y, by_effect=by_effect, standardize=True, weight_decay=0.3, device="cpu"
    )
    np.testing.assert_array_equal(found.probabilities(X), expected.probabilities(X))


@pytest.mark.parametrize(("epochs", "trained"), [(None, 20 / 3), (3, 3)])
def test_a_module(draw, epochs, trained):
    X, y = draw()  # three batches
    module = nn.Linear(3, 2)
    found = fit_reference(asked(module=module, epochs=epochs), X, y, SEEDS, source="head")
    expected = fit_module(
        X, y, module=module, source="head", epochs=trained, seeds=SEEDS, batch_size=50,
        device="cpu", optimizer="adam", lr=0.01, weight_decay=0.01, verbose=0,
    )  # fmt: skip
    np.testing.assert_array_equal(found.probabilities(X), expected.probabilities(X))
    assert len(found.snapshots) == np.ceil(trained)


class Counted(torch.optim.SGD):
    """Counts its steps."""

    n_steps = 0

    def step(self, closure=None):
        type(self).n_steps += 1
        return super().step(closure)


@pytest.mark.parametrize("n_rows", [6, 50, 51, 52, 99, 130, 999, 1001, 2513])
def test_twenty_steps_whatever_the_number_of_rows(n_rows):
    class Ours(Counted):
        pass

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n_rows, 3)), np.arange(n_rows) % 2
    inferrer = asked(module=nn.Linear(3, 2), optimizer=lambda p: Ours(p, lr=0.01))
    fit_reference(inferrer, X, y, SEEDS)
    assert Ours.n_steps == 20


@pytest.mark.parametrize(
    ("n_steps", "n_rows", "batch_size", "epochs"),
    [
        (20, 1000, 100, 2),
        (20, 1001, 100, 2),  # the last row joins the batch before
        (20, 1010, 100, 20 / 11),
        (8, 1600, 100, 0.5),
        (20, 30, 128, 20),
    ],
)
def test_epochs_of_steps(n_steps, n_rows, batch_size, epochs):
    assert epochs_of_steps(n_steps, n_rows, batch_size) == pytest.approx(epochs)


def test_how_long_a_module_is_trained_where_nothing_is_said(draw):
    X, y = draw()
    for asked_for, trained in ((None, 4), (2, 2)):
        inferrer = asked(module=nn.Linear(3, 2), epochs=asked_for)
        assert len(fit_reference(inferrer, X, y, SEEDS, epochs=4).snapshots) == trained


class Distances(nn.Module):
    def __init__(self):
        super().__init__()
        self.centres = nn.Parameter(torch.eye(2, 3))

    def forward(self, x):
        return -torch.cdist(x, self.centres)


def test_gradients_are_only_asked_for_where_there_will_be_any(draw):
    X, y = draw()
    assert len(fit_reference(asked(module=Distances(), epochs=1), X, y, SEEDS).snapshots) == 1
    with pytest.raises(ValueError, match="module has no linear head"):
        fit_reference(asked(module=Distances()), X, y, SEEDS, source="head")


def test_a_model_of_the_user(draw):
    X, y = draw()
    model = LogisticRegression()
    found = fit_reference(asked(reference=model), X, y, SEEDS)
    expected = wrap_reference(
        model, X, y, np.array([0, 1]), names=None, seed=SEEDS[0], device="cpu"
    )
    np.testing.assert_array_equal(found.probabilities(X), expected.probabilities(X))


def test_names_of_columns_reach_the_model(draw):
    X, y = draw()
    inferrer = asked(
        reference=LogisticRegression(), feature_names_in_=np.array(["a", "b", "c"], dtype=object)
    )
    model = fit_reference(inferrer, X, y, SEEDS).model
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("reference", ["linear", nn.Linear(3, 2)])
def test_module_and_reference_exclude_each_other(draw, reference):
    with pytest.raises(ValueError, match="module and reference were both given"):
        fit_reference(asked(module=nn.Linear(3, 2), reference=reference), *draw(), SEEDS)


def test_documentation():
    @document_reference
    class Inferrer:
        """Parameters.

        {reference_parameters}

        {group_attributes}
        """

    for name in (
        "reference :",
        "module :",
        "epochs :",
        "batch_size :",
        "groups_val_ :",
        "group_table_ :",
    ):
        assert Inferrer.__doc__.count(f"{name} ") == 1
    assert "{" not in Inferrer.__doc__.replace('{"auto"', "").replace('{"adam"', "")
