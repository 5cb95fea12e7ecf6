"""The issuers of CI systems on loopback: PyJWT signs for each what it gives a job of the branch main.

    ci_systems.py SYSTEM=PORT...

Each has a discovery document and keys, `/token?audience=A` with a token as text, GitHub's request protocol at `/request` and Azure's at `/azure`,
for the bearer `job`.
"""

import http.server
import json
import sys
import threading
import time
import urllib.parse
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one", "n": public["n"], "e": public["e"]}
circleci = "oidc.circleci.com/"
workflow = "acme/web/.github/workflows/deploy.yml@refs/heads/main"
claims = {
    "github": {
        "sub": "repo:acme/web:ref:refs/heads/main", "repository": "acme/web", "repository_id": "774120",
        "repository_owner": "acme", "repository_owner_id": "65342", "workflow": "deploy", "workflow_ref": workflow,
        "job_workflow_ref": workflow, "event_name": "push", "ref": "refs/heads/main", "ref_type": "branch",
        "sha": "9fceb02d", "run_id": "1", "run_attempt": "1", "runner_environment": "github-hosted", "actor": "ada",
    },
    "gitlab": {
        "sub": "project_path:acme/web:ref_type:branch:ref:main", "project_path": "acme/web", "project_id": "20",
        "namespace_path": "acme", "namespace_id": "7", "job_project_path": "acme/web", "job_project_id": "20",
        "pipeline_id": "574", "pipeline_source": "push", "job_id": "302", "ref": "main", "ref_type": "branch",
        "ref_path": "refs/heads/main", "ref_protected": "true", "sha": "9fceb02d", "user_login": "ada",
        "runner_environment": "self-hosted", "ci_config_ref_uri": "gitlab.example.com/acme/web//.gitlab-ci.yml@refs/heads/main",
    },
    "circleci": {
        "sub": "org/6cb0/project/c9d7/user/1111", circleci + "project-id": "c9d7a1b2-0000-4000-8000-000000000001",
        circleci + "org-id": "6cb0", circleci + "job-id": "2b1b", circleci + "workflow-id": "7a1e",
        circleci + "pipeline-id": "0dbd", circleci + "ssh-rerun": False,
        circleci + "vcs-origin": "github.com/acme/web", circleci + "vcs-ref": "refs/heads/main",
    },
    "buildkite": {
        "sub": "organization:acme:pipeline:web:ref:refs/heads/main:commit:9fceb02d:step:deploy",
        "organization_slug": "acme", "organization_id": "0184990a-477b-4fa8-9968-496074483c01", "pipeline_slug": "web",
        "pipeline_id": "0185", "build_number": 1, "build_id": "0186", "build_branch": "main", "build_commit": "9fceb02d",
        "build_source": "webhook", "step_key": "deploy", "job_id": "0184", "agent_id": "0187",
        "runner_environment": "self-hosted",
    },
    "azure": {
        "sub": "p://acme/web/deploy", "prj_id": "3f1e9a52-0000-4000-8000-000000000002", "def_id": "1", "run_id": "12",
        "rpo_id": "9", "rpo_uri": "https://dev.azure.com/acme/web/_git/web", "rpo_ref": "refs/heads/main", "rpo_ver": "9fceb02d",
    },
    "kubernetes": {
        "sub": "system:serviceaccount:ci:deploy",
        "kubernetes.io": {
            "namespace": "ci", "node": {"name": "n1", "uid": "u1"}, "pod": {"name": "deploy-x7k", "uid": "u2"},
            "serviceaccount": {"name": "deploy", "uid": "u3"},
        },
    },
    "jenkins": {
        "sub": "https://jenkins.example.com/job/web/", "build_number": 7, "project": "acme/jenkins-web", "run": "jenkins-web-7",
    },
}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def sign(self, audience):
        now = int(time.time())
        body = {"iss": self.issuer, "aud": audience, "iat": now, "nbf": now - 5, "exp": now + 300, "jti": str(uuid.uuid4())}
        return jwt.encode(body | claims[self.server.system], key, algorithm="RS256", headers={"kid": jwk["kid"]})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        audience = dict(urllib.parse.parse_qsl(url.query)).get("audience")
        if url.path == "/.well-known/openid-configuration":
            return self.answer(json.dumps({
                "issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            }))
        if url.path == "/jwks":
            return self.answer(json.dumps({"keys": [jwk]}))
        if url.path == "/token":
            return self.answer(self.sign(audience))
        if url.path == "/request" and self.headers["Authorization"] == "Bearer job":
            return self.answer(json.dumps({"value": self.sign(audience)}))
        self.send_error(404)

    def do_POST(self):
        if not self.path.startswith("/azure?") or self.headers["Authorization"] != "Bearer job":
            return self.send_error(404)
        return self.answer(json.dumps({"oidcToken": self.sign("api://AzureADTokenExchange")}))

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


servers = []
for argument in sys.argv[1:]:
    system, port = argument.split("=")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.system = system
    servers.append(server)
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
