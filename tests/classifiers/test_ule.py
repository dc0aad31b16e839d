import copy

import numpy as np
import pytest
import torch
from torch import nn

from skgroup import ERMClassifier, ULEClassifier
from skgroup.classifiers._task import Seeds
from skgroup.modules import build_module, mlp

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 4, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip


class Recorded(ULEClassifier):
    """Keeps the module that it trained, student and all."""

    def _train(self, task, objective, sampler, *, module=None, **options):
        self.trained_ = module
        self.started_ = copy.deepcopy(module)
        return super()._train(task, objective, sampler, module=module, **options)


def weights(module):
    return [parameter.detach() for parameter in module.parameters()]


@pytest.mark.parametrize("form", ["input", "gram"])
@pytest.mark.parametrize("weighted", [False, True])
def test_plain_training_is_erm_for_the_teacher(blobs, form, weighted):
    weight = np.linspace(0.5, 2, 120) if weighted else None
    ours = ULEClassifier(ce_weight=1, form=form, **QUICK)
    ours.fit(blobs.X, blobs.y, sample_weight=weight)
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)
    for name, values in erm.history_.items():
        np.testing.assert_allclose(ours.history_[name], values, rtol=0, atol=1e-6)


def test_plain_training_on_features_is_erm_on_a_frozen_network(blobs):
    module = mlp(2, 2, [6])
    ours = ULEClassifier(ce_weight=1, form="feature", **(QUICK | {"module": module}))
    module.hidden_0.requires_grad_(False)
    erm = ERMClassifier(**(QUICK | {"module": module}))
    ours.fit(blobs.X, blobs.y)
    erm.fit(blobs.X, blobs.y)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)
    linear = QUICK | {"hidden_layer_sizes": ()}
    ours = ULEClassifier(ce_weight=1, form="feature", **linear).fit(blobs.X, blobs.y)
    erm = ERMClassifier(**linear).fit(blobs.X, blobs.y)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)


@pytest.mark.parametrize("form", ["input", "feature", "gram"])
def test_the_student_does_not_depend_on_the_teacher(blobs, form):
    settings = QUICK | {"lr": 0.02, "form": form}
    students, teachers = [], []
    for ce_weight in (0.0, 0.5, 1.0):
        clf = Recorded(ce_weight, **settings).fit(blobs.X, blobs.y)
        students.append(weights(clf.trained_.other))
        teachers.append(clf.predict_proba(blobs.X))
    for other in students[1:]:
        for one, same in zip(students[0], other, strict=True):
            torch.testing.assert_close(one, same, rtol=0, atol=1e-6)
    assert np.abs(teachers[0] - teachers[2]).max() > 1e-3


def test_the_student_is_erm_with_the_other_seed(blobs):
    clf = Recorded(0.3, **(QUICK | {"standardize": False})).fit(blobs.X, blobs.y)
    start = copy.deepcopy(clf.started_.other)
    settings = QUICK | {"module": start}  # batches have the same seed
    erm = ERMClassifier(**settings).fit(blobs.X, blobs.y)
    for one, same in zip(weights(clf.trained_.other), weights(erm.net_.module_), strict=True):
        torch.testing.assert_close(one, same, rtol=0, atol=1e-6)


def test_features_and_standardised_inputs_are_the_same_for_a_linear_network(blobs):
    """Saliencies by standardised inputs are those by inputs, times the scales of the features."""
    linear = QUICK | {"hidden_layer_sizes": (), "lr": 0.05}
    X = (blobs.X - blobs.X.mean(axis=0)) / blobs.X.std(axis=0)
    feature = ULEClassifier(form="feature", **linear).fit(X, blobs.y)
    by_input = ULEClassifier(form="input", **linear).fit(X, blobs.y)
    np.testing.assert_allclose(
        feature.predict_proba(X), by_input.predict_proba(X), rtol=0, atol=1e-5
    )


