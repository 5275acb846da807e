"""A robot in the standard library: does the jobs of one device that need no files. robot.py API TOKEN DEVICE [JOBS [PANEL]]
PANEL: an instrument of the virtual lab, http://…/devices/sealer-1; without one the work is only pretended.
It keeps no journal: what it had started before a crash becomes `unknown`, and a person says what happened."""
import json, sys, time, urllib.error, urllib.request
api, token, device, jobs, panel = (sys.argv[1:] + ["-1", ""][len(sys.argv) - 4 :])[:5]
headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

def call(url, body=None):
    while True:  # a broken connection or 5xx passes: ask again; a refusal (4xx) is an answer
        try:
            request = urllib.request.Request(url, body and json.dumps(body).encode(), headers)
            return urllib.request.urlopen(request, timeout=40).read().decode()
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500: raise
        time.sleep(1)

def work(job, worklist, started):  # replace this: move, send heartbeats, say what surely happened
    if not panel:
        done = [[int(row.split(",")[-1])] * 2 for row in worklist.get("worklistCsv", "").split("\n")[1:] if row]
        return {"version": 1, "result": "succeeded", "files": [], "transfers": {"done": done, "uncertain": []}}
    call(f"{panel}/start", {"dispatchId": job["dispatchId"], **started})
    while (run := json.loads(call(f"{panel}/runs/{job['dispatchId']}?waitMs={started['leaseMs'] // 3}")))["state"] == "running":
        call(f"{api}/v1/dispatches/{job['dispatchId']}/heartbeats", {"token": job["fencingToken"]})
    return run["outcome"]

while jobs := int(jobs):
    try:
        if not (answer := call(f"{api}/v1/devices/{device}/leases", {"waitMs": 20000, "protocolVersion": 1})): continue
        job, dispatch = json.loads(answer), f"{api}/v1/dispatches/{json.loads(answer)['dispatchId']}"
        lease, duration = {"token": job["fencingToken"]}, job["spec"]["durationMs"]
        worklist = {"worklistCsv": call(f"{api}/v1/files/{job['worklist']['sha256']}")} if "worklist" in job else {}
        if panel: duration = json.loads(call(f"{panel}/stage", {**job, **worklist}))["durationMs"]
        started = json.loads(call(f"{dispatch}/start", {**lease, "durationLabMs": duration}))  # refused: do not move
        outcome = work(job, worklist, started)  # once; from here on only the report is repeated
        print(job["spec"]["summary"], call(f"{dispatch}/outcome", {**lease, "outcome": outcome}), flush=True)
        jobs -= 1
    except urllib.error.HTTPError as refusal:
        print(refusal.read().decode(), file=sys.stderr)
        if refusal.code != 409: sys.exit(1)  # wrong token, unknown device, malformed report
        time.sleep(1)
