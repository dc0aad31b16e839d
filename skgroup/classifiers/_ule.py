from numbers import Real
from typing import Any, ClassVar

from torch import nn

from skgroup._random import isolated_torch_rng
from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._first_stage import train_first_stage
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.gradients._forward import Head, evaluating, find_head
from skgroup.modules import Twin, build_module, check_module_output
from skgroup.objectives import ULELoss
from skgroup.objectives._saliency_twins import FeatureTwin, InputTwin
from skgroup.training import Net

__all__ = ["ULEClassifier"]


@document_shared
class ULEClassifier(BaseGroupClassifier):
    """Unlearning from experience: a teacher that must look elsewhere than a student.

    Two networks see the same batches. The student minimises the cross-entropy and so falls for
    shortcuts. The teacher, which predicts, minimises
    ``ce_weight * CE + (1 - ce_weight) * r * mean (N(-g_s) - N(g_t))^2``, which is small where its
    saliency ``g_t`` (the gradient of its decision by what it sees) is opposite to that of the
    student, ``g_s``. ``N`` divides each sample's saliency by its largest absolute entry, and ``r``
    brings the second term to the magnitude of the first. Training needs no groups: they serve to
    report and, with `early_stopping`, to select the epoch.

    Parameters
    ----------
    ce_weight : float, default=0.5
        Lambda, in [0, 1]: the share of the cross-entropy in the teacher's loss; 1 is plain
        training.
    form : {"input", "feature", "gram"}, default="input"
        What is compared. "input": gradients by the input, which must be floating-point; the step
        needs second derivatives. "feature": gradients by the input of the last linear layer; only
        two such layers are trained, on a frozen network in eval mode. "gram": products of the
        logits of all pairs of rows of the batch, normalised together; teacher and student may be
        of different kinds.
    saliency_class : {"pred", "label"}, default="pred"
        Whose score is differentiated: of the class that each network predicts itself, or of the
        true one. Not used by "gram".
    saliency_score : {"margin", "logit"}, default="margin"
        "margin": ``z_c - logsumexp of the others``, which has the normalised gradient of the
        probability and does not vanish where that is near 1. "logit": ``z_c`` alone. Not used by
        "gram".
    magnitude : {"decade", "ratio", "fixed", "none"}, default="decade"
        r, a constant in each step, within [1e-6, 1e6]: the power of ten that equates the orders
        of magnitude of both terms, their ratio, their ratio in the first batch, or 1.
    student : torch.nn.Module, callable, or None, default=None
        Network of the student, given like `module`; None: one like the teacher. The form
        "feature" has no use for it.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Raises
    ------
    ValueError
        In `fit`, if the form is "input" and X is not floating-point, or "feature" and the network
        does not end in a linear layer or there is a `student`.

    Notes
    -----
    With the form "feature", a `module` that is an instance brings the frozen network and the first
    weights of the teacher's last layer. Any other network is first trained as a whole for
    `max_epochs` by the mean loss; then both last layers start anew. With
    ``hidden_layer_sizes=()`` the features are the standardised inputs.

    In the other forms an instance starts both networks from the same weights; a callable gives
    them different ones. Batch normalisation in training mode mixes the gradients of the rows of a
    batch. `sample_weight` counts inside all means; in "gram" pairs have the product of two.

    References
    ----------
    Mitchell, Martínez-del-Rincón, McLaughlin: UnLearning from experience to avoid spurious
    correlations, 2024, arXiv 2409.02792.

    Examples
    --------
    >>> from skgroup import ULEClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(variance=0.01, random_state=0)
    >>> clf = ULEClassifier(random_state=0).fit(X, y)
    >>> worst_group_accuracy(y, clf.predict(X), groups)
    1.0
    """

    _needs_groups: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "ce_weight": [Interval(Real, 0, 1, closed="both")],
        "form": [StrOptions({"input", "feature", "gram"})],
        "saliency_class": [StrOptions({"pred", "label"})],
        "saliency_score": [StrOptions({"margin", "logit"})],
        "magnitude": [StrOptions({"decade", "ratio", "fixed", "none"})],
        "student": [nn.Module, callable, None],
    }

    def __init__(
        self, ce_weight: float = 0.5, *, form: str = "input", saliency_class: str = "pred",
        saliency_score: str = "margin", magnitude: str = "decade", student: Any = None,
        module: Any = None, hidden_layer_sizes: Any = (100, 100), standardize: bool = True,
        optimizer: Any = "adam", lr: float = 1e-3, weight_decay: float = 1e-4, max_epochs: int = 50,
        batch_size: int = 128, early_stopping: Any = "auto", validation_fraction: float = 0.2,
        patience: int = 10, scoring: Any = "auto", callbacks: Any = None,
        checkpoint_dir: Any = None, device: Any = "cpu", random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        super().__init__(
            module=module, hidden_layer_sizes=hidden_layer_sizes, standardize=standardize,
            optimizer=optimizer, lr=lr, weight_decay=weight_decay, max_epochs=max_epochs,
            batch_size=batch_size, early_stopping=early_stopping,
            validation_fraction=validation_fraction, patience=patience, scoring=scoring,
            callbacks=callbacks, checkpoint_dir=checkpoint_dir, device=device,
            random_state=random_state, verbose=verbose,
        )  # fmt: skip
        self.ce_weight = ce_weight
        self.form = form
        self.saliency_class = saliency_class
        self.saliency_score = saliency_score
        self.magnitude = magnitude
        self.student = student

    def _fit(self, task: Task) -> Net:
        objective = ULELoss(
            self.ce_weight,
            form=self.form,
            saliency_class=self.saliency_class,
            saliency_score=self.saliency_score,
            magnitude=self.magnitude,
            sample_weight=task.sample_weight,
        )
        module = self._feature_twin(task) if self.form == "feature" else self._twin(task)
        sampler = task.sampler("uniform", self.batch_size)
        return self._train(task, objective, sampler, module=module)

    def _twin(self, task: Task) -> Twin:
        by_input = self.form == "input" and self.ce_weight < 1
        if by_input:
            _check_floating_point(task)
        twin = InputTwin if by_input else Twin
        return twin(self._build(task), self._build_student(task))

    def _build_student(self, task: Task) -> nn.Module:
        if self.student is None:
            return self._build(task.first_stage())
        seed = task.seeds.other_module
        try:
            student = build_module(self.student, task.n_features, task.n_classes, seed=seed)
            check_module_output(student.to(self.device), task.data.rows, task.n_classes)
        except (TypeError, ValueError) as error:
            raise type(error)(f"In student: {error}") from error
        return student

    def _feature_twin(self, task: Task) -> FeatureTwin:
        if self.student is not None:
            raise ValueError(
                "student is of no use with form='feature', where both networks share all but the "
                "last layer: leave it out, or choose form='input' or 'gram'."
            )
        main = self._build(task)
        head = _find_head(main, task)
        own = {id(parameter) for parameter in head.layer.parameters()}
        frozen = [parameter for parameter in main.parameters() if id(parameter) not in own]
        if frozen and not isinstance(self.module, nn.Module):
            main = train_first_stage(self, task, self.max_epochs).module_
            main.get_submodule(head.name).load_state_dict(head.layer.state_dict())
        with isolated_torch_rng(task.seeds.other_module):
            other = nn.Linear(
                head.layer.in_features, head.layer.out_features, bias=head.layer.bias is not None
            )
        return FeatureTwin(main, head.name, other.to(self.device))


def _check_floating_point(task: Task) -> None:
    first = task.data.rows.take(slice(0, 1))
    values = first.values() if isinstance(first, dict) else [first]
    others = {str(value.dtype) for value in values if not value.is_floating_point()}
    if others:
        raise ValueError(
            "form='input' differentiates the networks by X, which must be floating-point, but it "
            f"holds {', '.join(sorted(others))}: choose form='feature' or 'gram'."
        )


def _find_head(module: nn.Module, task: Task) -> Head:
    try:
        with evaluating(module):
            head = find_head(module, task.data.rows)
    except ValueError as error:
        head = None
        reason = error
    if head is None or not head.is_output:
        raise ValueError(
            "form='feature' trains the last linear layer of module, whose output must be what "
            "module returns, and there is no such layer: choose form='input' or 'gram'."
        ) from (reason if head is None else None)
    return head
