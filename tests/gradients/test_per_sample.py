import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn

from skgroup.gradients import _per_sample, per_sample_gradients
from skgroup.gradients._sketch import Sketch

N, K = 23, 3
TABLE = torch.from_numpy(np.random.default_rng(0).normal(size=(N, 4)))
y = torch.arange(N) % K

HEADS = {"linear": "", "mlp": "5", "cnn": "4", "text": "fc", "batch norm": "3"}
LAYERS = {
    "linear": "all",
    "mlp": "layer:1",
    "cnn": "layer:0",
    "text": "layer:words",
    "batch norm": "layer:1",
}
each_net = pytest.mark.parametrize("name", HEADS)


def take(X, index):
    return {k: v[index] for k, v in X.items()} if isinstance(X, dict) else X[index]


precisions = pytest.mark.parametrize(
    ("dtype", "rtol", "atol"), [(torch.float64, 1e-10, 1e-14), (torch.float32, 1e-5, 1e-6)]
)


@precisions
@each_net
def test_head_equals_autograd(name, dtype, rtol, atol, head_reference, build):
    net, X = build(name, dtype)
    expected = head_reference(net, X, y, net.get_submodule(HEADS[name]))
    found = per_sample_gradients(net, X, y)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


@precisions
@each_net
def test_all_and_layers_equal_autograd(name, dtype, rtol, atol, reference, build):
    net, X = build(name, dtype)
    for source in ("all", LAYERS[name]):
        part = net if source == "all" else net.get_submodule(source.removeprefix("layer:"))
        found = per_sample_gradients(net, X, y, source=source)
        expected = reference(net, X, y, list(part.parameters()))
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


@precisions
@each_net
def test_activation_is_the_residual_times_the_weight(name, dtype, rtol, atol, build):
    net, X = build(name, dtype)
    head = net.get_submodule(HEADS[name])
    net.eval()
    logits = net(**X) if isinstance(X, dict) else net(X)
    residual = torch.softmax(logits, 1) - nn.functional.one_hot(y, K)
    expected = (residual @ head.weight).detach()
    found = per_sample_gradients(net, X, y, source="activation")
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


@each_net
def test_activation_has_rank_one_less_than_classes(name, build):
    net, X = build(name)
    found = per_sample_gradients(net, X, y, source="activation")
    singular = np.linalg.svd(found, compute_uv=False)
    assert np.sum(singular > 1e-12 * singular[0]) == K - 1


@pytest.mark.parametrize("sketch", [None, 7])
@pytest.mark.parametrize("kind", ["head", "activation", "all", "layer"])
@each_net
def test_block_size_and_order_change_nothing(name, kind, sketch, build):
    net, X = build(name)
    source = LAYERS[name] if kind == "layer" else kind
    whole = per_sample_gradients(net, X, y, source=source, sketch=sketch)
    for block_size in (1, 5, 100):
        blocked = per_sample_gradients(
            net, X, y, source=source, sketch=sketch, block_size=block_size
        )
        np.testing.assert_allclose(blocked, whole, rtol=1e-10, atol=1e-13)
    order = torch.randperm(N)
    permuted = per_sample_gradients(net, take(X, order), y[order], source=source, sketch=sketch)
    np.testing.assert_allclose(permuted, whole[order], rtol=1e-10, atol=1e-13)


def test_columns_are_ordered_by_class():
    net = nn.Linear(2, 2)
    net.load_state_dict({"weight": torch.zeros(2, 2), "bias": torch.log(torch.tensor([1.0, 3.0]))})
    found = per_sample_gradients(net, [[2.0, -4.0]], [0])
    np.testing.assert_allclose(found, [[-1.5, 3.0, -0.75, 1.5, -3.0, 0.75]], rtol=1e-6)


def test_inner_products_follow_from_residuals_and_features(build):
    net, X = build("mlp")
    h = net[:-1](X).detach()
    d = (torch.softmax(net(X), 1) - nn.functional.one_hot(y, K)).detach()
    found = per_sample_gradients(net, X, y)
    np.testing.assert_allclose(found @ found.T, (d @ d.T) * (h @ h.T + 1), rtol=1e-10, atol=1e-14)


