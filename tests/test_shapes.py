"""The embedded data set `shapes`, against outlines written a second time, as polygons."""

import cProfile
import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifier

from evrisim import messages
from evrisim._validate import InputError
from evrisim.data import shapes
from evrisim.data.dataset import check_dataset
from evrisim.data.shapes.forms import FORMS
from evrisim.data.shapes.paint import object_distance, paint, pixel_centres
from evrisim.data.shapes.scene import DRAWS, FRAME, REACH, contrast, draw_scene

CLASSES = range(10)


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    monkeypatch.setattr(messages, "_chosen", ["en"])


@pytest.fixture(scope="module")
def drawn():
    return shapes.generate((3000, 1000, 10), seed=3)


def arc(x, y, radius, start, end):
    turn = np.radians(np.linspace(start, end, 721))
    return np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)])


def star_points():
    turn = np.radians(90 + 36 * np.arange(10))
    return (
        np.column_stack([np.cos(turn), np.sin(turn)])
        * np.where(np.arange(10) % 2, 0.47, 1)[:, None]
    )


def crescent_points():
    # The two circles, of radius 1 about (0, 0) and 0.85 about (0, 0.7), cross at height h.
    h = (1 - 0.85**2 + 0.7**2) / 1.4
    outer = math.degrees(math.asin(h))
    inner = math.degrees(math.asin((h - 0.7) / 0.85))
    below = arc(0, 0, 1, 180 - outer, 360 + outer)
    return np.concatenate([below, arc(0, 0.7, 0.85, 360 + inner, 180 - inner)])


def drop_points():
    touch = math.degrees(math.asin(0.57 / 1.3))
    return np.concatenate([arc(0, 0, 0.57, 180 - touch, 360 + touch), [[0, 1.3]]])


def heart_points():
    # The tangent from the lower corner touches the disc as far round as it leans.
    touch = math.degrees(2 * math.atan(0.5 / 1.2))
    right, left = arc(0.5, 0, 0.5, -touch, 180), arc(-0.5, 0, 0.5, 0, 180 + touch)
    return np.concatenate([right, left, [[0, -1.2]]])


ARROW = [
    (0, 1), (-0.8, 0.05), (-0.26, 0.05), (-0.26, -1), (0.26, -1), (0.26, 0.05), (0.8, 0.05),
]  # fmt: skip
CROSS = [
    (0.34, 1), (-0.34, 1), (-0.34, 0.34), (-1, 0.34), (-1, -0.34), (-0.34, -0.34),
    (-0.34, -1), (0.34, -1), (0.34, -0.34), (1, -0.34), (1, 0.34), (0.34, 0.34),
]  # fmt: skip

# Every form as polygons with many corners, in any scale and place; a second one is a hole.
POLYGONS = {
    "circle": [arc(0, 0, 5, 0, 360)],
    "square": [np.array([(0, 0), (3, 0), (3, 3), (0, 3)], float)],
    "triangle": [np.array([(-1, 0), (1, 0), (0, math.sqrt(3))])],
    "star": [star_points()],
    "cross": [np.array(CROSS)],
    "ring": [arc(0, 0, 1, 0, 360), arc(0, 0, 0.56, 0, 360)],
    "crescent": [crescent_points()],
    "heart": [heart_points()],
    "arrow": [np.array(ARROW)],
    "drop": [drop_points()],
}


def shoelace(points):
    x, y = points.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = cross.sum() / 2
    moments = [((p + np.roll(p, -1)) * cross).sum() / 6 for p in (x, y)]
    return abs(area), np.array(moments) * np.sign(area)


def standard(name):
    """The polygons of a form, with the area of the unit disc and the centroid at the origin."""
    parts = [shoelace(points) for points in POLYGONS[name]]
    area = parts[0][0] - sum(part[0] for part in parts[1:])
    moment = parts[0][1] - sum(part[1] for part in parts[1:])
    return [(points - moment / area) * math.sqrt(math.pi / area) for points in POLYGONS[name]]


def contains(polygons, points):
    inside = [Outline(polygon).contains_points(points) for polygon in polygons]
    return np.logical_xor.reduce(inside)


