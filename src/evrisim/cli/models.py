"""`evrisim models`: what there is."""

from evrisim.cli import options
from evrisim.messages import translate as _

NAMES = ("convnet", "resnet20")


def describe() -> dict[str, str]:
    """Say in a line what each model is."""
    return {
        "convnet": _("the course's plain convnet: Conv-BatchNorm-ReLU blocks, pooling, GAP, Dense"),
        "resnet20": _("ResNet-20 for small images: three stages of three residual blocks"),
    }


def models(
    json: options.Json = False, quiet: options.Quiet = False, lang: options.Lang = None
) -> None:
    """List the models there are."""
    output = options.output(json, quiet)
    described = describe()
    output.result(described, output.table((_("model"), _("what it is")), list(described.items())))
