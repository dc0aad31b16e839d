import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import nn

from skgroup import (
    DFRClassifier,
    ERMClassifier,
    GroupDROClassifier,
    ReweightingClassifier,
    classifiers,
)
from skgroup.datasets import make_group_blobs

safetensors = pytest.importorskip("safetensors")
from skgroup.saving import load_weights, save_weights  # noqa: E402

X, Y, GROUPS = make_group_blobs(20, variance=0.01, random_state=0)
SMALL = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def network(n_features, n_classes):
    return nn.Sequential(nn.Linear(n_features, 5), nn.BatchNorm1d(5), nn.Linear(5, n_classes))


@pytest.mark.filterwarnings("ignore::UserWarning")  # few rows, and groups inside classes
@pytest.mark.parametrize("name", classifiers.__all__)
def test_every_classifier_predicts_the_same_to_the_last_bit(path, name):
    new = getattr(classifiers, name)(**SMALL)
    fitted = clone(new).fit(X, Y, GROUPS)
    save_weights(fitted, path)
    assert load_weights(new.set_params(random_state=1, lr=0.1), path) is new
    np.testing.assert_array_equal(new.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(new.predict(X), fitted.predict(X))


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_layer_sizes": ()},
        {"standardize": False},
        {"module": network},
        {"module": network(2, 2)},
        {"module": torch.compile(network(2, 2), backend="eager")},
    ],
    ids=["linear", "not standardised", "callable", "module", "compiled"],
)
def test_every_kind_of_network(path, settings):
    fitted = GroupDROClassifier(**SMALL | settings).fit(X, Y, GROUPS)
    save_weights(fitted, path)
    loaded = load_weights(clone(fitted), path)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [False, True], [-1, 7], [1.0, 2.0], np.array(["a", "b"], dtype=object)],
)
def test_labels_and_names(path, labels):
    frame, y = pd.DataFrame(X, columns=["wide", "tall"]), np.asarray(labels)[Y]
    fitted = ERMClassifier(**SMALL).fit(frame, y)
    save_weights(fitted, path)
    loaded = load_weights(ERMClassifier(**SMALL), path)
    assert loaded.classes_.dtype == fitted.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(frame), fitted.predict(frame))
    assert loaded.n_features_in_ == 2
    assert loaded.feature_names_in_.tolist() == ["wide", "tall"]
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict(frame[["tall", "wide"]])


def test_the_last_layer_of_a_given_network(path):
    net = network(2, 2)
    fitted = DFRClassifier(net, n_retrains=2).fit(X, Y, GROUPS)
    save_weights(fitted, path)
    loaded = load_weights(DFRClassifier(net), path)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_shared_weights(path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = self.second = nn.Linear(2, 2)

        def forward(self, x):
            return self.second(self.first(x))

    fitted = ERMClassifier(module=Tied(), max_epochs=2, random_state=0).fit(X, Y)
    save_weights(fitted, path)
    loaded = load_weights(clone(fitted), path)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_inputs_without_columns(path):
    rows = {"wide": X[:, :1].astype(np.float32), "tall": X[:, 1:].astype(np.float32)}

    class OfDict(nn.Module):
        def __init__(self, *sizes):
            super().__init__()
            self.head = nn.Linear(2, 2)

        def forward(self, wide, tall):
            return self.head(torch.cat([wide, tall], dim=1))

    fitted = ERMClassifier(module=OfDict(), max_epochs=2, random_state=0).fit(rows, Y)
    save_weights(fitted, path)
    loaded = load_weights(clone(fitted), path)
    np.testing.assert_array_equal(loaded.predict_proba(rows), fitted.predict_proba(rows))
    with pytest.raises(ValueError, match=r"how many features X has.*as an instance"):
        load_weights(ERMClassifier(module=OfDict), path)


def test_an_earlier_fit_is_forgotten(path):
    save_weights(ERMClassifier(**SMALL).fit(X, Y), path)
    other = ERMClassifier(**SMALL).fit(pd.DataFrame(X, columns=["a", "b"]), Y + 5)
    load_weights(other, path)
    assert other.classes_.tolist() == [0, 1]
    assert not hasattr(other, "feature_names_in_")
    assert not hasattr(other, "history_")


def test_the_file_holds_weights_and_text_only(path):
    fitted = ERMClassifier(**SMALL).fit(X, Y)
    save_weights(fitted, path)
    with safetensors.safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()["skgroup"])
        weights = file.get_tensor("head.weight")
    assert facts == {
        "classifier": "ERMClassifier",
        "classes": {"values": [0, 1], "dtype": "<i8"},
        "n_features": 2,
    }
    assert torch.equal(weights, fitted.net_.module_.head.weight)


