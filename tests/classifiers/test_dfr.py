import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.utils import check_random_state
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from torch import nn

from skgroup import DFRClassifier, ERMClassifier, GroupedArray
from skgroup.classifiers._last_layer import _penalty
from skgroup.classifiers._task import Seeds, split_rows
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import MissingGroupsWarning, UnusableGroupsWarning
from skgroup.metrics import worst_group_accuracy
from skgroup.modules import mlp

TRAINING = {"hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32}
QUICK = TRAINING | {"random_state": 0, "early_stopping": False}


class Untouchable(Callback):
    def on_train_begin(self, net, **kwargs):
        pytest.fail("the training has begun")


def split(y, groups, fraction=0.2):
    return split_rows(y, groups, fraction, Seeds.draw(check_random_state(0)).split)


def fit(data, **parameters):
    return DFRClassifier(**(QUICK | parameters)).fit(data.X, data.y, groups=data.groups)


def state(clf, *, head=True):
    weights = clf.net_.module_.state_dict()
    return {name: w for name, w in weights.items() if head or not name.startswith("head")}


def assert_same_state(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


def hidden(clf, X):
    """What the last layer of the default network receives."""
    module = clf.net_.module_
    with torch.no_grad():
        return module[:-1](torch.from_numpy(np.asarray(X, np.float32))).double().numpy()


@pytest.mark.parametrize("reweighting", ["held_out", "train"])
def test_only_the_last_layer_changes(blobs, reweighting):
    clf = fit(blobs, reweighting=reweighting)
    train = split(blobs.y, blobs.groups)[0] if reweighting == "held_out" else np.arange(120)
    erm = ERMClassifier(**QUICK).fit(blobs.X[train], blobs.y[train])
    assert_same_state(state(clf, head=False), state(erm, head=False))
    assert not torch.equal(state(clf)["head.weight"], state(erm)["head.weight"])
    np.testing.assert_array_equal(clf.history_["train_loss"], erm.history_["train_loss"])


def test_the_epoch_is_selected_on_the_reweighting_rows(blobs):
    settings = {"early_stopping": True, "max_epochs": 8, "lr": 0.03}
    clf = fit(blobs, **settings)
    erm = ERMClassifier(**(QUICK | settings)).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_state(state(clf, head=False), state(erm, head=False))
    np.testing.assert_array_equal(clf.history_["valid_score"], erm.history_["valid_score"])
    assert clf.early_stopping_
    without = fit(blobs)
    assert not without.early_stopping_
    assert "valid_score" not in without.history_


def test_coefficients_are_those_of_standardised_embeddings(blobs):
    clf = fit(blobs)
    train, _ = split(blobs.y, blobs.groups)
    H = hidden(clf, blobs.X)
    mean, scale = H[train].mean(axis=0), H[train].std(axis=0)
    decision = ((H - mean) / np.where(scale > 0, scale, 1)) @ clf.coef_.T + clf.intercept_
    np.testing.assert_allclose(
        clf.predict_proba(blobs.X)[:, 1], 1 / (1 + np.exp(-decision[:, 0])), atol=1e-5
    )
    assert clf.C_ in clf.C
    # The net predicts on its own.
    np.testing.assert_allclose(
        clf.net_.predict_proba(blobs.X), clf.predict_proba(blobs.X), atol=1e-6
    )


@pytest.mark.parametrize("given", [False, True])
def test_held_out_rows_make_the_last_layer(blobs, given):
    """All groups have as many held-out rows, so that the only subset is all of them."""
    parameters = {"C": 0.5, "n_retrains": 3, "validation_fraction": 0.5}
    rows = np.concatenate([np.flatnonzero(blobs.groups == g)[:12] for g in range(4)])
    X, y, groups = blobs.X[rows], blobs.y[rows], blobs.groups[rows]
    train, out = split(y, groups, 0.5)
    if given:
        X_val, y_val, out = X[out], y[out], np.concatenate([out, out])
        clf = DFRClassifier(**(QUICK | parameters)).fit(
            X[train], y[train], groups=groups[train],
            X_val=np.vstack([X_val, X_val]), y_val=np.tile(y_val, 2),
            groups_val=np.tile(groups[out[: len(y_val)]], 2),
        )  # fmt: skip
    else:
        clf = DFRClassifier(**(QUICK | parameters)).fit(X, y, groups=groups)
    assert np.bincount(groups[out]).tolist() == [6 * (1 + given)] * 4
    H = hidden(clf, X)
    Z = (H - H[train].mean(axis=0)) / np.where(
        np.ptp(H[train], axis=0) > 0, H[train].std(axis=0), 1
    )
    model = direct(0.5).fit(Z[out], y[out])
    np.testing.assert_allclose(clf.coef_, model.coef_, atol=1e-3)
    np.testing.assert_allclose(clf.predict_proba(X), model.predict_proba(Z), atol=1e-3)


def direct(C):
    return LogisticRegression(C=C, solver="liblinear", tol=1e-8, max_iter=5000, **_penalty("l1"))


def random_features(n_features, n_classes, width=20):
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_classes))
    net[0].requires_grad_(False)
    return net


