"""Take webhooks slowly: each is noted in a file as it comes, and answered three seconds later.

Usage: slow-sink.py FILE      (prints its port)
"""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ANSWER_AFTER_SECONDS = 3.0


class Sink(BaseHTTPRequestHandler):
    """Answer 200 to each message, late."""

    def do_POST(self) -> None:
        """Note the message's id first."""
        self.rfile.read(int(self.headers["Content-Length"]))
        with Path(sys.argv[1]).open("a") as hits:
            hits.write(f"{self.headers['webhook-id']}\n")
        time.sleep(ANSWER_AFTER_SECONDS)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Sink)
    print(server.server_port, flush=True)
    server.serve_forever()
