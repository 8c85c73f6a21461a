"""Names for a screen reader, axe-core's rules, and a narrow phone."""

import pytest

import build
from tests.mobile.web.page import choose, photo


def test_a_screen_reader_is_told(page, save, rng):
    choose(page, save(photo(rng, 20, 30)))
    divider = page.find_element("id", "divider")
    assert divider.aria_role == "slider"
    assert divider.accessible_name == "How much of the view is bicubic, from the left"
    assert page.find_element("id", "status").aria_role == "status"
    assert page.find_element("id", "error").get_attribute("role") == "alert"
    names = [c.get_attribute("aria-label") for c in page.find_elements("css selector", "canvas")]
    assert names == ["Enlarged by bicubic interpolation", "Enlarged by the network"]
    for button in page.find_elements("css selector", "button, select, input"):
        if button.is_displayed():
            assert button.accessible_name


@pytest.mark.parametrize("device", ["page", "phone"])
def test_axe_finds_no_fault(device, request, save, rng):
    axe = build.VENDOR / "axe-core" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is missing: python mobile/web/fetch_runtime.py")
    shown = request.getfixturevalue(device)
    paths = [save(photo(rng, 20, 30), f"{i}.png") for i in range(2)]
    choose(shown, *paths, words="2 of 2 photos")
    # By the browser's debugger: the page's policy lets no script in.
    shown.execute_cdp_cmd("Runtime.evaluate", {"expression": axe.read_text()})
    faults = shown.execute_async_script(
        "axe.run().then(({violations}) => arguments[0](violations.map("
        "  ({id, nodes}) => `${id}: ${nodes.map((node) => node.html).join()}`)));"
    )
    assert faults == []


def test_a_narrow_phone_needs_no_sideways_scrolling(phone, save, rng):
    choose(phone, save(photo(rng, 100, 300)))
    wide = phone.execute_script("return document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    view = phone.find_element("id", "view").rect
    assert view["width"] <= 320 and view["height"] >= 150
    for name in ("in", "out", "fit", "detail", "download"):
        # Large enough for a thumb.
        assert phone.find_element("id", name).rect["height"] >= 44
