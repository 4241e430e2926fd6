"""Cards of images: what was shown, where the model looked, what it said."""

from typing import TYPE_CHECKING

import numpy as np

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Card, Look
from evrisim.report.material import Gallery, Material
from evrisim.report.pictures import data_address, sized, with_heat

if TYPE_CHECKING:
    from collections.abc import Sequence


def cards(material: Material, gallery: Gallery) -> list[Card]:
    """Make a card of every image of a gallery."""
    return [_card(material, gallery, index) for index in range(len(gallery))]


def _card(material: Material, gallery: Gallery, index: int) -> Card:
    image = gallery.images[index]
    small = max(image.shape[:2]) < 96
    true = material.class_names[int(gallery.true[index])]
    said = material.class_names[int(gallery.predicted[index])]
    right = gallery.true[index] == gallery.predicted[index]
    verdict = _("✓ right") if right else _("✗ wrong")
    return Card(
        image=data_address(image if small else sized(image)),
        alt=_("Test image {name} of class “{true}”.").format(name=gallery.names[index], true=true),
        looks=_looks(gallery, index, said, true),
        lines=(
            (_("true:"), true),
            (_("model:"), f"{said} ({verdict})"),
            (_("confidence:"), numbers.percent(gallery.confidence[index].item())),
        ),
        name=gallery.names[index],
        small=small,
    )


def _looks(gallery: Gallery, index: int, said: str, true: str) -> "Sequence[Look]":
    """Show where the model looked for the class it named and, where it was wrong, for the true."""
    found = [(gallery.heats, said)]
    if gallery.true[index] != gallery.predicted[index]:
        found.append((gallery.true_heats, true))
    mask = None if gallery.masks is None else gallery.masks[index]
    alt = _("The same image with where the model looked for “{said}”.")
    return [
        Look(_heat(gallery.images[index], heats[index], mask), alt.format(said=name), name)
        for heats, name in found
        if heats is not None
    ]


def _heat(image: np.ndarray, heat: np.ndarray, mask: np.ndarray | None) -> str:
    return data_address(with_heat(image, heat, mask), photograph=True)
