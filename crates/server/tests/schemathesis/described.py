"""The server against its own description: requests made from /openapi.json, good and bad.

Takes the address of a server that asks nobody who they are; the address of another by TLS, unused here, and
the file of its authority; and the address, by TLS, of one that asks, with the name and the password of who
administers it: users, tokens and grants are examined there. Prints what was found, and last a line of
counts as test harnesses do. Requests are drawn the same way each time.
"""

import base64
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
# For each route and phase; the phase that covers boundaries makes some 1,500 more.
EXAMPLES_MAX = "20"
# Several times what it takes on a slow machine.
SECONDS_MAX = 900


def ask(method, url, body=None, by=None, trusting=None):
    request = urllib.request.Request(url, method=method, data=body)
    request.add_header("Content-Type", "application/json")
    if by:
        request.add_header("Authorization", "Basic " + base64.b64encode(by.encode()).decode())
    trusted = ssl.create_default_context(cafile=trusting) if trusting else None
    with urllib.request.urlopen(request, context=trusted) as answer:
        return answer.read()


def examine(url, options):
    """How many requests were made, and how many failures they found."""
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"]
    command += ["--phases", "examples,coverage,fuzzing"]
    command += ["--generation-deterministic"]
    command += ["--max-examples", EXAMPLES_MAX, "--suppress-health-check", "all"]
    command += ["--request-timeout", "30", "--continue-on-failure", "--no-color"]
    # It leaves files where it is started.
    with tempfile.TemporaryDirectory() as place:
        ended = subprocess.run(
            command + options, capture_output=True, text=True, timeout=SECONDS_MAX, cwd=place
        )
    print(ended.stdout, end="")
    print(ended.stderr, end="", file=sys.stderr)
    made = re.search(r"(\d+) generated", ended.stdout)
    made = int(made.group(1)) if made else 0
    found = re.search(r"(\d+) unique failures?", ended.stdout)
    failed = int(found.group(1)) if found else 0
    if ended.returncode != 0 or not made:
        failed = max(failed, 1)
    return made, failed


def examine_all(origin):
    # What the examples in the description name.
    ask("PUT", f"{origin}/v1/contexts/demo")
    events = b'[{"type": "OrderPlaced", "payload": {"total": 42}}, {"type": "OrderPaid"}]'
    ask("POST", f"{origin}/v1/contexts/demo/streams/order-1/events?expected=any", events)
    return examine(origin, [])


def examine_access(origin, authority, keeper):
    ana = b'{"user": "ana", "password": "a long password"}'
    ask("POST", f"{origin}/v1/access/users", ana, by=keeper, trusting=authority)
    options = ["--include-path-regex", "^/v1/access/", "--tls-verify", authority]
    counts = examine(origin, options + ["--auth", keeper])
    # Were they not let in any more, most of it would have been refused for that alone.
    ask("GET", f"{origin}/v1/access/users", by=keeper, trusting=authority)
    return counts


def main(address, _secure, authority, asking, name, password):
    counts = [
        examine_all(f"http://{address}"),
        examine_access(f"https://{asking}", authority, f"{name}:{password}"),
    ]
    made, failed = map(sum, zip(*counts))
    word = "FAILED" if failed else "ok"
    print(f"test result: {word}. {max(made - failed, 0)} passed; {failed} failed; 0 ignored")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:7]))