def test_two_logits_have_the_angles_of_one():
    net, labels = nn.Linear(4, 2).double(), (y > 0).long()
    two = per_sample_gradients(net, TABLE, labels)
    logit = net(TABLE).diff(dim=1).detach()
    one = (torch.sigmoid(logit) - labels[:, None]) * torch.cat([TABLE, torch.ones(N, 1)], 1)
    one = one.numpy()
    np.testing.assert_allclose(two, np.hstack([-one, one]), rtol=1e-10)
    unit_two, unit_one = (g / np.linalg.norm(g, axis=1, keepdims=True) for g in (two, one))
    np.testing.assert_allclose(unit_two @ unit_two.T, unit_one @ unit_one.T, atol=1e-12)


def test_sketch_keeps_inner_products(build):
    net, X = build("cnn")
    full = per_sample_gradients(net, X, y, source="all")
    short = per_sample_gradients(net, X, y, source="all", sketch=4000)
    lengths = np.linalg.norm(full, axis=1)
    error = (short @ short.T - full @ full.T) / np.outer(lengths, lengths)
    assert short.shape == (N, 4000)
    assert np.abs(error).max() < 6 / np.sqrt(4000)
    other = per_sample_gradients(net, X, y, source="all", sketch=4000, seed=1)
    assert not np.allclose(short, other)


def test_the_sketch_is_a_product_with_one_matrix(build):
    net, X = build("text")  # its columns come from products and from torch.func
    full = torch.from_numpy(per_sample_gradients(net, X, y, source="all"))
    expected = torch.zeros(N, 5, dtype=torch.float64)
    Sketch(5, full.shape[1], seed=3).into(expected)(0, full)
    found = per_sample_gradients(net, X, y, source="all", sketch=5, seed=3, block_size=4)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", ["ndarray", "read-only", "csr", "memmap", "list", "dataset"])
def test_samples_may_come_in_any_container(kind, tmp_path, build):
    net, X = build("mlp")
    values = X.numpy().copy()
    expected = per_sample_gradients(net, X, y)
    if kind == "memmap":
        np.save(tmp_path / "X.npy", values)
        samples = np.load(tmp_path / "X.npy", mmap_mode="r")
    elif kind == "read-only":
        values.flags.writeable = False
        samples = values
    else:
        samples = {
            "ndarray": values,
            "csr": sparse.csr_array(values),
            "list": values.tolist(),
            "dataset": torch.utils.data.TensorDataset(X, y),
        }[kind]
    np.testing.assert_allclose(per_sample_gradients(net, samples, y), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "labels", [y.tolist(), y.numpy().astype(np.int8), y.int(), np.broadcast_to(y, N)]
)
def test_labels_may_be_any_integers(labels, build):
    net, X = build("linear")
    np.testing.assert_array_equal(
        per_sample_gradients(net, X, labels), per_sample_gradients(net, X, y)
    )


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("source", ["head", "activation", "all", "layer:0"])
def test_nothing_is_changed(source, fails, build, state_of):
    net, X = build("batch norm")
    net[0].weight.requires_grad_(False)
    net[0].bias.grad = torch.ones(6, dtype=torch.float64)
    net[1].eval()
    calls = []
    net[2].register_forward_hook(lambda *args: calls.append(1))
    before, inputs, labels = state_of(net), X.clone(), y.clone()
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()
    if fails:

        def stop(module, args):
            if len(calls) > 5:
                raise KeyboardInterrupt

        handle = net[3].register_forward_pre_hook(stop)
        with pytest.raises(KeyboardInterrupt):
            per_sample_gradients(net, X, y, source=source, block_size=1)
        handle.remove()
    else:
        per_sample_gradients(net, X, y, source=source, sketch=3)
    assert before == state_of(net)
    assert torch.equal(X, inputs)
    assert torch.equal(y, labels)
    assert torch.equal(torch_state, torch.get_rng_state())
    assert str(numpy_state) == str(np.random.get_state())
    assert torch.is_grad_enabled()


