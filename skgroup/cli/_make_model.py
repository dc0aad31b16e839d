"""Models for tables of numbers and text, by name."""

from collections.abc import Callable
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skgroup.cli._choose_columns import is_number

__all__ = ["MODELS", "make_model"]

MODELS: dict[str, Callable[[int], Any]] = {
    "logistic": lambda seed: LogisticRegression(max_iter=2000, random_state=seed),
    "trees": lambda seed: HistGradientBoostingClassifier(random_state=seed),
    "forest": lambda seed: RandomForestClassifier(min_samples_leaf=5, random_state=seed),
}
_MAX_VALUES = 50  # of a text column; rarer ones share a column


def make_model(name: str, X: Any, seed: int) -> Pipeline:
    """An unfitted pipeline for frames with the columns of X."""
    numbers = [column for column in X.columns if is_number(X[column])]
    text = [column for column in X.columns if column not in numbers]
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=_MAX_VALUES, sparse_output=False
    )
    columns = ColumnTransformer(
        [("numbers", make_pipeline(imputer, StandardScaler()), numbers), ("text", encoder, text)]
    )
    return make_pipeline(columns, MODELS[name](seed))
