"""Asks a broker's ledger by every filter and by every two, and says how long the answers took at worst.

    ask_ledger.py BASE TOKEN

BASE is the broker, TOKEN a file with an auditor's token. Values are taken from entries all over the ledger, with one that nothing has
for each filter. Each question is asked once, so that nothing is answered out of what was just asked.
"""

import json
import random
import sys
import time
import urllib.parse
import urllib.request

base, token_file = sys.argv[1:]
token = open(token_file, encoding="utf-8").read().strip()
random.seed(1)


def ask(path, query=()):
    url = f"{base}{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    start = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
    return (time.perf_counter() - start) * 1000, json.loads(body)


def entries(query):
    return ask("/v1/audit/entries", query)[0]


claims = {"project": "project", "workflow": "workflow", "job": "job", "ref": "ref", "subject": "sub"}
plain = ["kind", "outcome", "audience", "target", "context", "run", "principal", "jti", "token_sha256", "trace", "kid", "credential", "session"]
values = {name: {"nothing has this"} for name in [*claims, *plain]}
values["kind"], values["outcome"], values["token_sha256"] = {"secret.denied"}, {"failed"}, {"0" * 64}
size = ask("/v1/audit/entries", [("limit", 1)])[1]["entries"][0]["index"]
samples = [ask(f"/v1/audit/entries/{random.randrange(size)}")[1]["entry"] for _ in range(80)]
samples += ask("/v1/audit/entries", [("kind", "fallback.used"), ("limit", 4)])[1]["entries"]
for entry in samples:
    for name in values:
        value = entry.get("claims", {}).get(claims[name]) if name in claims else entry.get(name)
        if value and len(values[name]) < 6:
            values[name].add(value)


def report(label, times):
    times.sort()
    print(f"{label}: {len(times)} questions, median {times[len(times) // 2][0]:.1f} ms, worst {times[-1][0]:.1f} ms ({times[-1][1]})")


report("by one filter", [(entries([(n, v)]), f"{n}={v}") for n in values for v in values[n]])
names = list(values)
pairs = [(a, x, b, y) for i, a in enumerate(names) for b in names[i + 1 :] for x in list(values[a])[:3] for y in list(values[b])[:3]]
report("by two filters", [(entries([(a, x), (b, y)]), f"{a}={x} {b}={y}") for a, x, b, y in pairs])
first = time.gmtime(time.time() - 29 * 86_400)
month = [("since", time.strftime("%Y-%m-%dT00:00:00Z", first))]
report("the page's first view", [(ask("/v1/audit/summary", month)[0], "30 days") for _ in range(3)])
report("the same of everything", [(ask("/v1/audit/summary")[0], "all") for _ in range(3)])