def test_random_numbers_in_eval_mode_are_private_and_seeded():
    class Net(nn.Sequential):
        def forward(self, x):
            return super().forward(nn.functional.dropout(x))

    net, state = Net(nn.Linear(4, K)).double(), torch.get_rng_state()
    first = per_sample_gradients(net, TABLE, y)
    torch.rand(1)
    np.testing.assert_array_equal(first, per_sample_gradients(net, TABLE, y))
    torch.set_rng_state(state)
    assert not np.allclose(first, per_sample_gradients(net, TABLE, y, seed=1))


@pytest.mark.parametrize("source", ["head", "activation", "all", "layer:1"])
def test_networks_may_overwrite_their_input(source):
    class Square(nn.Module):
        def forward(self, x):
            return x.square_()

    layers = nn.LayerNorm(4), nn.Linear(4, K)
    net, X = nn.Sequential(Square(), *layers).double(), TABLE.clone()
    plain = nn.Sequential(nn.Identity(), *layers)
    expected = per_sample_gradients(plain, X.square(), y, source=source)
    for samples in (X, {"input": X}):
        found = per_sample_gradients(net, samples, y, source=source)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)
    assert torch.equal(X, TABLE)


def test_compiled_networks_are_seen_through(build):
    net, X = build("mlp")
    compiled = torch.compile(net, backend="eager")
    np.testing.assert_array_equal(
        per_sample_gradients(compiled, X, y), per_sample_gradients(net, X, y)
    )


def test_half_precision_networks_give_what_numpy_can_hold():
    net = nn.Linear(4, K)
    expected = per_sample_gradients(net, TABLE, y)
    found = per_sample_gradients(net.bfloat16(), TABLE, y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.05)


@pytest.mark.parametrize("source", ["layer:nothing", "layer:2", "layer:", "heads", "", None])
def test_an_unknown_source_lists_the_names(source, build):
    net, X = build("mlp")
    with pytest.raises(ValueError, match=r"source must be .*\['1', '3', '5'\]; got"):
        per_sample_gradients(net, X, y, source=source)