def scenes(count, seed=0):
    return draw_scene(np.random.default_rng(seed).integers(0, 2**64, (count, DRAWS), np.uint64))


def bare(scene):
    """The same objects, white on black, with nothing else in the picture."""
    count = len(scene.outline)
    palette = np.zeros((count, 4, 3), np.float32)
    palette[:, 2:] = 1
    nothing, no = np.zeros(count, np.float32), np.zeros(count, bool)
    return replace(
        scene,
        palette=palette,
        outline=nothing,
        clutter=replace(scene.clutter, present=np.zeros_like(scene.clutter.present)),
        occluder=replace(scene.occluder, present=no),
        finish=replace(
            scene.finish, slope=nothing, contrast=nothing + 1, brightness=nothing,
            blur=nothing, noise=nothing,
        ),
    )  # fmt: skip


def no_grain(count, size=32):
    return np.zeros((count, 2, 3, size, size), np.uint8)


# ── the forms


@pytest.mark.parametrize("label", CLASSES)
def test_a_form_is_the_polygon_of_its_name(label):
    form = FORMS[label]
    polygons = standard(form.name)
    points = np.random.default_rng(label).uniform(-2, 2, (20_000, 2))
    signed = form.signed(*points.T.astype(np.float32))
    clear = np.abs(signed) > 2e-3
    assert np.array_equal((signed < 0)[clear], contains(polygons, points)[clear])
    assert clear.mean() > 0.99


@pytest.mark.parametrize("label", CLASSES)
def test_a_form_has_the_area_of_the_unit_disc_its_centroid_in_the_middle_and_two_equal_halves(
    label,
):
    centres = (np.arange(1200, dtype=np.float32) + np.float32(0.5)) / 300 - 2
    x, y = np.meshgrid(centres, centres)
    inside = FORMS[label].signed(x, y) < 0
    assert inside.sum() / 300**2 == pytest.approx(math.pi, rel=0.003)
    assert x[inside].mean() == pytest.approx(0, abs=0.003)
    assert y[inside].mean() == pytest.approx(0, abs=0.003)
    assert np.array_equal(inside, inside[:, ::-1])


@pytest.mark.parametrize("label", CLASSES)
def test_a_forms_field_is_the_distance_to_its_outline_close_to_it(label):
    polygons = standard(FORMS[label].name)
    ends = [np.stack([p, np.roll(p, -1, axis=0)], axis=1) for p in polygons]
    start, end = np.concatenate(ends).transpose(1, 0, 2)
    sides = (start != end).any(axis=1)
    start, end = start[sides], end[sides]
    points = np.random.default_rng(label).uniform(-2, 2, (1500, 2))
    along = ((points[:, None] - start) * (end - start)).sum(-1) / ((end - start) ** 2).sum(-1)
    foot = start + np.clip(along, 0, 1)[..., None] * (end - start)
    truth = np.sqrt(((points[:, None] - foot) ** 2).sum(-1)).min(axis=1)
    signed = FORMS[label].signed(*points.T.astype(np.float32))
    near = (truth < 0.1) & (truth > 0)
    # Beside a corner the field is that of the longer side's line: nearer, never farther.
    assert np.all(np.abs(signed[near]) <= truth[near] + 2e-3)
    assert np.mean(np.abs(np.abs(signed[near]) - truth[near]) < 5e-3) > 0.8


# ── the scenes


def test_masks_hold_the_pixels_whose_centre_lies_in_the_polygon_of_the_object():
    labels = np.repeat(CLASSES, 12)
    scene = bare(scenes(len(labels)))
    _images, masks = paint(scene, labels, no_grain(len(labels)))
    pose = scene.pose
    centres = np.arange(32) + 0.5 - 16
    points = np.array([(x, y) for y in centres for x in centres])
    for i, label in enumerate(labels):
        polygons = []
        for polygon in standard(FORMS[label].name):
            u, v = polygon.T * pose.radius[i]
            v = v / pose.stretch[i]
            u = u * pose.stretch[i] + v * pose.shear[i]
            x = pose.x[i] + u * pose.cosine[i] - v * pose.sine[i]
            y = pose.y[i] + u * pose.sine[i] + v * pose.cosine[i]
            polygons.append(np.column_stack([x, y]))
        truth = contains(polygons, points).reshape(32, 32)
        # A centre within a hundredth of a pixel of the outline may fall on either side.
        assert (truth ^ masks[i]).sum() <= 1, FORMS[label].name


