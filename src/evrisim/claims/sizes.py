"""What a kernel's size changes of a whole convnet, settled by building it: C7."""

from itertools import pairwise
from typing import Any

from evrisim import cost, models
from evrisim.claims.ledger import Ruling, Table, computed
from evrisim.messages import numbers
from evrisim.messages import translate as _

SIZES = (1, 3, 5, 7)
IMAGE_SHAPE = (32, 32, 3)
CLASSES = 10
LAST = "stage3_block2_conv"


def kernel_sizes() -> Ruling:
    """C7: how far the convnet's last convolution sees, and what the whole costs, by kernel size."""
    found = {size: _measured(size) for size in SIZES}
    grows = all(
        found[small][key] < found[large][key]
        for small, large in pairwise(SIZES)
        for key in ("sees", "parameters", "macs")
    )
    usual, larger = found[3], found[5]
    return computed(
        "C7",
        "true" if grows else "false",
        _(
            "With 5×5 in place of 3×3 the convnet's last maps see {sees} pixels in place of "
            "{before} each way, for {parameters} times the parameters and {macs} times the MACs. "
            "Whether that pays is for the study."
        ).format(
            sees=larger["sees"],
            before=usual["sees"],
            parameters=numbers.decimal(larger["parameters"] / usual["parameters"], 1),
            macs=numbers.decimal(larger["macs"] / usual["macs"], 1),
        ),
        numbers={str(size): one for size, one in found.items()},
        table=Table(
            (_("kernel"), _("pixels seen each way"), _("parameters"), _("MACs")),
            [
                (
                    f"{size}×{size}",
                    str(one["sees"]),
                    numbers.whole(one["parameters"]),
                    numbers.large(one["macs"]),
                )
                for size, one in found.items()
            ],
        ),
    )


def _measured(size: int) -> dict[str, Any]:
    model = models.build("convnet", IMAGE_SHAPE, CLASSES, {"kernel_size": size})
    measured = cost.measure(model, input_shape=IMAGE_SHAPE)
    return {
        "sees": cost.receptive_fields(model)[LAST].size[0],
        "parameters": measured.parameters,
        "macs": measured.macs,
    }
