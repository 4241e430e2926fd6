"""From what a user names to a model, and from a file to an image as that model takes it.

A model is named by the folder of a run, a shipped run, a `.keras` file or a builder.
"""

import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from evrisim import backbones, images, models, pictures, pretrained, taps
from evrisim._validate import InputError, check_choice
from evrisim.data import sources
from evrisim.data.source import Source
from evrisim.messages import translate as _
from evrisim.training.run import Run

IMAGE_SHAPE = (32, 32, 3)
"""What a model of ours opened by name is built for, unless told otherwise."""

NUM_CLASSES = 10

NAMES = (*pretrained.SHIPPED, *models.MODELS, *backbones.BACKBONES)

OWN_SIZE = (32, 512)
"""An image keeps its own size for a model that leaves the size open, its longer side in here."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A model and where it came from.

    Attributes:
        name: what it was called by, for titles.
        model: the model itself, uncompiled.
        run: the run it was trained in, if it was opened from one.
    """

    name: str
    model: keras.Model
    run: Run | None = None


def open_model(
    target: str | Path,
    *,
    image_shape: tuple[int, int, int] | None = None,
    num_classes: int | None = None,
) -> Opened:
    """Open a run's trained model, a `.keras` file of whatever origin, or a model by its name.

    A folder or file of the name goes before a builder of the same name.

    Args:
        target: Folder of a run, path of a `.keras` file, or one of `pretrained.SHIPPED`,
            `models.MODELS` or `backbones.BACKBONES`.
        image_shape: `(rows, columns, channels)` for a model built by name; None: 32×32 colour
            images for a model of ours, the size a known architecture was made for.
        num_classes: Number of logits of a model built by name; None: 10 for a model of ours, 1000
            for a known architecture.

    Raises:
        InputError: If nothing of that name can be opened, with the reason.
    """
    path = pretrained.folder(target) or Path(target)
    if path.is_dir():
        run = Run.open(path)
        return Opened(path.name or str(path), run.model(), run)
    if path.suffix == ".keras" or path.is_file():
        return Opened(path.name, load_file(path))
    if path.name != str(target):
        raise InputError(
            _("There is no {path}; give the folder of a run, a .keras file, or {known}.").format(
                path=path, known=", ".join(NAMES)
            )
        )
    return Opened(str(target), _built(str(target), image_shape, num_classes))


def _built(
    name: str, image_shape: tuple[int, int, int] | None, num_classes: int | None
) -> keras.Model:
    check_choice("model", name, NAMES)
    if name in backbones.BACKBONES:
        classes = backbones.NUM_CLASSES if num_classes is None else num_classes
        return backbones.build(name, image_shape, classes)
    classes = NUM_CLASSES if num_classes is None else num_classes
    return models.build(name, image_shape or IMAGE_SHAPE, classes)


def read_image(opened: Opened, source: str | Path) -> np.ndarray:
    """Read an image as a model takes it: a file, or one of `pictures.PHOTOGRAPHS` by name.

    Returns and raises as `fit_image`; an image that cannot be read is refused, too.
    """
    return fit_image(opened, pictures.read_picture(source))


def fit_image(opened: Opened, image: np.ndarray) -> np.ndarray:
    """Bring an image, `(height, width, 3)` uint8, to what a model takes.

    For a run, it is sized as in the run's training. For any other model it is fitted to the size
    of the model's input; where that is open, it keeps its own size and proportions, its longer
    side brought to the bounds of `OWN_SIZE`. Values stay 0–255.

    Returns:
        `(rows, columns, channels)` uint8, grey for a model of one channel.

    Raises:
        InputError: If the model does not take images of one or three channels.
    """
    return fitted(opened.run, image) if opened.run else _fitted_to(opened, image)


def fitted(run: Run, image: np.ndarray) -> np.ndarray:
    """Size an image, `(height, width, 3)` uint8, as a run's training did its images."""
    rows, columns, channels = run.facts["data"]["image_shape"]
    policy = run.facts["data"]["origin"].get("policy", "fit")
    return _in_channels(images.fit(image, (rows, columns), policy), channels)


