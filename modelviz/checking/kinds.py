"""Which ops are of one kind to a rule, by the names that the graph gives them."""

from __future__ import annotations

VIEWS = frozenset(
    {
        "view", "view_as", "reshape", "reshape_as", "flatten", "unflatten", "squeeze", "unsqueeze",
        "expand", "expand_as", "permute", "transpose", "t", "T", "mT", "movedim", "moveaxis",
        "swapaxes", "swapdims", "ravel", "alias",
    }
)  # fmt: skip
"""The same elements in another shape."""

SAME_DATA = frozenset(
    {"identity", "contiguous", "clone", "detach", "detach_", "data", "cpu", "cuda"}
)
CASTS = frozenset({"to", "type", "type_as", "float", "half", "double", "bfloat16"})
PICKS = frozenset({"getitem", "select", "narrow", "chunk", "split", "unbind", "tensor_split"})
TRANSPARENT = VIEWS | SAME_DATA | CASTS
"""Ops that hand on what they are given."""

DROPOUTS = frozenset(
    {
        "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
        "dropout_", "feature_dropout", "native_dropout",
    }
)  # fmt: skip
ACTIVATIONS = frozenset(
    {
        "relu", "relu_", "relu6", "sigmoid", "sigmoid_", "tanh", "tanh_", "softmax", "log_softmax",
        "elu", "elu_", "selu", "celu", "gelu", "silu", "mish", "leaky_relu", "leaky_relu_",
        "hardtanh", "hardsigmoid", "hardswish", "softplus", "logsigmoid", "softsign", "prelu",
        "rrelu", "_softmax", "_log_softmax", "softmin", "glu", "threshold", "hardshrink",
        "softshrink", "tanhshrink", "log_sigmoid", "gumbel_softmax",
    }
)  # fmt: skip
LINEAR = frozenset({"linear", "addmm", "bilinear"})
CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d", "convolution"})
TRANSPOSED = frozenset({"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"})
POOLS = frozenset(
    {
        "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
        "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
        "lp_pool1d", "lp_pool2d", "lp_pool3d",
    }
)  # fmt: skip
PRODUCTS = frozenset({"matmul", "bmm", "mm", "baddbmm", "einsum"})
ADDS = frozenset({"add", "add_", "radd", "sub", "sub_", "rsub"})
DIVISIONS = frozenset(
    {"div", "div_", "true_divide", "divide", "truediv", "rdiv", "rtruediv", "reciprocal"}
)
SCALINGS = DIVISIONS | {"mul", "mul_", "multiply", "rmul"}
NORMS = frozenset({"norm", "vector_norm", "linalg_vector_norm", "linalg_norm", "frobenius_norm"})
BATCH_NORMS = frozenset({"batch_norm", "_batch_norm_impl_index", "native_batch_norm"})
OTHER_NORMS = frozenset({"layer_norm", "group_norm", "rms_norm", "instance_norm"})
COMBINING = frozenset({"cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack"})
GUARDS = frozenset(
    {"clamp", "clamp_", "clamp_min", "clamp_min_", "clip", "clip_", "maximum", "max", "where"}
)
"""Ops after which a zero is no longer to be expected."""
POSITIVE = frozenset(
    {"exp", "softmax", "_softmax", "sigmoid", "softplus", "cosh", "exp_", "softmin", "sigmoid_"}
)
"""Ops whose results are above zero."""


def has_gradients(dtype: str) -> bool:
    """Whether tensors of a dtype, by its name, can have gradients: no whole numbers can."""
    return dtype.startswith(("float", "bfloat", "complex"))
