"""Gets a token as the Azure SDK does in a workload: by a federated token file, of Entra or of what answers as Entra does."""

import json
import os
import sys

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import WorkloadIdentityCredential

credential = WorkloadIdentityCredential(
    tenant_id=os.environ["AZURE_TENANT_ID"],
    client_id=os.environ["AZURE_CLIENT_ID"],
    token_file_path=os.environ["AZURE_FEDERATED_TOKEN_FILE"],
    authority=os.environ["AZURE_AUTHORITY_HOST"],
    disable_instance_discovery=True,
)
try:
    token = credential.get_token("https://management.azure.com/.default")
except ClientAuthenticationError as error:
    print(error.message, file=sys.stderr)
    sys.exit(77)
print(json.dumps({"token": token.token, "expires_on": token.expires_on}))
