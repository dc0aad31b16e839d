"""Watch what goes into and comes out of the layers of a network."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn

__all__ = ["Call", "recording"]


class Call(NamedTuple):
    """One use of a layer."""

    name: str
    input: Any
    output: Any
    versions: tuple[int, int]

    def returned(self, output: Tensor) -> bool:
        """Whether `output` is this layer's result for a matrix, and neither was overwritten."""
        intact = self.versions == (_version(self.input), _version(self.output))
        return self.output is output and self.input.ndim == 2 and intact


def _version(value: Any) -> int:
    return getattr(value, "_version", 0)


def _recorder(name: str, calls: list[Call], differentiable: bool) -> Callable[..., Any]:
    def hook(layer: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        if differentiable and not output.requires_grad:
            output = output.detach().requires_grad_()
        given = next(iter((*args, *kwargs.values())), None)
        calls.append(Call(name, given, output, (_version(given), _version(output))))
        # The rest of the network may overwrite what it receives: it gets a copy.
        return output.clone() if differentiable else None

    return hook


@contextmanager
def recording(
    layers: Mapping[str, nn.Module], *, differentiable: bool = False
) -> Iterator[list[Call]]:
    """Collect the calls of `layers` in the order in which they end.

    With `differentiable`, the loss can be differentiated by every recorded output, also when no
    parameter requires a gradient.
    """
    calls: list[Call] = []
    with ExitStack() as stack:
        for name, layer in layers.items():
            # Before the user's hooks, which may replace the output: this is the layer's own.
            handle = layer.register_forward_hook(
                _recorder(name, calls, differentiable), prepend=True, with_kwargs=True
            )
            stack.callback(handle.remove)
        yield calls
