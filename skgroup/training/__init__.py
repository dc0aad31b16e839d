"""One training loop for every method, inside a skorch net."""

from skgroup.training._data import TrainingData
from skgroup.training._data_parallel import data_parallel
from skgroup.training._net import Net, as_net, is_net
from skgroup.training._optimizers import OPTIMIZERS
from skgroup.training._stops import Diverged, Interrupted
from skgroup.training._train import RECORDED, train
from skgroup.training._validation import SCORINGS, Validation

__all__ = [
    "OPTIMIZERS",
    "RECORDED",
    "SCORINGS",
    "Diverged",
    "Interrupted",
    "Net",
    "TrainingData",
    "Validation",
    "as_net",
    "data_parallel",
    "is_net",
    "train",
]
