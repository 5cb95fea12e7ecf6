"""What a job does with Vault by hvac and the environment that it was given: looks at its token, reads, unwraps.

Values come out as their SHA-256: what is secret in a job is masked in its output.
"""

import hashlib
import json
import os
import sys

import hvac


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


client = hvac.Client(url=os.environ["VAULT_ADDR"])
if sys.argv[1] == "unwrap":
    login = client.sys.unwrap(os.environ["VAULT_WRAPPING_TOKEN"])
    client.token = login["auth"]["client_token"]
else:
    client.token = os.environ["VAULT_TOKEN"]
found = {"role": client.auth.token.lookup_self()["data"]["meta"]["role"]}
if len(sys.argv) > 2:
    secret = client.secrets.kv.v2.read_secret_version(path=sys.argv[2], raise_on_deleted_version=True)
    found["secret"] = {name: digest(value) for name, value in secret["data"]["data"].items()}
found["environment"] = {name: digest(os.environ[name]) for name in sorted(os.environ) if name.startswith("APP_")}
print(json.dumps(found))
