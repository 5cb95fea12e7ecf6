"""Signs in to the auditors' page by a client certificate, in headless Chromium.

    enter_by_certificate.py BASE CERTIFICATE KEY OTHER_CERTIFICATE OTHER_KEY

The first certificate is an auditor's, the other nobody's. Ends with exit code 1 where the page lets the wrong one in.
"""

import sys

from playwright.sync_api import expect, sync_playwright

base, certificate, key, other_certificate, other_key = sys.argv[1:]

with sync_playwright() as p:
    browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

    def enter(certificate, key):
        context = browser.new_context(
            ignore_https_errors=True,
            client_certificates=[{"origin": base, "certPath": certificate, "keyPath": key}],
        )
        page = context.new_page()
        page.goto(f"{base}/audit?view=entries&period=3650")
        page.wait_for_selector("#entrance:not([hidden])")
        page.focus("#sign-in button")
        page.keyboard.press("Enter")
        return page

    page = enter(certificate, key)
    page.wait_for_selector("#entries tbody tr")
    expect(page.locator("#name")).to_have_text("by-certificate")
    page.click("#leave")
    page.wait_for_selector("#entrance:not([hidden])")
    page = enter(other_certificate, other_key)
    expect(page.locator("#sign-in-error")).to_contain_text("client certificate")
    expect(page.locator("#inside")).to_be_hidden()
print("good")