@pytest.mark.parametrize("way", ["net", "module"])
def test_on_frozen_random_features_it_is_logistic_regression_on_a_balanced_subset(way):
    X, y, groups = make_shortcut_classification(400, random_state=0)
    frozen = random_features(20, 2)
    with torch.no_grad():
        H = frozen[:2](torch.from_numpy(X).float()).double().numpy()
    Z = (H - H.mean(axis=0)) / H.std(axis=0)
    smallest = min(np.bincount(groups))
    # Groups are cut to the same size beforehand, so that no draw is left.
    rows = np.sort(np.concatenate([np.flatnonzero(groups == g)[:smallest] for g in range(4)]))
    if way == "net":
        clf = DFRClassifier(frozen, C=0.3, n_retrains=1, random_state=0)
        clf.fit(X[rows], y[rows], groups=groups[rows])
        Z = (H - H[rows].mean(axis=0)) / H[rows].std(axis=0)
    else:
        clf = DFRClassifier(module=frozen, C=0.3, n_retrains=1, max_epochs=2, random_state=0)
        clf.fit(X, y, X_val=X[rows], y_val=y[rows], groups=groups, groups_val=groups[rows])
    model = direct(0.3).fit(Z[rows], y[rows])
    assert 0 < np.count_nonzero(model.coef_) < 20
    np.testing.assert_allclose(clf.coef_, model.coef_, atol=1e-3)
    np.testing.assert_allclose(clf.predict_proba(X), model.predict_proba(Z), atol=1e-3)


def test_it_does_better_for_the_worst_group():
    X, y, groups = make_shortcut_classification(1500, n_features=5, random_state=0)
    new = make_shortcut_classification(1500, n_features=5, subset="test", random_state=0)
    settings = QUICK | {"max_epochs": 10, "lr": 0.01}
    erm, dfr = (cls(**settings).fit(X, y, groups=groups) for cls in (ERMClassifier, DFRClassifier))
    worst = [worst_group_accuracy(new[1], clf.predict(new[0]), new[2]) for clf in (erm, dfr)]
    assert worst[1] > worst[0] + 0.2


def trained(blobs):
    return ERMClassifier(**QUICK).fit(blobs.X, blobs.y)


def skorch_net(blobs, erm):
    net = NeuralNetClassifier(copy.deepcopy(erm.net_.module_), train_split=None, verbose=0)
    return net.initialize()


NETS = {
    "module": lambda blobs, erm: erm.net_.module_,
    "classifier": lambda blobs, erm: erm,
    "our net": lambda blobs, erm: erm.net_,
    "skorch net": skorch_net,
    "frozen classifier": lambda blobs, erm: FrozenEstimator(erm),
    "frozen net": lambda blobs, erm: FrozenEstimator(skorch_net(blobs, erm)),
}


@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_from_a_trained_net(blobs, make):
    erm = trained(blobs)
    before = copy.deepcopy(erm.net_.module_.state_dict())
    clf = DFRClassifier(make(blobs, erm), C=[1.0, 0.1], random_state=0)
    clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_state(erm.net_.module_.state_dict(), before)
    assert_same_state(state(clf, head=False), state(erm, head=False))
    H = hidden(erm, blobs.X)
    scale = np.where(H.std(axis=0) > 0, H.std(axis=0), 1)
    decision = ((H - H.mean(axis=0)) / scale) @ clf.coef_.T + clf.intercept_
    proba = clf.predict_proba(blobs.X)
    np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-decision[:, 0])), atol=1e-5)
    assert clf.history_ == {}
    assert not clf.early_stopping_
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(blobs.X), proba)


