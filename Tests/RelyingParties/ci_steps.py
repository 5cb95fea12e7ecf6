"""What a machine of a CI system would run of a pipeline: its shell, its variables and its lines, as JSON.

    ci_steps.py SYSTEM FILE

Values that the system itself would put in ($(System.AccessToken), from_secret) are left to the caller's environment.
"""

import json
import re
import sys

import yaml

system, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    text = file.read()
environment, lines, shell = {}, [], "bash"


def documents():
    return list(yaml.safe_load_all(text))


def plain(variables):
    return {name: str(value) for name, value in (variables or {}).items() if not isinstance(value, dict)}


if system == "github":
    for job in documents()[0]["jobs"].values():
        environment |= plain(job.get("env"))
        lines += [step["run"] for step in job["steps"] if "run" in step]
elif system == "gitlab":
    job = documents()[0]["deploy"]
    environment |= plain(job["variables"])
    lines += job["script"]
elif system == "circleci":
    job = documents()[0]["jobs"]["deploy"]
    environment |= plain(job["environment"])
    lines += [step["run"]["command"] for step in job["steps"] if isinstance(step, dict)]
elif system == "buildkite":
    pipeline = documents()[0]
    environment |= plain(pipeline["env"])
    # The agent puts variables in when the pipeline is uploaded, unless the sign is doubled.
    lines += [line.replace("$$", "$") for step in pipeline["steps"] for line in step["commands"]]
elif system == "woodpecker":
    shell = "sh"
    for step in documents()[0]["steps"]:
        environment |= plain(step["environment"])
        lines += step["commands"]
elif system == "azure":
    pipeline = documents()[0]
    environment |= plain(pipeline["variables"])
    for step in pipeline["steps"]:
        given = {name: value for name, value in plain(step.get("env")).items() if not value.startswith("$(")}
        environment |= given
        lines += [step["bash"]] if "bash" in step else []
elif system == "kubernetes":
    shell = "sh"
    for document in documents():
        if document["kind"] == "Job":
            container = document["spec"]["template"]["spec"]["containers"][0]
            assert container["command"] == ["/bin/sh", "-euc"], container["command"]
            environment |= {variable["name"]: variable["value"] for variable in container["env"]}
            lines += container["args"]
elif system == "jenkins":
    shell = "sh"
    environment |= dict(re.findall(r"^\s+(\w+) = '([^']*)'$", text, re.MULTILINE))
    lines += re.findall(r"\bsh '''(.*?)'''", text, re.DOTALL)
elif system == "cron":
    shell = "sh"
    for line in text.split("\n"):
        if variable := re.fullmatch(r"([A-Z_]+)=(.*)", line):
            environment[variable[1]] = variable[2]
        elif line and not line.startswith("#"):
            entry = re.fullmatch(r"(?:[\d*/,-]+ ){5}(\w+) (.*)", line)
            assert entry, f"no line of cron.d: {line}"
            assert "%" not in entry[2], "cron reads % as the end of a line"
            lines.append(entry[2])
else:
    sys.exit(f"{system} is not known")

assert lines, "nothing to run"
json.dump({"shell": shell, "environment": environment, "script": "\n".join(line.strip("\n") for line in lines) + "\n"}, sys.stdout)
