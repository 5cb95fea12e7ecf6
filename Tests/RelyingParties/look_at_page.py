"""Looks at the auditors' page as an auditor does, in headless Chromium.

    look_at_page.py BASE TOKEN STORE FOLDER

BASE is the broker, TOKEN a file with an auditor's token, STORE its SQLite file (one entry of it is changed and changed back), FOLDER
gets the screenshots. Ends with exit code 1 at the first thing that is wrong: a console error, a request off the origin, data without a
session, a filter that does not filter, a proof that does not hold, or one that holds for a changed entry.
"""

import sqlite3
import sys

from playwright.sync_api import expect, sync_playwright

base, token_file, store, folder = sys.argv[1:]
token = open(token_file, encoding="utf-8").read().strip()
problems = []


def watch(page):
    page.on("console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((base, "data:")) else problems.append(r.url))
    return page


def require(holds, what):
    if not holds:
        raise SystemExit(f"{what}; {problems}")


with sync_playwright() as p:
    browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = watch(context.new_page())
    page.goto(f"{base}/audit?view=entries&kind=token.issued&period=3650")
    page.wait_for_selector("#entrance:not([hidden])")
    require(page.locator("#inside").is_hidden() and page.locator("#entries tbody tr").count() == 0, "data without a session")
    page.fill("#token", "wrong")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-error")).not_to_be_empty()
    # A browser itself writes a line about the 401 that was wanted here; nothing else may stand there.
    require([x for x in problems if "401" not in x] == [] and len(problems) == 1, "a console error at a refused sign-in")
    problems.clear()
    page.fill("#token", token)
    page.keyboard.press("Enter")
    page.wait_for_selector("#entries tbody tr")
    cookie = next(c for c in context.cookies() if c["name"] == "jobpass_audit")
    require(cookie["httpOnly"] and cookie["sameSite"] == "Strict", "a session that scripts or other sites can use")
    kinds = set(page.locator("#entries tbody tr td:nth-child(3)").all_text_contents())
    require(kinds == {"token.issued"}, f"the filter in the URL shows {kinds}")
    page.select_option("[name=outcome]", "denied")
    page.click("#filters button.primary")
    expect(page.locator("#none")).to_be_visible()
    require("outcome=denied" in page.url and "kind=token.issued" in page.url, f"the filter is not in the URL {page.url}")
    page.go_back()
    page.wait_for_selector("#entries tbody tr")

    page.locator("#entries tbody td button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#proof.proved")
    expect(page.locator("#story li").first).to_be_visible()
    require(page.locator("#claims dt").count() > 4, "an entry without its claims")
    shown = page.url
    index = int(page.text_content("#entry-title").split()[1])
    page.screenshot(path=f"{folder}/entry.png")
    page.keyboard.press("Escape")
    expect(page.locator("#entry")).not_to_be_visible()

    for view, mark in (("keys", "#keys tbody tr"), ("statics", "#left svg"), ("overview", "#flows svg")):
        page.click(f"[data-view={view}]")
        page.wait_for_selector(mark)
        page.screenshot(path=f"{folder}/{view}.png", full_page=True)

    database = sqlite3.connect(store)
    (row,) = database.execute("SELECT bytes FROM ledger_entries WHERE position = ?", (index,)).fetchone()
    changed = bytearray(row)
    changed[bytes(row).index(b'"project"') + 12] ^= 1
    database.execute("UPDATE ledger_entries SET bytes = ? WHERE position = ?", (bytes(changed), index))
    database.commit()
    page.goto(shown)
    page.wait_for_selector("#proof.unproved")
    require("Not proved" in page.text_content("#proof"), "a changed entry is not said to be unproved")
    page.screenshot(path=f"{folder}/tampered.png")
    database.execute("UPDATE ledger_entries SET bytes = ? WHERE position = ?", (row, index))
    database.commit()

    for scheme, width in (("light", 360), ("dark", 1280), ("dark", 360)):
        other = watch(context.new_page())
        other.emulate_media(color_scheme=scheme)
        other.set_viewport_size({"width": width, "height": 780})
        for address, mark in ((f"{base}/audit?period=3650", "#flows svg"), (shown, "#proof.proved")):
            other.goto(address)
            other.wait_for_selector(mark)
            wide = other.evaluate("document.documentElement.scrollWidth")
            require(wide <= width, f"{address} is {wide} px wide at {width}")
            other.screenshot(path=f"{folder}/{scheme}-{width}-{mark[1:5]}.png", full_page=mark == "#flows svg")
        other.close()

    page.goto(f"{base}/audit")
    page.wait_for_selector("#time svg")
    page.click("#leave")
    page.wait_for_selector("#entrance:not([hidden])")
    require(page.locator("#time svg").count() == 0, "charts are left after signing out")
    require(not [c for c in context.cookies() if c["name"] == "jobpass_audit"], "the session outlives signing out")
    require(problems == [], "something on the console, or a request off the origin")
print("good")
