"""The context object that the Lambda runtime passes to a handler."""


class Context:
    """What the log says of it."""

    function_name = "shop-pipeline"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop-pipeline"
    aws_request_id = "7d2a"


CONTEXT = Context()
