"""A CI system's issuer on loopback: PyJWT signs what its jobs are given.

    ci_issuer.py PORT

Serves a discovery document and keys, GitHub Actions' request protocol at /request (the bearer is `job`), and at /circleci tokens of
CircleCI's shape, whose claims the query sets (`ssh=true`, `origin=…`, `age=SECONDS`).
"""

import http.server
import json
import sys
import time
import urllib.parse
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

port = int(sys.argv[1])
issuer = f"http://127.0.0.1:{port}"
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1F2AB83404C08EC9EA0BB99DAED02186B091DBF4",
       "n": public["n"], "e": public["e"]}


def sign(claims, age=0):
    now = int(time.time()) - age
    body = {"iss": issuer, "iat": now, "nbf": now - 5, "exp": now + 300, "jti": str(uuid.uuid4()), **claims}
    return jwt.encode(body, key, algorithm="RS256", headers={"kid": jwk["kid"], "x5t": "eBZ_cn3sXYAd0ch4THBKHIgOwOE"})


def github(audience):
    return sign({
        "sub": "repo:acme@65342/web@774120:ref:refs/heads/main", "aud": audience, "repository": "acme/web",
        "repository_id": "774120", "repository_owner": "acme", "repository_owner_id": "65342", "workflow": "deploy",
        "workflow_ref": "acme/web/.github/workflows/deploy.yml@refs/heads/main",
        "job_workflow_ref": "acme/web/.github/workflows/deploy.yml@refs/heads/main", "event_name": "push",
        "ref": "refs/heads/main", "ref_type": "branch", "sha": "9fceb02d", "run_id": "1", "run_attempt": "1",
        "runner_environment": "github-hosted", "actor": "ada",
    })


def circleci(query):
    prefix = "oidc.circleci.com/"
    return sign({
        "sub": "org/6cb0/project/c9d7/user/1111", "aud": query.get("aud", "6cb0"), prefix + "project-id": "acme/cci",
        prefix + "org-id": "6cb0", prefix + "job-id": "2b1b", prefix + "workflow-id": "7a1e",
        prefix + "pipeline-id": "0dbd", prefix + "ssh-rerun": query.get("ssh") == "true",
        prefix + "vcs-origin": query.get("origin", "github.com/acme/web"), prefix + "vcs-ref": "refs/heads/main",
    }, int(query.get("age", "0")))


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/.well-known/openid-configuration":
            return self.answer(json.dumps({
                "issuer": issuer, "jwks_uri": f"{issuer}/.well-known/jwks", "response_types_supported": ["id_token"],
                "subject_types_supported": ["public", "pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
            }))
        if url.path == "/.well-known/jwks":
            return self.answer(json.dumps({"keys": [jwk]}))
        if url.path == "/request" and self.headers["Authorization"] == "Bearer job":
            return self.answer(json.dumps({"value": github(query["audience"])}))
        if url.path == "/circleci":
            return self.answer(circleci(query))
        self.send_error(404)

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
