"""Objects in S3, as jobs read and write them: streamed, and only where the job's role and the bucket's policy allow it.

Sources: developer guide, "Importing bulk data into Amazon Personalize with a dataset import job", "Giving Amazon
Personalize access to Amazon S3 resources", "Common error messages in Amazon Personalize".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from .authorization import SERVICE_PRINCIPAL, Principal
from .exceptions import JobFailure, PersonalizeError

if TYPE_CHECKING:
    from .models import PersonalizeBackend

INVALID_LOCATION = "Invalid Data location."
#: Word for word as seen, for a lacking role and for a lacking bucket policy.
_NO_ACCESS = (
    "Insufficient privileges for accessing data in S3. Please look at "
    "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html"
)
NO_ROLE_ACCESS = f"{_NO_ACCESS} and ensure your role is configured correctly."
NO_BUCKET_ACCESS = f"{_NO_ACCESS}#attach-bucket-policy and fix bucket policy on {{bucket}}."

#: S3 rights that a job needs, by what it does.
READ = ("s3:GetObject", "s3:ListBucket")
WRITE = ("s3:PutObject", "s3:ListBucket")


@dataclass(frozen=True)
class Location:
    """An s3:// address: one object, or with a trailing slash a folder."""

    bucket: str
    key: str

    @property
    def is_folder(self) -> bool:
        return self.key == "" or self.key.endswith("/")

    @classmethod
    def parse(cls, url: str, complaint: str = INVALID_LOCATION) -> Location:
        """Raises JobFailure(complaint) for anything that is not an s3:// address with a bucket."""
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise JobFailure(complaint)
        return cls(bucket, key)


class File(NamedTuple):
    """An object to read; `size` in bytes."""

    key: str
    size: int


class JobAccess:
    """S3 through the eyes of one job: `role_arn` as the API got it, `source_arn` the job's resource."""

    def __init__(self, backend: PersonalizeBackend, role_arn: str | None, source_arn: str) -> None:
        self._backend = backend
        self._role = role_arn
        self._source = source_arn
        self._client = backend.emulator.s3(backend.region_name)

    def require(self, location: Location, rights: tuple[str, ...]) -> None:
        """Raises JobFailure unless the role can be assumed, and role and bucket policy both grant the rights."""
        if self._role is None:
            raise JobFailure(NO_ROLE_ACCESS)
        context = {
            "aws:SourceAccount": self._backend.account_id,
            "aws:SourceArn": self._source,
            "aws:SecureTransport": "true",
        }
        service = {"service": SERVICE_PRINCIPAL}
        bucket = f"arn:{self._backend.partition}:s3:::{location.bucket}"
        self._ask(service, "sts:AssumeRole", self._role, context, NO_ROLE_ACCESS)
        # The role first as a whole: whoever lacks both is told of the role.
        for principal, complaint in (
            ({"roleArn": self._role}, NO_ROLE_ACCESS),
            (service, NO_BUCKET_ACCESS.format(bucket=location.bucket)),
        ):
            for right in rights:
                resource = bucket if right == "s3:ListBucket" else f"{bucket}/{location.key or '*'}"
                self._ask(principal, right, resource, context, complaint)

    def _ask(
        self, principal: Principal, action: str, resource: str, context: Mapping[str, str], complaint: str
    ) -> None:
        try:
            decision = self._backend.emulator.authorizer.decide(principal, action, resource, context)
        except (OSError, PersonalizeError) as err:
            raise JobFailure(f"{complaint} (The authorizer did not answer: {err})") from err
        if not decision.allowed:
            raise JobFailure(complaint)

    def files(self, location: Location, *, deep: bool = False) -> list[File]:
        """What to read: the object itself, or a folder's files (its first level; `deep`: all). Raises JobFailure."""
        if not location.is_folder:
            with s3_failures():
                head = self._client.head_object(Bucket=location.bucket, Key=location.key)
            return [File(location.key, head["ContentLength"])]
        delimiter = {} if deep else {"Delimiter": "/"}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=location.bucket, Prefix=location.key, **delimiter
        )
        with s3_failures():
            items = [item for page in pages for item in page.get("Contents", [])]
        return [File(item["Key"], item["Size"]) for item in items if not item["Key"].endswith("/")]

    def open(self, location: Location, key: str) -> BinaryIO:
        """The object's bytes as a stream. Raises JobFailure."""
        with s3_failures():
            return cast(BinaryIO, self._client.get_object(Bucket=location.bucket, Key=key)["Body"])

    def write(self, location: Location, key: str, body: BinaryIO) -> None:
        """Put one object below a folder, from an open file. Raises JobFailure."""
        with s3_failures():
            self._client.put_object(Bucket=location.bucket, Key=location.key + key, Body=body)

    def lines(self, location: Location, key: str) -> Iterator[str]:
        """The object's lines as text, without their ends. Raises JobFailure."""
        with s3_failures():
            try:
                for line in cast(Any, self.open(location, key)).iter_lines():
                    yield line.decode("utf-8")
            except UnicodeDecodeError as err:
                raise JobFailure(f"The file {key} is not encoded in UTF-8.") from err


class s3_failures:
    """Turns what S3 answers, at once or in the midst of a stream, into the job's failure."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, err: BaseException | None, _traceback: object) -> Literal[False]:
        if isinstance(err, ClientError):
            denied = err.response["Error"]["Code"] in ("AccessDenied", "403", "AllAccessDisabled")
            raise JobFailure(NO_ROLE_ACCESS if denied else INVALID_LOCATION) from err
        if isinstance(err, BotoCoreError):
            raise JobFailure(INVALID_LOCATION) from err
        return False
