"""Trunks of KerasHub, an optional extra: presets by name, or saved in a folder."""

from pathlib import Path
from typing import Any

import keras

from evrisim._validate import InputError
from evrisim.data.download import is_offline
from evrisim.messages import translate as _

PREFIX = "hub:"
"""What the name of a preset begins with, as in `hub:resnet_18_imagenet`."""

PRESET = "preset"
"""Its own weights, as a preset's are called."""

SIZE = 224
"""Rows and columns of a trunk that leaves its size open, unless told otherwise."""


def trunk(
    preset: str,
    image_shape: tuple[int, int, int] | None = None,
    *,
    pretrained: bool = True,
    offline: bool = False,
) -> keras.Model:
    """Build the trunk of a preset, with the scaling of images that its weights expect inside.

    Args:
        preset: Its name, or the folder it was saved in.
        image_shape: `(rows, columns, 3)`; None: what the preset says.
        pretrained: Whether its weights are loaded; else they are random.
        offline: Open no connection: only a folder can be read then, or what was fetched before.

    Returns:
        A functional model from raw 0–255 images to feature maps.

    Raises:
        InputError: If KerasHub is not installed; the preset is not there, is none of images, or
            does not take this shape.
    """
    hub = _library()
    backbone = _backbone(hub, preset, image_shape, pretrained, is_offline(offline))
    if len(backbone.output_shape) != 4 or backbone.input_shape[-1] != 3:
        raise InputError(
            _("The preset {preset} does not lead from colour images to feature maps.").format(
                preset=preset
            )
        )
    return _scaled(backbone, *_scaling(hub, preset))


def _library() -> Any:
    try:
        import keras_hub
    except ImportError as error:
        raise InputError(
            _("Presets of KerasHub need an extra: pip install 'evrisim[hub]' ({reason}).").format(
                reason=error
            )
        ) from None
    return keras_hub


def _backbone(
    hub: Any,
    preset: str,
    image_shape: tuple[int, int, int] | None,
    pretrained: bool,
    offline: bool,
) -> keras.Model:
    if offline and not Path(preset).is_dir():
        raise InputError(
            _(
                "The preset {preset} would be fetched from a network. Give the folder of one that "
                "was saved with `save_to_preset`, or leave out --offline."
            ).format(preset=preset)
        )
    shape = {} if image_shape is None else {"image_shape": image_shape}
    try:
        found = hub.models.Backbone.from_preset(preset, load_weights=pretrained, **shape)
        if None in found.input_shape[1:3]:
            sized = {"image_shape": (SIZE, SIZE, 3)}
            found = hub.models.Backbone.from_preset(preset, load_weights=pretrained, **sized)
    except Exception as error:  # of a network, of files, of its own: it has no common kind
        raise InputError(
            _("The preset {preset} cannot be loaded: {reason}").format(
                preset=preset, reason=" ".join(str(error).split())[:200]
            )
        ) from None
    return found


def _scaling(hub: Any, preset: str) -> tuple[Any, Any]:
    """Give what a preset multiplies 0–255 by, and adds; nothing of either where it does not say."""
    try:
        converter = hub.layers.ImageConverter.from_preset(preset)
    except ValueError:  # none was saved with it: its weights take raw images
        return 1.0, 0.0
    scale = 1.0 if converter.scale is None else converter.scale
    return scale, 0.0 if converter.offset is None else converter.offset


def _scaled(backbone: keras.Model, scale: Any, offset: Any) -> keras.Model:
    """Rebuild a trunk flat, with a scaling ahead of its first layers; its weights are kept."""
    scaling = keras.layers.Rescaling(scale, offset, name="scale")
    ahead: dict[int, Any] = {}

    def scaled(tensor: Any) -> Any:
        if not isinstance(tensor._keras_history.operation, keras.layers.InputLayer):
            return tensor
        if id(tensor) not in ahead:
            ahead[id(tensor)] = scaling(tensor)
        return ahead[id(tensor)]

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return layer(*keras.tree.map_structure(scaled, args), **kwargs)

    model = keras.models.clone_model(backbone, call_function=call)
    model.set_weights(backbone.get_weights())
    return keras.Model(model.inputs[0], model.output, name=backbone.name)