def test_blocks_are_small_where_gradients_are_large(monkeypatch):
    net, sizes = nn.Sequential(nn.LayerNorm(2**14), nn.Linear(2**14, 2)), []
    monkeypatch.setattr(_per_sample, "each_block", lambda _, rows, size, **more: sizes.append(size))
    for source in ("head", "all"):
        per_sample_gradients(net, torch.ones(3, 2**14), [0, 1, 0], source=source)
    # Of 64 megabytes. Head: twice the widest activation and twice its input. All: twice both
    # activations, twice a row of the last weight, and twice the two parameters of the norm.
    assert sizes == [2**24 // (4 * 2**14), 2**24 // (2 * (2**14 + 2) + 6 * 2**14)]


@pytest.mark.parametrize("name", ["block_size", "sketch"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "many"])
def test_sizes_must_be_positive_integers(name, value, build):
    net, X = build("linear")
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1 or None"):
        per_sample_gradients(net, X, y, **{name: value})


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (y.double(), TypeError, "y must hold integer class codes, got float64"),
        (np.array(["a"] * N), TypeError, "y must hold integer class codes, got <U1"),
        (y[1:], ValueError, r"y must have shape \(23,\).*got \(22,\)"),
        (y[:, None], ValueError, r"y must have shape \(23,\).*got \(23, 1\)"),
        (y + 1, ValueError, "y must lie between 0 and 2.*got 1 to 3"),
        (y - 1, ValueError, "y must lie between 0 and 2.*got -1 to 1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, error, message, build):
    net, X = build("linear")
    with pytest.raises(error, match=message):
        per_sample_gradients(net, X, labels)


def test_only_networks_have_gradients():
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module, got function"):
        per_sample_gradients(lambda x: x, TABLE, y)


def test_a_network_without_parameters_has_no_gradients():
    with pytest.raises(ValueError, match=r"one of \[\]"):
        per_sample_gradients(nn.Flatten(), TABLE[:, :3], y, source="all")


@pytest.mark.parametrize("settings", [{"source": "all"}, {"source": "all", "sketch": 5}])
def test_out_is_filled_and_returned(settings, build, tmp_path):
    net, X = build("mlp", torch.float32)
    expected = per_sample_gradients(net, X, y, **settings)
    shape = expected.shape
    mapped = np.lib.format.open_memmap(tmp_path / "g.npy", "w+", dtype=np.float32, shape=shape)
    wide = np.full((N, 2 * shape[1]), 7, dtype=np.float32)
    for out in (np.full(shape, 7, dtype=np.float32), mapped, wide[:, ::2]):
        assert per_sample_gradients(net, X, y, out=out, **settings) is out
        np.testing.assert_array_equal(out, expected)
    assert (wide[:, 1::2] == 7).all()


def test_out_that_does_not_fit_is_refused_as_it_is(build):
    net, X = build("linear", torch.float32)
    fixed = np.zeros((N, 15), dtype=np.float32)
    fixed.flags.writeable = False
    for out in (np.zeros((N, 14), np.float32), np.zeros((N, 15)), fixed):
        with pytest.raises(ValueError, match=r"out must be a writable array of shape \(23, 15\)"):
            per_sample_gradients(net, X, y, out=out)
        assert not out.any()
    with pytest.raises(TypeError, match="out must be a numpy array or None, got list"):
        per_sample_gradients(net, X, y, out=[])


class Little(nn.Module):
    """A network that has memory for so many rows, from some call on."""

    def __init__(self, net, most, after=0):
        super().__init__()
        self.net, self.most, self.after, self.sizes = net, most, after, []

    def forward(self, x):
        self.sizes.append(len(x))
        if len(self.sizes) > self.after and len(x) > self.most:
            raise RuntimeError(f"DefaultCPUAllocator: can't allocate memory for {len(x)} rows")
        return self.net(x)


@pytest.mark.parametrize("sketch", [None, 7])
@pytest.mark.parametrize("source", ["head", "activation", "all"])
def test_blocks_become_smaller_where_memory_runs_out(source, sketch, build):
    net, X = build("mlp")
    expected = per_sample_gradients(net, X, y, source=source, sketch=sketch)
    little = Little(net, 8)
    found = per_sample_gradients(little, X, y, source=source, sketch=sketch)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)
    assert little.sizes[-6:] == [23, 12, 6, 6, 6, 5]


def test_a_row_without_memory_is_an_error_that_says_what_to_do(build):
    net, X = build("mlp")
    n_looks, text = 4, r"a single row\. Choose source=.head.*memory for 1 rows"
    with pytest.raises(MemoryError, match=text):
        per_sample_gradients(Little(net, 0, after=n_looks), X, y)


def test_a_block_that_is_repeated_counts_once_in_a_projection(monkeypatch, build):
    net, X = build("mlp")
    expected = per_sample_gradients(net, X, y, source="all", sketch=7)
    tile, calls = Sketch.tile, []

    def short_of_memory(self, index):
        calls.append(index)
        if len(calls) == 3:
            raise MemoryError
        return tile(self, index)

    monkeypatch.setattr(Sketch, "tile", short_of_memory)
    found = per_sample_gradients(net, X, y, source="all", sketch=7)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_gradients_that_do_not_fit_are_an_error_that_says_what_to_do(monkeypatch):
    zeros = np.zeros

    def short_of_memory(shape, *args, **options):
        if shape == (N, 15):
            raise MemoryError("Unable to allocate 9 GiB")
        return zeros(shape, *args, **options)

    monkeypatch.setattr(np, "zeros", short_of_memory)
    text = r"gradients of shape \(23, 15\): project them by sketch=, .*memmap.*source='head'"
    with pytest.raises(MemoryError, match=text):
        per_sample_gradients(nn.Linear(4, K), TABLE, y)
