"""Gets a token as Google's own libraries do: by the external_account file that it is given.

Not through google.auth.default, which would ask Google for the project's name first.
"""

import json
import sys

from google.auth import identity_pool
import google.auth.transport.requests

credentials = identity_pool.Credentials.from_file(
    sys.argv[1], scopes=["https://www.googleapis.com/auth/cloud-platform"]
)
credentials.refresh(google.auth.transport.requests.Request())
print(json.dumps({"token": credentials.token, "valid": credentials.valid, "expiry": credentials.expiry.isoformat()}))
