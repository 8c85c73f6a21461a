"""The divider, zoom and pan: by mouse, wheel, fingers and keys."""

import re

import numpy as np
import pytest

from tests.mobile.web.page import choose, eventually, photo

SIZE = (200, 300)  # Of the result: 400 x 600 px.


@pytest.fixture
def compared(page, save, rng):
    """The page with a photo enlarged, all of it in view."""
    choose(page, save(photo(rng, *SIZE)))
    page.find_element("id", "fit").click()
    return page


def state(page):
    """`(zoom, x, y, hidden)`: as the canvas is shown; so much of it is hidden on the left, its px."""
    ours = page.find_element("id", "ours").get_attribute("style")
    x, y, zoom = (
        float(n) for n in re.search(r"translate\((\S+)px, (\S+)px\) scale\((\S+)\)", ours).groups()
    )
    hidden = re.search(r"inset\(0px 0px 0px (\S+?)px\)", ours)
    return zoom, x, y, float(hidden.group(1)) if hidden else 0.0


def view_of(page):
    view = page.find_element("id", "view")
    return view, view.get_property("clientWidth"), view.get_property("clientHeight")


def divider_at(page):
    """Where the divider's middle is, px from the left of the view."""
    view = page.find_element("id", "view").rect["x"] + 1
    rect = page.find_element("id", "divider").rect
    return rect["x"] + rect["width"] / 2 - view


def keys(page, *pressed):
    webdriver = pytest.importorskip("selenium.webdriver")
    webdriver.ActionChains(page).send_keys(*pressed).perform()


def wheel(page, x, y, delta):
    rect = page.find_element("id", "view").rect
    top = page.execute_script("return document.getElementById('view').getBoundingClientRect().top")
    event = {"type": "mouseWheel", "x": rect["x"] + 1 + x, "y": top + 1 + y}
    page.execute_cdp_cmd("Input.dispatchMouseEvent", {**event, "deltaX": 0, "deltaY": delta})


def touch(page, kind, *points):
    rect = page.execute_script(
        "const {left, top} = document.getElementById('view').getBoundingClientRect();"
        "return [left, top];"
    )
    places = [{"x": rect[0] + x, "y": rect[1] + y, "id": i} for i, (x, y) in enumerate(points)]
    page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def test_at_first_the_place_is_shown_where_both_differ_most(page, save, rng):
    image = np.full((*SIZE, 3), 90, "uint8")
    image[120:140, 220:240] = rng.integers(0, 256, (20, 20, 1))
    choose(page, save(image))
    zoom, x, y, _ = state(page)
    _, width, height = view_of(page)
    assert zoom >= 2
    # Blocks of 64 px are compared; the divider and the middle are over one of them.
    assert abs((width / 2 - x) / zoom - 2 * 230) < 64
    assert abs((height / 2 - y) / zoom - 2 * 130) < 64


def test_the_divider_is_dragged(compared):
    webdriver = pytest.importorskip("selenium.webdriver")
    divider = compared.find_element("id", "divider")
    before = divider_at(compared)
    webdriver.ActionChains(compared).drag_and_drop_by_offset(divider, 120, 30).perform()
    assert divider_at(compared) == pytest.approx(before + 120, abs=2)
    zoom, x, _, hidden = state(compared)
    assert hidden * zoom + x == pytest.approx(before + 120, abs=2)


def test_the_wheel_zooms_about_the_pointer(compared):
    # In a picture that is larger than the view, every point can stay where it is.
    view_of(compared)[0].send_keys("+" * 6)
    zoom, x, y, _ = state(compared)
    under = (200 - x) / zoom, (100 - y) / zoom
    wheel(compared, 200, 100, -100)
    assert eventually(lambda: state(compared)[0] > zoom)
    zoom, x, y, _ = state(compared)
    assert (200 - x) / zoom == pytest.approx(under[0], abs=2)
    assert (100 - y) / zoom == pytest.approx(under[1], abs=2)


