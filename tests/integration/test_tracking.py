"""Experiment trackers get the worst group of every epoch through a callback."""

import pytest
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, TensorBoard

from skgroup import GroupDROClassifier, GroupedArray
from skgroup.metrics import worst_group_scorer

SMALL = {"hidden_layer_sizes": (8,), "lr": 0.03, "max_epochs": 3, "random_state": 0}


class LogGroups(Callback):
    """Log the accuracy of each training group; the writer is made in the fit that uses it.

    A search clones callbacks, and an open writer can be neither cloned nor pickled.
    """

    def __init__(self, folder):
        self.folder = folder

    def on_train_begin(self, net, **kwargs):
        from torch.utils.tensorboard import SummaryWriter

        self.writer_ = SummaryWriter(self.folder)

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        for group, accuracy in enumerate(row["group_accuracy"]):
            self.writer_.add_scalar(f"accuracy/{group}", accuracy, row["epoch"])
        self.writer_.add_scalar("accuracy/worst", min(row["group_accuracy"]), row["epoch"])

    def on_train_end(self, net, **kwargs):
        self.writer_.close()
        del self.writer_


def curves(folder):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = events.EventAccumulator(str(folder)).Reload()
    return {tag: [e.value for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


@pytest.fixture
def tensorboard():
    return pytest.importorskip("torch.utils.tensorboard")


@pytest.mark.usefixtures("tensorboard")
def test_tensorboard(blobs, tmp_path):
    clf = GroupDROClassifier(**SMALL, callbacks=[LogGroups(str(tmp_path))])
    clf.fit(blobs.X, blobs.y, blobs.groups)
    found, accuracy = curves(tmp_path), clf.history_["group_accuracy"]
    assert found["accuracy/worst"] == pytest.approx(accuracy.min(axis=1))
    for group in range(4):
        assert found[f"accuracy/{group}"] == pytest.approx(accuracy[:, group])


@pytest.mark.usefixtures("tensorboard")
def test_tensorboard_in_a_search(blobs, tmp_path):
    clf = GroupDROClassifier(**SMALL, callbacks=[LogGroups(str(tmp_path))])
    search = GridSearchCV(clf, {"lr": [0.01, 0.03]}, cv=2, scoring=worst_group_scorer)
    search.fit(GroupedArray(blobs.X, blobs.groups), blobs.y)
    assert len(list(tmp_path.glob("events.*"))) == 5  # 2 x 2 fits and the refit


def test_skorch_s_own_tensorboard(blobs, tmp_path, tensorboard):
    with tensorboard.SummaryWriter(str(tmp_path)) as writer:
        clf = GroupDROClassifier(**SMALL, callbacks=[TensorBoard(writer, close_after_train=False)])
        clf.fit(blobs.X, blobs.y, blobs.groups)
    found = curves(tmp_path)
    assert found["Loss/train_loss"] == pytest.approx(clf.history_["train_loss"])
    assert found["Loss/train_accuracy"] == pytest.approx(clf.history_["train_accuracy"])


# mlflow 3.17 calls what SQLAlchemy 2.1 deprecates; to go when it no longer does.
@pytest.mark.filterwarnings("default:The ``noload`` loader strategy is deprecated")
def test_mlflow(blobs, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="mlflow is heavy, and no test needs it but this")

    class LogWorstGroup(Callback):
        def on_epoch_end(self, net, **kwargs):
            row = net.history[-1]
            mlflow.log_metric("worst_group", min(row["group_accuracy"]), step=row["epoch"])

    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    with mlflow.start_run() as run:
        clf = GroupDROClassifier(**SMALL, callbacks=[LogWorstGroup()])
        clf.fit(blobs.X, blobs.y, blobs.groups)
    logged = mlflow.MlflowClient().get_metric_history(run.info.run_id, "worst_group")
    worst = clf.history_["group_accuracy"].min(axis=1)
    assert [metric.value for metric in logged] == pytest.approx(worst)