def test_edges_are_as_bright_as_the_share_of_the_pixel_that_is_covered():
    labels = np.arange(200) % 10
    scene = bare(scenes(200))
    images, _masks = paint(scene, labels, no_grain(200))
    fine = object_distance(labels, scene.pose, *pixel_centres(32 * 8)) < 0
    covered = fine.reshape(200, 32, 8, 32, 8).mean(axis=(2, 4))
    difference = np.abs(images[..., 0] / 255 - covered)
    assert difference.mean() < 0.005
    assert np.quantile(difference, 0.99) < 0.15


def test_the_whole_object_lies_within_the_frame_for_every_form_in_every_pose():
    count = 3000
    scene = scenes(count)
    x, y = pixel_centres(64)
    edge = (np.abs(x) > 15.7) | (np.abs(y) > 15.7)
    for label in CLASSES:
        inside = (
            object_distance(np.full(count, label), scene.pose, x[edge][None], y[edge][None]) < 0
        )
        assert not inside.any(), FORMS[label].name
    assert (np.abs(scene.pose.x) + REACH * scene.pose.radius).max() <= FRAME / 2 + 1e-4


def test_what_stands_before_the_object_hides_at_most_a_quarter_of_it():
    count = 1500
    labels = np.arange(count) % 10
    scene = scenes(count)
    free = replace(scene, occluder=replace(scene.occluder, present=np.zeros(count, bool)))
    _images, visible = paint(scene, labels, no_grain(count))
    _images, whole = paint(free, labels, no_grain(count))
    assert not (visible & ~whole).any()
    hidden = 1 - visible.sum(axis=(1, 2)) / whole.sum(axis=(1, 2))
    assert hidden.max() <= 0.25
    assert 0.2 < (hidden > 0.02).mean() < 0.45
    assert not hidden[~scene.occluder.present].any()


def test_the_object_stands_out_from_its_background_in_both_polarities():
    palette = scenes(3000).palette
    apart = np.min([contrast(palette[:, i], palette[:, j]) for i in (0, 1) for j in (2, 3)], axis=0)
    assert np.quantile(apart, 0.02) > 0.25
    brighter = palette[:, 2:].mean(axis=(1, 2)) > palette[:, :2].mean(axis=(1, 2))
    assert 0.45 < brighter.mean() < 0.55


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ("finish", "slope"), ("finish", "contrast"), ("finish", "brightness"), ("finish", "blur"),
        ("finish", "noise"), ("clutter", "present"), ("occluder", "present"),
        ("pose", "x"), ("pose", "y"), ("pose", "radius"), ("pose", "cosine"), ("pose", "stretch"),
        ("pose", "shear"), ("background", "kind"), ("background", "period"), ("foreground", "kind"),
        ("background", "lattice"),
    ],
)  # fmt: skip
def test_everything_drawn_for_a_scene_changes_its_picture(part, field):
    count = 60
    scene, labels = scenes(count), np.arange(60) % 10
    grain = np.random.default_rng(0).integers(0, 256, (count, 2, 3, 32, 32), np.uint8)
    before, _masks = paint(scene, labels, grain)
    whole = getattr(scene, part)
    other = np.roll(getattr(whole, field), 1, axis=0)
    after, _masks = paint(replace(scene, **{part: replace(whole, **{field: other})}), labels, grain)
    assert (before != after).any(axis=(1, 2, 3)).sum() > 8


def test_all_kinds_of_background_and_foreground_occur():
    scene = scenes(2000)
    assert (np.bincount(scene.background.kind, minlength=6) > 200).all()
    assert (np.bincount(scene.foreground.kind, minlength=6) > 50).all()


# ── the data set


