import inspect

import numpy as np
import pytest
from torch import nn

from skgroup import ERMClassifier, GroupDROClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, check_layer_sizes, document_shared
from skgroup.classifiers._task import MIN_ROWS_TO_STOP_EARLY


def test_shared_parameters_are_those_of_plain_erm():
    assert SHARED_CONSTRAINTS.keys() == ERMClassifier().get_params().keys()


def test_every_classifier_has_them_with_the_same_defaults(Classifier):
    shared, ours = ERMClassifier().get_params(), Classifier().get_params()
    shared.pop("early_stopping")  # this depends on the method
    balancing = {"GroupDRO", "GERNE", "Reweighting", "Resampling"}
    more_decay = Classifier.__name__.removesuffix("Classifier") in balancing
    shared["weight_decay"] = 3e-3 if more_decay else 1e-4
    assert shared.items() <= ours.items()


def test_every_parameter_has_a_constraint(Classifier):
    assert Classifier._parameter_constraints.keys() == Classifier().get_params().keys()


def test_parameters_after_the_method_s_own_are_keyword_only(Classifier):
    parameters = inspect.signature(Classifier).parameters
    assert {parameters[name].kind for name in SHARED_CONSTRAINTS} == {
        inspect.Parameter.KEYWORD_ONLY
    }


def test_docstrings_are_complete(Classifier):
    text = inspect.getdoc(Classifier)
    assert "{" + "shared" not in text
    default = "False" if Classifier is ERMClassifier else "'auto'"
    assert f'early_stopping : bool or "auto", default={default}' in text
    assert f"weight_decay : float, default={Classifier().weight_decay}\n" in text
    assert f"at least {MIN_ROWS_TO_STOP_EARLY:,} rows" in text
    for name in [*SHARED_CONSTRAINTS, "history_", "group_labels_", "n_outliers_"]:
        assert f"\n{name}" in text


def test_document_shared_fills_in():
    @document_shared
    class Method(nn.Module):
        """A.

        {shared_parameters}
        {shared_attributes}
        """

        def __init__(self, *, early_stopping=True, weight_decay=0.1):
            """Keep nothing."""

    assert 'early_stopping : bool or "auto", default=True' in Method.__doc__
    assert "weight_decay : float, default=0.1" in Method.__doc__
    assert "classes_ : ndarray of shape (n_classes,)" in Method.__doc__
    assert "{" not in Method.__doc__.replace('{"', "")


def test_document_shared_without_docstrings():  # as under python -OO
    class Method:
        def __init__(self, *, early_stopping=True, weight_decay=0.1): ...

    assert not document_shared(Method).__doc__


@pytest.mark.parametrize("sizes", [(), [5], (3, 4), np.array([2, 3])])
def test_layer_sizes(sizes):
    check_layer_sizes(sizes)


@pytest.mark.parametrize("sizes", [(0,), [4, -1], (2.5,), np.array([1.0]), [None], ["a"]])
def test_impossible_layer_sizes(sizes):
    with pytest.raises(
        ValueError, match="hidden_layer_sizes must hold integers of at least 1, got"
    ):
        check_layer_sizes(sizes)


def test_layer_sizes_are_checked_before_training(quick, blobs):
    with pytest.raises(ValueError, match=r"at least 1, got \(8, 0\)"):
        quick(hidden_layer_sizes=(8, 0)).fit(blobs.X, blobs.y, groups=blobs.groups)


def test_group_dro_adds_its_own():
    own = GroupDROClassifier._parameter_constraints.keys() - SHARED_CONSTRAINTS.keys()
    assert own == {"step_size", "adjustment", "sampler", "normalize_losses"}
