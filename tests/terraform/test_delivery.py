"""One consumer's story: its first apply fails half-way, code is refused, the module moves, what it depends on changes.

Whatever happened, the next apply from a fresh checkout ends well, and the function runs the code it is said to run.
"""

import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import provider, terraform
from local.servers import ROOT

from .conftest import Aws, lambda_settings
from .consumer import CREDENTIALS, Consumer

CALL = """
variable "lambda" { type = object({ runtime = string, architecture = string }) }

variable "upstream" { default = "a" }
variable "groups" { default = "*" }

resource "terraform_data" "upstream" { input = var.upstream }

module "NAME" {
  source = "MODULE"

  name                    = "consumer"
  lambda                  = var.lambda
  dataset_groups          = [var.groups]
  force_destroy           = true
  noncurrent_version_days = null

  depends_on = [terraform_data.upstream]
}
"""
FUNCTION = "consumer-pipeline"
ADDRESS = "module.shop.module.pipeline_function.aws_lambda_function.this"
RECEIPT = "module.shop.module.pipeline_function.aws_ssm_parameter.receipt"
LAST = {"upstream": "d", "groups": "shop-*"}
MARK = "pipeline/handler.py"  # a file of the package that the tests change


@pytest.fixture(scope="module")
def consumer(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consumer]:
    """Nothing is applied yet. All that was made goes in the end."""
    folder = tmp_path_factory.mktemp("consumer")
    terraform.find().init(ROOT)
    with provider.attached(ROOT, folder) as variables:
        consumer = Consumer(folder, {"TF_VAR_lambda": lambda_settings(), **variables})
        check_out(consumer)
        consumer.write(CALL.replace("NAME", "shop"))
        yield consumer
        destroyed = consumer.terraform("destroy", "-auto-approve")
        assert destroyed.status == 0, destroyed.text


@pytest.fixture
def without(aws: Aws, consumer: Consumer) -> Callable[..., object]:
    """A block in which the consumer may do everything but one action."""

    @contextmanager
    def missing(action: str) -> Iterator[None]:
        iam, user = aws("iam"), "consumer"
        iam.create_user(UserName=user)
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": action, "Resource": "*"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=user, PolicyName="most", PolicyDocument=policy)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        consumer.credentials = (key["AccessKeyId"], key["SecretAccessKey"])
        try:
            yield
        finally:
            consumer.credentials = CREDENTIALS
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName=user, PolicyName="most")
            iam.delete_user(UserName=user)

    return missing


