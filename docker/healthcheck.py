"""Asks /healthz of this container's web server, or the address that is given; exit 0 if the answer is a good one.

The server answers to its public name only, so that is the name it is asked by, as the proxy in front would.
"""

import os
import sys
import urllib.request
from urllib.parse import urlsplit


def main() -> int:
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/healthz"
    name = urlsplit(os.environ.get("CS_BASE_URL", "")).netloc
    asked = urllib.request.Request(address, headers={"Host": name} if name else {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=4):
            return 0
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