def test_a_net_with_other_outputs_and_inputs(blobs):
    """Nets of other classes, and images, dicts and tensors, as with module=."""
    X = torch.from_numpy(blobs.X).reshape(120, 1, 1, 2)
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 1000))
    clf = DFRClassifier(net, random_state=0).fit(X, blobs.y, groups=blobs.groups)
    assert clf.predict_proba(X).shape == (120, 2)
    array = DFRClassifier(net, random_state=0).fit(X.numpy(), blobs.y, groups=blobs.groups)
    np.testing.assert_array_equal(array.predict_proba(X.numpy()), clf.predict_proba(X))
    assert net[3].out_features == 1000


def test_a_net_as_module_survives_searches(blobs):
    module = trained(blobs).net_.module_
    search = GridSearchCV(DFRClassifier(module, random_state=0), {"C": [0.1, 1.0]}, cv=2)
    with pytest.warns(MissingGroupsWarning):
        search.fit(blobs.X, blobs.y)
    assert search.best_params_["C"] == search.best_estimator_.C_


@pytest.mark.parametrize("net", [ERMClassifier(), NeuralNetClassifier(mlp), LogisticRegression()])
def test_a_net_that_is_not_fitted(blobs, net):
    text = rf"net is a {type(net).__name__} without a fitted network.*net=classifier.net_.module_"
    with pytest.raises(ValueError, match=text):
        DFRClassifier(net).fit(blobs.X, blobs.y, groups=blobs.groups)


@pytest.mark.parametrize(
    ("parameters", "given", "text"),
    [
        ({"lr": 0.1, "max_epochs": 3}, {}, "lr, max_epochs would be ignored: with net="),
        ({"reweighting": "train"}, {}, "reweighting would be ignored"),
        ({}, {"X_val": [[0.0, 1.0]], "y_val": [0]}, "X_val would be ignored"),
    ],
)
def test_what_a_trained_net_has_no_use_for(blobs, parameters, given, text):
    clf = DFRClassifier(mlp(2, 2), **parameters)
    with pytest.raises(ValueError, match=text):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups, **given)


@pytest.mark.parametrize("way", ["net", "module"])
def test_a_network_whose_last_layer_cannot_be_replaced(blobs, way):
    module = nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1))
    callbacks = {"callbacks": [Untouchable()]} if way == "module" else {}
    clf = DFRClassifier(**{way: module}, **callbacks)
    with pytest.raises(ValueError, match=f"{way} has no last linear layer that can be replaced"):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)


@pytest.mark.parametrize("way", ["held_out", "train", "net"])
def test_three_classes(way):
    X, y, groups = make_shortcut_classification(
        360, n_classes=3, n_features=4, core_strength=2.0, agreement=0.7, random_state=0
    )
    labels = np.array(["a", "b", "c"])[y]
    parameters = {"C": [1.0, 0.1], "n_retrains": 3}
    if way == "net":
        clf = DFRClassifier(mlp(4, 3, [8]), random_state=0, **parameters)
    else:
        clf = DFRClassifier(**(QUICK | parameters), reweighting=way)
    clf.fit(X, labels, groups=groups)
    assert clf.coef_.shape == (3, 8)
    assert clf.intercept_.shape == (3,)
    assert clf.score(X, labels) > 0.6
    assert_probabilities_of_the_net(clf, X)


def assert_probabilities_of_the_net(clf, X):
    logits = clf.net_.module_(torch.from_numpy(X).float()).double()
    np.testing.assert_allclose(
        clf.predict_proba(X), torch.softmax(logits, dim=1).detach().numpy(), atol=1e-6
    )


def test_without_groups_classes_are_balanced(blobs, assert_same_model):
    with pytest.warns(MissingGroupsWarning, match="DFRClassifier got no groups"):
        alone = DFRClassifier(**QUICK).fit(blobs.X, blobs.y)
    given = DFRClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.y)
    assert_same_model(alone, given, blobs.X)


