"""Makes a bucket that everybody may read in moto, and a role that may write it, by four calls that moto does not yet authenticate.

    moto_bucket.py ENDPOINT BUCKET
"""

import json
import sys

import boto3

endpoint, bucket = sys.argv[1:]
account = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


s3 = boto3.client("s3", **account)
s3.create_bucket(Bucket=bucket)
s3.put_bucket_policy(
    Bucket=bucket, Policy=statement(Principal="*", Action="s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/*")
)
iam = boto3.client("iam", **account)
iam.create_role(RoleName="keys", AssumeRolePolicyDocument=statement(Principal={"AWS": "*"}, Action="sts:AssumeRole"))
iam.put_role_policy(RoleName="keys", PolicyName="p", PolicyDocument=statement(Action="s3:*", Resource="*"))
