from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup.objectives._weighted_mean import WeightedMean

__all__ = ["ULELoss", "class_scores", "gram", "matching_scale", "normalized", "saliency"]


def class_scores(logits: Tensor, classes: Tensor, score: str = "margin") -> Tensor:
    """What is differentiated for a saliency: a number for the class of each row.

    "margin" is ``z_c - logsumexp of the others``, whose gradient points where that of the
    probability of c does, and never underflows; "logit" is ``z_c``.
    """
    column = classes[:, None]
    chosen = logits.gather(1, column).flatten()
    if score == "logit":
        return chosen
    return chosen - torch.logsumexp(logits.scatter(1, column, -torch.inf), dim=1)


def saliency(scores: Tensor, inputs: tuple[Tensor, ...], *, differentiable: bool) -> Tensor:
    """Gradient of each row's score by its own input, of shape (n_rows, n_entries)."""
    gradients = torch.autograd.grad(
        scores.sum(), inputs, create_graph=differentiable, retain_graph=True,
        materialize_grads=True,
    )  # fmt: skip
    return torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)


def normalized(maps: Tensor) -> Tensor:
    """Divide each row by its largest absolute entry; a row of zeros stays as it is."""
    largest = maps.abs().amax(dim=1, keepdim=True)
    return maps / torch.where(largest > 0, largest, 1.0)


def gram(outputs: Tensor) -> Tensor:
    """Products of all pairs of rows, in one row: networks of any width become comparable."""
    return (outputs @ outputs.T).reshape(1, -1)


def matching_scale(target: Tensor, value: Tensor, magnitude: str = "decade") -> Tensor:
    """Factor that brings `value` to the magnitude of `target`, between 1e-6 and 1e6.

    "decade" is the power of ten that makes both floors of the logarithm equal, "ratio" makes both
    numbers equal. 1 where one of them is 0.
    """
    target, value = target.double(), value.double()
    if magnitude == "decade":
        scale = 10.0 ** (target.log10().floor() - value.log10().floor())
    else:
        scale = target / value
    return torch.where((target > 0) & (value > 0), scale.clamp(1e-6, 1e6), 1.0)


class ULELoss(nn.Module):
    """Unlearning from experience: a teacher that must look elsewhere than a student.

    The student minimises the cross-entropy. The teacher minimises
    ``ce_weight * CE + (1 - ce_weight) * r * mean (N(-g_s) - N(g_t))^2``, where ``g_s`` and ``g_t``
    are the saliencies of student and teacher, ``N`` divides each sample's map by its largest
    absolute entry, and ``r`` brings the second term to the magnitude of the first. Neither learns
    from the other's gradient: ``g_s`` and ``r`` are constants.

    Parameters
    ----------
    ce_weight : float, default=0.5
        Lambda, in [0, 1]; 1 is plain training of both.
    form : {"input", "feature", "gram"}, default="input"
        "input" and "feature": saliencies by the inputs of the twin's output. "gram": products of
        all pairs of logits in the batch, ``E = A A^T``, in the place of saliencies, with `N` over
        the whole matrix.
    saliency_class : {"pred", "label"}, default="pred"
        Whose score is differentiated: of the class that the network predicts, or of the true one.
    saliency_score : {"margin", "logit"}, default="margin"
        The score: ``z_c - logsumexp of the others``, or ``z_c`` alone.
    magnitude : {"decade", "ratio", "fixed", "none"}, default="decade"
        r: the power of ten that equates the orders of magnitude, the ratio of both terms, that
        ratio in the first batch, or 1.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights inside all means.

    References
    ----------
    Mitchell, Martínez-del-Rincón, McLaughlin: UnLearning from experience to avoid spurious
    correlations, 2024, arXiv 2409.02792.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import ULELoss
    >>> from skgroup.objectives._saliency_twins import InputTwin
    >>> twin, y = InputTwin(torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)), torch.tensor([0, 1])
    >>> loss = ULELoss()(twin(torch.ones(2, 3)), y, groups=y, index=torch.arange(2))
    >>> loss.shape
    torch.Size([])
    """

    first_scale: Tensor

    def __init__(
        self,
        ce_weight: float = 0.5,
        *,
        form: str = "input",
        saliency_class: str = "pred",
        saliency_score: str = "margin",
        magnitude: str = "decade",
        sample_weight: Tensor | None = None,
    ):
        super().__init__()
        self.ce_weight, self.form, self.magnitude = ce_weight, form, magnitude
        self.saliency_class, self.saliency_score = saliency_class, saliency_score
        self.mean = WeightedMean(sample_weight)
        self.register_buffer("first_scale", torch.tensor(torch.nan, dtype=torch.float64))

    def forward(self, output: Any, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        student, teacher = (
            self.mean(cross_entropy(logits, y, reduction="none"), index)
            for logits in (output.other, output.logits)
        )
        if self.ce_weight == 1:
            return student + teacher
        likeness = self.likeness(output, y, index)
        scale = self._scale(teacher.detach(), likeness.detach()).to(likeness.dtype)
        penalty = (1 - self.ce_weight) * scale * likeness
        return student + self.ce_weight * teacher + penalty

    def likeness(self, output: Any, y: Tensor, index: Tensor) -> Tensor:
        """Mean squared difference of the teacher's map and the reversed one of the student.

        From 0, for opposite maps, to 4. Only the teacher gets a gradient.
        """
        if self.form == "gram":
            student, teacher = gram(output.other.detach()), gram(output.logits)
        else:
            student = self._saliency(output.other, output.inputs, y, differentiable=False)
            teacher = self._saliency(output.logits, output.inputs, y, differentiable=True)
        squares = (normalized(-student) - normalized(teacher)).square()
        if self.form == "gram":  # weighted pairs
            return self.mean(self.mean(squares.view(len(y), len(y)), index), index)
        return self.mean(squares.mean(dim=1), index)

    def _saliency(
        self, logits: Tensor, inputs: tuple[Tensor, ...], y: Tensor, *, differentiable: bool
    ) -> Tensor:
        classes = y if self.saliency_class == "label" else logits.detach().argmax(dim=1)
        scores = class_scores(logits, classes, self.saliency_score)
        return saliency(scores, inputs, differentiable=differentiable)

    def _scale(self, target: Tensor, value: Tensor) -> Tensor:
        if self.magnitude == "none":
            return torch.ones_like(target)
        if self.magnitude != "fixed":
            return matching_scale(target, value, self.magnitude)
        first = matching_scale(target, value, "ratio")
        self.first_scale = torch.where(self.first_scale.isnan(), first, self.first_scale)
        return self.first_scale