def test_the_mouse_pans_and_the_divider_stays(compared):
    webdriver = pytest.importorskip("selenium.webdriver")
    compared.find_element("id", "detail").click()
    keys(compared, "1")
    compared.find_element("id", "view").send_keys("++++++")
    before, place = state(compared), divider_at(compared)
    view = compared.find_element("id", "view")
    actions = webdriver.ActionChains(compared).move_to_element_with_offset(view, 150, 60)
    actions.click_and_hold().move_by_offset(-40, -30).release().perform()
    now = state(compared)
    assert now[0] == before[0] and (now[1], now[2]) != (before[1], before[2])
    assert divider_at(compared) == pytest.approx(place, abs=1)
    assert now[3] * now[0] + now[1] == pytest.approx(place, abs=2)


def test_the_picture_never_leaves_the_view(compared):
    view, width, height = view_of(compared)
    view.send_keys("++++")
    for key in "\ue012" * 30, "\ue013" * 30:  # Left and up.
        view.send_keys(key)
    assert state(compared)[1:3] == (0, 0)
    for key in "\ue014" * 30, "\ue015" * 30:  # Right and down.
        view.send_keys(key)
    zoom, x, y, _ = state(compared)
    assert x + 600 * zoom == pytest.approx(width, abs=1)
    assert y + 400 * zoom == pytest.approx(height, abs=1)


def test_keys_zoom_and_buttons_do_the_same(compared):
    view, width, height = view_of(compared)
    fitting = min(width / 600, height / 400)
    assert state(compared)[0] == pytest.approx(fitting, rel=1e-3)
    view.send_keys("++")
    assert state(compared)[0] == pytest.approx(fitting * 1.25**2, rel=1e-3)
    view.send_keys("0")
    compared.find_element("id", "in").click()
    assert state(compared)[0] == pytest.approx(fitting * 1.5, rel=1e-3)
    shown = compared.find_element("id", "zoom").text
    assert shown == f"{round(150 * fitting)} %"
    compared.find_element("id", "out").click()
    assert state(compared)[0] == pytest.approx(fitting, rel=1e-3)
    view.send_keys("d")
    assert state(compared)[0] > fitting


def test_everything_is_reached_by_the_keyboard(compared):
    webdriver = pytest.importorskip("selenium.webdriver")
    compared.execute_script("document.getElementById('file').focus()")
    reached = []
    for _ in range(10):
        webdriver.ActionChains(compared).send_keys(webdriver.Keys.TAB).perform()
        focused = compared.switch_to.active_element
        reached.append(focused.get_attribute("id"))
        if reached[-1] == "divider":
            webdriver.ActionChains(compared).send_keys(webdriver.Keys.ARROW_RIGHT * 10).perform()
            assert focused.get_attribute("aria-valuetext") == "60 % bicubic, 40 % network"
            assert focused.get_attribute("aria-valuenow") == "60"
        else:
            assert focused.value_of_css_property("outline-style") != "none"
    tools = ["out", "in", "fit", "detail", "format", "download"]
    assert reached == ["scale", "network", "view", "divider", *tools]
    _, width, _ = view_of(compared)
    assert divider_at(compared) == pytest.approx(0.6 * width, abs=2)


def test_two_fingers_zoom_and_one_pans(phone, save, rng):
    choose(phone, save(photo(rng, *SIZE)))
    phone.find_element("id", "fit").click()
    phone.execute_script("document.getElementById('view').scrollIntoView()")
    fitting = state(phone)[0]
    touch(phone, "touchStart", (60, 60), (100, 60))
    touch(phone, "touchMove", (40, 60), (120, 60))
    touch(phone, "touchMove", (20, 60), (140, 60))
    touch(phone, "touchEnd")
    assert eventually(lambda: state(phone)[0] > 2 * fitting), state(phone)
    zoom, x, _, _ = state(phone)
    touch(phone, "touchStart", (60, 60))
    touch(phone, "touchMove", (50, 60))
    touch(phone, "touchMove", (30, 60))
    touch(phone, "touchEnd")
    assert eventually(lambda: state(phone)[1] < x - 10), state(phone)
    assert state(phone)[0] == zoom


def test_pixels_are_squares_where_they_are_large(compared):
    ours = compared.find_element("id", "ours")
    compared.find_element("id", "view").send_keys("1")
    assert ours.value_of_css_property("image-rendering") == "auto"
    compared.find_element("id", "view").send_keys("+" * 8)
    assert ours.value_of_css_property("image-rendering") == "pixelated"
