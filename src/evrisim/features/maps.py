"""The feature maps of any layer of any model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from evrisim.features.layers import LayerCall, find_layers
from evrisim.features.strength import Strength, strength
from evrisim.features.watching import watched
from evrisim.inference import check_images

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What one layer gave for a batch of images.

    Attributes:
        layer: path of the layer; of a shared one also which call: `conv@2`.
        kind: class of the layer, such as `Conv2D`.
        maps: `(count, rows, columns, maps)` float32, as the layer gave them.
    """

    layer: str
    kind: str
    maps: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(rows, columns, maps)`."""
        rows, columns, maps = self.maps.shape[1:]
        return rows, columns, maps

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest value of all maps and images."""
        return float(self.maps.min()), float(self.maps.max())

    def strength(self, by: str = "mean") -> Strength:
        """Tell how strongly each map fires over all images; see `strength`."""
        return strength(self.maps, by)


def feature_maps(
    model: keras.Model,
    images: np.ndarray,
    layers: str | Sequence[str] | None = None,
    *,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> tuple[FeatureMaps, ...]:
    """Give what layers of a model make of images.

    All layers are read in one forward pass in inference mode (dropout off, batch normalisation
    by its moving averages); the model is left as it was, also after an exception. Everything
    stays in memory: for a whole data set, see `most_exciting`.

    Args:
        model: any Keras model of raw images (0–255, channels last): functional, sequential,
            nested, or subclassed with its layers as attributes.
        images: `(count, height, width, channels)`, uint8 or float in 0–255.
        layers: paths such as `backbone/block6_conv`, any that `list_layers` lists; a shared
            layer's path means its last call, `path@1` its first. None for `default_layers`: the
            first convolution and the last layer of each stage.
        batch_size: images at a time; the maps do not depend on it.
        progress: called as `progress(done, total)` after each batch.

    Returns:
        One `FeatureMaps` a layer, in the order asked; a layer named twice comes once.

    Raises:
        InputError: For images the model does not take, an unknown layer (the nearest are
            suggested), a layer without feature maps, or values that are not finite.

    Reference:
        Zeiler, Fergus 2014, "Visualizing and understanding convolutional networks", section 4.
    """
    check_images(model, images)
    found = find_layers(model, layers, images.shape[1:])
    parts = list(watched(model, found, images, batch_size, progress))
    return tuple(_maps(layer, [part[place] for part in parts]) for place, layer in enumerate(found))


def _maps(layer: LayerCall, parts: Sequence[np.ndarray]) -> FeatureMaps:
    return FeatureMaps(layer.name, layer.kind, np.concatenate(parts))