def test_the_data_set_is_what_the_library_expects_of_one(drawn):
    check_dataset(drawn)
    assert drawn.name == "shapes"
    assert drawn.class_names == shapes.CLASS_NAMES == shapes.display_names()
    assert len(set(drawn.class_names)) == 10
    assert drawn.origin == {"seed": 3, "size": 32, "version": 1}
    for count, split in zip((3000, 1000, 10), drawn.splits.values(), strict=True):
        assert split.images.shape == (count, 32, 32, 3)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert split.masks.shape == (count, 32, 32)
        assert split.masks.dtype == bool


def test_every_ten_images_hold_each_class_once_in_changing_order(drawn):
    tens = drawn.train.labels.reshape(-1, 10)
    assert (np.sort(tens, axis=1) == np.arange(10)).all()
    places = np.argsort(tens, axis=1).mean(axis=0)
    assert np.abs(places - 4.5).max() < 0.6
    assert np.bincount(shapes.generate((17, 1, 3)).train.labels, minlength=10).max() == 2


def test_masks_are_never_empty_nor_at_the_edge(drawn):
    masks = drawn.train.masks
    assert masks.sum(axis=(1, 2)).min() >= 60
    assert masks.mean() < 0.2
    edge = np.ones((32, 32), bool)
    edge[1:-1, 1:-1] = False
    assert masks[:, edge].mean() < 1e-4


def test_the_same_seed_gives_the_same_bytes_on_every_machine():
    made = shapes.generate((40, 20, 20), seed=7)
    masks = hashlib.sha256(made.train.masks.tobytes()).hexdigest()
    assert made.content_hash() == GOLDEN_IMAGES
    assert masks == GOLDEN_MASKS


def test_another_seed_and_another_split_give_other_images():
    seven, eight = (shapes.generate((30, 30, 30), seed=seed) for seed in (7, 8))
    pictures = [s.images for made in (seven, eight) for s in made.splits.values()]
    together = np.concatenate(pictures).reshape(180, -1)
    assert len(np.unique(together, axis=0)) == 180
    assert not np.array_equal(seven.train.labels, seven.test.labels)


def test_a_larger_data_set_begins_with_the_smaller_one():
    small = shapes.generate((33, 7, 1), seed=2)
    large = shapes.generate((300, 150, 20), seed=2)
    for few, many in zip(small.splits.values(), large.splits.values(), strict=True):
        head = many.take(np.arange(len(few)))
        assert np.array_equal(few.images, head.images)
        assert np.array_equal(few.labels, head.labels)
        assert np.array_equal(few.masks, head.masks)


@pytest.mark.parametrize("size", [16, 23, 64, 256])
def test_another_size_shows_the_same_scenes(size):
    usual = shapes.generate((20, 1, 1)).train
    other = shapes.generate((20, 1, 1), size=size).train
    assert other.images.shape == (20, size, size, 3)
    assert np.array_equal(usual.labels, other.labels)
    nearest = ((np.arange(32) + 0.5) * size / 32).astype(int)
    again = other.masks[:, nearest][:, :, nearest]
    agreeing = (again & usual.masks).sum() / (again | usual.masks).sum()
    assert agreeing > (0.7 if size < 32 else 0.88)
    colours = np.abs(usual.images.mean(axis=(1, 2)) - other.images.mean(axis=(1, 2)))
    assert colours.max() < 5


# ── what tells the class, and what does not


def nuisances(split):
    masks, images = split.masks, split.images.astype(np.float64)
    area = masks.sum(axis=(1, 2))
    place = np.arange(32)
    return np.column_stack(
        [
            images.mean(axis=(1, 2)),
            images.std(axis=(1, 2)),
            (images * masks[..., None]).sum(axis=(1, 2)) / area[:, None],
            masks.sum(axis=1) @ place / area,
            masks.sum(axis=2) @ place / area,
            area,
        ]
    )


def test_colour_place_and_area_do_not_tell_the_class(drawn):
    forest = ExtraTreesClassifier(60, min_samples_leaf=4, random_state=0)
    forest.fit(nuisances(drawn.train), drawn.train.labels)
    assert forest.score(nuisances(drawn.validation), drawn.validation.labels) < 0.17


