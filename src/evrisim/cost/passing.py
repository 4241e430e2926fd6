"""Which rule passes positions on through a layer or a bare operation, by its kind."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from evrisim.cost import axes, windows
from evrisim.cost.strands import Passage, Strand, broadcast
from evrisim.layers import BatchNormalization

Rule = Callable[[Passage], list[Strand]]


def rule(step: Any) -> Rule | None:
    """Give how a step passes positions on; None where its kind is unknown here."""
    if not isinstance(step, keras.Layer):
        return _BY_OPERATION.get(type(step).__name__) if _is_keras(type(step)) else None
    for kinds, found in _BY_LAYER:
        for kind in kinds:
            # A subclass with a `call` of its own may do something else.
            if isinstance(step, kind) and type(step).call is kind.call:
                return found if _is_known(getattr(step, "activation", None)) else None
    if type(step).__name__.startswith("Random") and _is_keras(type(step)):
        return _elementwise  # augmentation: nothing in inference
    return None


def _is_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).split(".")[0] == "keras"


def _is_known(activation: Any) -> bool:
    module = str(getattr(activation, "__module__", None) or type(activation).__module__)
    known = ("keras", "tensorflow", "jax", "torch")
    return activation is None or module.split(".")[0] in known


def _elementwise(call: Passage) -> list[Strand]:
    return [strand for given in call.inputs for strand in broadcast(given, call.shape)]


def _constant(call: Passage) -> list[Strand]:
    return []


_ELEMENTWISE_LAYERS = (
    layers.Identity, layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D,
    layers.SpatialDropout3D, layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise,
    layers.ActivityRegularization, layers.BatchNormalization, BatchNormalization, layers.Rescaling,
    layers.Normalization, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Add,
    layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum,
)  # fmt: skip
_CONVOLUTIONS = (
    layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D,
    layers.SeparableConv1D, layers.SeparableConv2D, layers.MaxPooling1D, layers.MaxPooling2D,
    layers.MaxPooling3D, layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D,
)  # fmt: skip
_GLOBAL_POOLINGS = (
    layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D,
    layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D,
)  # fmt: skip

_BY_LAYER: list[tuple[tuple[type[Any], ...], Rule]] = [
    (_ELEMENTWISE_LAYERS, _elementwise),
    ((layers.Activation,), axes.activation),
    (_CONVOLUTIONS, windows.convolution),
    ((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), windows.transposed),
    (_GLOBAL_POOLINGS, windows.global_pooling),
    ((layers.Cropping1D, layers.Cropping2D, layers.Cropping3D), windows.cropping),
    ((layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D), windows.padding),
    ((layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D), windows.upsampling),
    ((layers.Resizing,), windows.resize),
    ((layers.Dense,), axes.dense),
    ((layers.EinsumDense,), axes.einsum_dense),
    ((layers.Flatten, layers.Reshape), axes.reshape),
    ((layers.Permute,), axes.permute),
    ((layers.Concatenate,), axes.concatenate),
    (
        (layers.LayerNormalization, layers.RMSNormalization, layers.UnitNormalization),
        axes.along_axis,
    ),
    ((layers.Softmax,), axes.along_axis),
    ((layers.GroupNormalization,), axes.group_normalisation),
    ((layers.MultiHeadAttention, layers.GroupQueryAttention), axes.attention_heads),
    ((layers.Attention, layers.AdditiveAttention), axes.attention),
]

_ELEMENTWISE = """
    Absolute Fabs Add Subtract Multiply Divide DivideNoNan TrueDivide FloorDivide Power Negative
    Square Sqrt Rsqrt Reciprocal Exp Exp2 Expm1 Log Log10 Log1p Log2 Logaddexp Maximum Minimum Fmax
    Fmin Mod Fmod Sign Round Floor Ceil Trunc Clip Where Select Sin Cos Tan Sinh Cosh Tanh Arcsin
    Arccos Arctan Arctan2 Arcsinh Arccosh Arctanh Erf Erfc Cbrt Hypot Heaviside Sinc Real Imag
    Conjugate Copy NanToNum Isfinite Isinf Isnan Equal NotEqual Greater GreaterEqual Less LessEqual
    LogicalAnd LogicalNot LogicalOr LogicalXor BroadcastTo Cast SaturateCast StopGradient
    ConvertToTensor Relu Relu6 Sigmoid SparseSigmoid Softplus Softsign SoftShrink SparsePlus Silu
    Squareplus LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu Gelu Celu TanhShrink HardTanh
    HardShrink Threshold BatchNorm
"""
_REDUCTIONS = "Mean Sum Max Min Amax Amin Prod Var Std Any All CountNonzero Median Logsumexp"

_BY_OPERATION: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE.split(), _elementwise),
    **dict.fromkeys(_REDUCTIONS.split(), axes.reduction),
    **dict.fromkeys(("OnesLike", "ZerosLike", "FullLike"), _constant),
    **dict.fromkeys(("Conv", "DepthwiseConv", "SeparableConv"), windows.convolution),
    **dict.fromkeys(("MaxPool", "AveragePool"), windows.convolution),
    **dict.fromkeys(
        ("Softmax", "LogSoftmax", "Normalize", "LayerNorm", "RMSNorm"), axes.along_axis
    ),
    **dict.fromkeys(("Reshape", "Ravel", "Squeeze", "ExpandDims"), axes.reshape),
    **dict.fromkeys(("Split", "Unstack"), axes.split),
    "ConvTranspose": windows.transposed,
    "Moments": axes.moments,
    "Pad": windows.pad,
    "Resize": windows.resize,
    "Repeat": windows.repeat,
    "Flip": windows.flip,
    "DepthToSpace": windows.depth_to_space,
    "SpaceToDepth": windows.space_to_depth,
    "Transpose": axes.transpose,
    "Swapaxes": axes.swapaxes,
    "Moveaxis": axes.moveaxis,
    "Concatenate": axes.concatenate,
    "Stack": axes.stack,
    "GetItem": axes.item,
    "Einsum": axes.einsum,
    "Matmul": axes.matmul,
}
