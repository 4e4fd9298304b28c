"""What the runs of client libraries share: calls to built-in addresses are led to a simulator on their way out, and each
operation prints a line. Nothing else of a library is touched.
"""
import sys
import traceback

import requests.adapters

failed = 0


def lead(url, *lives):
    """Leads every call to one of these addresses to `url`; a call to any other is an error."""
    send = requests.adapters.HTTPAdapter.send

    def led(self, request, **options):
        for live in lives:
            if request.url.startswith(live):
                request.url = url + request.url[len(live):]
        assert request.url.startswith(url), request.url
        return send(self, request, **options)

    requests.adapters.HTTPAdapter.send = led


def run(name, call):
    """Runs an operation and says what came; what it gave, or nothing where it failed."""
    global failed
    try:
        found = call()
        size = f"{len(found)} rows" if isinstance(found, list) else type(found).__name__
        print(f"ok   {name}: {size}")
        return found
    except Exception:
        failed += 1
        print(f"FAIL {name}")
        traceback.print_exc()
        return []


def refused(name, expected, call):
    """Runs an operation that must be refused so."""
    global failed
    try:
        call()
        failed += 1
        print(f"FAIL {name}: it was not refused")
    except expected as error:
        print(f"ok   {name}: {type(error).__name__}")


def end():
    """Ends with status 1 where one failed."""
    sys.exit(1 if failed else 0)
