import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from skgroup._data import blocks, forward
from skgroup._random import isolated_torch_rng
from skgroup.modules import FrozenBatchNorm, Standardize, Twin
from skgroup.training._checkpoint import Checkpoint, fingerprint
from skgroup.training._data import TrainingData, group_statistics, holds_dataset
from skgroup.training._epoch_report import EpochReport
from skgroup.training._net import Net, as_net
from skgroup.training._stops import Diverged, Interrupted, divergence_after
from skgroup.training._team import current_team
from skgroup.training._validation import BestEpoch, Validation, copied_weights

__all__ = ["RECORDED", "train"]

# What the history holds for every epoch, where it applies; callbacks may record more.
RECORDED = (
    "train_loss", "train_accuracy", "group_loss", "group_accuracy", "group_weights",
    "valid_score", "valid_accuracy", "valid_group_accuracy", "valid_best",
)  # fmt: skip
# Layers that draw no random numbers.
PLAIN = {
    nn.Sequential, nn.Linear, nn.ReLU, nn.Conv2d, nn.Flatten, nn.MaxPool2d,
    FrozenBatchNorm, Standardize, Twin,
}  # fmt: skip


def train(
    module: nn.Module,
    objective: nn.Module,
    data: TrainingData,
    *,
    sampler: Any,
    n_classes: int,
    optimizer: Any = "adam",
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    max_epochs: float = 50,
    validation: Validation | None = None,
    patience: int = 10,
    callbacks: Any = None,
    after_epoch: Callable[[nn.Module], None] | None = None,
    checkpoint_dir: Any = None,
    stage: str = "fit",
    device: Any = "cpu",
    seed: int = 0,
    verbose: int = 0,
) -> Net:
    """Train `module` in place and return it inside a skorch net, in eval mode.

    Parameters
    ----------
    module : nn.Module
        Maps a batch to logits; while it trains, to whatever the objective reads: a named tuple
        whose field `logits` holds those of the rows, or None where rows were mixed.
    objective : nn.Module
        ``(output, y, groups, index) -> scalar``.
    data : TrainingData
        The training rows.
    sampler : object
        ``epoch()`` gives row numbers, ``lengths`` the batches they are cut into.
    n_classes : int
        Columns of the logits.
    optimizer : {"adam", "adamw", "sgd"} or callable, default="adam"
        "sgd" has momentum 0.9. A callable takes parameters and returns a torch optimiser.
    lr, weight_decay : float
        Of an optimiser given by name.
    max_epochs : float, default=50
        Passes over the sampler's index; a fraction of an epoch is cut at a batch.
    validation : Validation, optional
        Keep the best epoch by its criterion.
    patience : int, default=10
        Stop after so many epochs without a better one.
    callbacks : list of skorch callbacks, optional
        One that raises KeyboardInterrupt at the end of an epoch ends the training.
    after_epoch : callable, optional
        Called with the module after each epoch.
    checkpoint_dir : path-like, optional
        Save after each epoch there, and go on from what is there. The state of callbacks is not
        part of it.
    stage : str, default="fit"
        Tells the trainings of one fit apart, on disk and in what is shown.
    device : str or torch.device, default="cpu"
        Where the module is trained.
    seed : int, default=0
        For modules that draw random numbers while they train, such as dropout.
    verbose : int, default=0
        1 shows a progress bar, 2 a line for each epoch.

    Returns
    -------
    Net
        Its ``history`` has a row for each epoch.

    Raises
    ------
    Diverged
        If a loss, or the network's output or weights after an epoch, is not finite.
    Interrupted
        On Ctrl-C, with the net trained so far.
    OSError
        If `checkpoint_dir` cannot be written to.

    Examples
    --------
    >>> import torch
    >>> from skgroup._data import as_rows
    >>> from skgroup.modules import mlp
    >>> from skgroup.objectives import MeanLoss
    >>> from skgroup.samplers import UniformSampler
    >>> from skgroup.training import TrainingData, train
    >>> X, y = torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1])
    >>> data = TrainingData(as_rows(X), y, groups=y, n_groups=2)
    >>> sampler = UniformSampler(2, batch_size=2, seed=0)
    >>> net = train(mlp(1, 2), MeanLoss(), data, sampler=sampler, n_classes=2, lr=0.1)
    >>> net.module_(X).argmax(dim=1)
    tensor([0, 1])
    """
    options = {"optimizer": optimizer, "lr": lr, "weight_decay": weight_decay}
    net = as_net(
        module, n_classes, objective=objective, max_epochs=math.ceil(max_epochs),
        batch_size=max(sampler.lengths), callbacks=callbacks, device=device, **options,
    )  # fmt: skip
    loop = _Loop(net, data, sampler, validation, BestEpoch(patience), after_epoch)
    team = current_team()
    team.check_alike(loop, options, max_epochs, patience, seed)
    if checkpoint_dir is not None:
        key = loop.fingerprint(options, max_epochs, patience, seed)
        loop.checkpoint = team.checkpoint(checkpoint_dir, f"{stage}-{key[:16]}")
    draws = loop.draws_random_numbers()
    with isolated_torch_rng(team.own_seed(seed), device) if draws else nullcontext():
        try:
            loop.run(max_epochs, stage, 0 if team.rank else verbose)
        except KeyboardInterrupt:
            del net.history[loop.done :]  # an epoch that was cut short has no complete record
            raise Interrupted(net) from None
        except Diverged as error:
            loop.go_back()
            error.net = net
            raise
        finally:
            net.module_.eval()
    return net


