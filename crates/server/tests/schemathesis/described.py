"""The server against its own description: requests made from /openapi.json, good and bad.

Takes the server's address. Prints what was found, and last a line of counts as test harnesses do.
Requests are drawn the same way each time.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
# For each route and phase; the phase that covers boundaries makes some 1,500 more.
EXAMPLES_MAX = "20"
# Several times what it takes on a slow machine.
SECONDS_MAX = 900


def ask(method, url, body=None):
    request = urllib.request.Request(url, method=method, data=body)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def main(address):
    origin = f"http://{address}"
    # What the examples in the description name.
    ask("PUT", f"{origin}/v1/contexts/demo")
    events = b'[{"type": "OrderPlaced", "payload": {"total": 42}}, {"type": "OrderPaid"}]'
    ask("POST", f"{origin}/v1/contexts/demo/streams/order-1/events?expected=any", events)
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{origin}/openapi.json"]
    command += ["--phases", "examples,coverage,fuzzing"]
    command += ["--generation-deterministic"]
    command += ["--max-examples", EXAMPLES_MAX, "--suppress-health-check", "all"]
    command += ["--request-timeout", "30", "--continue-on-failure", "--no-color"]
    # It leaves files where it is started.
    with tempfile.TemporaryDirectory() as place:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS_MAX, cwd=place
        )
    print(ended.stdout, end="")
    print(ended.stderr, end="", file=sys.stderr)
    made = re.search(r"(\d+) generated", ended.stdout)
    made = int(made.group(1)) if made else 0
    found = re.search(r"(\d+) unique failures?", ended.stdout)
    failed = int(found.group(1)) if found else 0
    if ended.returncode != 0:
        failed = max(failed, 1)
    word = "FAILED" if failed else "ok"
    print(f"test result: {word}. {max(made - failed, 0)} passed; {failed} failed; 0 ignored")
    return 1 if failed or not made else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
