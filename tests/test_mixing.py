import numpy as np
import pytest
import torch
from scipy import sparse, stats
from torch import nn
from torch.utils.data import TensorDataset

from skgroup._data import as_rows
from skgroup._mixing import Mix, beta_shares, check_mixable
from skgroup._random import isolated_torch_rng
from skgroup.modules import Twin, mlp


@pytest.mark.parametrize("alpha", [0.2, 1.0, 2.0, 30.0])
def test_shares_have_a_beta_distribution(alpha):
    shares = beta_shares(alpha, 20_000).numpy()
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("alpha", [1e-3, 1e-8, 1e-200])
def test_small_alphas_choose_one_row(alpha):
    shares = beta_shares(alpha, 1000)
    whole = ((shares < 1e-9) | (shares > 1 - 1e-9)).double().mean()
    assert whole > (0.95 if alpha == 1e-3 else 0.999)
    assert shares.mean().item() == pytest.approx(0.5, abs=0.05)


def test_mixtures_by_hand():
    net = Mix(nn.Identity(), alpha=1.0, per_pair=True).double()
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [-1.0, 0.0]], dtype=torch.float64)
    output = net(x)
    assert output.logits is None
    assert output.share.shape == (2,)
    assert output.share[0] != output.share[1]
    s, t = output.share.tolist()
    expected = [[s + 5 * (1 - s), 2 * s + 6 * (1 - s)], [3 * t - (1 - t), 4 * t]]
    torch.testing.assert_close(output.mixed, torch.tensor(expected, dtype=torch.float64))


def test_one_share_for_a_batch():
    output = Mix(nn.Identity(), alpha=1.0)(torch.randn(8, 3))
    assert output.share.shape == (4,)
    assert len(set(output.share.tolist())) == 1


def test_the_main_network_runs_once_on_the_mixtures():
    main, sizes = mlp(3, 2, [4]), []
    main.register_forward_hook(lambda module, args, output: sizes.append(len(args[0])))
    net, x = Mix(main, alpha=2.0, per_pair=True), torch.randn(10, 3)
    output = net(x)
    assert sizes == [5]
    share = output.share[:, None]
    torch.testing.assert_close(output.mixed, main(share * x[:5] + (1 - share) * x[5:]))


def test_equal_rows_stay_as_they_are():
    x = torch.randn(50, 3, 2, 2)
    output = Mix(nn.Identity(), alpha=2.0, per_pair=True)(torch.cat([x, x]))
    assert torch.equal(output.mixed, x)


def test_in_eval_mode_it_is_the_main_network():
    main, x = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)), torch.randn(5, 3)
    net = Mix(main, alpha=0.2).eval()
    before = torch.get_rng_state()
    assert torch.equal(net(x), main.eval()(x))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_entry_of_a_dict_is_mixed_with_the_same_share():
    class Both(nn.Module):
        def forward(self, left, right):
            return torch.cat([left, right.flatten(1).to(left.dtype)], dim=1)

    left, right = torch.randn(6, 2), torch.randn(6, 2, 2, dtype=torch.float64)
    output = Mix(Both(), alpha=1.0, per_pair=True)(left=left, right=right)
    values = torch.cat([left, right.flatten(1).float()], dim=1)
    share = output.share[:, None]
    torch.testing.assert_close(output.mixed, share * values[:3] + (1 - share) * values[3:])


def test_the_generator_decides_the_shares():
    net, x = Mix(nn.Identity(), alpha=0.2, per_pair=True), torch.randn(8, 2)
    with isolated_torch_rng(1):
        first = net(x).share
    with isolated_torch_rng(1):
        assert torch.equal(net(x).share, first)
    with isolated_torch_rng(2):
        assert not torch.equal(net(x).share, first)


def test_gradients_are_those_of_the_mixtures():
    main = mlp(3, 2, [4]).double()
    net, x = Mix(main, alpha=2.0, per_pair=True), torch.randn(8, 3, dtype=torch.float64)
    with isolated_torch_rng(3):
        output = net(x)
    ours = torch.autograd.grad(output.mixed.square().sum(), main.parameters())
    share = output.share[:, None]
    plain = main(share * x[:4] + (1 - share) * x[4:]).square().sum()
    for one, other in zip(ours, torch.autograd.grad(plain, main.parameters()), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


FLOATS = {
    "array": np.ones((3, 2)),
    "integers of an array": np.ones((3, 2), dtype=int),  # which become numbers
    "sparse": sparse.csr_array(np.ones((3, 2))),
    "dict": {"a": np.ones((3, 2)), "b": torch.ones(3, 1)},
    "dataset": TensorDataset(torch.ones(3, 2), torch.ones(3)),
}


@pytest.mark.parametrize("X", FLOATS.values(), ids=FLOATS)
def test_numbers_can_be_mixed(X):
    check_mixable(as_rows(X))


TOKENS = torch.ones(3, 2, dtype=torch.int64)
INTEGERS = {
    "tensor": (TOKENS, "'X': torch.int64"),
    "dict": ({"a": np.ones((3, 2)), "ids": TOKENS}, "'ids': torch.int64"),
    "mask": ({"mask": TOKENS > 0}, "'mask': torch.bool"),
    "dataset": (TensorDataset(TOKENS, torch.ones(3)), "'X': torch.int64"),
}


@pytest.mark.parametrize(("X", "text"), INTEGERS.values(), ids=INTEGERS)
def test_integers_cannot(X, text):
    with pytest.raises(TypeError, match=f"which integers .*of type {{{text}}}: pass floating"):
        check_mixable(as_rows(X))


def test_other_wrappers_may_be_inside():
    x = torch.randn(4, 2)
    output = Mix(Twin(nn.Identity(), nn.ReLU()), alpha=1.0)(x)
    torch.testing.assert_close(output.mixed.other, output.mixed.logits.clamp_min(0))
