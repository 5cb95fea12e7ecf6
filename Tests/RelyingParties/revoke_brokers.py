"""Asks several brokers of one store for tokens from many connections, has one of them revoke the project, and looks what comes then.

    revoke_brokers.py AUDIENCE CONNECTIONS PROJECT URL...

The request token is read from JOBPASS_REQUEST_TOKEN, the administrator's from JOBPASS_ADMINISTRATOR_TOKEN. The first broker is told
once every broker has given 200 tokens; then each must refuse 20 requests. Prints as JSON how many tokens came, those that were asked
for after the answer (late), those that the answer does not name (unnamed), and how many requests each broker refused after it.
"""

import collections
import http.client
import json
import os
import threading
import time
from urllib.parse import quote, urlsplit

import sys

audience, connections, project, *urls = sys.argv[1:]
addresses = [urlsplit(url).netloc for url in urls]
target = f"/v1/token?audience={quote(audience, safe='')}"
headers = {"Authorization": f"Bearer {os.environ['JOBPASS_REQUEST_TOKEN']}"}
deadline = time.monotonic() + 120
stopping = threading.Event()
lock = threading.Lock()
given, refused, failures = collections.Counter(), collections.Counter(), []
tokens = []
answered = float("inf")


def ask(address):
    connection = http.client.HTTPConnection(address, timeout=30)
    while not stopping.is_set():
        began = time.monotonic()
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        with lock:
            if answer.status == 200:
                given[address] += 1
                tokens.append((began, body["ledger_index"]))
            elif answer.status == 401:
                refused[address] += began > answered
            else:
                failures.append(f"{answer.status}: {body}")


def guarded(address):
    try:
        ask(address)
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")


def wait(holds):
    while not holds() and not failures:
        if time.monotonic() > deadline:
            failures.append("it took over 120 seconds")
        time.sleep(0.01)


threads = [threading.Thread(target=guarded, args=(addresses[turn % len(addresses)],)) for turn in range(int(connections))]
for thread in threads:
    thread.start()
wait(lambda: all(given[address] >= 200 for address in addresses))
connection = http.client.HTTPConnection(addresses[0], timeout=30)
connection.request(
    "POST",
    "/v1/revocations",
    body=json.dumps({"project": project, "reason": "drill"}),
    headers={"Authorization": f"Bearer {os.environ['JOBPASS_ADMINISTRATOR_TOKEN']}", "Content-Type": "application/json"},
)
answer = connection.getresponse()
revocation = json.loads(answer.read())
with lock:
    answered = time.monotonic()
if answer.status != 201:
    failures.append(f"{answer.status}: {revocation}")
wait(lambda: all(refused[address] >= 20 for address in addresses))
stopping.set()
for thread in threads:
    thread.join()
named = {living["ledger_index"] for living in revocation.get("living", []) if "ledger_index" in living}
print(
    json.dumps(
        {
            "tokens": len(tokens),
            "late": sum(began > answered for began, _ in tokens),
            "unnamed": sum(index not in named for _, index in tokens),
            "complete": revocation.get("complete"),
            "brokers_that_refused": len(refused),
            "failures": failures[:10],
        }
    )
)
