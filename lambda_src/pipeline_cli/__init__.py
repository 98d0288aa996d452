"""Commands for people at a terminal, on the Lambda function's own code. Not part of the Lambda package."""
