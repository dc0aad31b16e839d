import numpy as np
import pytest

from skgroup import ERMClassifier, GroupDROClassifier
from skgroup.exceptions import GroupsError, MissingGroupsWarning
from skgroup.metrics import worst_group_accuracy

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False, "weight_decay": 1e-4,  # as in ERM
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30}


def test_one_group_is_erm(blobs):
    ours = GroupDROClassifier(**QUICK).fit(blobs.X, blobs.y, groups=np.zeros(120))
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)
    np.testing.assert_allclose(
        ours.history_["train_loss"], erm.history_["train_loss"], rtol=0, atol=1e-6
    )
    np.testing.assert_array_equal(ours.history_["group_weights"], np.ones((3, 1)))


def test_without_steps_every_group_weighs_the_same(blobs):
    ours = GroupDROClassifier(step_size=0, sampler="uniform", standardize=False, **FULL_BATCH)
    ours.fit(blobs.X, blobs.y, groups=blobs.groups)
    weight = 1 / np.bincount(blobs.groups)[blobs.groups]
    erm = ERMClassifier(standardize=False, **FULL_BATCH)
    erm.fit(blobs.X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-5)
    np.testing.assert_allclose(ours.history_["group_weights"], 0.25)


def test_huge_steps_leave_the_worst_group_only(blobs):
    clf = GroupDROClassifier(step_size=1e4, sampler="uniform", **(FULL_BATCH | {"max_epochs": 1}))
    clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    worst = clf.history_["group_loss"][0].argmax()
    np.testing.assert_allclose(clf.history_["group_weights"][0], np.eye(4)[worst], atol=1e-6)


def test_group_weights_are_the_softmax_of_summed_losses(blobs):
    clf = GroupDROClassifier(step_size=0.3, adjustment=2.0, sampler="uniform", **FULL_BATCH)
    clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    # With all rows in each batch, an epoch's group losses are those that moved the weights.
    raised = clf.history_["group_loss"] + 2.0 / np.sqrt(np.bincount(blobs.groups))
    total = 0.3 * np.cumsum(raised, axis=0)
    expected = np.exp(total - total.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clf.history_["group_weights"], expected, atol=1e-5)


def test_normalised_losses_forget_their_scale(blobs):
    one_step = FULL_BATCH | {"max_epochs": 1, "sampler": "uniform", "normalize_losses": True}
    clf = GroupDROClassifier(step_size=1.0, **one_step).fit(blobs.X, blobs.y, groups=blobs.groups)
    losses = clf.history_["group_loss"][0]
    expected = np.exp(losses / losses.sum())
    np.testing.assert_allclose(
        clf.history_["group_weights"][0], expected / expected.sum(), atol=1e-6
    )


def test_it_does_better_for_the_worst_group(blobs):
    settings = QUICK | {
        "hidden_layer_sizes": (32,),
        "max_epochs": 40,
        "lr": 0.01,
        "weight_decay": 0.03,
    }
    worst = [
        worst_group_accuracy(blobs.y, clf.predict(blobs.X), blobs.groups)
        for clf in (
            ERMClassifier(**settings).fit(blobs.X, blobs.y),
            GroupDROClassifier(**settings).fit(blobs.X, blobs.y, groups=blobs.groups),
        )
    ]
    assert worst[1] > worst[0] + 0.1


@pytest.mark.parametrize("sampler", ["group_balanced", "class_balanced", "uniform"])
def test_samplers_fill_batches_as_they_say(blobs, sampler):
    y, groups = np.repeat([0, 1, 1], [80, 30, 10]), np.repeat([0, 1, 2], [80, 30, 10])
    shares = {
        "group_balanced": [1 / 3, 1 / 3, 1 / 3],
        "class_balanced": [1 / 2, 3 / 8, 1 / 8],  # of a class, every row has the same share
        "uniform": [8 / 12, 3 / 12, 1 / 12],
    }[sampler]
    clf = GroupDROClassifier(sampler=sampler, **QUICK | {"weight_decay": 0.0}).fit(
        blobs.X, y, groups=groups
    )
    # The average over the epoch is that of the groups, weighted by their shares of its rows.
    expected = clf.history_["group_loss"] @ shares
    np.testing.assert_allclose(clf.history_["train_loss"], expected, rtol=0.02)


