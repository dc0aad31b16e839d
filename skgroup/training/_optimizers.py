from collections.abc import Callable, Iterable
from typing import Any

from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer

__all__ = ["OPTIMIZERS", "make_optimizer"]

OPTIMIZERS: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "adam": (Adam, {}),
    "adamw": (AdamW, {}),
    "sgd": (SGD, {"momentum": 0.9}),
}


def make_optimizer(
    optimizer: str | Callable[[Iterable[Parameter]], Optimizer],
    parameters: Iterable[Parameter],
    *,
    lr: float,
    weight_decay: float,
) -> Optimizer:
    """Build an optimiser by name, fused where that exists; or call the user's own factory."""
    trainable = [p for p in parameters if p.requires_grad]
    if not isinstance(optimizer, str):
        built = optimizer(trainable)
        if not isinstance(built, Optimizer):
            raise TypeError(
                f"optimizer returned {type(built).__name__}: pass one of {sorted(OPTIMIZERS)} or a "
                "callable that takes parameters and returns a torch.optim.Optimizer."
            )
        return built
    kind, options = OPTIMIZERS[optimizer]
    fused = all(p.is_floating_point() and p.device.type in {"cpu", "cuda"} for p in trainable)
    return kind(trainable, lr=lr, weight_decay=weight_decay, fused=fused, **options)  # type: ignore[call-arg]