def test_the_network_under_the_features_is_trained_first(blobs):
    settings = QUICK | {"batch_size": 500, "max_epochs": 20, "lr": 0.02, "standardize": False}
    clf = Recorded(form="feature", **settings).fit(blobs.X, blobs.y)
    main, seeds = clf.trained_.main, Seeds.draw(np.random.RandomState(0))
    start, first = (
        build_module(None, 2, 2, hidden_layer_sizes=(8,), seed=seed)
        for seed in (seeds.module, seeds.other_module)
    )
    # The last layers start anew, the rest comes from the first training and stays.
    assert torch.equal(clf.started_.main.head.weight, start.head.weight)
    assert torch.equal(clf.started_.main.hidden_0.weight, main.hidden_0.weight)
    assert not torch.equal(clf.started_.other.weight, start.head.weight)
    assert not torch.equal(main.head.weight, start.head.weight)
    # With all rows in a batch their order does not matter.
    erm = ERMClassifier(**(settings | {"module": first})).fit(blobs.X, blobs.y)
    expected = erm.net_.module_.hidden_0.weight
    torch.testing.assert_close(main.hidden_0.weight, expected, rtol=0, atol=1e-5)
    assert (expected - first.hidden_0.weight).abs().max() > 0.1


def test_an_instance_brings_the_features(blobs):
    module = mlp(2, 2, [6])
    before = copy.deepcopy(module.state_dict())
    clf = Recorded(form="feature", **(QUICK | {"module": module})).fit(blobs.X, blobs.y)
    trained = clf.net_.module_
    assert torch.equal(trained.hidden_0.weight, before["hidden_0.weight"])
    assert torch.equal(clf.started_.main.head.weight, before["head.weight"])
    assert not torch.equal(trained.head.weight, before["head.weight"])
    assert all(torch.equal(module.state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("form", ["input", "gram"])
@pytest.mark.parametrize("student", [mlp, mlp(2, 2, [3])], ids=["callable", "instance"])
def test_the_student_may_be_another_network(blobs, form, student):
    clf = Recorded(form=form, student=student, **QUICK).fit(blobs.X, blobs.y)
    widths = {"mlp": 2, "Sequential": 3}
    assert clf.started_.other[0].out_features == widths[getattr(student, "__name__", "Sequential")]
    alike = ULEClassifier(form=form, **QUICK).fit(blobs.X, blobs.y)
    assert np.abs(clf.predict_proba(blobs.X) - alike.predict_proba(blobs.X)).max() > 1e-5


def test_the_options_change_what_is_learnt(blobs):
    def proba(**options):
        settings = QUICK | {"lr": 0.02} | options
        return ULEClassifier(**settings).fit(blobs.X, blobs.y).predict_proba(blobs.X)

    plain = proba()
    for name, value in {
        "form": "feature", "saliency_class": "label", "magnitude": "ratio", "ce_weight": 0.9,
    }.items():  # fmt: skip
        assert np.abs(proba(**{name: value}) - plain).max() > 1e-5, name


@pytest.mark.parametrize("form", ["input", "feature", "gram"])
def test_groups_do_not_enter_the_training(blobs, form):
    settings = QUICK | {"form": form}
    with_groups = ULEClassifier(**settings).fit(blobs.X, blobs.y, groups=blobs.groups)
    names = np.array(["d", "c", "b", "a"])[blobs.groups]
    for other in (None, names):
        clf = ULEClassifier(**settings).fit(blobs.X, blobs.y, groups=other)
        np.testing.assert_array_equal(
            clf.predict_proba(blobs.X), with_groups.predict_proba(blobs.X)
        )


class Tokens(nn.Module):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.embedding, self.head = nn.Embedding(5, 4), nn.Linear(4, n_classes)

    def forward(self, x):
        return self.head(self.embedding(x).mean(dim=1))


@pytest.fixture
def tokens():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(5, (40, 6), generator=generator), np.arange(40) % 2


def test_token_ids_cannot_be_differentiated(tokens):
    X, y = tokens
    text = r"form='input' differentiates the networks by X, .* holds torch.int64: choose form="
    with pytest.raises(ValueError, match=text):
        ULEClassifier(**(QUICK | {"module": Tokens})).fit(X, y)


@pytest.mark.parametrize(("form", "ce_weight"), [("feature", 0.5), ("gram", 0.5), ("input", 1.0)])
def test_token_ids_work_where_they_are_not_differentiated(tokens, form, ce_weight):
    X, y = tokens
    clf = ULEClassifier(ce_weight, form=form, **(QUICK | {"module": Tokens})).fit(X, y)
    assert np.isfinite(clf.predict_proba(X)).all()


class Halved(nn.Linear):
    def forward(self, x):
        return super().forward(x)


BAD = {
    "no linear layer at the end": ({"module": nn.Sequential(nn.Linear(2, 2), nn.PReLU())}, "there"),
    "its output is changed": ({"module": nn.Sequential(nn.Linear(2, 2), nn.Softplus())}, "must be"),
    "a layer of another kind": ({"module": Halved(2, 2)}, "no such layer: choose form='input'"),
    "a student": ({"student": mlp}, "student is of no use with form='feature'"),
}


@pytest.mark.parametrize(("parameters", "text"), BAD.values(), ids=BAD)
def test_features_need_a_linear_layer_and_no_student(blobs, parameters, text):
    with pytest.raises(ValueError, match=text):
        ULEClassifier(form="feature", **(QUICK | parameters)).fit(blobs.X, blobs.y)


@pytest.mark.parametrize(
    ("student", "error", "text"),
    [
        (nn.Linear(2, 5), ValueError, r"In student: module must return logits of shape"),
        (nn.Linear(3, 2), ValueError, "In student: module cannot process X"),
        (lambda d, k: 3, TypeError, "In student: module must return a torch.nn.Module, got int"),
    ],
)
def test_a_student_that_does_not_fit_is_refused(blobs, student, error, text):
    with pytest.raises(error, match=text):
        ULEClassifier(form="gram", student=student, **QUICK).fit(blobs.X, blobs.y)


@pytest.mark.parametrize("form", ["input", "gram"])
def test_integer_weights_are_repeated_rows(blobs, form):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    settings = QUICK | {"batch_size": 10_000, "max_epochs": 10, "magnitude": "ratio", "form": form}
    weighted = ULEClassifier(**settings).fit(blobs.X, blobs.y, sample_weight=weight)
    repeated = ULEClassifier(**settings).fit(blobs.X[rows], blobs.y[rows])
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-4
    )


def test_batch_normalisation_and_dropout_can_be_differentiated_twice(blobs):
    module = nn.Sequential(
        nn.Linear(2, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.2), nn.Linear(6, 2)
    )
    clf = ULEClassifier(**(QUICK | {"module": module})).fit(blobs.X, blobs.y)
    assert not torch.equal(clf.net_.module_[0].weight, module[0].weight)
    assert np.isfinite(clf.predict_proba(blobs.X)).all()


def test_the_teacher_looks_where_the_student_does_not():
    """Two columns say the class: of the one that the student uses more, the teacher uses less."""
    y = np.arange(64) % 2
    X = np.column_stack([2 * y - 1, 2 * y - 1]).astype(np.float32)
    settings = QUICK | {
        "hidden_layer_sizes": (), "standardize": False, "max_epochs": 100, "lr": 0.05,
    }  # fmt: skip
    clf = Recorded(0.3, **settings).fit(X, y)
    nets = (clf.trained_.main, clf.trained_.other)
    slopes = [(net.head.weight[1] - net.head.weight[0]).detach() for net in nets]
    teacher, student = (slope / slope.abs().max() for slope in slopes)
    assert student.argmax() == 1
    assert teacher.argmax() == 0
    assert teacher[1] < 0.5 < 0.9 < student[0]
    assert clf.score(X, y) == 1
