import pytest
import torch
from torch import nn

from skgroup.training._optimizers import OPTIMIZERS, make_optimizer

PLAIN = {
    "adam": lambda p, **kw: torch.optim.Adam(p, fused=False, **kw),
    "adamw": lambda p, **kw: torch.optim.AdamW(p, fused=False, **kw),
    "sgd": lambda p, **kw: torch.optim.SGD(p, momentum=0.9, fused=False, **kw),
}


def descend(build, **options):
    """Weights after 20 steps on a fixed quadratic."""
    generator = torch.Generator().manual_seed(0)
    weights = nn.Parameter(torch.randn(30, generator=generator))
    target = torch.randn(30, generator=generator)
    optimizer = build([weights], **options)
    for _ in range(20):
        optimizer.zero_grad()
        torch.sum((weights - target) ** 2).backward()
        optimizer.step()
    return weights.detach()


def test_every_name_has_a_reference_here():
    assert PLAIN.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_fused_equals_unfused(name):
    options = {"lr": 0.01, "weight_decay": 0.1}
    ours = descend(lambda p, **kw: make_optimizer(name, p, **kw), **options)
    torch.testing.assert_close(ours, descend(PLAIN[name], **options), rtol=0, atol=1e-6)


def test_sgd_by_hand():
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = make_optimizer("sgd", [weight], lr=0.1, weight_decay=0.5)
    seen = []
    for _ in range(2):
        optimizer.zero_grad()
        (3 * weight).sum().backward()
        optimizer.step()
        seen.append(weight.item())
    # 3 + .5 * 1 = 3.5; then 3 + .5 * .65 + .9 * 3.5 = 6.475
    assert seen == pytest.approx([0.65, 0.65 - 0.6475], abs=1e-6)


def test_frozen_weights_are_left_out():
    module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    module[0].requires_grad_(False)
    given = []

    def factory(parameters):
        given.extend(parameters)
        return torch.optim.SGD(parameters, lr=1.0)

    made = [
        make_optimizer("adam", module.parameters(), lr=1, weight_decay=0),
        make_optimizer(factory, module.parameters(), lr=1, weight_decay=0),
    ]
    expected = [id(p) for p in module[1].parameters()]
    assert [id(p) for p in given] == expected
    for optimizer in made:
        assert [id(p) for p in optimizer.param_groups[0]["params"]] == expected


def test_a_callable_decides_everything():
    weight = nn.Parameter(torch.zeros(1))
    built = make_optimizer(
        lambda p: torch.optim.RMSprop(p, lr=0.3), [weight], lr=9.0, weight_decay=9.0
    )
    assert type(built) is torch.optim.RMSprop
    assert (built.param_groups[0]["lr"], built.param_groups[0]["weight_decay"]) == (0.3, 0)


def test_a_callable_must_return_an_optimizer():
    with pytest.raises(TypeError, match=r"optimizer returned NoneType: pass one of \['adam'"):
        make_optimizer(lambda p: None, [nn.Parameter(torch.zeros(1))], lr=1, weight_decay=0)