def test_the_adjustment_favours_small_groups(blobs):
    clf = GroupDROClassifier(adjustment=1000.0, sampler="uniform", **FULL_BATCH)
    weights = clf.fit(blobs.X, blobs.y, groups=blobs.groups).history_["group_weights"][-1]
    assert weights[[1, 2]].sum() > 0.99  # the groups of 12 rows against those of 48


def named(groups):
    return np.array(["land", "water", "sea", "sky"])[groups]


def test_adjustment_by_name(blobs, assert_same_model):
    X, y, groups = blobs.X, blobs.y, named(blobs.groups)
    one = GroupDROClassifier(adjustment=2.0, **QUICK).fit(X, y, groups=groups)
    same = dict.fromkeys(["land", "water", "sea", "sky"], 2)
    assert_same_model(one, GroupDROClassifier(adjustment=same, **QUICK).fit(X, y, groups=groups), X)
    favoured = GroupDROClassifier(adjustment={"sky": 1e5}, **QUICK).fit(X, y, groups=groups)
    assert favoured.group_labels_.tolist() == ["land", "sea", "sky", "water"]
    np.testing.assert_allclose(favoured.history_["group_weights"][-1], [0, 0, 1, 0], atol=1e-6)


def test_adjustment_of_crossed_groups(blobs):
    columns = [blobs.y, named(blobs.groups)]
    clf = GroupDROClassifier(adjustment={(1, "sky"): 1e5}, **QUICK)
    clf.fit(blobs.X, blobs.y, groups=columns)
    assert clf.group_labels_.tolist() == [(0, "land"), (0, "water"), (1, "sea"), (1, "sky")]
    np.testing.assert_allclose(clf.history_["group_weights"][-1], [0, 0, 0, 1], atol=1e-6)


def test_an_empty_adjustment_is_none(blobs, assert_same_model):
    one = GroupDROClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    other = GroupDROClassifier(adjustment={}, **QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_model(one, other, blobs.X)


@pytest.mark.parametrize(
    ("adjustment", "error", "text"),
    [
        (
            {"see": 1.0},
            GroupsError,
            r"groups that do not occur: \['see'\]. The groups are \[",
        ),
        ({"sea": -1.0}, ValueError, r"finite numbers >= 0, got \[0.0, -1.0, 0.0, 0.0\] for the"),
        ({"sea": float("nan")}, ValueError, "finite numbers >= 0"),
        ({"sea": float("inf")}, ValueError, "finite numbers >= 0"),
        ({"sea": "much"}, ValueError, "finite numbers >= 0"),
        (-1.0, ValueError, "'adjustment' parameter of GroupDROClassifier must be"),
    ],
)
def test_bad_adjustments(blobs, adjustment, error, text):
    with pytest.raises(error, match=text):
        GroupDROClassifier(adjustment=adjustment, **QUICK).fit(
            blobs.X, blobs.y, groups=named(blobs.groups)
        )


def test_without_groups_it_takes_the_classes_and_says_so(blobs, assert_same_model):
    with pytest.warns(MissingGroupsWarning, match="GroupDROClassifier got no groups") as caught:
        alone = GroupDROClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert caught[0].filename == __file__  # where the user called `fit`
    given = GroupDROClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.y)
    assert_same_model(alone, given, blobs.X)


def test_a_class_called_minus_one_is_no_outlier(blobs):
    y = np.where(blobs.y == 0, -1, 1)
    with pytest.warns(MissingGroupsWarning):
        clf = GroupDROClassifier(**QUICK).fit(blobs.X, y)
    assert clf.n_outliers_ == 0
    assert clf.group_labels_.tolist() == [-1, 1]


def test_weights_inside_groups_are_repeated_rows(blobs):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    settings = FULL_BATCH | {"sampler": "uniform", "step_size": 0.2}
    weighted = GroupDROClassifier(**settings).fit(
        blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight
    )
    repeated = GroupDROClassifier(**settings).fit(
        blobs.X[rows], blobs.y[rows], groups=blobs.groups[rows]
    )
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-5
    )


def test_weights_count_only_inside_their_group(blobs):
    settings = FULL_BATCH | {"sampler": "uniform", "standardize": False}
    plain = GroupDROClassifier(**settings).fit(blobs.X, blobs.y, groups=blobs.groups)
    weight = np.array([1.0, 5.0, 0.1, 7.0])[blobs.groups]
    weighted = GroupDROClassifier(**settings).fit(
        blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight
    )
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), plain.predict_proba(blobs.X), atol=1e-5
    )