def test_what_cannot_be_saved(path):
    with pytest.raises(NotFittedError):
        save_weights(ERMClassifier(), path)
    trees = ReweightingClassifier(LogisticRegression()).fit(X, Y, GROUPS)
    with pytest.raises(TypeError, match="no network to save, but a LogisticRegression"):
        save_weights(trees, path)
    with pytest.raises(TypeError, match=r"got a Pipeline: .*save_weights\(pipe\[-1\], path\)"):
        save_weights(make_pipeline(trees), path)
    dates = np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]")[Y]
    with pytest.raises(TypeError, match=r"datetime64.*cannot be saved as text"):
        save_weights(ERMClassifier(**SMALL).fit(X, dates), path)
    assert not path.exists()


def test_what_does_not_fit_the_file(path):
    save_weights(ERMClassifier(**SMALL).fit(X, Y), path)
    with pytest.raises(ValueError, match="holds a ERMClassifier, not a GroupDROClassifier"):
        load_weights(GroupDROClassifier(**SMALL), path)
    for wrong in ({"hidden_layer_sizes": (5,)}, {"standardize": False}, {"module": network}):
        untouched = ERMClassifier(**SMALL | wrong).fit(X, Y)
        with pytest.raises(ValueError, match=r"another network.*same module, hidden_layer_sizes"):
            load_weights(untouched, path)
        untouched.predict(X)  # what could not be loaded replaces nothing
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="a model of another program: load what"):
        load_weights(ERMClassifier(), path)


FACTS = {
    "classifier": "ERMClassifier",
    "classes": {"values": [0, 1], "dtype": "<i8"},
    "n_features": 2,
}


def labels(values, dtype="<i8"):
    return {"classes": {"values": values, "dtype": dtype}}


@pytest.mark.parametrize(
    "facts",
    [
        [1], 7, {}, {"classifier": ["x"]}, {"classes": None}, {"classes": {}}, labels(5),
        labels("ab", "<U1"), labels([0, 1], "nothing"), labels([0, 1], ["x"]), labels(["a", "b"]),
        labels([10**30, 1]), labels([[0, 1], [2, 3]]), labels([0, {}], "object"),
        labels(["a", "b"], "<U400000000"), labels([0, 1], "V8"), {"n_features": -1},
        {"n_features": 0}, {"n_features": 2.0}, {"n_features": True}, {"n_features": "2"},
        {"feature_names": 5}, {"feature_names": {"a": 1, "b": 2}}, {"feature_names": ["a"]},
        {"feature_names": ["a", ["b"]]},
        {"n_features": None, "feature_names": ["a"]},
    ],
)  # fmt: skip
def test_facts_that_were_changed_are_refused(facts, path):
    fitted = ERMClassifier(**SMALL).fit(X, Y)
    changed = FACTS | facts if isinstance(facts, dict) and facts else facts
    write(fitted, json.dumps(changed), path)
    with pytest.raises(ValueError, match=r"model\.safetensors does not describe a classifier"):
        load_weights(fitted, path)
    fitted.predict(X)


def write(fitted, facts, path):
    from safetensors.torch import save_file

    save_file(fitted.net_.module_.state_dict(), path, metadata={"skgroup": facts})


def test_facts_that_are_too_deep_are_refused(path):
    write(ERMClassifier(**SMALL).fit(X, Y), "[" * 100_000, path)
    with pytest.raises(ValueError, match="RecursionError"):
        load_weights(ERMClassifier(**SMALL), path)


@pytest.mark.parametrize("n_features", [100, 10**12])
def test_no_network_is_made_of_a_size_that_the_file_only_claims(n_features, path):
    write(ERMClassifier(**SMALL).fit(X, Y), json.dumps(FACTS | {"n_features": n_features}), path)
    with pytest.raises(ValueError, match=r"another network.*fewer weights than features"):
        load_weights(ERMClassifier(**SMALL), path)


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 16, bytes([5, *[0] * 7]) + b"[[[[["])
def test_files_of_another_format_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no safetensors file, or is damaged"):
        load_weights(ERMClassifier(**SMALL), path)
