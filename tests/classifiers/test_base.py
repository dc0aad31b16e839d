import copy
import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from skorch.callbacks import Callback

from skgroup import ERMClassifier, GroupDROClassifier, GroupedArray
from skgroup.classifiers._task import Seeds, split_rows
from skgroup.training import RECORDED


@pytest.fixture
def fit(quick, blobs):
    """Fit the classifier in turn on the blobs with their groups."""

    def run(*, X=blobs.X, y=blobs.y, groups=blobs.groups, given=None, **parameters):
        return quick(**parameters).fit(X, y, groups=groups, **(given or {}))

    return run


def test_explicit_groups_equal_carried_ones(fit, blobs, assert_same_model):
    carried = fit(X=GroupedArray(blobs.X, blobs.groups), groups=None)
    assert_same_model(fit(), carried, blobs.X)


def test_explicit_groups_go_before_carried_ones(fit, blobs, assert_same_model):
    others = np.roll(blobs.groups, 1)
    clf = fit(X=GroupedArray(blobs.X, others))
    assert_same_model(fit(), clf, blobs.X)
    np.testing.assert_array_equal(clf.history_["group_loss"], fit().history_["group_loss"])


def test_names_of_groups_do_not_matter(fit, blobs, assert_same_model):
    plain = fit()
    assert_same_model(plain, fit(groups=np.array(["a", "b", "c", "d"])[blobs.groups]), blobs.X)
    names = np.array(["d", "b", "a", "c"])  # another order
    renamed = fit(groups=names[blobs.groups])
    assert renamed.group_labels_.tolist() == ["a", "b", "c", "d"]
    assert renamed.n_groups_ == 4
    assert_same_model(plain, renamed, blobs.X, atol=1e-5)
    for name, values in plain.history_.items():
        columns = np.argsort(names) if values.ndim == 2 else ...
        again = values[:, columns] if values.ndim == 2 else values
        np.testing.assert_allclose(renamed.history_[name], again, atol=1e-5, rtol=1e-5)


# Methods that train on groups but do not become the mean loss when there is one, and why.
NOT_ERM_WITH_ONE_GROUP = {
    "DFRClassifier": "refits the last layer",
    "GERNEClassifier": "draws every class as often as the others",
    "IRMClassifier": "penalises the scale of the logits in a single environment too",
    "LISAClassifier": "mixes rows of different classes",
}


def test_one_group_is_erm(Classifier, quick, fit, blobs):
    one = fit(groups=np.zeros(120))
    proba = one.predict_proba(blobs.X)
    if not one._needs_groups:  # nor do any other groups change what it trains on
        for groups in (None, blobs.groups):
            np.testing.assert_array_equal(fit(groups=groups).predict_proba(blobs.X), proba)
        return
    shared = {name: getattr(one, name) for name in ERMClassifier().get_params()}
    erm = ERMClassifier(**shared).fit(blobs.X, blobs.y).predict_proba(blobs.X)
    if Classifier.__name__ in NOT_ERM_WITH_ONE_GROUP:
        assert np.abs(proba - erm).max() > 1e-4
    else:
        np.testing.assert_allclose(proba, erm, rtol=0, atol=1e-5)


OUTLIERS = {
    "minus one": (int, -1),
    "NaN": (float, np.nan),
    "None": (object, None),
}


@pytest.mark.parametrize(("dtype", "mark"), OUTLIERS.values(), ids=OUTLIERS)
def test_outliers_are_not_trained_on(fit, blobs, assert_same_model, dtype, mark):
    out = np.arange(120) % 5 == 0
    poisoned, groups = blobs.X.copy(), blobs.groups.astype(dtype)
    poisoned[out] = 1e30
    groups[out] = mark
    clf = fit(X=poisoned, groups=groups)
    kept = fit(X=blobs.X[~out], y=blobs.y[~out], groups=blobs.groups[~out])
    assert_same_model(clf, kept, blobs.X)
    assert (clf.n_outliers_, kept.n_outliers_) == (24, 0)
    assert clf.n_groups_ == 4


