"""`personalize-pipeline`: commands for people at a terminal, on the Lambda function's own code.

Not part of the Lambda package. docs/commands.md has them; `app.py` is the command line, and each verb has a module.
"""