class _Loop:
    """The state of one fit."""

    def __init__(
        self,
        net: Net,
        data: TrainingData,
        sampler: Any,
        validation: Validation | None,
        best: BestEpoch,
        after_epoch: Callable[[nn.Module], None] | None,
    ):
        self.net, self.data, self.sampler = net, data, sampler
        self.validation, self.best, self.after_epoch = validation, best, after_epoch
        self.checkpoint: Checkpoint | None = None
        self.done = 0
        self.good: dict[str, Any] = {}

    def draws_random_numbers(self) -> bool:
        """Whether training may draw random numbers; if not, several fits can run in threads."""
        parts = self.net.module_.modules()
        return holds_dataset(self.data.rows) or not all(type(part) in PLAIN for part in parts)

    def fingerprint(self, *settings: Any) -> str:
        """A name for this fit, which no fit with other data or settings has."""
        held_out, sampler = self.validation, self.sampler
        valid = None if held_out is None else (held_out.scoring, *_contents(held_out.data))
        parts = (self.net.module_, self.net.criterion_, type(sampler), vars(sampler))
        return fingerprint(settings, *parts, *_contents(self.data), valid)

    def run(self, max_epochs: float, stage: str, verbose: int) -> None:
        stopped = self._resume()
        self.good = copied_weights(self.net.module_)
        n_epochs = math.ceil(max_epochs)
        self.net.notify("on_train_begin", X=self.data.rows, y=self.data.y)
        with EpochReport(stage, self.done, n_epochs, verbose) as report:
            while self.done < n_epochs and not stopped:
                stopped = current_team().any(self._epoch(min(1.0, max_epochs - self.done)))
                self.done += 1
                self.good = {} if self.best.weights else copied_weights(self.net.module_)
                self._save(stopped)
                report.show(self.net.history[-1])
        self.net.notify("on_train_end", X=self.data.rows, y=self.data.y)
        self.best.restore(self.net.module_)
        if self.checkpoint is not None:
            self.checkpoint.remove()

    def go_back(self) -> None:
        """Return to the best epoch, or to the last good one, and forget the one that failed."""
        self.net.module_.load_state_dict(self.best.weights or self.good)
        del self.net.history[self.done :]

    def _epoch(self, fraction: float) -> bool:
        net, data = self.net, self.data
        net.notify("on_epoch_begin", dataset_train=data, dataset_valid=None)
        lengths = self.sampler.lengths
        # Rounded first: 1.1 epochs of 10 batches are 11, whatever 1.1 - 1 is in binary.
        lengths = lengths[: max(1, math.ceil(round(fraction * len(lengths), 6)))]
        index = self.sampler.epoch()[: sum(lengths)]
        logits = net.train_epoch(data, index, lengths)
        if logits is None:  # mixed rows say nothing of a group: look at the rows themselves
            logits, index = forward(net.module_.eval(), data.rows), torch.arange(len(data))
            lengths = [0] * (len(lengths) - 1) + [len(data)]
        self._record_training(logits, index, lengths)
        if self.after_epoch is not None:
            self.after_epoch(net.module_)
        stop = self.validation is not None and self._validate(self.validation)
        try:
            net.notify("on_epoch_end", dataset_train=data, dataset_valid=None)
        except KeyboardInterrupt:  # this is how skorch's callbacks end a training
            return True
        return stop

    def _record_training(self, logits: Tensor, index: Tensor, lengths: list[int]) -> None:
        data, history = self.data, self.net.history
        stats = group_statistics(logits, data.y[index], data.groups[index], data.n_groups)
        finite = all(weights.isfinite().all() for weights in self.net.module_.parameters())
        if not (finite and math.isfinite(stats.loss)):
            raise divergence_after(self.net, data, index, logits, lengths, stats.loss)
        history.record("train_loss", stats.loss)
        history.record("train_accuracy", stats.accuracy)
        history.record("group_loss", stats.group_loss)
        history.record("group_accuracy", stats.group_accuracy)
        q = getattr(self.net.criterion_, "q", None)
        if q is not None:
            history.record("group_weights", q.tolist())

    def _validate(self, validation: Validation) -> bool:
        score, stats = validation.evaluate(self.net.module_)
        history = self.net.history
        history.record("valid_score", score[0])
        history.record("valid_accuracy", stats.accuracy)
        history.record("valid_group_accuracy", stats.group_accuracy)
        stop = self.best.should_stop(score, self.net.module_)
        history.record("valid_best", self.best.waited == 0)
        return stop

    def _resume(self) -> bool:
        state = self.checkpoint.load() if self.checkpoint is not None else None
        if state is None:
            return False
        for part in ("module_", "criterion_", "optimizer_"):
            getattr(self.net, part).load_state_dict(state[part])
        self.sampler.load_state_dict(state["sampler"])
        self.best.load_state_dict(state["best"])
        if self.draws_random_numbers():
            torch.set_rng_state(state["rng"])
        for row in state["history"]:
            self.net.history.new_epoch()
            for name, value in row.items():
                self.net.history.record(name, value)
        self.done = len(self.net.history)
        return state["stopped"]

    def _save(self, stopped: bool) -> None:
        if self.checkpoint is None:
            return
        parts = ("module_", "criterion_", "optimizer_")
        history = [{k: v for k, v in row.items() if k != "batches"} for row in self.net.history]
        self.checkpoint.save(
            {part: getattr(self.net, part).state_dict() for part in parts}
            | {"sampler": self.sampler.state_dict(), "best": self.best.state_dict()}
            | {"history": history, "stopped": stopped, "rng": torch.get_rng_state()}
        )


def _contents(data: TrainingData) -> tuple[Any, ...]:
    """What tells these rows from others; a torch Dataset may draw its values, so they are out."""
    values = len(data) if holds_dataset(data.rows) else (batch for _, batch in blocks(data.rows))
    return data.y, data.groups, values
