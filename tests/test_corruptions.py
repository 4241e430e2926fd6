"""The common corruptions against slow second implementations, closed forms and laws."""

import colorsys
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from scipy import fft, ndimage

from evrisim._validate import InputError
from evrisim.corruptions import CORRUPTIONS, GROUPS, SEVERITIES, corrupt
from evrisim.corruptions.blur import disk, line
from evrisim.corruptions.chance import Chance
from evrisim.corruptions.digital import _read_from
from evrisim.corruptions.ice import sheet
from evrisim.corruptions.plasma import plasma
from evrisim.corruptions.sampling import bilinear, zoomed

EVERY = pytest.mark.parametrize("name", CORRUPTIONS)


def photographs(count=4, rows=32, columns=32, channels=3, seed=0):
    """Smooth random images with an edge in them."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(count, rows, columns, channels))
    smooth = ndimage.gaussian_filter(drawn, (0, 2.5, 2.5, 0), mode="wrap")
    smooth = 128 + 45 * smooth / smooth.std()
    smooth[:, rows // 3 : rows // 2] -= 50
    return smooth.clip(0, 255).astype(np.uint8)


def flat(value, count=40, side=32):
    return np.full((count, side, side, 3), value, np.uint8)


def shares(images):
    return images.astype(np.float64) / 255


@EVERY
@pytest.mark.parametrize("shape", [(32, 32, 3), (8, 8, 1), (20, 33, 3), (4, 4, 3)])
def test_images_keep_their_shape_and_kind(name, shape):
    images = photographs(3, *shape)
    before = images.copy()
    for severity in (1, 5):
        out = corrupt(images, name, severity)
        assert out.shape == images.shape
        assert out.dtype == np.uint8
    assert np.array_equal(images, before)


@EVERY
def test_an_image_is_corrupted_alike_in_any_company_and_order(name):
    images, numbers = photographs(7), [3, 14, 1, 59, 26, 5, 35]
    whole = corrupt(images, name, 3, 11, numbers=numbers)
    assert np.array_equal(whole, corrupt(images, name, 3, 11, numbers=numbers))
    alone = [corrupt(images[i : i + 1], name, 3, 11, numbers=[numbers[i]])[0] for i in range(7)]
    assert np.array_equal(whole, alone)
    back = corrupt(images[::-1], name, 3, 11, numbers=numbers[::-1])
    assert np.array_equal(whole, back[::-1])


DRAWN = [
    *("gaussian_noise", "shot_noise", "impulse_noise", "glass_blur", "motion_blur"),
    *("snow", "frost", "fog", "elastic_transform"),
]


@EVERY
def test_chance_depends_on_seed_and_image_number(name):
    twice = np.repeat(photographs(1), 2, axis=0)
    out, other = corrupt(twice, name, 4, 0), corrupt(twice, name, 4, 1)
    assert (not np.array_equal(out[0], out[1])) == (name in DRAWN)
    assert (not np.array_equal(out[0], other[0])) == (name in DRAWN)


def test_every_corruption_draws_numbers_of_its_own():
    drawn = {
        Chance.of(0, name, severity, [5]).normal(1).item()
        for name in CORRUPTIONS
        for severity in SEVERITIES
    }
    assert len(drawn) == 75


@EVERY
def test_a_higher_severity_lies_further_from_the_image(name):
    images = photographs(60)
    away = [
        np.abs(corrupt(images, name, severity).astype(float) - images).mean()
        for severity in SEVERITIES
    ]
    assert away[0] > 0.2
    # The published strengths of these trade one number for another from step to step.
    slack = {"glass_blur": 0.7, "elastic_transform": 0.4, "snow": 0.7, "frost": 0.8}
    slack["motion_blur"] = 0.95
    for lower, higher in pairwise(away):
        assert higher > lower * slack.get(name, 1.0)
    assert away[-1] > away[0] * slack.get(name, 1.0)


@EVERY
def test_grey_images_stay_grey_as_colour_images_do(name):
    grey = photographs(3, channels=1)
    if name in ("gaussian_noise", "shot_noise", "impulse_noise"):
        return  # every channel has noise of its own
    colour = corrupt(np.repeat(grey, 3, axis=-1), name, 3)
    slack = {"frost": 30, "jpeg_compression": 4, "snow": 1}.get(name, 1)
    assert np.abs(colour.mean(axis=-1, keepdims=True) - corrupt(grey, name, 3)).max() <= slack


def test_the_table_has_fifteen_in_four_groups():
    sizes = [sum(one.group == group for one in CORRUPTIONS.values()) for group in GROUPS]
    assert sizes == [3, 4, 4, 4]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_noise_has_the_stated_spread(severity):
    found = shares(corrupt(flat(128), "gaussian_noise", severity)) - 128 / 255
    assert found.std() == pytest.approx((0.04, 0.06, 0.08, 0.09, 0.10)[severity - 1], rel=0.01)
    assert abs(found.mean()) < 0.001


@pytest.mark.parametrize("value", [60, 128])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_shot_noise_has_the_variance_of_counted_photons(severity, value):
    photons = (500, 250, 100, 75, 50)[severity - 1]
    found = shares(corrupt(flat(value), "shot_noise", severity))
    assert found.mean() == pytest.approx(value / 255, abs=0.002)
    assert found.var() == pytest.approx(value / 255 / photons, rel=0.03)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_impulse_noise_breaks_the_stated_share_and_leaves_the_rest(severity):
    share = (0.01, 0.02, 0.03, 0.05, 0.07)[severity - 1]
    found = corrupt(flat(100), "impulse_noise", severity)
    assert set(np.unique(found)) == {0, 100, 255}
    for extreme in (0, 255):
        assert (found == extreme).mean() == pytest.approx(share / 2, rel=0.1)


def test_defocus_is_a_convolution_with_a_softened_disk():
    image = photographs(1)[0]
    for severity, (radius, softness) in enumerate(CORRUPTIONS["defocus_blur"].strengths, 1):
        reach = 3
        kernel = np.zeros((7, 7))
        for y in range(-reach, reach + 1):
            for x in range(-reach, reach + 1):
                for down in (-1, 0, 1):
                    for right in (-1, 0, 1):
                        if (y - down) ** 2 + (x - right) ** 2 <= radius**2:
                            far = down**2 + right**2
                            kernel[y + reach, x + reach] += np.exp(-far / (2 * softness**2))
        kernel /= kernel.sum()
        wide = np.pad(shares(image), ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
        slow = np.zeros(image.shape)
        for row, column in np.ndindex(32, 32):
            window = wide[row : row + 7, column : column + 7]
            slow[row, column] = (window * kernel[..., None]).sum(axis=(0, 1))
        found = corrupt(image[None], "defocus_blur", severity)[0]
        assert np.abs(found - 255 * slow).max() <= 0.5 + 1e-3


def test_a_disk_of_a_larger_image_is_larger_and_sums_to_one():
    small, large = disk(1.0, 0.2), disk(7.0, 1.4, reach=7)
    assert small.sum() == pytest.approx(1)
    assert large.sum() == pytest.approx(1)
    spread = [
        np.sqrt(
            sum(weight * (row - len(one) // 2) ** 2 for (row, _), weight in np.ndenumerate(one))
        )
        for one in (small, large)
    ]
    assert spread[1] / spread[0] == pytest.approx(7, rel=0.4)


def test_behind_glass_every_pixel_is_one_of_its_neighbours_up_or_left():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    found = corrupt(images, "glass_blur", 1)  # its blur is too small to be seen
    candidates = [np.roll(images, (down, right), (1, 2)) for down in (0, 1) for right in (0, 1)]
    same = np.array([(found == one).all(axis=-1) for one in candidates])
    assert same.any(axis=0).all()
    assert same[0, :, :2].all()
    assert same[0, :, :, :2].all()
    inside = same[:, :, 2:, 2:].mean(axis=(1, 2, 3))
    assert inside == pytest.approx([0.25] * 4, abs=0.03)


def test_a_line_ends_where_it_should_and_fades_as_a_gaussian():
    level = line(6, 2.0, 0)
    assert [right for _down, right, _weight in level] == list(range(13))
    assert {down for down, _right, _weight in level} == {0}
    weights = [weight for _down, _right, weight in level]
    assert sum(weights) == pytest.approx(1)
    assert weights[2] / weights[0] == pytest.approx(np.exp(-0.5))
    assert {(down, right) for down, right, _weight in line(6, 2.0, 90)} == {
        (step, 0) for step in range(13)
    }
    assert (5, 5) in {(down, right) for down, right, _weight in line(6, 2.0, 45)}


def test_motion_blur_smears_along_one_line_and_keeps_the_light():
    point = np.zeros((50, 65, 65, 1), np.uint8)
    point[:, 32, 32] = 255
    found = corrupt(point, "motion_blur", 3).astype(float)
    assert found.sum(axis=(1, 2, 3)) == pytest.approx(255, rel=0.05)
    for image in found:
        place = np.argwhere(image[..., 0]) - 32
        away = place / np.maximum(np.linalg.norm(place, axis=1, keepdims=True), 1)
        distant = away[np.linalg.norm(place, axis=1) > 3]
        assert (distant @ distant[0] > 0.96).all()
        assert (np.abs(distant[:, 0]) <= np.abs(distant[:, 1]) + 0.2).all()


def test_zoomed_equals_scipys_interpolation():
    image = shares(photographs(1))
    for factor in (1.0, 1.13, 2.25):
        place = 15.5 + (np.arange(32) - 15.5) / factor
        rows, columns = np.meshgrid(place, place, indexing="ij")
        for channel in range(3):
            theirs = ndimage.map_coordinates(image[0, ..., channel], [rows, columns], order=1)
            assert np.allclose(zoomed(image, factor)[0, ..., channel], theirs)


def test_zoom_blur_is_the_mean_of_zoomed_images():
    image = shares(photographs(1))
    slow = 2 * image + sum(zoomed(image, 1 + step / 100) for step in range(1, 7))
    assert np.abs(corrupt(photographs(1), "zoom_blur", 1) - 255 * slow / 8).max() <= 0.5 + 1e-3


def test_bilinear_equals_scipys_interpolation_with_mirrored_edges():
    rng = np.random.default_rng(3)
    images = rng.random((2, 9, 12, 3))
    rows, columns = rng.uniform(-12, 20, (2, 2, 9, 12))
    found = bilinear(images, rows, columns)
    for i, channel in np.ndindex(2, 3):
        theirs = ndimage.map_coordinates(
            images[i, ..., channel], [rows[i], columns[i]], order=1, mode="mirror"
        )
        assert np.allclose(found[i, ..., channel], theirs)


def test_snow_whitens_and_never_darkens():
    images = photographs(20)
    for severity in SEVERITIES:
        found = corrupt(images, "snow", severity)
        assert (found.astype(int) - images >= -1).all()
        assert found.mean() > images.mean()
    black = corrupt(flat(0), "snow", 1)
    # Black becomes 5 % of 0.5 everywhere; on that lie flakes, the same upside down.
    assert black.min() == round(255 * 0.05 * 0.5)
    assert np.array_equal(black, black[:, ::-1, ::-1])
    assert 0.01 < (black > black.min() + 5).mean() < 0.8


def test_frost_adds_the_stated_share_of_ice():
    ice = 255 * sheet(32, 32).astype(float)
    for severity, (kept, added) in enumerate(CORRUPTIONS["frost"].strengths, 1):
        black, grey = corrupt(flat(0, 300), "frost", severity), corrupt(flat(60), "frost", severity)
        assert black.mean() == pytest.approx(added * ice.mean(), rel=0.05)
        assert grey.mean() - black[:40].mean() == pytest.approx(60 * kept, abs=1)
    assert 0.4 < ice.mean() / 255 < 0.6
    assert np.array_equal(sheet(32, 32), sheet.__wrapped__(32, 32))


def test_plasma_equals_its_definition_cell_by_cell():
    drawn = np.random.default_rng(0).random((2, 8, 8))
    for one, found in zip(drawn, plasma(drawn, 2.0), strict=True):
        surface = {(0, 0): 0.0}
        for half, height in ((4, 1.0), (2, 0.25), (1, 0.0625)):
            step = 2 * half
            for row in range(half, 8, step):
                for column in range(half, 8, step):
                    _displace(surface, one, row, column, height, [(half, half), (-half, half)])
            for row in range(0, 8, half):
                for column in range(0, 8, half):
                    if (row // half + column // half) % 2:
                        _displace(surface, one, row, column, height, [(half, 0), (0, half)])
        slow = np.array([[surface[row, column] for column in range(8)] for row in range(8)])
        slow = (slow - slow.min()) / (slow.max() - slow.min())
        assert np.allclose(found, slow, atol=1e-6)


def _displace(surface, drawn, row, column, height, steps):
    """Set a cell to the mean of four around it, displaced."""
    around = [
        surface[(row + sign * down) % 8, (column + sign * right) % 8]
        for down, right in steps
        for sign in (1, -1)
    ]
    surface[row, column] = np.mean(around) + height * (2 * drawn[row, column] - 1)


def test_fog_never_passes_the_brightest_value_and_covers_black():
    images = photographs(10)
    for severity in SEVERITIES:
        found = corrupt(images, "fog", severity)
        assert (found.max(axis=(1, 2, 3)) <= images.max(axis=(1, 2, 3)).astype(int) + 1).all()
    half = flat(0)
    half[:, :16] = 255
    found = shares(corrupt(half, "fog", 5))
    clouds = (found[:, 16:] * 2.5 / 1.5).mean()
    assert 0.3 < clouds < 0.7


@pytest.mark.parametrize("severity", SEVERITIES)
def test_brightness_raises_the_value_of_hsv_alone(severity):
    image = photographs(1, 12, 12)
    image[0, 0, :3] = [[0, 0, 0], [255, 0, 10], [7, 7, 7]]
    more = (0.05, 0.1, 0.15, 0.2, 0.3)[severity - 1]
    found = corrupt(image, "brightness", severity)[0]
    for row, column in np.ndindex(12, 12):
        hue, saturation, value = colorsys.rgb_to_hsv(*shares(image)[0, row, column])
        slow = colorsys.hsv_to_rgb(hue, saturation, min(value + more, 1))
        assert np.abs(found[row, column] - 255 * np.array(slow)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_is_a_share_of_the_distance_from_the_mean(severity):
    images = photographs(3)
    share = (0.75, 0.5, 0.4, 0.3, 0.15)[severity - 1]
    for image, found in zip(images, corrupt(images, "contrast", severity), strict=True):
        for channel in range(3):
            one = image[..., channel].astype(float)
            slow = one.mean() + share * (one - one.mean())
            assert np.abs(found[..., channel] - slow).max() <= 0.5 + 1e-2


def test_an_affine_map_takes_the_points_to_the_moved_points():
    points = np.array([[26, 26], [26, 6], [6, 6]])
    moved = points + np.random.default_rng(0).uniform(-2.5, 2.5, (5, 3, 2))
    rows, columns = _read_from(points, moved, 32, 32)
    for i in range(5):
        # The matrix that takes moved points to points, solved for.
        square = np.column_stack([moved[i], np.ones(3)])
        matrix = np.linalg.solve(square, points)
        for row, column in ((0, 0), (31, 5), (12, 30)):
            expected = np.array([row, column, 1]) @ matrix
            assert (rows[i, row, column], columns[i, row, column]) == pytest.approx(expected)


def test_elastic_warping_moves_pixels_no_further_than_stated():
    ramp = np.zeros((30, 32, 32, 1), np.uint8)
    ramp[:] = np.linspace(0, 248, 32)[None, None, :, None]
    middle = slice(12, 20)
    for severity in SEVERITIES:
        away = (
            corrupt(ramp, "elastic_transform", severity)[:, middle, middle] / 8.0
            - (np.arange(32)[middle, None])
        )
        distance, _smooth, slack = CORRUPTIONS["elastic_transform"].strengths[severity - 1]
        assert 0.1 < np.abs(away).max() < 32 * (distance + 2.5 * slack) + 0.1


@pytest.mark.parametrize("severity", SEVERITIES)
def test_pixelate_averages_over_boxes_and_spreads_them(severity):
    image = photographs(1, channels=1)[0, ..., 0].astype(float)
    small = int(32 * (0.95, 0.9, 0.85, 0.75, 0.65)[severity - 1])
    slow = image
    for size in (small, 32):
        rows = _boxes(slow.shape[0], size)
        slow = np.floor(rows @ np.floor(slow @ rows.T + 0.5) + 0.5)
    found = corrupt(image.astype(np.uint8)[None, ..., None], "pixelate", severity)[0, ..., 0]
    assert np.abs(found - slow).max() <= 1
    assert len(np.unique(found, axis=0)) <= small


def _boxes(old, new):
    """The matrix of a box filter: the share of each old cell in each new one.

    A cell counts if its centre lies within half a new cell (at least half an old one) of the new
    centre, as in Pillow.
    """
    ratio = old / new
    support = 0.5 * max(ratio, 1)
    matrix = np.zeros((new, old))
    for row in range(new):
        centre = (row + 0.5) * ratio
        away = (np.arange(old) + 0.5 - centre) / max(ratio, 1)
        first, last = int(centre - support + 0.5), int(centre + support + 0.5)
        inside = (away > -0.5) & (away <= 0.5)
        inside &= (np.arange(old) >= first) & (np.arange(old) < last)
        matrix[row, inside] = 1 / inside.sum()
    return matrix


LUMINANCE_TABLE = np.array([
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
])  # fmt: skip


@pytest.mark.parametrize("severity", SEVERITIES)
def test_jpeg_quantises_the_cosines_of_blocks(severity):
    quality = (80, 65, 58, 50, 40)[severity - 1]
    factor = 200 - 2 * quality if quality >= 50 else 5000 / quality
    steps = np.floor((LUMINANCE_TABLE * factor + 50) / 100).clip(1, 255)
    image = photographs(1, channels=1)
    slow = np.empty((32, 32))
    for row, column in np.ndindex(4, 4):
        place = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        cosines = fft.dctn(image[0, ..., 0][place] - 128.0, norm="ortho")
        slow[place] = fft.idctn(np.round(cosines / steps) * steps, norm="ortho") + 128
    found = corrupt(image, "jpeg_compression", severity)[0, ..., 0]
    away = np.abs(found - slow.clip(0, 255))
    assert np.median(away) < 0.6
    assert (away > 2).mean() < 0.1  # where a cosine lay between two steps


def test_jpeg_of_colour_equals_pillows(tmp_path):
    image = photographs(1)
    Image.fromarray(image[0]).save(tmp_path / "one.jpg", quality=58)
    with Image.open(tmp_path / "one.jpg") as read:
        assert np.array_equal(corrupt(image, "jpeg_compression", 3)[0], np.asarray(read))


@pytest.mark.parametrize("name", ["defocus_blur", "motion_blur"])
def test_blur_grows_with_the_size_of_the_image(name):
    small = photographs(6)
    large = small.repeat(4, axis=1).repeat(4, axis=2)
    shrunk = corrupt(large, name, 5).reshape(6, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    lost = [np.abs(one - small.astype(float)).mean() for one in (corrupt(small, name, 5), shrunk)]
    assert lost[1] == pytest.approx(lost[0], rel=0.4)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "gausian_noise"}, "Did you mean 'gaussian_noise'?"),
        ({"severity": 0}, "`severity` must be a whole number of at least 1; received 0."),
        ({"severity": 6}, "`severity` must lie between 1 and 5; received 6."),
        ({"severity": 2.5}, "`severity` must be a whole number"),
        ({"seed": -1}, "`seed` must be a whole number of at least 0"),
        ({"images": np.zeros((2, 8, 8, 3), np.float32)}, "uint8 in 0–255 .* received float32"),
        ({"images": np.zeros((8, 8, 3), np.uint8)}, r"received uint8 of shape \(8, 8, 3\)"),
        ({"images": np.zeros((1, 3, 8, 3), np.uint8)}, "at least 4 pixels to a side"),
        ({"images": np.zeros((1, 8, 8, 4), np.uint8)}, "1 or 3"),
        ({"numbers": [1]}, "one whole number of at least 0 for each of 2 images; received 1"),
    ],
)
def test_wrong_input_is_said_in_a_sentence(wrong, said):
    given = {"images": photographs(2), "name": "fog", "severity": 3, "seed": 0, **wrong}
    numbers = given.pop("numbers", None)
    with pytest.raises(InputError, match=said):
        corrupt(*given.values(), numbers=numbers)


def test_no_image_is_corrupted_to_no_image():
    assert corrupt(np.zeros((0, 8, 8, 3), np.uint8), "fog", 1).shape == (0, 8, 8, 3)
