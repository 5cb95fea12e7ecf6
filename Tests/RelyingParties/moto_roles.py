"""Makes the roles of a chain in moto, by four calls that moto does not yet authenticate.

    moto_roles.py ENDPOINT

deploy may assume any role, hub may do anything; who may assume hub is everybody whose own policy lets them.
"""

import json
import sys

import boto3

iam = boto3.client(
    "iam", endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
)


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


trust = statement(Principal={"AWS": "*"}, Action="sts:AssumeRole")
for role, actions in [("deploy", "sts:AssumeRole"), ("hub", "ecr:*")]:
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=statement(Action=actions, Resource="*"))
