import Delivery
import JSON

/// The broker's answer of a target, with another environment where a test wants one.
func answer(
    _ environment: JSONObject = [
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/+", "AWS_SESSION_TOKEN": "token==",
        "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
    ],
    target: String = "aws-prod",
    type: String = "aws",
    source: String = "exchange",
    expires: JSON = "2026-11-22T10:30:00Z"
) -> JSON {
    [
        "target": .string(target), "type": .string(type), "source": .string(source), "expires_at": expires,
        "environment": .object(environment), "credential": ["region": "eu-west-1"], "ledger_index": 42,
    ]
}

func credential(_ json: JSON) throws(DeliveryError) -> CredentialAnswer {
    try CredentialAnswer(parsing: json.serialized())
}
