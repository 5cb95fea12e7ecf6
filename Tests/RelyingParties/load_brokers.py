"""Asks several brokers for tokens from many connections at once while GATE exists, and keeps a list of what it got.

    load_brokers.py AUDIENCE CONNECTIONS LIST GATE URL...

The request token is read from JOBPASS_REQUEST_TOKEN. LIST gets one line for each token that was received whole: its ledger
index and its SHA-256. A broker that has gone, or says that it cannot just now (503), is left for the next. How many answers
there were of each status is printed at the end.
"""

import collections
import hashlib
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import quote, urlsplit

audience, connections, path, gate, *urls = sys.argv[1:]
addresses = [urlsplit(url).netloc for url in urls]
target = f"/v1/token?audience={quote(audience, safe='')}"
headers = {"Authorization": f"Bearer {os.environ['JOBPASS_REQUEST_TOKEN']}"}
stopping = threading.Event()
listing = open(path, "a", buffering=1)
answers = collections.Counter()


def ask_until_told(turn):
    connection = None
    while not stopping.is_set():
        if connection is None:
            connection = http.client.HTTPConnection(addresses[turn % len(addresses)], timeout=20)
            turn += 1
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            connection = None
            time.sleep(0.01)
            continue
        answers[answer.status] += 1
        if answer.status == 503:
            connection.close()
            connection = None
            time.sleep(0.01)
            continue
        if answer.status != 200:
            print(f"{answer.status}: {body.decode()}", flush=True)
            os._exit(1)
        token = json.loads(body)
        # One write a line: threads share the file.
        listing.write(f"{token['ledger_index']} {hashlib.sha256(token['value'].encode()).hexdigest()}\n")


threads = [threading.Thread(target=ask_until_told, args=(turn,), daemon=True) for turn in range(int(connections))]
for thread in threads:
    thread.start()
while os.path.exists(gate):
    time.sleep(0.05)
stopping.set()
for thread in threads:
    thread.join()
print(dict(answers), flush=True)
