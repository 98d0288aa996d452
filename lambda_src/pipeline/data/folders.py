"""The CSV files beside the params file: found and fingerprinted."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from pipeline import clients

SAMPLE = 64 * 1024  # bytes: the head of a file
CHUNK = 256 * 1024  # bytes read at a time: what fits into a processor's cache is judged fastest
SIDE_BY_SIDE = 8  # files whose checksums are asked for at a time; the client keeps ten connections
# S3 has one of them for an object: the uploader's choice, else CRC64NVME, which it adds since December 2024.
CHECKSUMS = ("CRC64NVME", "SHA256", "SHA1", "CRC32C", "CRC32")


@dataclass(frozen=True)
class DataFile:
    """One object of a data folder."""

    key: str
    size: int
    etag: str
    storage_class: str = "STANDARD"  # an archived object can't be read


@dataclass(frozen=True)
class DataFolder:
    """The first level of a folder, which is what an import reads.

    Not read are its `sub_folders`, and what is `passed_over` beside it, though it is called after the dataset too.
    """

    longest_location: ClassVar[float] = 256  # characters (S3Location)

    bucket: str
    prefix: str
    files: tuple[DataFile, ...]
    sub_folders: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        """The `dataLocation` of an import job."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Eight hex digits that change when a file comes, goes or changes. Asks S3 for every file, once."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            digests = list(pool.map(self.digest, self.files))
        content = json.dumps([(file.key, file.size, digest) for file, digest in zip(self.files, digests, strict=True)])
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    def digest(self, file: DataFile) -> str:
        """What S3 knows the content by, and how: `sha256:...`.

        A checksum stays the same under another encryption, and mostly when a file is uploaded in parts; an ETag
        does neither. One that ends in `-<parts>` is made of the parts' own, so it is the same for parts of one size.
        """
        try:
            head = clients.s3().head_object(Bucket=self.bucket, Key=file.key, ChecksumMode="ENABLED")
        except ClientError as error:
            # Gone meanwhile; or under a key that this role may not use, which only Personalize's role needs to.
            if error.response["Error"]["Code"] in ("400", "403", "404"):
                return f"etag:{file.etag}"
            raise
        found = ((name, head.get(f"Checksum{name}")) for name in CHECKSUMS)
        return next((f"{name.lower()}:{value}" for name, value in found if value), f"etag:{file.etag}")

    def read(self, file: DataFile, begin: int, end: int) -> Iterator[bytes]:
        """The bytes of one of the files from `begin` up to `end`, or to the file's end, in chunks of `CHUNK`.

        Raises:
            ClientError: S3 does not show them. `PreconditionFailed`: the file is another by now.
        """
        if begin >= min(end, file.size):
            return
        span = f"bytes={begin}-{min(end, file.size) - 1}"
        answer = clients.s3().get_object(Bucket=self.bucket, Key=file.key, Range=span, IfMatch=f'"{file.etag}"')
        with closing(answer["Body"]) as body:
            while chunk := body.read(CHUNK):
                yield chunk

    def sample(self, file: DataFile) -> bytes:
        """The head of one of the files."""
        return b"".join(self.read(file, 0, SAMPLE))


def list_folder(bucket: str, prefix: str) -> DataFolder:
    """The non-empty objects directly under `prefix`, by key; where it does not end with a slash, that one object."""
    pages = list(_pages(bucket, prefix))
    entries = (entry for page in pages for entry in page.get("Contents", []))
    inner = [folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", [])]
    files = (
        DataFile(entry["Key"], entry["Size"], entry["ETag"].strip('"'), entry.get("StorageClass", "STANDARD"))
        for entry in entries
        if entry["Size"] and (prefix.endswith("/") or entry["Key"] == prefix)
    )
    sub_folders = tuple(inner) if prefix.endswith("/") else ()
    return DataFolder(bucket, prefix, tuple(sorted(files, key=lambda file: file.key)), sub_folders)


def at(location: str) -> DataFolder:
    """The files at an `s3://bucket/path`; none where it can't be read."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    try:
        return list_folder(bucket, prefix)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "NoSuchBucket", "InvalidBucketName"):
            return DataFolder(bucket, prefix, ())
        raise


def find(bucket: str, prefix: str, dataset_type: str) -> DataFolder:
    """A dataset's files beside the params file: the folder of its type, or one CSV file, in any case."""
    found = [list_folder(bucket, name) for name in candidates(names_at(bucket, prefix), prefix, dataset_type)]
    # The console makes a folder of nothing but itself, which holds no data.
    holding = [folder for folder in found if folder.files]
    if not holding:
        sub_folders = tuple(name for folder in found for name in folder.sub_folders)
        return DataFolder(bucket, f"{prefix}{dataset_type}/", (), sub_folders)
    return replace(holding[0], passed_over=tuple(folder.prefix for folder in holding[1:]))


def names_at(bucket: str, prefix: str) -> list[str]:
    """What lies directly under a prefix; folders end with a slash."""
    return [
        found
        for page in _pages(bucket, prefix)
        for found in [
            *(folder["Prefix"] for folder in page.get("CommonPrefixes", [])),
            *(entry["Key"] for entry in page.get("Contents", [])),
        ]
    ]


def candidates(names: list[str], prefix: str, dataset_type: str) -> list[str]:
    """Of the names beside the params file (folders end with a slash) those that may hold it, likeliest first."""
    wanted = (f"{prefix}{dataset_type}/", f"{prefix}{dataset_type}.csv")
    exact = [name for name in wanted if name in names]
    alike = [name for form in wanted for name in names if name.lower() == form.lower()]
    return list(dict.fromkeys(exact + alike))


def _pages(bucket: str, prefix: str) -> Iterator[Any]:
    yield from clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