def load_file(path: Path) -> keras.Model:
    """Load a model from a `.keras` file; no code from the file is ever run.

    Raises:
        InputError: If there is no such file, it is damaged or of another format, or it holds
            layers that are not Keras' own or evrisim's.
    """
    import evrisim.layers
    import evrisim.training.losses  # noqa: F401  registered for loading

    _check_archive(path)
    _know_layers_of_hub(path)
    try:
        model: Any = keras.saving.load_model(path, safe_mode=True, compile=False)
    except (TypeError, ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise InputError(
            _(
                "{path} cannot be loaded: it is damaged, or made of layers this program does not "
                "know ({reason})."
            ).format(path=path, reason=_reason(error))
        ) from None
    if not isinstance(model, keras.Model):
        raise InputError(
            _("{path} holds a {kind}, not a model.").format(path=path, kind=type(model).__name__)
        )
    return model


def input_size(opened: Opened) -> tuple[int | None, int | None, int]:
    """Give `(rows, columns, channels)` of the images a model takes, None where a size is open.

    Raises:
        InputError: If it takes anything but one image of one or three channels.
    """
    inputs = getattr(opened.model, "inputs", None) or []
    wanted = taps.input_shape(opened.model) or (None, None, 3)
    if len(inputs) > 1 or len(wanted) != 3 or wanted[2] not in (1, 3, None):
        shapes = [tuple(one.shape) for one in inputs] or [(None, *wanted)]
        raise InputError(
            _(
                "{name} does not take one image (batch, rows, columns, channels) with 1 or 3 "
                "channels; its input is {shapes}."
            ).format(name=opened.name, shapes=", ".join(map(str, shapes)))
        )
    return wanted[0], wanted[1], wanted[2] or 3


def _fitted_to(opened: Opened, image: np.ndarray) -> np.ndarray:
    *size, channels = input_size(opened)
    low, high = OWN_SIZE
    longer = max(image.shape[:2])
    scale = min(max(longer, low), high) / longer
    own = [max(1, round(side * scale)) for side in image.shape[:2]]
    rows, columns = (want or side for want, side in zip(size, own, strict=True))
    return _in_channels(images.fit(image, (rows, columns)), channels or 3)


def _in_channels(image: np.ndarray, channels: int) -> np.ndarray:
    if channels == 3:
        return image
    # Luminance by ITU-R 601, as Pillow computes it.
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]


def _check_archive(path: Path) -> None:
    """Pass if there is a ZIP archive; Keras calls a damaged file one that is not there."""
    if not path.is_file():
        raise InputError(_("There is no file {path}.").format(path=path))
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise InputError(
            _(
                "{path} is no .keras file, or a damaged one; save the model with "
                "`model.save('NAME.keras')` and give that file."
            ).format(path=path)
        )


def _know_layers_of_hub(path: Path) -> None:
    """Load KerasHub, whose layers Keras then knows, for a model that has some; if it is here."""
    try:
        with zipfile.ZipFile(path) as archive:
            needed = b"keras_hub" in archive.read("config.json")
    except (KeyError, OSError, zipfile.BadZipFile):
        return  # loading says what is wrong
    if needed and importlib.util.find_spec("keras_hub"):
        importlib.import_module("keras_hub")


def _reason(error: Exception) -> str:
    """Give the first sentence of the cause; Keras wraps it in pages about each model around it."""
    cause = str(error).rpartition("Exception encountered:")[2]
    head = " ".join(cause.split()).split(". ")[0].rstrip(".")
    return head if len(head) <= 160 else head[:159] + "…"


def source_of(run: Run, name: str | None = None, data_dir: Path | None = None) -> Source:
    """Give the source of a run, or other data read as the run's was.

    Args:
        run: The run.
        name: Of other data: images of a folder are sized as in the run.
        data_dir: Where other data is looked for first.

    Raises:
        InputError: If the run was made in Python from arrays, and has none.
    """
    saved = run.facts.get("source")
    if name is not None:
        return Source(
            name,
            seed=saved["seed"] if saved else 0,
            data_dir=str(data_dir) if data_dir else None,
            reading={} if name in sources.DATA_SETS else _reading(run),
        )
    if not saved:
        raise InputError(
            _("{path} was trained on arrays given in Python; give its data with --data.").format(
                path=run.directory
            )
        )
    return Source.from_json(saved)


def _reading(run: Run) -> dict[str, Any]:
    rows, columns, _channels = run.facts["data"]["image_shape"]
    policy = run.facts["data"]["origin"].get("policy", "fit")
    return {"size": (rows, columns), "policy": policy}
