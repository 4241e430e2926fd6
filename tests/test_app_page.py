"""`evrisim app` as somebody meets it: in a browser, with a slider and a menu."""

import json
import os
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

import chromium
import command_line
from app_server import served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tensorflow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="needs Chromium or Chrome"),
]

PICTURE = "document.querySelector('svg[aria-label^=\"{begin}\"]')?.outerHTML"
BARS = PICTURE.format(begin="Parameters by kernel size")
ELSEWHERE = "http://localhost:9/"  # what one of these tests asks for, and the browser refuses
KERNEL = PICTURE.format(begin="The photograph")
MAPS = PICTURE.format(begin="The strongest feature maps")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of application 1 in a browser, opened by its printed address."""
    folder = tmp_path_factory.mktemp("page")
    with served(folder) as url, closing(chromium.Chromium(folder / "profile")) as browser:
        browser.call("Page.navigate", url=url)
        yield browser


def slider(label):
    """The handle of the slider with a label, wherever marimo hides it."""
    return f"""(() => {{
        const hosts = [...document.querySelectorAll('marimo-slider')];
        const host = hosts.find(one => one.shadowRoot.textContent.includes('{label}'));
        return host && host.shadowRoot.querySelector('[role=slider]');
    }})()"""


def choose(label, option):
    """Choose an option of the menu with a label; true once there is such a menu."""
    return f"""(() => {{
        const hosts = [...document.querySelectorAll('marimo-dropdown')];
        const host = hosts.find(one => one.shadowRoot.textContent.includes('{label}'));
        const menu = host && host.shadowRoot.querySelector('select');
        if (!menu) return false;
        const setter = Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set;
        setter.call(menu, [...menu.options].find(one => one.text === '{option}').value);
        menu.dispatchEvent(new Event('change', {{bubbles: true}}));
        return true;
    }})()"""


def is_clean(browser):
    """Nothing failed on the page, and nothing came from elsewhere."""
    assert browser.told("Runtime.exceptionThrown") == []
    loaded = [told["request"]["url"] for told in browser.told("Network.requestWillBeSent")]
    assert all(one.startswith(("http://127.0.0.1:", "data:", "blob:")) for one in loaded)
    entries = [told["entry"] for told in browser.told("Log.entryAdded")]
    assert [entry["text"] for entry in entries if entry["level"] == "error"] == []
    return True


def test_a_slider_moved_changes_the_calculation_and_its_picture(page):
    before = page.wait(BARS)
    assert "18,496" in page.value("document.body.innerText")
    assert page.wait(f"{slider('kernel size')} && ({slider('kernel size')}.focus(), true)")
    page.press("ArrowRight", 39)
    assert page.wait(f"({BARS}) && ({BARS}) !== {json.dumps(before)}")
    # The course's slip: 18,496 is the count of 3 × 3 kernels, not of 5 × 5 ones.
    page.wait("document.body.innerText.includes('(5 × 5 × 32 + 1) × 64 = 51,264')")


def test_a_menu_changes_what_the_kernel_shows(page):
    before = page.wait(KERNEL)
    assert page.wait(choose("kernel", "vertical-lines"))
    page.wait(f"({KERNEL}) && ({KERNEL}) !== {json.dumps(before)}")
    page.wait("document.body.innerText.includes('vertical-lines: ')")


def test_feature_maps_are_there_before_anything_is_trained(page):
    assert page.wait(MAPS)
    assert "It is not trained yet" in page.value("document.body.innerText")


def test_nothing_is_loaded_from_elsewhere_and_the_console_is_clean(page):
    page.wait(MAPS)
    loaded = [told["request"]["url"] for told in page.told("Network.requestWillBeSent")]
    assert len(loaded) > 10
    assert [
        url for url in loaded if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))
    ] == []
    entries = [told["entry"] for told in page.told("Log.entryAdded")]
    errors = [entry["text"] for entry in entries if entry["level"] == "error"]
    assert [text for text in errors if ELSEWHERE not in text] == []
    assert page.told("Runtime.exceptionThrown") == []
    called = page.told("Runtime.consoleAPICalled")
    assert [told for told in called if told["type"] in ("error", "assert")] == []


def test_the_browser_itself_keeps_the_page_from_loading_elsewhere(page):
    page.wait(MAPS)
    tried = f"fetch('{ELSEWHERE}').then(() => 'through', error => error.constructor.name)"
    page.value(f"{tried}.then(what => {{ window.tried = what }}), 0")
    assert page.wait("window.tried") == "TypeError"
    said = [told["entry"]["text"] for told in page.told("Log.entryAdded")]
    said += [str(told["args"]) for told in page.told("Runtime.consoleAPICalled")]
    assert any("Content Security Policy" in text for text in said)


def test_the_second_page_answers_a_slider_with_other_draws(tmp_path):
    draws = PICTURE.format(begin="Draws of course at severity")
    with served(tmp_path, "2") as url, closing(chromium.Chromium(tmp_path / "profile")) as browser:
        browser.call("Page.navigate", url=url)
        before = browser.wait(draws)
        assert browser.wait(f"{slider('severity')} && ({slider('severity')}.focus(), true)")
        browser.press("ArrowLeft", 37)
        assert browser.wait(f"({draws}) && ({draws}) !== {json.dumps(before)}")
        browser.wait("document.body.innerText.includes('What the course says')")
        assert is_clean(browser)


def test_the_third_page_draws_the_block_that_a_menu_names(tmp_path):
    drawing = PICTURE.format(begin="The layers of a")
    with served(tmp_path, "3") as url, closing(chromium.Chromium(tmp_path / "profile")) as browser:
        browser.call("Page.navigate", url=url)
        before = browser.wait(drawing)
        assert "basic: 74,240 parameters" in browser.value("document.body.innerText")
        assert browser.wait(choose("block", "bottleneck"))
        assert browser.wait(f"({drawing}) && ({drawing}) !== {json.dumps(before)}")
        browser.wait("document.body.innerText.includes('def bottleneck(')")
        browser.wait("document.body.innerText.includes('Five claims of the course')")
        assert is_clean(browser)


FILE_INPUT = """(() => {
    const hosts = [...document.querySelectorAll('marimo-file')];
    return hosts.map(one => one.shadowRoot.querySelector('input[type=file]')).find(one => one);
})()"""


def bring(browser, path):
    """Choose a file as a visitor would."""
    assert browser.wait(f"!!{FILE_INPUT}")
    found = browser.call("Runtime.evaluate", expression=FILE_INPUT)["result"]["objectId"]
    browser.call("DOM.setFileInputFiles", files=[str(path)], objectId=found)


def test_the_fourth_page_looks_into_a_photograph_and_survives_what_is_none(tmp_path):
    heat = PICTURE.format(begin="Where the net looks in")
    page = tmp_path / "page.png"
    page.write_text("<html>no picture</html>")
    photograph = tmp_path / "holiday.png"
    Image.fromarray(np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)).save(photograph)
    with served(tmp_path, "4") as url, closing(chromium.Chromium(tmp_path / "profile")) as browser:
        browser.call("Page.navigate", url=url)
        before = browser.wait(heat)
        assert browser.wait(choose("method", "eigen-cam"))
        browser.wait(f"({heat}) && ({heat}) !== {json.dumps(before)}")
        bring(browser, page)
        browser.wait("document.body.innerText.includes('page.png cannot be read as an image')")
        bring(browser, photograph)
        browser.wait("document.body.innerText.includes('Shown: holiday.png.')")
        browser.wait(heat)
        browser.wait("document.body.innerText.includes('Seven claims of the course')")
        assert is_clean(browser)


def test_an_application_that_is_not_there_is_refused(capsys):
    said = command_line.refused(capsys, "app", "5")
    assert said == "There is no application 5; there is: 1, 2, 3, 4.\n"


def test_data_that_is_not_there_is_refused_before_anything_is_served(capsys):
    assert "no data set or folder 'shape'" in command_line.refused(capsys, "app", "--data", "shape")
    assert "`--budget` must be one of" in command_line.refused(capsys, "app", "--budget", "huge")
    assert os.environ.get("EVRISIM_LANG") == "en"