def test_a_linear_model_of_the_pixels_stays_far_below_a_convnet(drawn):
    images = drawn.train.images[:2000], drawn.validation.images
    flat = [part.reshape(len(part), -1) / np.float32(255) for part in images]
    linear = RidgeClassifier(alpha=3000).fit(flat[0], drawn.train.labels[:2000])
    assert linear.score(flat[1], drawn.validation.labels) < 0.25


def test_the_mask_itself_tells_the_class():
    # Against a nearest neighbour of turned, scaled templates would be long; the mask's own
    # second moments already separate the long forms from the round ones.
    made = shapes.generate((2000, 1, 1), seed=5).train
    y, x = np.mgrid[:32, :32]
    elongation = np.empty(2000)
    for i, mask in enumerate(made.masks):
        values = np.linalg.eigvalsh(np.cov(np.stack([x[mask], y[mask]])))
        elongation[i] = values[1] / values[0]
    median = [np.median(elongation[made.labels == label]) for label in CLASSES]
    names = shapes.CLASS_NAMES
    assert median[names.index("drop")] > 1.3 * median[names.index("circle")]
    assert median[names.index("crescent")] > 1.5 * median[names.index("ring")]


# ── how it behaves


def test_drawing_many_at_once_goes_through_python_once_and_not_once_an_image():
    count = 128
    scene, labels, grain = scenes(count), np.arange(count) % 10, no_grain(count)
    raw = np.random.default_rng(0).integers(0, 2**64, (count, DRAWS), np.uint64)

    def together():
        paint(draw_scene(raw), labels, grain)

    def one_by_one():
        for i in range(count):
            paint(draw_scene(raw[i : i + 1]), labels[i : i + 1], grain[i : i + 1])

    def calls(work):
        """How often Python calls anything; unlike seconds, the same on a busy machine."""
        profile = cProfile.Profile()
        profile.runcall(work)
        return sum(entry.callcount for entry in profile.getstats())

    paint(scene, labels, grain)
    assert calls(one_by_one) > 10 * calls(together)


def test_progress_counts_the_images_of_all_splits():
    seen = []
    shapes.generate((300, 20, 10), progress=lambda done, total: seen.append((done, total)))
    done = [d for d, _total in seen]
    assert done == sorted(set(done))
    assert seen[-1] == (330, 330)
    assert {total for _done, total in seen} == {330}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"counts": (10, 0, 5)}, "`counts, validation` must be a whole number from 1"),
        ({"counts": (10, 5, -1)}, "`counts, test` must be a whole number from 1"),
        ({"counts": (1.5, 5, 5)}, "`counts, train` must be a whole number from 1"),
        ({"counts": (10, 5)}, r"`counts` must be three whole numbers .*received \(10, 5\)"),
        ({"counts": 10}, "`counts` must be three whole numbers .*received 10"),
        ({"seed": -1}, "`seed` must be a whole number from 0 .*received -1"),
        ({"seed": "one"}, "`seed` must be a whole number .*received 'one'"),
        ({"size": 15}, "`size` must be a whole number from 16 to 256; received 15"),
        ({"size": 257}, "`size` must be a whole number from 16 to 256; received 257"),
        ({"size": 32.0}, "`size` must be a whole number from 16 to 256; received 32.0"),
        ({"size": True}, "`size` must be a whole number from 16 to 256; received True"),
    ],
)
def test_a_wrong_argument_is_refused_in_one_sentence(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        shapes.generate(**{"counts": (10, 10, 10), **wrong})


def test_numpy_integers_are_whole_numbers():
    made = shapes.generate((np.int32(3), np.int64(1), 1), seed=np.int64(1), size=np.int16(16))
    assert made.origin == {"seed": 1, "size": 16, "version": 1}
    assert type(made.origin["seed"]) is int


GOLDEN_IMAGES = "8206896dd46230eb9211e9bcbab6b5b50c2060710b392ca08d36d66967cedbde"
GOLDEN_MASKS = "594d7baf41bf15b54499473af05027f877ad7b5f26dd7c7763a84904640b6e99"