def test_rows_without_weight_are_not_trained_on(fit, blobs, assert_same_model):
    weight = np.arange(120) % 5 / 2
    kept = weight > 0
    poisoned = np.where(kept[:, None], blobs.X, np.float32(1e30))
    clf = fit(X=poisoned, given={"sample_weight": weight})
    removed = fit(
        X=blobs.X[kept], y=blobs.y[kept], groups=blobs.groups[kept],
        given={"sample_weight": weight[kept]},
    )  # fmt: skip
    assert_same_model(clf, removed, blobs.X)
    assert clf.n_outliers_ == 0


def test_a_group_without_weight_is_no_group(fit, blobs):
    clf = fit(given={"sample_weight": (blobs.groups != 1).astype(float)})
    assert clf.group_labels_.tolist() == [0, 2, 3]


def test_fitting_again_starts_anew(fit, blobs, assert_same_model):
    clf = fit()
    once = copy.deepcopy(clf)
    clf.fit(blobs.X[::-1], blobs.y[::-1], groups=blobs.groups[::-1])
    clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_model(once, clf, blobs.X)


@pytest.mark.parametrize("stop", [False, True])
def test_an_int_seed_repeats_and_touches_no_generator(fit, blobs, assert_same_model, stop):
    before = np.random.get_state(), torch.get_rng_state()
    one = fit(early_stopping=stop)
    assert_same_model(one, fit(early_stopping=stop), blobs.X)
    assert torch.equal(torch.get_rng_state(), before[1])
    np.testing.assert_array_equal(np.random.get_state()[1], before[0][1])
    assert np.random.get_state()[2] == before[0][2]
    another = fit(early_stopping=stop, random_state=1)
    assert np.abs(one.predict_proba(blobs.X) - another.predict_proba(blobs.X)).max() > 1e-3


def test_a_random_state_instance_moves_on(fit, blobs, assert_same_model):
    state = np.random.RandomState(0)
    first, second = fit(random_state=state), fit(random_state=state)
    assert_same_model(first, fit(), blobs.X)
    assert np.abs(first.predict_proba(blobs.X) - second.predict_proba(blobs.X)).max() > 1e-3


def test_no_seed_draws_one_from_numpy(fit, blobs, assert_same_model):
    torch_state = torch.get_rng_state()
    np.random.seed(0)
    first, second = fit(random_state=None), fit(random_state=None)
    assert_same_model(first, fit(), blobs.X)
    assert np.abs(first.predict_proba(blobs.X) - second.predict_proba(blobs.X)).max() > 1e-3
    assert torch.equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("labels", [["no", "yes"], [7, -2], [True, False]])
def test_predictions_are_labels(fit, blobs, labels):
    classes = np.array(labels)
    clf = fit(y=classes[blobs.y])
    proba = clf.predict_proba(blobs.X)
    assert proba.shape == (120, 2)
    assert clf.classes_.tolist() == sorted(labels)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(clf.predict(blobs.X), clf.classes_[proba.argmax(axis=1)])
    assert clf.score(blobs.X, classes[blobs.y]) > 0.4


def test_what_is_known_after_fit(fit, blobs):
    clf = fit(early_stopping=True, max_epochs=5, patience=9)
    assert (clf.n_features_in_, clf.n_groups_, clf.early_stopping_) == (2, 4, True)
    assert set(clf.history_) <= set(RECORDED)
    for name, values in clf.history_.items():
        assert values.shape == ((5, 4) if name.startswith("group") or "group" in name else (5,))
    scores, best = clf.history_["valid_score"], np.flatnonzero(clf.history_["valid_best"])
    assert scores[best[-1]] == scores.max()
    net = clf.net_
    np.testing.assert_allclose(net.predict_proba(blobs.X), clf.predict_proba(blobs.X), atol=1e-6)


