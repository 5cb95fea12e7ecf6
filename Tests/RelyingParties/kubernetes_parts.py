"""What of a manifest runs outside a cluster too, as JSON: the broker's configuration, and the init container's command line.

    kubernetes_parts.py MANIFEST
"""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    parts = {(part["kind"], part["metadata"]["name"]): part for part in yaml.safe_load_all(file)}
pod = parts["Deployment", "jobpass"]["spec"]["template"]["spec"]
(first,) = pod["initContainers"]
(broker,) = pod["containers"]
mounts = {mount["mountPath"]: mount["name"] for mount in broker["volumeMounts"]}
(volume,) = [volume for volume in pod["volumes"] if volume["name"] == mounts["/etc/jobpass"]]
print(
    json.dumps(
        {
            "configuration": parts["ConfigMap", volume["configMap"]["name"]]["data"]["jobpass.yaml"],
            "init": first["command"] + first["args"],
            "serve": broker["args"],
        }
    )
)
