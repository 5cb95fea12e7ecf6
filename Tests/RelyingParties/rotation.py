"""Asks a broker for tokens without a pause while its keys turn over, and verifies each as a relying party that never asks early.

    rotation.py BROKER AUDIENCE SECONDS CONNECTIONS [LOGIN]

It ends after SECONDS, or when it is told to by SIGTERM. The request token is on standard input. Keys come through PyJWT's
PyJWKClient and are kept exactly as long as Cache-Control says; a token whose key is not among them is a failure, as it would be at a
cloud. LOGIN, where given, is the address at which OpenBao takes each of them too, by its role 'turning'. Prints what was seen as
JSON; exit code 1 on any failure.
"""

import http.client
import json
import re
import signal
import sys
import threading
import time
import urllib.parse
import urllib.request

import jwt

broker, audience, seconds, connections = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
login = urllib.parse.urlsplit(sys.argv[5]) if len(sys.argv) > 5 else None
token = sys.stdin.read().strip()
host = urllib.parse.urlsplit(broker).netloc

with urllib.request.urlopen(f"{broker}/.well-known/openid-configuration", timeout=10) as answer:
    jwks_uri = json.load(answer)["jwks_uri"]
with urllib.request.urlopen(jwks_uri, timeout=10) as answer:
    lifespan = int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])[1])

lock = threading.Lock()
seen = {"verified": 0, "kids": {}, "failures": []}
end = time.monotonic() + seconds
stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())


def work():
    try:
        ask()
    except Exception as error:  # A connection that ends, too, is a job without its token.
        with lock:
            seen["failures"].append(f"{type(error).__name__}: {error}")


def ask():
    # A relying party of its own: each connection fetched the keys at another moment.
    client = jwt.PyJWKClient(jwks_uri, cache_keys=False, cache_jwk_set=True, lifespan=lifespan)
    connection = http.client.HTTPConnection(host, timeout=20)
    bao = http.client.HTTPConnection(login.netloc, timeout=20) if login else None
    while not stopping.is_set():
        connection.request("GET", f"/v1/token?audience={audience}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        problem = None
        kid = ""
        if answer.status != 200:
            problem = f"{answer.status} {body[:200]!r}"
        else:
            value = json.loads(body)["value"]
            kid = jwt.get_unverified_header(value)["kid"]
            key = next((key for key in client.get_signing_keys() if key.key_id == kid), None)
            if key is None:
                problem = f"unknown kid {kid}"
            else:
                try:
                    jwt.decode(value, key, algorithms=["ES256", "RS256"], issuer=broker, audience=audience)
                except jwt.PyJWTError as error:
                    problem = f"{type(error).__name__}: {error}"
            if problem is None and bao:
                bao.request("POST", login.path, body=json.dumps({"role": "turning", "jwt": value}))
                entered = bao.getresponse()
                said = entered.read()
                if entered.status != 200:
                    problem = f"OpenBao refused {kid}: {entered.status} {said[:200]!r}"
        with lock:
            seen["kids"][kid] = seen["kids"].get(kid, 0) + 1
            if problem is None:
                seen["verified"] += 1
            elif len(seen["failures"]) < 10:
                seen["failures"].append(problem)


threads = [threading.Thread(target=work) for _ in range(connections)]
for thread in threads:
    thread.start()
stopping.wait(end - time.monotonic())
stopping.set()
for thread in threads:
    thread.join()
print(json.dumps(seen))
sys.exit(1 if seen["failures"] else 0)
