"""The double of S3 refuses what AWS refuses."""

from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.doubles.s3 import ACCESS_KEY, SECRET_KEY, Bucket


def client(bucket: Bucket, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY, **options: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=bucket.server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        **options,
    )


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({"access_key": "AKIASOMEBODY"}, "InvalidAccessKeyId"),
        ({"secret_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"aws_session_token": "stale"}, "AccessDenied"),
    ],
)
def test_foreign_credentials_are_refused(bucket: Bucket, credentials: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        client(bucket, **credentials).put_object(Bucket=bucket.name, Key="a/b", Body=b"x")

    assert refused.value.response["Error"]["Code"] == code
    assert bucket.list_keys() == []


def test_unsigned_request_is_refused(bucket: Bucket) -> None:
    assert httpx.get(f"{bucket.server.endpoint}/{bucket.name}/a", trust_env=False).status_code == 403


def test_foreign_region_is_refused_where_the_server_has_one(bucket: Bucket) -> None:
    bucket.server.region = "eu-central-1"

    with pytest.raises(ClientError) as refused:
        client(bucket).list_objects_v2(Bucket=bucket.name)

    assert refused.value.response["Error"]["Code"] == "AuthorizationHeaderMalformed"


def test_body_that_is_not_what_was_signed_is_refused(bucket: Bucket) -> None:
    scope = f"{ACCESS_KEY}/20260210/us-east-1/s3/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=any"
    headers = {"x-amz-content-sha256": "0" * 64, "Authorization": authorization}

    answer = httpx.put(f"{bucket.server.endpoint}/{bucket.name}/a", content=b"x", headers=headers, trust_env=False)

    assert answer.status_code == 400
    assert "XAmzContentSHA256Mismatch" in answer.text


def test_upload_of_parts_that_are_too_small_is_refused(bucket: Bucket) -> None:
    asking = client(bucket)
    upload = {"Bucket": bucket.name, "Key": "a"}
    upload["UploadId"] = asking.create_multipart_upload(**upload)["UploadId"]
    tags = [asking.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]

    with pytest.raises(ClientError) as refused:
        asking.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    assert refused.value.response["Error"]["Code"] == "EntityTooSmall"
    assert bucket.list_keys() == []
