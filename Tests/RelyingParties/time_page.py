"""Says how long the auditors' page takes until its first view is drawn, in headless Chromium.

    time_page.py BASE TOKEN

BASE is the broker, TOKEN a file with an auditor's token. Drawn means: the figures, the picture over time and who reaches what stand
there, with the ledger's own numbers. The first time is with nothing in the browser's cache.
"""

import sys
import time

from playwright.sync_api import sync_playwright

base, token_file = sys.argv[1:]
token = open(token_file, encoding="utf-8").read().strip()


def drawn(page, act):
    start = time.perf_counter()
    act()
    page.wait_for_selector("#flows svg")
    page.wait_for_selector("#inside:not([hidden])")
    return (time.perf_counter() - start) * 1000


with sync_playwright() as p:
    browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{base}/audit")
    page.wait_for_selector("#entrance:not([hidden])")
    page.fill("#token", token)
    print(f"the page's first view after signing in: {drawn(page, lambda: page.keyboard.press('Enter')):.0f} ms")
    cold = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=context.storage_state()).new_page()
    print(f"the same, opened with a session and an empty cache: {drawn(cold, lambda: cold.goto(f'{base}/audit')):.0f} ms")
    again = [drawn(cold, lambda: cold.goto(f"{base}/audit")) for _ in range(5)]
    print(f"the same again: median {sorted(again)[2]:.0f} ms, worst {max(again):.0f} ms")
    browser.close()
