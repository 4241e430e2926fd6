"""What a proof of augmentation found, point by point: right, wrong, or to be looked at."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.training.proof import Proof

Mark = Literal["right", "wrong", "warning"]

DRIFT = 4.0
"""Standard errors that a class's share of the labels may move before its balance is called lost."""

LOST = 0.5
"""Share of the values at 0 or 255 from which on little of an image is left."""

GREY = 0.05
"""Share of images left without contrast that is worth a warning."""

BRIGHT = 25.0
"""Levels of 255 that the mean brightness may move without a warning: a tenth."""

OFTEN = 0.2
"""Share of changed images from which on 63 copies without a difference are no chance: 0.8^63."""


@dataclass(frozen=True)
class Finding:
    """One point.

    Attributes:
        mark: `right`, `wrong` (training must not begin) or `warning`.
        text: What was found, in a sentence.
    """

    mark: Mark
    text: str

    def to_json(self) -> dict[str, str]:
        """Give plain values."""
        return asdict(self)


def findings(found: "Proof") -> tuple[Finding, ...]:
    """Judge every point of a proof; what is wrong or to be looked at says why."""
    if not found.wanted:
        points = [Finding("right", _("Nothing is augmented, as it should be."))]
        points += [*_values(found), *_stored(found)]
        return tuple(points)
    points = [
        *_changes(found),
        *_values(found),
        *_labels(found),
        *_stored(found),
        *_extremes(found),
    ]
    return tuple(points)


def _judged(right: bool, yes: str, no: str, **values: Any) -> Finding:
    return Finding("right" if right else "wrong", (yes if right else no).format(**values))


def _changes(found: "Proof") -> list[Finding]:
    name = {"policy": found.name}
    points = [
        _judged(
            found.changed_images > 0,
            _(
                "{images} of the images and {pixels} of their pixels change, a value by {levels} "
                "of 255 on average."
            ),
            _(
                "Augmentation {policy} changes none of {count} images; take another policy, or "
                "`augmentation=none` if that is what you want."
            ),
            images=numbers.percent(found.changed_images, 0),
            pixels=numbers.percent(found.changed_pixels, 0),
            levels=numbers.decimal(found.mean_change, 1),
            count=found.images,
            **name,
        )
    ]
    if not found.changed_images:
        return points
    points.append(
        _judged(
            found.epochs_differ > 0,
            _("{share} of the images look otherwise in the next epoch."),
            _("Augmentation {policy} draws the same in every epoch, so it adds no images."),
            share=numbers.percent(found.epochs_differ, 0),
            **name,
        )
    )
    if found.own_draws is not None:
        points.append(
            _judged(
                found.own_draws > 0 or found.changed_images < OFTEN,
                _(
                    "Each image has its own draw: {share} of copies of one image come out "
                    "otherwise."
                ),
                _("Augmentation {policy} draws once for all images of a batch."),
                share=numbers.percent(found.own_draws, 0),
                **name,
            )
        )
    return points


def _values(found: "Proof") -> list[Finding]:
    return [
        _judged(
            found.dtype == "uint8",
            _(
                "Values stay whole numbers from 0 to 255; {before} of them are 0 or 255 before, "
                "{after} after."
            ),
            _("Augmentation {policy} gives {dtype} images; training takes uint8."),
            policy=found.name,
            dtype=found.dtype,
            before=numbers.percent(found.clipped_before),
            after=numbers.percent(found.clipped),
        )
    ]


def _labels(found: "Proof") -> list[Finding]:
    mixed = found.changed_labels > 0
    kept = _judged(
        found.wrong_labels == 0,
        _("Labels become mixtures for {share} of the images, each of shares that add up to 1.")
        if mixed
        else _("Labels stay as they are."),
        _("Augmentation {policy} gives a wrong label to {wrong} of the images."),
        policy=found.name,
        share=numbers.percent(found.changed_labels, 0),
        wrong=numbers.percent(found.wrong_labels, 0),
    )
    balance = _judged(
        found.drift <= DRIFT,
        _("The balance of the classes stays: none moves by more than {drift} standard errors."),
        _("Augmentation {policy} moves the balance of the classes."),
        policy=found.name,
        drift=numbers.decimal(found.drift, 1),
    )
    return [kept, balance]


def _stored(found: "Proof") -> list[Finding]:
    return [
        _judged(
            found.untouched,
            _("Validation and test images come exactly as they are stored: {count} compared."),
            _("Validation or test images do not come as they are stored."),
            count=numbers.whole(found.compared),
        ),
        _judged(
            found.kept,
            _("The stored training images are still what they were."),
            _("Augmentation {policy} writes into the stored training images."),
            policy=found.name,
        ),
    ]


def _extremes(found: "Proof") -> list[Finding]:
    """Warn of what trains, but hardly of what was meant."""
    told = []
    if found.clipped > LOST and found.clipped > found.clipped_before + 0.1:
        told.append(
            _(
                "{share} of the values are black or white at full: little of the images is left."
            ).format(share=numbers.percent(found.clipped, 0))
        )
    if found.emptied > GREY:
        told.append(
            _("{share} of the images are left with hardly any contrast.").format(
                share=numbers.percent(found.emptied, 0)
            )
        )
    if abs(found.brightness) > BRIGHT:
        told.append(
            _("The mean brightness moves by {levels} of 255; that of validation stays.").format(
                levels=numbers.decimal(found.brightness, 0)
            )
        )
    if found.mirrored_writing:
        told.append(
            _("{share} of these digits are mirrored, which makes other signs of them.").format(
                share=numbers.percent(found.mirrored_writing, 0)
            )
        )
    return [Finding("warning", text) for text in told]
