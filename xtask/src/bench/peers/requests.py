"""The same conversions by Python's requests: a thread with a session of its own for each connection.

Arguments: requests' folder, base URL, CA file, requests at once, records, timestamp, key, secret.
"""
import itertools
import sys
import threading

folder, base, ca, jobs, records, timestamp, key, secret = sys.argv[1:]
sys.path.insert(0, folder)
import requests  # noqa: E402

numbers = itertools.count()
failures = []


def send():
    session = requests.Session()
    session.trust_env = False
    session.verify = ca
    while (number := next(numbers)) < int(records) and not failures:
        form = {
            "message-id": f"0A{number:014X}",
            "delivered": "true",
            "timestamp": timestamp,
            "api_key": key,
            "api_secret": secret,
        }
        status = session.post(f"{base}/conversions/sms", data=form).status_code
        if status != 200:
            failures.append(status)


threads = [threading.Thread(target=send) for _ in range(int(jobs))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(1 if failures else 0)
