"""Neural networks: the default ones and what a user may bring instead."""

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from skgroup._data import Rows, call_module
from skgroup._random import isolated_torch_rng

__all__ = [
    "FrozenBatchNorm",
    "Standardize",
    "Twin",
    "TwinOutput",
    "Wrapper",
    "build_module",
    "check_module_output",
    "mlp",
]


class Standardize(nn.Module):
    """Subtract a mean and divide by a scale, both fixed, per feature.

    Parameters
    ----------
    mean, scale : array-like of shape (n_features,)
        Statistics of the training data. A scale of 0 (a constant feature) is read as 1.

    Examples
    --------
    >>> import torch
    >>> from skgroup.modules import Standardize
    >>> Standardize([1.0, 0.0], [2.0, 0.0])(torch.tensor([[5.0, 3.0]]))
    tensor([[2., 3.]])
    """

    mean: Tensor
    inverse_scale: Tensor

    def __init__(self, mean: Any, scale: Any):
        super().__init__()
        scale = torch.as_tensor(scale, dtype=torch.float64)
        inverse = 1 / torch.where(scale > 0, scale, torch.ones_like(scale))
        # Copied: loading a state writes into buffers, which must not be the caller's arrays.
        mean = torch.as_tensor(mean, dtype=torch.float64)
        self.register_buffer("mean", mean.to(torch.float32))
        self.register_buffer("inverse_scale", inverse.to(torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.inverse_scale


class Wrapper(nn.Module):
    """A network that is trained inside another module and predicts alone.

    Parameters
    ----------
    main : nn.Module
        The network that predicts; in eval mode the wrapper returns its logits.

    Examples
    --------
    >>> import torch
    >>> from skgroup.modules import Wrapper
    >>> Wrapper(torch.nn.Identity())(torch.ones(1, 2))
    tensor([[1., 1.]])
    """

    def __init__(self, main: nn.Module):
        super().__init__()
        self.main = main

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.main(*args, **kwargs)


class FrozenBatchNorm(Wrapper):
    """Trains a network whose batch-normalisation layers keep their statistics.

    Parameters
    ----------
    main : nn.Module
        The network.

    Examples
    --------
    >>> from torch import nn
    >>> from skgroup.modules import FrozenBatchNorm
    >>> net = FrozenBatchNorm(nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2))).train()
    >>> [layer.training for layer in net.main]
    [True, False]
    """

    def train(self, mode: bool = True) -> "FrozenBatchNorm":
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.eval()
        return self


class TwinOutput(NamedTuple):
    """Logits of two networks for the same batch."""

    logits: Tensor
    other: Tensor


class Twin(Wrapper):
    """Two networks that see the same batches; the main one predicts.

    Parameters
    ----------
    main, other : nn.Module
        In training mode the output is a pair ``(logits, other)`` of the logits of both.

    Examples
    --------
    >>> import torch
    >>> from skgroup.modules import Twin
    >>> net = Twin(torch.nn.Identity(), torch.nn.ReLU())
    >>> net(torch.tensor([[-1.0, 1.0]])).other
    tensor([[0., 1.]])
    """

    def __init__(self, main: nn.Module, other: nn.Module):
        super().__init__(main)
        self.other = other

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if not self.training:
            return self.main(*args, **kwargs)
        # A copy, because the first network may work in place.
        copies = {name: value.clone() for name, value in kwargs.items()}
        again = [value.clone() for value in args]
        return TwinOutput(self.main(*args, **kwargs), self.other(*again, **copies))


def mlp(n_features: int, n_classes: int, hidden_layer_sizes: Sequence[int] = ()) -> nn.Sequential:
    """Build a fully connected ReLU network that returns logits; linear without hidden layers.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes of the input and of the output.
    hidden_layer_sizes : sequence of int, default=()
        Units per hidden layer.

    Returns
    -------
    torch.nn.Sequential
        Its last layer is named ``head``.

    Examples
    --------
    >>> from skgroup.modules import mlp
    >>> [name for name, _ in mlp(4, 2, [8]).named_children()]
    ['hidden_0', 'relu_0', 'head']
    """
    net, width = nn.Sequential(), n_features
    for i, size in enumerate(hidden_layer_sizes):
        net.add_module(f"hidden_{i}", nn.Linear(width, size))
        net.add_module(f"relu_{i}", nn.ReLU())
        width = size
    net.add_module("head", nn.Linear(width, n_classes))
    return net


def build_module(
    module: nn.Module | Callable[[int, int], nn.Module] | None,
    n_features: int,
    n_classes: int,
    *,
    hidden_layer_sizes: Sequence[int] = (),
    standardize: tuple[Any, Any] | None = None,
    seed: int = 0,
) -> nn.Module:
    """Make the network to train.

    Parameters
    ----------
    module : nn.Module, callable ``(n_features, n_classes) -> nn.Module``, or None
        An instance is deep-copied, so that the user's own is never trained. None: :func:`mlp`.
    n_features, n_classes : int
        Sizes of the input and of the output.
    hidden_layer_sizes : sequence of int
        For the default network.
    standardize : (mean, scale), optional
        Statistics for a first layer of the default network.
    seed : int
        Seeds the initial weights; the global generator is left as it was.
    """
    if isinstance(module, nn.Module):
        return copy.deepcopy(module)
    with isolated_torch_rng(seed):
        if module is not None:
            _check_call(module, n_features, n_classes)
            built = module(n_features, n_classes)
            if not isinstance(built, nn.Module):
                raise TypeError(
                    f"module must return a torch.nn.Module, got {type(built).__name__}: pass a "
                    "callable (n_features, n_classes) -> torch.nn.Module, or an instance."
                )
            return built
        net = mlp(n_features, n_classes, hidden_layer_sizes)
    if standardize is None:
        return net
    layers = {"standardize": Standardize(*standardize), **dict(net.named_children())}
    result = nn.Sequential()
    for name, layer in layers.items():
        result.add_module(name, layer)
    return result


def _check_call(module: Callable, n_features: int, n_classes: int) -> None:
    try:
        inspect.signature(module).bind(n_features, n_classes)
    except TypeError as error:
        name = getattr(module, "__name__", "module")
        raise TypeError(
            f"{name} was given as module=, and is called as {name}(n_features, n_classes), but "
            f"{error}: pass an instance, such as `module={name}()`, or a callable that takes both."
        ) from error
    except ValueError:  # some functions in C have no signature
        return


def check_module_output(
    module: nn.Module, rows: Rows, n_classes: int, name: str = "module"
) -> None:
    """Raise ValueError unless `module` maps rows to logits of shape (n_rows, n_classes)."""
    modes, n = [(part, part.training) for part in module.modules()], min(2, len(rows))
    module.eval()
    try:
        with torch.no_grad():
            output = call_module(module, rows.take(slice(0, n)))
    except RuntimeError as error:
        raise ValueError(
            f"{name} cannot process X: {error}. Check that its input layer fits the shape of X; "
            "give integers such as token ids as torch tensors, because arrays become float32."
        ) from error
    finally:
        for part, training in modes:
            part.training = training
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    if shape == (n, n_classes) and not output.is_floating_point():
        raise ValueError(f"{name} must return floating-point logits, it returned {output.dtype}.")
    if shape != (n, n_classes):
        raise ValueError(
            f"{name} must return logits of shape (n_samples, {n_classes}), one column a class; for "
            f"{n} samples it returned {shape}. Change the size of its last layer."
        )
    if (output >= 0).all() and torch.allclose(output.sum(dim=1), output.new_ones(n), atol=1e-4):
        raise ValueError(
            f"{name} returns probabilities: remove its last softmax, so that it returns logits."
        )
