"""A robot in Python's standard library: leases and finishes jobs for one device. robot.py API_URL TOKEN DEVICE_CODE [MAX_JOBS]

It keeps no journal: a real agent writes "started" to disk before it moves, so that no crash makes it move twice."""
import json
import sys
import time
import urllib.error
import urllib.request

api, token, device = sys.argv[1:4]
jobs_left = int(sys.argv[4]) if len(sys.argv) > 4 else -1


def call(path, body):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(api + path, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=40) as response:
        text = response.read()
        return json.loads(text) if text else None


while jobs_left != 0:
    try:
        job = call(f"/v1/devices/{device}/leases", {"waitMs": 20000, "protocolVersion": 1})
        if job is None:
            continue
        dispatch, lease = f"/v1/dispatches/{job['dispatchId']}", {"token": job["fencingToken"]}
        call(dispatch + "/start", lease | {"durationLabMs": job["spec"]["durationMs"]})
        print("doing", job["stepKey"], job["spec"]["summary"], flush=True)  # move the robot here, and send /heartbeats
        outcome = {"version": 1, "result": "succeeded", "files": []}
        if "worklist" in job:  # a real robot reads GET /v1/files/<sha256> and reports what it really did
            rows = urllib.request.Request(f"{api}/v1/files/{job['worklist']['sha256']}", headers={"authorization": f"Bearer {token}"})
            lines = urllib.request.urlopen(rows).read().decode().split("\n")[1:]
            outcome["transfers"] = {"done": [[n, n] for n in (int(row.split(",")[-1]) for row in lines if row)], "uncertain": []}
        print(call(dispatch + "/outcome", lease | {"outcome": outcome}), flush=True)
        jobs_left -= 1
    except (urllib.error.URLError, TimeoutError) as error:
        print("trying again:", error, file=sys.stderr)
        time.sleep(1)
