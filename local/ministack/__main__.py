"""`python -m local.ministack --port 4566`: the corrected MiniStack, on the loopback only."""

import argparse
import asyncio
import os
import signal
import sys

HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.ministack", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--wait-scale", type=float, default=1.0, help="real seconds per second of a Wait state")
    parser.add_argument("--personalize-url", help="where functions find Amazon Personalize")
    parser.add_argument(
        "--task-timeout-floor",
        type=float,
        default=15.0,
        help="real seconds that a task has at least, however small its scaled TimeoutSeconds",
    )
    arguments = parser.parse_args()
    # MiniStack reads its settings while it is imported, and its functions inherit its environment.
    os.environ.update(_environment(arguments))
    from . import corrections

    try:
        corrections.apply()
    except corrections.WrongVersion as error:
        sys.exit(str(error))
    asyncio.run(_serve(arguments.port))


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    endpoint = f"http://{HOST}:{arguments.port}"
    settings = {
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(arguments.port),
        "IOT_MTLS_ENABLED": "0",  # its port is fixed, and two servers would fight for it
        "SFN_WAIT_SCALE": str(arguments.wait_scale),
        "LOCAL_TASK_TIMEOUT_FLOOR": str(arguments.task_timeout_floor),
        "AWS_ENDPOINT_URL": endpoint,
    }
    if arguments.personalize_url:
        for service in ("PERSONALIZE", "PERSONALIZE_RUNTIME"):
            settings[f"AWS_ENDPOINT_URL_{service}"] = arguments.personalize_url
    return settings


async def _serve(port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.core import lambda_runtime  # type: ignore[import-untyped]

    from . import repeats, routes

    config = Config()
    config.bind = [f"{HOST}:{port}"]
    # Longer than clients keep an idle connection (Terraform's provider: 90 s). Who closes first may close on a request
    # that is just coming in: it is carried out, its answer is lost, and what the client repeats exists already.
    config.keep_alive_timeout = 3600
    config.graceful_timeout = 1
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await serve(repeats.answering_repeats(routes.app), config, shutdown_trigger=stopping.wait)  # type: ignore[arg-type]
    lambda_runtime.reset()  # ends the functions' processes


if __name__ == "__main__":
    main()