def test_history_holds_only_what_every_epoch_has(fit):
    class Record(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                net.history.record("ragged", list(range(len(net.history))))

    clf = fit(callbacks=[Record()])
    assert "ragged" not in clf.history_
    assert clf.net_.history[1, "ragged"] == [0, 1]


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_not_fitted(Classifier, blobs, method):
    with pytest.raises(NotFittedError):
        getattr(Classifier(), method)(blobs.X)


def test_a_failed_fit_is_not_fitted(quick, blobs):
    class Fail(Callback):
        def on_batch_end(self, net, **kwargs):
            raise ZeroDivisionError

    clf = quick(callbacks=[Fail()])
    with pytest.raises(ZeroDivisionError):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    with pytest.raises(NotFittedError):
        clf.predict(blobs.X)


def test_ctrl_c_keeps_what_was_trained(quick, blobs, fit):
    class CtrlC(Callback):
        def on_batch_end(self, net, **kwargs):
            if net.history[-1, "epoch"] == 3:
                raise KeyboardInterrupt

    clf = quick(callbacks=[CtrlC()], early_stopping=True)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    whole = fit(early_stopping=True, max_epochs=2)
    assert clf.history_.keys() == whole.history_.keys()
    for name, values in whole.history_.items():
        np.testing.assert_array_equal(clf.history_[name], values)
    assert clf.predict(blobs.X).shape == (120,)


def test_a_killed_fit_goes_on(quick, blobs, tmp_path, fit, assert_same_model):
    class Kill(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 4:
                raise MemoryError

    settings = {"early_stopping": True, "max_epochs": 6, "checkpoint_dir": tmp_path}
    with pytest.raises(MemoryError):
        fit(callbacks=[Kill()], **settings)
    assert len(list(tmp_path.iterdir())) == 1
    resumed, straight = fit(**settings), fit(early_stopping=True, max_epochs=6)
    assert_same_model(resumed, straight, blobs.X)
    assert list(tmp_path.iterdir()) == []


def test_held_out_rows_given_explicitly(fit, blobs, assert_same_model):
    split = Seeds.draw(check_random_state(0)).split
    train, out = split_rows(blobs.y, blobs.groups, 0.25, split)
    held_out = {"X_val": blobs.X[out], "y_val": blobs.y[out], "groups_val": blobs.groups[out]}
    settings = {"max_epochs": 8, "patience": 2, "lr": 0.03}
    inside = fit(early_stopping=True, validation_fraction=0.25, **settings)
    given = fit(
        X=blobs.X[train], y=blobs.y[train], groups=blobs.groups[train], given=held_out, **settings
    )
    assert_same_model(inside, given, blobs.X)
    assert given.early_stopping_


def test_validation_groups_may_be_carried(fit, blobs, assert_same_model):
    names = ("X_val", "y_val", "groups_val")
    explicit = fit(given=dict(zip(names, (blobs.X, blobs.y, blobs.groups), strict=True)))
    carried = fit(given={"X_val": GroupedArray(blobs.X, blobs.groups), "y_val": blobs.y})
    assert_same_model(explicit, carried, blobs.X)


def test_pickle_and_joblib(fit, blobs, tmp_path, assert_same_model):
    clf = fit(early_stopping=True)
    joblib.dump(clf, tmp_path / "clf.joblib")
    for again in (pickle.loads(pickle.dumps(clf)), joblib.load(tmp_path / "clf.joblib")):
        assert_same_model(clf, again, blobs.X)
        again.fit(blobs.X, blobs.y, groups=blobs.groups)
        assert_same_model(clf, again, blobs.X)


def test_clone_and_parameters(Classifier, fit, blobs, assert_same_model):
    clf = fit(lr=0.05)
    again = clone(clf)
    assert not hasattr(again, "net_")
    assert again.get_params() == clf.get_params()
    assert_same_model(clf, again.fit(blobs.X, blobs.y, groups=blobs.groups), blobs.X)
    by_hand = Classifier().set_params(**clf.get_params())
    assert_same_model(clf, by_hand.fit(blobs.X, blobs.y, groups=blobs.groups), blobs.X)


def test_parameters_are_stored_as_given():
    given = {"hidden_layer_sizes": [3], "callbacks": [], "adjustment": {"a": 1}}
    clf = GroupDROClassifier(**given)
    assert all(clf.get_params()[name] is value for name, value in given.items())
