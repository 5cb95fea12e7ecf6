"""Asks Google's own library for a token twice, with a pause, and says what each was by its SHA-256."""

import hashlib
import sys
import time

import google.auth
import google.auth.transport.requests

credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
for pause in [0.0, float(sys.argv[1])]:
    time.sleep(pause)
    credentials.refresh(google.auth.transport.requests.Request())
    print(hashlib.sha256(credentials.token.encode()).hexdigest())
