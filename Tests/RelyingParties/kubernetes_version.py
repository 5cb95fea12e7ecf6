"""Asks a cluster for its version as the Kubernetes client for Python does, by the kubeconfig that it is given."""

import sys

from kubernetes import client, config

config.load_kube_config(config_file=sys.argv[1], context=sys.argv[2])
print(client.VersionApi().get_code().git_version)
