"""Asks a broker for tokens from many connections at once while GATE exists, and keeps a list of what it got.

    load.py URL AUDIENCE CONNECTIONS LIST GATE

The request token is read from JOBPASS_REQUEST_TOKEN. LIST gets one line for each token that was received whole: its ledger
index and its SHA-256. A broker that has gone is asked again until it is back.
"""

import hashlib
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import quote, urlsplit

url, audience, connections, path, gate = sys.argv[1:]
address = urlsplit(url).netloc
target = f"/v1/token?audience={quote(audience, safe='')}"
headers = {"Authorization": f"Bearer {os.environ['JOBPASS_REQUEST_TOKEN']}"}
stopping = threading.Event()
listing = open(path, "a", buffering=1)


def ask_until_told():
    connection = http.client.HTTPConnection(address, timeout=10)
    while not stopping.is_set():
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            time.sleep(0.01)
            continue
        if answer.status != 200:
            print(f"{answer.status}: {body.decode()}", flush=True)
            os._exit(1)
        token = json.loads(body)
        # One write a line: threads share the file.
        listing.write(f"{token['ledger_index']} {hashlib.sha256(token['value'].encode()).hexdigest()}\n")


threads = [threading.Thread(target=ask_until_told, daemon=True) for _ in range(int(connections))]
for thread in threads:
    thread.start()
while os.path.exists(gate):
    time.sleep(0.05)
stopping.set()
for thread in threads:
    thread.join()
