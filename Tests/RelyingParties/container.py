"""Asks boto3 for credentials again and again, which it takes from the container endpoint that its environment names.

    container.py PAUSE...

Prints the access key of the first look and of one after each pause, in seconds, as JSON.
"""

import json
import sys
import time

import boto3

credentials = boto3.Session().get_credentials()
keys = [credentials.get_frozen_credentials().access_key]
for pause in sys.argv[1:]:
    time.sleep(float(pause))
    keys.append(credentials.get_frozen_credentials().access_key)
print(json.dumps({"method": credentials.method, "keys": keys}))
