"""What blocks leave open: how they normalise, detect, go around and condense."""

from dataclasses import dataclass

from evrisim._validate import check_choice, check_flag, check_range, check_whole

# Keras' 0.99 averages over hundreds of steps; a small data set has fewer than a hundred an epoch.
NORM_MOMENTUM = 0.9

KERNEL = 3
"""Rows and columns of most blocks' kernels."""

CONDENSE = ("pool", "stride")
NORMS = ("batch", "layer", "group", "none")
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "silu", "hard_silu", "gelu", "tanh")
SHORTCUTS = ("projection", "padded")
STRIDE_AT = ("middle", "first")


@dataclass(frozen=True)
class Style:
    """How blocks are made, where there is a choice; each takes from it what it has.

    Attributes:
        kernel_size: Rows and columns of the kernels that look around (others are 1×1); None for
            what the papers have: 3, in ConvNeXt 7.
        condense: How a plain block halves rows and columns: `pool` (max pooling 2×2) or `stride`
            (its convolution moves in steps of 2, which computes a quarter as much).
        norm: `batch`, `layer` (over the channels of each pixel, as in ConvNeXt), `group`, `none`.
        norm_momentum: Share a batch normalisation keeps of its running mean and variance at each
            step; with small batches it takes more steps, so nearer 1, to see as many images.
        norm_epsilon: What a normalisation adds to the variance.
        bias: Whether convolutions have one; with `none` they always have.
        activation: What detects, one of `ACTIVATIONS`.
        shortcut: What goes around a block that changes shape: `projection` (a 1×1 convolution,
            type B of He et al. 2016) or `padded` (every second pixel, new channels zero, type A).
        squeeze: Squeeze-and-excite divides the channels by this in its middle; 0 leaves it out.
        drop_path: Share of the images for which, in training, a block is left out.
        zero_init: Whether a residual block starts as its shortcut alone: the scale of its last
            normalisation (or its last kernel) is zero (Goyal et al. 2017).
        groups: Parts that the channels of a bottleneck's middle are divided into (ResNeXt).
        inner: Channels in a block's middle, as a multiple of those that come out (bottleneck) or
            go in (inverted residual, ConvNeXt); None for what the papers have.
        stride_at: Which convolution of a bottleneck takes the stride: `middle`, the 3×3 (version
            1.5, more work and accuracy), or `first`, the 1×1 (as published).
    """

    kernel_size: int | None = None
    condense: str = "pool"
    norm: str = "batch"
    norm_momentum: float = NORM_MOMENTUM
    norm_epsilon: float = 1e-3
    bias: bool = False
    activation: str = "relu"
    shortcut: str = "projection"
    squeeze: int = 0
    drop_path: float = 0.0
    zero_init: bool = False
    groups: int = 1
    inner: float | None = None
    stride_at: str = "middle"

    def __post_init__(self) -> None:
        if self.kernel_size is not None:
            check_whole("kernel_size", self.kernel_size, 1)
        check_choice("condense", self.condense, CONDENSE)
        check_choice("norm", self.norm, NORMS)
        check_range("norm_momentum", self.norm_momentum, 0, 1)
        check_range("norm_epsilon", self.norm_epsilon, 0, 1)
        check_flag("bias", self.bias)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("shortcut", self.shortcut, SHORTCUTS)
        check_whole("squeeze", self.squeeze, 0)
        check_range("drop_path", self.drop_path, 0, 0.99)
        check_flag("zero_init", self.zero_init)
        check_whole("groups", self.groups, 1)
        if self.inner is not None:
            check_range("inner", self.inner, 0.01, 64)
        check_choice("stride_at", self.stride_at, STRIDE_AT)
