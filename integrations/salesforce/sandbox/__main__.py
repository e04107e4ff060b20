"""`python -m integrations.salesforce.sandbox --port N --data DIR`: the org as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from integrations.salesforce.sandbox import pipeline
from integrations.salesforce.sandbox.org import AlreadySeeded, SandboxOrg
from integrations.salesforce.sandbox.schema import LEVELS
from integrations.salesforce.sandbox.server import SandboxServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description="An org that plays Salesforce, on 127.0.0.1 only.")
    parser.add_argument("--port", type=int, default=18010)
    parser.add_argument("--data", type=Path, required=True, help="folder of the org; filled at the first start")
    parser.add_argument("--empty", action="store_true", help="first start: without content")
    parser.add_argument("--pipeline", type=Path, metavar="DIR", help="first start: the data set crm_pipeline in DIR")
    parser.add_argument("--level", choices=LEVELS, default="", help="with --pipeline: support level of every account")
    options = parser.parse_args()
    if options.pipeline:
        missing = [name for name in pipeline.FILES if not (options.pipeline / name).is_file()]
        if missing:
            parser.error(f"{options.pipeline} has no {', '.join(missing)}")
    kind = "pipeline" if options.pipeline else "empty" if options.empty else "demo"
    try:
        org = SandboxOrg(options.data.resolve(), kind, pipeline_dir=options.pipeline, support_level=options.level)
        server = SandboxServer(org, options.port)
    except (AlreadySeeded, OSError, sqlite3.Error) as reason:
        print(f"sandbox: {reason}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    server.start()
    print(f"sandbox: a Salesforce org on {server.url}, its data in {options.data.resolve()}", flush=True)
    stop.wait()
    server.stop()
    org.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
