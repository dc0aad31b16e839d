"""The models that a command can audit, each a pipeline that reads a frame as it is."""

from collections.abc import Callable
from typing import Any

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skgroup.classifiers import ERMClassifier

__all__ = ["MODELS"]


def _boosting(seed: int) -> Pipeline:
    return make_pipeline(_columns("passthrough"), HistGradientBoostingClassifier(random_state=seed))


def _logistic(seed: int) -> Pipeline:
    return make_pipeline(_columns(_filled()), LogisticRegression(max_iter=1000, random_state=seed))


def _network(seed: int) -> Pipeline:
    return make_pipeline(_columns(_filled()), ERMClassifier(random_state=seed))


# name -> what makes the model, given a seed
MODELS: dict[str, Callable[[int], Pipeline]] = {
    "boosting": _boosting,
    "logistic": _logistic,
    "network": _network,
}


def _columns(numbers: Any) -> Any:
    """Text as columns of 0 and 1, and `numbers` for the others."""
    encode = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=20, sparse_output=False
    )
    is_number = make_column_selector(dtype_include=["number", "bool"])
    is_text = make_column_selector(dtype_exclude=["number", "bool"])
    return make_column_transformer((encode, is_text), (numbers, is_number))


def _filled() -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
