"""The only file that knows skorch."""

from functools import partial
from typing import Any

import torch
from skorch import NeuralNet, NeuralNetClassifier
from skorch.callbacks import Callback
from torch import Tensor, nn

from skgroup._data import call_module, rows_per_block
from skgroup.modules import Wrapper
from skgroup.training._data import TrainingData
from skgroup.training._optimizers import make_optimizer
from skgroup.training._stops import divergence
from skgroup.training._team import current_team

__all__ = ["Net", "as_net", "is_net"]


class Net(NeuralNetClassifier):
    """A skorch net that trains on batches indexed from tensors, without a data loader.

    It speaks in class codes (0 to n_classes - 1) and has no callbacks but the user's.

    Parameters
    ----------
    module, criterion, train_split, classes : object
        As in :class:`skorch.NeuralNetClassifier`; :func:`as_net` fills them in.
    *args, **kwargs : object
        Likewise.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.modules import mlp
    >>> from skgroup.training import as_net
    >>> net = as_net(mlp(2, 3), n_classes=3)
    >>> net.predict_proba(np.zeros((4, 2), np.float32)).shape
    (4, 3)
    """

    def get_default_callbacks(self) -> list:
        return []

    def initialize_optimizer(self, triggered_directly: Any = None) -> "Net":
        self.optimizer_ = self.optimizer(self.module_.parameters())
        return self

    def train_epoch(self, data: TrainingData, index: Tensor, lengths: list[int]) -> Tensor | None:
        """Take one step per batch and return the logits, in the order of `index`.

        None where outputs belong to no single row. A loss that is not finite ends the epoch.
        """
        self._set_training(True)
        outputs: list[Tensor | None] = []
        team = current_team()
        n_batches = max(1, rows_per_block(data.rows) // lengths[0])
        for start in range(0, len(lengths), n_batches):
            sizes = lengths[start : start + n_batches]
            picked, index = index.split([sum(sizes), len(index) - sum(sizes)])
            own, own_sizes = team.own_rows(picked, sizes)
            x, y, groups = data.rows.take(own), data.y[picked], data.groups[picked]
            batches = zip(
                _split(x, own_sizes), y.split(sizes), groups.split(sizes), picked.split(sizes),
                strict=True,
            )  # fmt: skip
            steps = [self._step(*batch) for batch in batches]
            outputs.extend(logits for _, logits in steps)
            losses = torch.stack([loss for loss, _ in steps])
            if not losses.isfinite().all():  # looked at here, because each look waits for a GPU
                bad = int(losses.isfinite().logical_not().nonzero()[0])
                rows, loss = picked.split(sizes)[bad], losses[bad].item()
                raise divergence(self, data, start + bad, rows, steps[bad][1], loss)
        team.share_state(self.module_)
        logits = [output for output in outputs if output is not None]
        return torch.cat(logits) if logits else None

    def unwrapped(self) -> "Net":
        """The net that predicts: this one, or that of the main network inside a wrapper."""
        if not isinstance(self.module_, Wrapper):
            return self
        n_classes = len(self.classes)
        net = as_net(self.module_.main, n_classes, max_epochs=self.max_epochs, device=self.device)
        net.history = self.history
        return net

    def _step(
        self, x: Any, y: Tensor, groups: Tensor, index: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Return the loss and the logits."""
        if self.callbacks_:
            self.notify("on_batch_begin", batch=(x, y), training=True)
        self.optimizer_.zero_grad()
        team = current_team()
        output = team.gather(call_module(self.module_, x), len(y))
        loss = self.criterion_(output, y, groups, index)
        loss.backward()
        team.sum_gradients(self.module_.parameters())
        if self.callbacks_:
            parameters = list(self.module_.named_parameters())
            self.notify(
                "on_grad_computed", named_parameters=parameters, batch=(x, y), training=True
            )
        self.optimizer_.step()
        logits = output if isinstance(output, Tensor) else output.logits
        logits = None if logits is None else logits.detach()
        if self.callbacks_:
            self.history.record_batch("train_loss", loss.item())
            self.history.record_batch("train_batch_size", len(y))  # skorch's scoring weighs by it
            step = {"loss": loss.detach(), "y_pred": logits}
            self.notify("on_batch_end", batch=(x, y), training=True, **step)
        return loss.detach(), logits


def _split(x: Any, sizes: list[int]) -> Any:
    if not isinstance(x, dict):
        return x.split(sizes)
    columns = [value.split(sizes) for value in x.values()]
    return [dict(zip(x, parts, strict=True)) for parts in zip(*columns, strict=True)]


def as_net(
    module: nn.Module,
    n_classes: int,
    *,
    objective: nn.Module | None = None,
    optimizer: Any = "adam",
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    max_epochs: int = 1,
    batch_size: int = 128,
    callbacks: Any = None,
    device: Any = "cpu",
) -> Net:
    """Put `module` into an initialised skorch net; its weights stay as they are.

    Parameters
    ----------
    module : nn.Module
        The network; it is not copied.
    n_classes : int
        Columns of its output.
    objective : nn.Module, optional
        What is minimised; None: the cross-entropy.
    optimizer, lr, weight_decay, max_epochs, batch_size, callbacks, device : object
        See :func:`train`.

    Examples
    --------
    >>> from skgroup.modules import mlp
    >>> from skgroup.training import as_net
    >>> as_net(mlp(2, 3), n_classes=3).classes_
    array([0, 1, 2])
    """
    _check_callbacks(callbacks)
    net = Net(
        module,
        criterion=objective or nn.CrossEntropyLoss(),
        optimizer=partial(make_optimizer, optimizer, lr=lr, weight_decay=weight_decay),
        lr=lr,
        max_epochs=max_epochs,
        batch_size=batch_size,
        train_split=None,
        callbacks=callbacks,
        predict_nonlinearity=partial(torch.softmax, dim=-1),
        classes=list(range(n_classes)),
        device=device,
        verbose=0,
    )
    return net.initialize()


def _check_callbacks(callbacks: Any) -> None:
    for given in callbacks or []:
        callback = given[1] if isinstance(given, tuple) and len(given) == 2 else given
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not (is_class or isinstance(callback, Callback)):
            raise TypeError(
                f"callbacks must hold skorch callbacks, got {given!r}: derive from "
                "skorch.callbacks.Callback, and give an instance or a pair (name, instance)."
            )


def is_net(model: Any) -> bool:
    """Whether `model` is a skorch net.

    Parameters
    ----------
    model : object
        Anything.

    Examples
    --------
    >>> from skgroup.modules import mlp
    >>> from skgroup.training import as_net, is_net
    >>> module = mlp(2, 3)
    >>> is_net(module), is_net(as_net(module, n_classes=3))
    (False, True)
    """
    return isinstance(model, NeuralNet)