def deployed(aws: Aws) -> str:
    """The changed file as the function has it."""
    location = aws("lambda").get_function(FunctionName=FUNCTION)["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        return zipfile.ZipFile(io.BytesIO(answer.read())).read(MARK).decode()


def check_out(consumer: Consumer, addition: str = "", folder: str = "module") -> None:
    """The module anew, with an addition to its code, and with the first of its packages alone, which builds faster."""
    consumer.check_out(folder)
    requirements = consumer.folder / folder / "lambda_src/requirements.txt"
    first, *_ = re.split(r"(?m)^(?=[a-z])", requirements.read_text(encoding="utf-8").strip())[1:]
    requirements.write_text(first, encoding="utf-8")
    consumer.edit(f"lambda_src/{MARK}", addition)


def applied(consumer: Consumer, **variables: str) -> str:
    done = consumer.apply(**variables)
    assert done.status == 0, done.text
    assert consumer.plan(**variables) == {}
    return done.text


def test_a_first_apply_that_failed_half_way_is_finished_from_a_fresh_checkout(
    consumer: Consumer, without: Callable[..., object], aws: Aws
) -> None:
    with without("lambda:CreateFunction"):
        failed = consumer.apply()
    assert failed.status == 1
    assert "lambda:CreateFunction" in failed.text
    check_out(consumer)
    applied(consumer)
    assert deployed(aws)


def test_a_refused_update_of_the_code_is_seen_and_mended_from_a_fresh_checkout(
    consumer: Consumer, without: Callable[..., object], aws: Aws
) -> None:
    consumer.edit(f"lambda_src/{MARK}", "# second\n")
    with without("lambda:UpdateFunctionCode"):
        failed = consumer.apply()
    assert failed.status == 1
    assert "lambda:UpdateFunctionCode" in failed.text
    assert "# second" not in deployed(aws)
    check_out(consumer, "# second\n")
    assert consumer.plan()[ADDRESS] == "update"
    applied(consumer)
    assert "# second" in deployed(aws)


def test_code_that_somebody_changed_by_hand_is_told_and_mended(consumer: Consumer, package: Path, aws: Aws) -> None:
    aws("lambda").update_function_code(FunctionName=FUNCTION, ZipFile=package.read_bytes())
    assert "# second" not in deployed(aws)
    told = consumer.apply()
    assert "The function runs other code than was delivered. The next apply delivers it anew." in told.text
    applied(consumer)
    assert "# second" in deployed(aws)


def test_a_return_to_earlier_code_is_not_taken_for_made_when_it_was_refused(
    consumer: Consumer, without: Callable[..., object], aws: Aws
) -> None:
    """That the function once took this code says nothing after it took other code."""
    consumer.edit(f"lambda_src/{MARK}", "# third\n")
    with without("ssm:PutParameter"):
        failed = consumer.apply()
    assert failed.status == 1
    assert "# third" in deployed(aws)
    check_out(consumer, "# second\n")
    with without("lambda:UpdateFunctionCode"):
        failed = consumer.apply()
    assert failed.status == 1
    applied(consumer)
    assert "# second" in deployed(aws)
    assert "# third" not in deployed(aws)


def test_a_function_that_is_replaced_without_its_zip_is_made_anew_by_the_second_apply(
    consumer: Consumer, aws: Aws
) -> None:
    check_out(consumer, "# second\n")
    failed = consumer.terraform("apply", "-auto-approve", f"-replace={ADDRESS}")
    assert failed.status == 1
    assert "no such file" in failed.text
    applied(consumer)
    assert "# second" in deployed(aws)


def test_a_function_that_was_deleted_by_hand_is_made_anew_on_request(consumer: Consumer, aws: Aws) -> None:
    aws("lambda").delete_function(FunctionName=FUNCTION)
    check_out(consumer, "# second\n")
    delivery = "module.shop.module.lambda_package.terraform_data.delivery"
    done = consumer.terraform("apply", "-auto-approve", f"-replace={delivery}")
    assert done.status == 0, done.text
    assert "# second" in deployed(aws)


def test_what_it_depends_on_may_change_without_anything_being_replaced(consumer: Consumer) -> None:
    """Only the code is delivered once more: whether it is there can't be asked before the other change is made."""
    planned = consumer.plan(upstream="b")
    replaced = {where for where, action in planned.items() if action == "replace"}
    assert {where.rpartition("terraform_data.")[2] for where in replaced - {RECEIPT}} == {
        "delivery",
        "build[0]",
        "delivered",
    }
    assert RECEIPT in replaced
    assert set(planned) - replaced - {"terraform_data.upstream"} == {ADDRESS}
    applied(consumer, upstream="b")


@pytest.mark.parametrize(
    ("refused", "upstream", "groups"), [("lambda:UpdateFunctionCode", "c", "*"), ("iam:PutRolePolicy", "d", "shop-*")]
)
def test_a_delivery_of_the_same_code_that_failed_is_finished_from_a_fresh_checkout(
    refused: str,
    upstream: str,
    groups: str,
    consumer: Consumer,
    package: Path,
    without: Callable[..., object],
    aws: Aws,
) -> None:
    """While what it depends on changes, and somebody has changed the code by hand."""
    aws("lambda").update_function_code(FunctionName=FUNCTION, ZipFile=package.read_bytes())
    variables = {"upstream": upstream, "groups": groups}
    with without(refused):
        failed = consumer.apply(**variables)
    assert failed.status == 1
    assert refused in failed.text
    check_out(consumer, "# second\n")
    applied(consumer, **variables)
    assert "# second" in deployed(aws)


def test_a_module_that_was_moved_and_renamed_applies(consumer: Consumer, aws: Aws) -> None:
    check_out(consumer, "# second\n", "vendor/pipeline")
    moved = "moved {\n  from = module.shop\n  to   = module.renamed\n}\n"
    consumer.write(CALL.replace("NAME", "renamed") + moved)
    planned = consumer.plan(**LAST)
    gone = {where for where, action in planned.items() if action in ("replace", "delete") and ".aws_" in where}
    assert gone <= {RECEIPT.replace("shop", "renamed")}
    applied(consumer, **LAST)
    assert "# second" in deployed(aws)


def test_another_account_is_refused(consumer: Consumer) -> None:
    """MiniStack takes an access key of twelve digits for the account."""
    consumer.credentials = ("222222222222", "test")
    try:
        planned = consumer.terraform("plan", *(f"-var={name}={value}" for name, value in LAST.items()))
    finally:
        consumer.credentials = CREDENTIALS
    assert planned.status == 1
    assert "the provider is configured for account 222222222222" in planned.text.replace("\n", " ")
