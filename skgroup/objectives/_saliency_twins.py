"""Two networks whose outputs can be differentiated by what both of them see."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from skgroup.gradients._forward import uncompiled
from skgroup.gradients._recording import recording
from skgroup.modules import Twin

__all__ = ["FeatureTwin", "InputTwin", "SaliencyOutput"]


class SaliencyOutput(NamedTuple):
    """Logits of two networks for the same batch, and the tensors that both were computed from."""

    logits: Tensor
    other: Tensor
    inputs: tuple[Tensor, ...]


class InputTwin(Twin):
    """Two networks to be differentiated by their input.

    Parameters
    ----------
    main, other : nn.Module
        In training mode the output is a :class:`SaliencyOutput`; its inputs are the batch, or the
        entries of a dict.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives._saliency_twins import InputTwin
    >>> output = InputTwin(torch.nn.Linear(3, 2), torch.nn.Linear(3, 2))(torch.ones(4, 3))
    >>> [gradient.shape for gradient in torch.autograd.grad(output.logits.sum(), output.inputs)]
    [torch.Size([4, 3])]
    """

    def __init__(self, main: nn.Module, other: nn.Module):
        # A compiled network can be differentiated once; its saliency is trained through again.
        super().__init__(uncompiled(main), uncompiled(other))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if not self.training:
            return super().forward(*args, **kwargs)
        args = tuple(value.detach().requires_grad_() for value in args)
        kwargs = {name: value.detach().requires_grad_() for name, value in kwargs.items()}
        # Copies, because a network may work in place, and what is differentiated must not change.
        copies = {name: value.clone() for name, value in kwargs.items()}
        output = super().forward(*(value.clone() for value in args), **copies)
        return SaliencyOutput(output.logits, output.other, (*args, *kwargs.values()))


class FeatureTwin(Twin):
    """Two last layers on one frozen network, to be differentiated by what they receive.

    The network stays in eval mode: it is a fixed function of the batch.

    Parameters
    ----------
    main : nn.Module
        Network that returns what its last linear layer returns; all else in it is frozen.
    head : str
        Name of that layer.
    other : nn.Linear
        The second last layer. In training mode the output is a :class:`SaliencyOutput`; its
        inputs are the features.

    Examples
    --------
    >>> import torch
    >>> from skgroup.modules import mlp
    >>> from skgroup.objectives._saliency_twins import FeatureTwin
    >>> twin = FeatureTwin(mlp(3, 2, [5]), "head", torch.nn.Linear(5, 2))
    >>> [name for name, p in twin.named_parameters() if p.requires_grad]
    ['main.head.weight', 'main.head.bias', 'other.weight', 'other.bias']
    """

    def __init__(self, main: nn.Module, head: str, other: nn.Linear):
        main = uncompiled(main)  # a compiled one may hide its layers
        super().__init__(main, other)
        self.head = head
        main.requires_grad_(False)
        main.get_submodule(head).requires_grad_(True)

    def train(self, mode: bool = True) -> "FeatureTwin":
        super().train(mode)
        self.main.eval()
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if not self.training:
            return super().forward(*args, **kwargs)
        head = self.main.get_submodule(self.head)
        with torch.no_grad(), recording({self.head: head}) as calls:
            self.main(*args, **kwargs)
        features = calls[0].input.detach().requires_grad_()
        return SaliencyOutput(head(features), self.other(features), (features,))
