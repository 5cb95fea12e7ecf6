"""Uses an AWS SDK's own credential for some seconds, and says how it came by it and how many it saw.

botocore itself refuses a credential that has expired, and renews one that is about to."""

import sys
import time

import botocore.session

credentials = botocore.session.Session().get_credentials()
seen = set()
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    seen.add(credentials.get_frozen_credentials().access_key)
    time.sleep(0.2)
print(credentials.method, len(seen))
