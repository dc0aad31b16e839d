"""Train on mixtures of two rows instead of the rows themselves."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from skgroup._data import Rows
from skgroup.modules import Wrapper

__all__ = ["Mix", "MixedOutput", "check_mixable"]


class MixedOutput(NamedTuple):
    """Logits of mixed rows, which are those of no single row, and the share of the anchors."""

    logits: None
    mixed: Tensor
    share: Tensor


class Mix(Wrapper):
    """A network that trains on mixtures of two rows.

    A batch is m anchors and then their m partners. In training mode the main network runs once,
    on ``share * anchor + (1 - share) * partner``, with shares drawn from Beta(alpha, alpha) by
    torch's global generator.

    Parameters
    ----------
    main : nn.Module
        The network that predicts; in eval mode it is all there is.
    alpha : float
        Of the Beta distribution: small values leave rows nearly whole, 1 is uniform.
    per_pair : bool, default=False
        Draw a share for each pair instead of one for the batch.

    Examples
    --------
    >>> import torch
    >>> from skgroup._mixing import Mix
    >>> net = Mix(torch.nn.Identity(), alpha=2.0)
    >>> output = net(torch.tensor([[4.0], [0.0]]))  # an anchor and its partner
    >>> torch.equal(output.mixed[:, 0], 4 * output.share)
    True
    """

    def __init__(self, main: nn.Module, alpha: float, *, per_pair: bool = False):
        super().__init__(main)
        self.alpha, self.per_pair = float(alpha), per_pair

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Logits of the batch, in training mode a MixedOutput."""
        if not self.training:
            return self.main(*args, **kwargs)
        first = next(iter((*args, *kwargs.values())))
        n_pairs = len(first) // 2
        share = beta_shares(self.alpha, n_pairs if self.per_pair else 1)
        share = share.to(first.device, first.dtype).expand(n_pairs)
        args = tuple(_mixed(x, share) for x in args)
        kwargs = {name: _mixed(x, share) for name, x in kwargs.items()}
        return MixedOutput(None, self.main(*args, **kwargs), share)


def beta_shares(alpha: float, n: int) -> Tensor:
    """Draw from Beta(alpha, alpha) in double precision, on the CPU for any device.

    A Beta variable is G / (G + H) with two Gamma variables, here in logarithms, because for small
    alpha both underflow: log Gamma(alpha) is log Gamma(alpha + 1) + log(U) / alpha.
    """
    gamma = torch.distributions.Gamma(torch.tensor(alpha + 1.0, dtype=torch.float64), 1.0)
    # 1 - U is never 0.
    uniform = 1 - torch.rand(2, n, dtype=torch.float64)
    logs = gamma.sample((2, n)).log() + uniform.log() / alpha
    return torch.sigmoid(logs[0] - logs[1])


def _mixed(x: Tensor, share: Tensor) -> Tensor:
    anchors, partners = x.chunk(2)
    share = share.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    # Unlike the sum of two products, this leaves equal rows as they are, to the last bit.
    return torch.lerp(partners, anchors, share)


def check_mixable(rows: Rows) -> None:
    """Raise TypeError unless every input is made of floating-point numbers."""
    sample = rows.take(slice(0, 1))
    inputs = sample if isinstance(sample, dict) else {"X": sample}
    whole = {name: x.dtype for name, x in inputs.items() if not x.is_floating_point()}
    if whole:
        raise TypeError(
            f"rows are mixed by weighted means, which integers (token ids, say) do not have, but "
            f"inputs are of type {whole}: pass floating-point inputs, such as embeddings."
        )
