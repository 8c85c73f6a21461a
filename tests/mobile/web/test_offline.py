"""Without a network after the first visit; threads on any host; installed; nothing in the console."""

import pytest

import serve
from tests.mobile.web.page import choose, console, photo, served, text, wait_for


@pytest.fixture(scope="module")
def sample_site(make_site, model):
    """A page that begins with a sample."""
    return make_site(model, sample=True)


def test_the_first_visit_shows_a_sample_and_no_warning(browser, sample_site):
    console(browser)
    with served(sample_site) as address:
        browser.get(address)
        wait_for(browser, "status", "The network took")
        assert text(browser, "status").startswith("Sample: NASA's portrait")
        assert "256 x 256 to 512 x 512 px" in text(browser, "status")
        assert console(browser) == []


def test_it_works_with_the_network_cut_after_one_visit(browser, sample_site, save, rng):
    with served(sample_site) as address:
        browser.get(address)
        wait_for(browser, "status", "The network took")
    # The server is gone; and the browser is told to reach nothing.
    cut = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", cut)
    try:
        browser.get(address)
        wait_for(browser, "status", "Sample: NASA's portrait")
        assert browser.execute_script("return crossOriginIsolated")
        choose(browser, save(photo(rng, 20, 30)), words="30 x 20 to 60 x 40 px")
        assert console(browser) == []
    finally:
        whole = {**cut, "offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", whole)


def test_threads_run_on_a_host_that_sends_no_headers(browser, site, monkeypatch):
    monkeypatch.setattr(serve, "HEADERS", {})
    with served(site) as address:
        browser.get(address)
        wait_for(browser, "status", "Ready")
        assert browser.execute_script("return crossOriginIsolated")


def test_another_build_replaces_what_was_kept(browser, site, make_site, model, monkeypatch):
    with served(site) as address:
        browser.get(address)
        wait_for(browser, "status", "Ready")
        before = browser.execute_async_script("caches.keys().then(arguments[0])")
        newer = make_site(model, sample=True)
        translate = serve.Handler.translate_path
        monkeypatch.setattr(
            serve.Handler,
            "translate_path",
            lambda self, path: translate(self, path).replace(str(site), str(newer)),
        )
        browser.execute_async_script(
            "const done = arguments[0];"
            "navigator.serviceWorker.addEventListener('controllerchange', () => done());"
            "navigator.serviceWorker.getRegistration().then((found) => found.update());"
        )
        browser.get(address)
        wait_for(browser, "status", "Sample")
        after = browser.execute_async_script("caches.keys().then(arguments[0])")
    assert len(before) == len(after) == 2
    # The page's part is new, the runtime's is kept.
    assert len(set(before) & set(after)) == 1


def test_nothing_comes_from_elsewhere_and_memory_is_shared(page):
    fetched = page.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert {name.split("/")[2] for name in fetched if not name.startswith(("blob:", "data:"))} == {
        page.current_url.split("/")[2]
    }
    assert page.execute_script("return crossOriginIsolated")
    # The page's own policy does not bind its worker; the header does.
    policy = page.execute_async_script(
        "const done = arguments[0];"
        "fetch('enlarging_worker.js').then((a) => done(a.headers.get('Content-Security-Policy')));"
    )
    assert policy.startswith("default-src 'self' 'wasm-unsafe-eval';")


def test_it_can_be_installed(page):
    assert page.execute_cdp_cmd("Page.getAppManifest", {})["errors"] == []
    found = page.execute_cdp_cmd("Page.getInstallabilityErrors", {})["installabilityErrors"]
    # The browser of the tests runs in a private profile at times, which installs nothing.
    assert [error for error in found if error["errorId"] != "in-incognito"] == []
