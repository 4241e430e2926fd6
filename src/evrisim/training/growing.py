"""Progressive resizing: first epochs on smaller images, which cost less, and last ones on whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import keras
from keras import ops

from evrisim._validate import InputError
from evrisim.data.dataset import DataSet
from evrisim.messages import translate as _
from evrisim.training.compiling import compile_model
from evrisim.training.precision import seeded
from evrisim.training.recipe import Recipe
from evrisim.training.state import take_over

Size = tuple[int, int]
"""Rows and columns."""

_LIKENESSES: WeakKeyDictionary[Any, dict[Size, keras.Model]] = WeakKeyDictionary()
"""Of compiled models, by their optimizers: a model compiled anew has new ones."""


def size_in(recipe: Recipe, epoch: int, image_shape: tuple[int, int, int]) -> Size:
    """Give rows and columns of training images in an epoch, counted from 0.

    The shorter side is as `recipe.image_sizes` says, the other in proportion. Each of these sizes
    and the images' own has an equal part of the epochs; the last epoch always has their own.
    Images are never enlarged.
    """
    own = (image_shape[0], image_shape[1])
    sizes = recipe.image_sizes or []
    part = epoch * (len(sizes) + 1) // recipe.epochs
    if epoch == recipe.epochs - 1 or part == len(sizes) or sizes[part] >= min(own):
        return own
    share = sizes[part] / min(own)
    return round(own[0] * share), round(own[1] * share)


def pixels(recipe: Recipe, image_shape: tuple[int, int, int]) -> list[int]:
    """Give how many pixels a training image has in each epoch."""
    sizes = (size_in(recipe, epoch, image_shape) for epoch in range(recipe.epochs))
    return [rows * columns for rows, columns in sizes]


def check(model: keras.Model, recipe: Recipe, dataset: DataSet) -> None:
    """Refuse a model or data that cannot be trained at the recipe's sizes.

    Raises:
        InputError: If the data are feature maps, the model cannot be built for a size, or its
            weights depend on it.
    """
    if recipe.image_sizes and dataset.features:
        raise InputError(
            _(
                "`image_sizes` shrinks images, but {data} holds feature maps; set it to null."
            ).format(data=dataset.name)
        )
    for epoch in range(recipe.epochs):
        size = size_in(recipe, epoch, dataset.image_shape)
        if size != dataset.image_shape[:2]:
            _likeness(model, size, recipe, dataset)


@contextmanager
def sized(
    model: keras.Model, recipe: Recipe, epoch: int, dataset: DataSet
) -> Iterator[tuple[keras.Model, Callable[[Any], Any]]]:
    """Give what is trained in an epoch's place, and what its images go through before.

    For images of their own size that is the model itself. For smaller ones it is the same net
    built for them, which begins with every value of the model and its optimizer; the model has
    its values when the block has ended without an error.

    Args:
        model: Compiled; checked by `check`.
        recipe: How it is trained.
        epoch: From 0.
        dataset: What it is trained on.
    """
    size = size_in(recipe, epoch, dataset.image_shape)
    if size == dataset.image_shape[:2]:
        yield model, lambda images: images
        return
    small = _likeness(model, size, recipe, dataset)
    take_over(small, model)
    yield small, lambda images: shrunk(images, size)
    take_over(model, small)


def shrunk(images: Any, size: Size) -> Any:
    """Shrink images bilinearly, each new pixel the mean of all that it covers.

    Args:
        images: `(batch, rows, columns, channels)` of any numbers.
        size: New rows and columns.

    Returns:
        `(batch, *size, channels)` float32 of the same range.
    """
    images = ops.cast(images, "float32")
    return ops.image.resize(
        images, size, interpolation="bilinear", antialias=True, data_format="channels_last"
    )


def _likeness(model: keras.Model, size: Size, recipe: Recipe, dataset: DataSet) -> keras.Model:
    """Give the same net for images of another size, compiled alike; kept, for it is traced once."""
    kept = _LIKENESSES.setdefault(model.optimizer, {})
    if size not in kept:
        with seeded(recipe.seed):
            small = _built(model, size)
            compile_model(small, dataset, recipe, model.loss)
        kept[size] = small
    return kept[size]


def _built(model: keras.Model, size: Size) -> keras.Model:
    images = keras.Input((*size, model.input_shape[-1]), dtype=model.inputs[0].dtype)
    try:
        small = keras.models.clone_model(model, input_tensors=images)
    except (ValueError, TypeError):
        reason = _("one of its layers cannot be built for them")
    else:
        if [v.shape for v in small.variables] == [v.shape for v in model.variables]:
            return small
        reason = _("its weights depend on the images' size, as those of a Flatten before Dense do")
    raise InputError(
        _(
            "Model {model} cannot be trained on images of {rows}×{columns}, which the recipe's "
            "`image_sizes` asks for: {reason}. Set it to null."
        ).format(model=model.name, rows=size[0], columns=size[1], reason=reason)
    )
