"""Pages in Chromium: from the click to something a person can use, with an empty cache, and what came over the wire."""

import shutil
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import httpx

from bench.figures import Figure, of_samples
from bench.subjects import SCREENS, Screen

GROUP = "In Chromium"
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_READY = """selector => {
  const shown = [...document.querySelectorAll(selector)].some(one => one.getClientRects().length);
  return shown ? performance.now() : false;
}"""
_PAINTED = (
    "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
)


def path() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def measure(program: str, client: httpx.Client, noop: str, rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    from playwright.sync_api import sync_playwright

    address = str(client.base_url)
    cookies = [{"name": name, "value": value, "url": address} for name, value in client.cookies.items()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        for screen in SCREENS:
            say(f"{screen.name} in Chromium")
            times, sizes, floor = [], [], []
            for number in range(rounds + 1):
                taken, size = _navigate(browser, cookies, address + screen.path, screen.ready)
                nothing, _ = _navigate(browser, [], noop, "#page h2")
                if number:
                    times.append(taken)
                    sizes.append(size)
                    floor.append(nothing)
            yield of_samples(
                GROUP, f"{screen.name}, cold, until it can be used", times,
                baseline=median(floor), baseline_name="a Dash page with nothing", target=screen.target_ms,
                note=f"{median(sizes) / 1024:,.0f} KB over the wire",
            )  # fmt: skip
        say("filter change in Chromium")
        heatmap = next(one for one in SCREENS if one.name == "heatmap")
        yield of_samples(
            GROUP, "heatmap, another filter", _filter(browser, cookies, address + heatmap.path, heatmap, rounds),
            target=100,
        )  # fmt: skip
        browser.close()


def _navigate(browser: Any, cookies: list[dict[str, str]], address: str, ready: str) -> tuple[float, int]:
    """Milliseconds since the navigation began until `ready` is there and painted, and bytes that came."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.add_cookies(cookies)
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: list[float] = []
        wire.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
        page.goto(address, wait_until="commit")
        page.wait_for_function(_READY, arg=ready, polling="raf", timeout=60_000)
        return page.evaluate(_PAINTED), int(sum(sizes))
    finally:
        context.close()


def _filter(browser: Any, cookies: list[dict[str, str]], address: str, screen: Screen, rounds: int) -> list[float]:
    """Milliseconds from choosing another tactic to the repainted matrix; the server is asked each time."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(screen.ready)
        times = []
        for number in range(2 * (rounds + 1)):
            taken = page.evaluate(_CHOOSE, ["execution", "discovery"][number % 2])
            if number > 1:
                times.append(taken)
        return times
    finally:
        context.close()


_CHOOSE = """tactic => new Promise(done => {
  const started = performance.now();
  const matrix = document.getElementById("heatmap");
  const seen = new MutationObserver(() => {
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
  });
  seen.observe(matrix, {subtree: true, childList: true, attributes: true});
  const now = window.dash_component_api.getLayout("heatmap-filters").props.value;
  window.dash_clientside.set_props("heatmap-filters", {value: {...now, tactic}});
})"""