@pytest.mark.parametrize("carried", [False, True])
def test_groups_of_the_reweighting_rows_suffice(blobs, carried):
    train, out = split(blobs.y, blobs.groups, 0.4)
    held_out = {"X_val": blobs.X[out], "y_val": blobs.y[out], "groups_val": blobs.groups[out]}
    expected = DFRClassifier(**QUICK).fit(
        blobs.X[train], blobs.y[train], groups=blobs.groups[train], **held_out
    )
    if carried:
        held_out["X_val"] = GroupedArray(blobs.X[out], held_out.pop("groups_val"))
    clf = DFRClassifier(**QUICK).fit(blobs.X[train], blobs.y[train], **held_out)
    np.testing.assert_array_equal(clf.coef_, expected.coef_)
    with pytest.warns(MissingGroupsWarning):  # they are not those of the training rows
        clf.set_params(reweighting="train").fit(blobs.X[train], blobs.y[train], **held_out)
    with pytest.warns(MissingGroupsWarning):
        clf.set_params(reweighting="held_out").fit(
            blobs.X[train], blobs.y[train], X_val=blobs.X[out], y_val=blobs.y[out]
        )


def test_a_group_without_reweighting_rows_is_reported(blobs):
    groups = np.array(["land", "water", "sea", "sky"])[blobs.groups]
    groups[np.flatnonzero(blobs.groups == 1)[:2]] = "ice"  # a fifth of 2 rows is none
    with pytest.warns(
        UnusableGroupsWarning, match=r"no say: \['ice'\]. Raise validation_fraction"
    ) as caught:
        DFRClassifier(**QUICK).fit(blobs.X, blobs.y, groups=groups)
    assert caught[0].filename == __file__  # where the user called `fit`


@pytest.mark.parametrize("given", [False, True])
def test_a_class_without_reweighting_rows_is_an_error(blobs, given):
    y, held_out = blobs.y.copy(), {}
    if given:
        held_out = {"X_val": blobs.X[y == 0], "y_val": y[y == 0]}
    else:
        y[:2] = 2
    clf = DFRClassifier(**QUICK, callbacks=[Untouchable()])
    with pytest.raises(ValueError, match=f"class {1 if given else 2} has none of the .*rows for"):
        clf.fit(blobs.X, y, groups=y, **held_out)


def test_no_row_at_all_is_an_error(blobs):
    clf = DFRClassifier(**QUICK, validation_fraction=1e-3)
    with pytest.raises(ValueError, match="class 0 has none of the 0 rows for the last layer"):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)


@pytest.mark.parametrize("C", [[], [1.0, 0.0], [0.1, -1.0], [float("inf")], ["much"], [[1.0, 2.0]]])
def test_impossible_strengths(blobs, C):
    clf = DFRClassifier(C=C, callbacks=[Untouchable()])
    with pytest.raises(ValueError, match="C must hold finite numbers above 0, at least one, got"):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)


@pytest.mark.parametrize("reweighting", ["held_out", "train"])
def test_weights_reach_the_last_layer(blobs, reweighting):
    """Rows of hardly any weight are not looked at, neither by the training nor by the layer."""
    light = np.arange(120) % 2 == 0
    X = np.where(light[:, None], -blobs.X, blobs.X)
    weight = np.where(light, 1e-6, 1.0)
    settings = {"module": mlp, "C": 1.0, "reweighting": reweighting}  # X is what the layer gets
    clf = DFRClassifier(**(QUICK | settings))
    one = clf.fit(X, blobs.y, groups=blobs.y, sample_weight=weight).coef_
    other = clf.fit(blobs.X, blobs.y, groups=blobs.y, sample_weight=weight).coef_
    plain = clf.fit(X, blobs.y, groups=blobs.y).coef_
    assert np.abs(one - other).max() < 0.02
    assert np.abs(one - plain).max() > 0.05


def test_names_of_groups_do_not_matter(blobs):
    names = np.array(["d", "b", "a", "c"])
    plain, renamed = fit(blobs), DFRClassifier(**QUICK)
    renamed.fit(blobs.X, blobs.y, groups=names[blobs.groups])
    np.testing.assert_array_equal(plain.coef_, renamed.coef_)


def test_the_optimizer_knows_the_new_layer(blobs):
    net = fit(blobs).net_
    known = {id(p) for group in net.optimizer_.param_groups for p in group["params"]}
    assert known == {id(p) for p in net.module_.parameters()}
