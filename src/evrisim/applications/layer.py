"""What one convolution layer costs, as arithmetic that can be done by hand."""

from dataclasses import dataclass

from evrisim.kernels import output_size
from evrisim.messages import numbers


@dataclass(frozen=True)
class Layer:
    """A convolution with padding `same` on a square image.

    Attributes:
        size: Rows, and columns, of what goes in.
        channels: Channels of what goes in.
        filters: Feature maps that come out.
        kernel_size: Rows, and columns, of a kernel.
        stride: Pixels from one place of the kernel to the next.
        bias: Whether each filter has one.
    """

    size: int = 32
    channels: int = 32
    filters: int = 64
    kernel_size: int = 3
    stride: int = 1
    bias: bool = True

    @property
    def output(self) -> int:
        """Rows, and columns, of what comes out."""
        return output_size(self.size, self.kernel_size, self.stride).value

    @property
    def parameters(self) -> int:
        """How many numbers training must find."""
        return (self.kernel_size**2 * self.channels + self.bias) * self.filters

    @property
    def macs(self) -> int:
        """Multiply–accumulates for one image: each kernel at each place."""
        return self.output**2 * self.kernel_size**2 * self.channels * self.filters

    @property
    def formulas(self) -> tuple[str, str, str]:
        """Output size, parameters and MACs, each as a calculation with its result."""
        k = self.kernel_size
        each = f"{k} × {k} × {self.channels}"
        one = f"({each} + 1)" if self.bias else each
        return (
            output_size(self.size, k, self.stride).formula,
            f"{one} × {self.filters} = {numbers.whole(self.parameters)}",
            f"{self.output} × {self.output} × {each} × {self.filters} = {numbers.whole(self.macs)}",
        )
