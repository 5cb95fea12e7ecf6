"""Validates events by the schema of OCSF 1.4.0 itself: classes, enumerations, types, what is required.

    check_ocsf.py <events.jsonl

Prints how many events were checked, and of which classes; the first one that is wrong ends it with exit code 1.
"""

import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.4.0"))
classes = get_ocsf_schema("1.4.0")["classes"]
validators = {}
seen = {}
count = 0
for line in sys.stdin:
    event = json.loads(line)
    uid = event["class_uid"]
    name = schema.lookup_class_name_from_uid(uid)
    if name not in validators:
        validators[name] = jsonschema.Draft202012Validator(schema.get_class_schema(name))
    error = next(validators[name].iter_errors(event), None)
    if error:
        raise SystemExit(f"{event['unmapped']['kind']} as {name}: {error.json_path}: {error.message}\n{line}")
    constraints = classes[name].get("constraints", {})
    if not all(any(a in event for a in constraints[c]) for c in ["at_least_one"] if c in constraints):
        raise SystemExit(f"{name} lacks all of {constraints}\n{line}")
    if "just_one" in constraints and sum(a in event for a in constraints["just_one"]) != 1:
        raise SystemExit(f"{name} has not one of {constraints}\n{line}")
    if event["type_uid"] != uid * 100 + event["activity_id"]:
        raise SystemExit(f"{name}: the type is not that of class and activity\n{line}")
    seen[name] = seen.get(name, 0) + 1
    count += 1
if len(seen) < 3:
    raise SystemExit(f"only {seen} were there to be checked")
print(count, seen)
