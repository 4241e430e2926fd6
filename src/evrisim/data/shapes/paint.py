"""From a scene to pixels: background, clutter, object, occluder, then light and camera.

Pictures are float32 `(scenes, 3, height, width)` from 0 to 1 until the last step. Only
additions, products, quotients, roots and comparisons are used, one at a time: IEEE 754 fixes
every bit of them, and so of the images, on any machine and for any number of threads.
"""

import numpy as np

from evrisim.data.shapes.forms import FORMS
from evrisim.data.shapes.patterns import share
from evrisim.data.shapes.scene import FRAME, Clutter, Finish, Occluder, Pose, Scene

_MOST_OCCLUDED = 0.25


def paint(scene: Scene, labels: np.ndarray, grain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Paint one picture a scene.

    Args:
        scene: what is in the pictures, from `scene.draw_scene`.
        labels: `(scenes,)` whole numbers from 0 to 9: which form each object has.
        grain: `(scenes, 2, 3, size, size)` random uint8, the noise of the camera; its last axes
            say how many pixels a side the pictures get.

    Returns:
        Images `(scenes, size, size, 3)` uint8, and masks `(scenes, size, size)` bool: the pixels
        whose centre lies on the object and not on what stands before it.
    """
    size = grain.shape[-1]
    x, y = pixel_centres(size)
    distance = object_distance(labels, scene.pose, x, y)
    before = _occluder_distance(scene.occluder, scene.pose, distance, x, y)
    pixel = np.float32(FRAME / size)

    image = _mixed(scene.palette[:, :2], share(scene.background, x, y))
    _cover_with_clutter(image, scene.clutter, x, y)
    inside = _coverage(distance, pixel)
    body = _mixed(scene.palette[:, 2:], share(scene.foreground, x, y))
    line = _coverage(-distance - scene.outline[:, None, None], pixel)
    _cover(body, scene.outline_colour, line * (scene.outline > 0)[:, None, None])
    image += inside[:, None] * (body - image)
    _cover(image, scene.occluder.colour, _coverage(before, pixel))
    return _finished(image, scene.finish, grain, x, y), (distance < 0) & (before >= 0)


def pixel_centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Give `x` and `y` of every pixel's centre, `(size, size)` float32 in units of the frame."""
    centres = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(FRAME / size)
    y, x = np.meshgrid(centres - FRAME // 2, centres - FRAME // 2, indexing="ij")
    return x, y


def object_distance(labels: np.ndarray, pose: Pose, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give `(scenes, height, width)`: the signed distance to each object's outline, in units.

    A point goes back through the pose: moved to the object's middle, turned, then unsheared,
    unstretched and scaled into the coordinates of its form.
    """
    dx, dy = x - _spread(pose.x), y - _spread(pose.y)
    u = dx * _spread(pose.cosine) + dy * _spread(pose.sine)
    v = dy * _spread(pose.cosine) - dx * _spread(pose.sine)
    u = (u - _spread(pose.shear) * v) / _spread(pose.stretch * pose.radius)
    v = v * _spread(pose.stretch / pose.radius)
    distance = np.empty_like(u)
    for label, form in enumerate(FORMS):
        chosen = np.flatnonzero(labels == label)
        if len(chosen):
            distance[chosen] = form.signed(u[chosen], v[chosen])
    return distance * _spread(pose.radius)


def _occluder_distance(
    occluder: Occluder, pose: Pose, distance: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The signed distance to what stands before the object; it withdraws if it hides too much."""
    dx, dy = x - _spread(pose.x), y - _spread(pose.y)
    across = dx * _spread(occluder.cosine) + dy * _spread(occluder.sine)
    along = dy * _spread(occluder.cosine) - dx * _spread(occluder.sine)
    before = np.maximum(
        np.abs(across - _spread(occluder.across)) - _spread(occluder.half_width),
        np.abs(along - _spread(occluder.along)) - _spread(occluder.half_length),
    )
    far = np.float32(4 * FRAME)
    before = np.where(_spread(occluder.present), before, far)
    touched = np.flatnonzero(((distance < 0) & (before < 0)).any(axis=(1, 2)))
    for scene in touched:
        on_object = np.sort(before[scene][distance[scene] < 0])
        # The nearest pixel that has to stay free, so that no more than a quarter is hidden.
        free = on_object[int(len(on_object) * _MOST_OCCLUDED)]
        before[scene] -= min(free, np.float32(0))
    return before


def _cover_with_clutter(image: np.ndarray, clutter: Clutter, x: np.ndarray, y: np.ndarray) -> None:
    pixel = np.float32(FRAME / x.shape[0])
    for piece in range(clutter.present.shape[1]):
        chosen = np.flatnonzero(clutter.present[:, piece])
        if len(chosen):
            distance = _piece_distance(clutter, chosen, piece, x, y)
            part = image[chosen]
            _cover(part, clutter.colour[chosen, piece], _coverage(distance, pixel))
            image[chosen] = part


def _piece_distance(
    clutter: Clutter, chosen: np.ndarray, piece: int, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The signed distance to lines (kind 0), dots (1) and arcs of at most half a circle (2)."""

    def of(values: np.ndarray) -> np.ndarray:
        return _spread(values[chosen, piece])

    dx, dy = x - of(clutter.x), y - of(clutter.y)
    along = dx * of(clutter.cosine) + dy * of(clutter.sine)
    across = dy * of(clutter.cosine) - dx * of(clutter.sine)
    kind, length, width = of(clutter.kind), of(clutter.length), of(clutter.width)
    beyond = np.maximum(np.abs(along) - length * (kind == 0), 0)
    straight = np.sqrt(beyond * beyond + across * across)
    round_ = np.abs(np.sqrt(along * along + across * across) - length)
    bow = np.maximum(round_, np.abs(across) - along)
    return np.where(kind == 2, bow, straight) - width * np.where(kind == 1, np.float32(1.6), 1)


def _mixed(colours: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mix two colours a scene, `(scenes, 2, 3)`, by the share of the second one."""
    first = colours[:, 0, :, None, None]
    return first + second[:, None] * (colours[:, 1, :, None, None] - first)


def _cover(image: np.ndarray, colour: np.ndarray, coverage: np.ndarray) -> None:
    image += coverage[:, None] * (colour[:, :, None, None] - image)


def _coverage(distance: np.ndarray, pixel: np.float32) -> np.ndarray:
    """The share of each pixel inside an outline at this distance from its centre."""
    return np.clip(np.float32(0.5) - distance / pixel, 0, 1)


def _finished(
    image: np.ndarray, finish: Finish, grain: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Light from one side, contrast, blur and grain (both in pixels, as a camera's), to uint8."""
    half = np.float32(0.5)
    ramp = (x * _spread(finish.cosine) + y * _spread(finish.sine)) * np.float32(2 / FRAME)
    image *= (1 + ramp * _spread(finish.slope))[:, None]
    image -= half
    image *= finish.contrast[:, None, None, None]
    image += (half + finish.brightness)[:, None, None, None]
    image += finish.blur[:, None, None, None] * (_blurred(image) - image)
    difference = grain[:, 0].astype(np.float32) - grain[:, 1]
    image += difference * np.float32(1 / 255) * finish.noise[:, None, None, None]
    levels = np.floor(np.clip(image, 0, 1) * np.float32(255) + half)
    return np.ascontiguousarray(levels.astype(np.uint8).transpose(0, 2, 3, 1))


def _blurred(image: np.ndarray) -> np.ndarray:
    """A binomial blur (1, 2, 1) along both axes, the edge pixels repeated."""
    quarter = np.float32(0.25)
    for axis in (2, 3):
        length = image.shape[axis]
        before = np.take(image, np.maximum(np.arange(length) - 1, 0), axis=axis)
        after = np.take(image, np.minimum(np.arange(length) + 1, length - 1), axis=axis)
        image = (before + 2 * image + after) * quarter
    return image


def _spread(values: np.ndarray) -> np.ndarray:
    return values[:, None, None]
