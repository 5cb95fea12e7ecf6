"""Verifies the ID token on standard input as a relying party does that knows the issuer's URL and nothing else.

    verify_token.py ISSUER AUDIENCE

Keys come by the discovery document. Prints the claims as JSON; any fault ends it with an exception and exit code 1.
"""

import json
import sys
import urllib.request

import jwt

issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()

with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=10) as answer:
    discovery = json.load(answer)
if discovery["issuer"] != issuer:
    raise SystemExit(f"the discovery document is of {discovery['issuer']}")

algorithms = discovery["id_token_signing_alg_values_supported"]
key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token)
required = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"]
options = {"require": required, "strict_aud": True}
print(json.dumps(jwt.decode(token, key, algorithms=algorithms, issuer=issuer, audience=audience, options=options)))
