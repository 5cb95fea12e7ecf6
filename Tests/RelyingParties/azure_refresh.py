"""Asks Azure's own library for tokens of two resources, with a pause: each time it reads the federated token file anew."""

import hashlib
import sys
import time

from azure.identity import WorkloadIdentityCredential

for pause in [0.0, float(sys.argv[1])]:
    time.sleep(pause)
    # Tenant, client and file come from the environment; a new one has no cache.
    credential = WorkloadIdentityCredential(disable_instance_discovery=True)
    token = credential.get_token("https://management.azure.com/.default")
    print(hashlib.sha256(token.token.encode()).hexdigest())
