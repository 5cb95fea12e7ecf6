"""Reads generated trust files as the tools do that they are written for.

  check_trust_files.py hcl FILE...               python-hcl2 parses each
  check_trust_files.py aws-policy FILE...        moto's check of the IAM grammar for trust policies
  check_trust_files.py kubernetes VERSION FILE...  kubernetes-validate, strictly, by the schemas of that version
  check_trust_files.py cel ROOT EXPRESSION       an expression of CEL against the claims on standard input; prints true or false
  check_trust_files.py yaml-value FILE PATH...   what stands at a path of a YAML file
  check_trust_files.py hcl-value FILE TYPE NAME KEY   an attribute of a resource of a Terraform file
"""

import json
import sys

import yaml


def check_hcl(paths):
    import hcl2

    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = hcl2.load(file)
        assert document.get("resource"), f"{path} has no resource"


def check_aws_policy(paths):
    from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

    for path in paths:
        with open(path, encoding="utf-8") as file:
            IAMTrustPolicyDocumentValidator(file.read()).validate()


def check_kubernetes(version, paths):
    import kubernetes_validate

    for path in paths:
        with open(path, encoding="utf-8") as file:
            for document in yaml.safe_load_all(file):
                kubernetes_validate.validate(document, version, strict=True)


def evaluate(root, expression):
    import celpy
    import celpy.adapter

    claims = json.load(sys.stdin)
    environment = celpy.Environment()
    program = environment.program(environment.compile(expression))
    try:
        result = program.evaluate({root: celpy.adapter.json_to_cel(claims)})
    except celpy.CELEvalError as error:
        # An error is no yes, at Google and at Kubernetes.
        print(f"error: {error}", file=sys.stderr)
        result = False
    print("true" if bool(result) else "false")


def value_of_yaml(path, keys):
    with open(path, encoding="utf-8") as file:
        value = yaml.safe_load(file)
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else value[key]
    print(value if isinstance(value, str) else json.dumps(value))


def value_of_hcl(path, kind, name, key):
    import hcl2

    with open(path, encoding="utf-8") as file:
        document = hcl2.load(file)
    unquoted = lambda text: text.strip('"')  # noqa: E731 - versions differ in whether labels keep their quotes
    for resource in document["resource"]:
        for label, named in resource.items():
            for own, body in named.items():
                if unquoted(label) == kind and unquoted(own) == name:
                    value = body[key]
                    text = value if isinstance(value, str) else json.dumps(value)
                    print(json.loads(text) if text.startswith('"') else text)
                    return
    raise SystemExit(f"no {kind} {name} in {path}")


if __name__ == "__main__":
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "hcl":
        check_hcl(rest)
    elif what == "aws-policy":
        check_aws_policy(rest)
    elif what == "kubernetes":
        check_kubernetes(rest[0], rest[1:])
    elif what == "cel":
        evaluate(rest[0], rest[1])
    elif what == "yaml-value":
        value_of_yaml(rest[0], rest[1:])
    elif what == "hcl-value":
        value_of_hcl(*rest)
    else:
        raise SystemExit(__doc__)
