"""The context object that the Lambda runtime passes to a handler."""

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """What the logger reads of it."""

    function_name = "shop-pipeline"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop-pipeline"
    aws_request_id = "7d2a"


CONTEXT = Context()
