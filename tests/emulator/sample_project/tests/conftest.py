import boto3
import pytest

pytest_plugins = ["personalize_emulator.pytest_plugin"]

ROWS = [f"u{n % 60},i{n * n % 41},{1_700_000_000 + n}" for n in range(1500)]


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def data(personalize_emulator: object) -> str:
    """Where the shop's interactions lie."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="rows.csv", Body="\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *ROWS, ""]).encode())
    return "s3://shop/rows.csv"
