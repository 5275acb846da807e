"""A robot in the standard library, for a lab to start from: robot.py API TOKEN DEVICE [PANEL [JOBS]]
TOKEN: the device's credential, or an enrolment code, exchanged once. PANEL: an instrument of the virtual lab,
http://…/devices/sealer-1; without one the work is only pretended. JOBS: stop after so many reports. What has to outlive
a crash is kept in the folder robot-DEVICE, or $ROBOT_DIR. For another instrument replace the four places that say panel."""
import hashlib, http.client, json, os, re, sys, time, urllib.error, urllib.request
api, secret, device, panel, jobs = (sys.argv[1:] + ["", "-1"][len(sys.argv) - 4 :])[:5]
folder, chunk = os.environ.get("ROBOT_DIR", f"robot-{device}"), 1 << 20
kept = lambda name: os.path.join(folder, name)
os.makedirs(folder, mode=0o700, exist_ok=True)
headers = {}

class Refused(Exception):  # the api, or the instrument, has answered: no. Repeating will not help
    def __init__(self, error):
        self.status, text = error.code, error.read().decode()
        try: self.problem = json.loads(text)
        except ValueError: self.problem = {"type": "unreadable", "detail": text[:300]}
        super().__init__(json.dumps(self.problem))

def say(what, pause=0.0):
    print(what, file=sys.stderr, flush=True)
    time.sleep(pause)

SILENCE = (OSError, http.client.HTTPException)  # no answer: nobody knows whether it was done

def once(url, body=None, method=None, timeout=40):
    raw = isinstance(body, bytes)
    data = body if raw or body is None else json.dumps(body).encode()
    head = {"content-type": "application/octet-stream" if raw else "application/json"}
    if url.startswith(api): head.update(headers)
    try: return urllib.request.urlopen(urllib.request.Request(url, data, head, method=method), timeout=timeout).read()
    except urllib.error.HTTPError as error:
        if error.code < 500 and error.code != 429: raise Refused(error) from None
        raise OSError(f"{error.code} of {url}") from None

def ask(*request, timeout=40):  # what may be repeated, until it is answered
    while True:
        try: return once(*request, timeout=timeout)
        except SILENCE as silence: say(f"asks again: {silence}", 0.5)

def write(name, content):
    with open(os.open(kept(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

journal, seen = open(kept("journal"), "a+b"), {}
journal.seek(0)
for line in journal.read().split(b"\n"):
    try: entry = json.loads(line)
    except ValueError: continue  # the line a crash cut short: nothing was done after it
    seen[entry["id"]] = {**seen.get(entry["id"], {}), **entry}

def note(id, **facts):  # on disk before the step it allows
    seen[id] = {**seen.get(id, {}), "id": id, **facts}
    journal.write(b"\n" + json.dumps({"id": id, **facts}).encode())
    journal.flush()
    os.fsync(journal.fileno())

def enrol():
    if re.fullmatch(r"[\w-]{43}", secret): return secret
    try: write("credential", json.loads(ask(f"{api}/v1/enrolments", {"enrolmentCode": secret}))["token"].encode())
    except Refused:
        if not os.path.exists(kept("credential")): raise  # else the code was exchanged by an earlier start
    return open(kept("credential")).read()

def never(why):  # nothing moved: an empty list of transfers says so of work that moves liquid
    nothing = {"transfers": {"done": [], "uncertain": []}, "files": []}
    return {"version": 1, "result": "failed", **nothing, "problem": {"code": "never-started", "message": why}}

def work(job):
    id, token, at = job["dispatchId"], job["fencingToken"], f"{api}/v1/dispatches/{job['dispatchId']}"
    if "triggered" in seen.get(id, {}) or int(token) <= max([int(one["token"]) for one in seen.values()], default=0):
        return say(f"an old lease of {id}: not followed", 0.5)
    note(id, token=token, leaseMs=job["leaseMs"], summary=job["spec"]["summary"], open=True)
    try:
        wanted, sheet, duration = job.get("worklist", {}).get("sha256"), b"", job["spec"]["durationMs"]
        if wanted: sheet = once(f"{api}/v1/files/{wanted}")
        if wanted and hashlib.sha256(sheet).hexdigest() != wanted: raise OSError("the worklist is not what its hash says")
        staged = {**job, "worklistCsv": sheet.decode()} if wanted else job
        if panel: duration = json.loads(once(f"{panel}/stage", staged))["durationMs"]
        started = json.loads(once(f"{at}/start", {"token": token, "durationLabMs": duration}))
    except (Refused, *SILENCE) as why: return give_back(id, f"not started: {why}"[:500])
    note(id, triggered=True)
    if not panel:  # pretends: every line of the worklist, whose last column is its ordinal, is done
        done = [[int(row.split(",")[-1])] * 2 for row in sheet.decode().split("\n")[1:] if row]
        return report(id, {"version": 1, "result": "succeeded", "files": [], "transfers": {"done": done, "uncertain": []}})
    try: once(f"{panel}/start", {"dispatchId": id, "fencingToken": token, **started})  # the trigger: once, whatever comes of it
    except (Refused, *SILENCE) as why: say(f"the trigger: {why}")
    find_out(id)

def give_back(id, why):  # never triggered: back to the queue, or, when the api has it as started, said so
    try: ask(f"{api}/v1/dispatches/{id}/release", {"token": seen[id]["token"], "reason": why})
    except Refused as refusal:
        if refusal.problem["type"] == "illegal-transition": return report(id, never(why))
    note(id, open=False); time.sleep(0.5)

def find_out(id):  # `refuse` says how a run stands; one that has not begun will never begin
    run = json.loads(ask(f"{panel}/refuse", {"dispatchId": id})) if panel else {"state": "lost"}
    while run["state"] == "running":
        sign = {"token": seen[id]["token"], "progress": run.get("progress", {})}
        try: once(f"{api}/v1/dispatches/{id}/heartbeats", sign, timeout=seen[id]["leaseMs"] / 6000)
        except (Refused, *SILENCE) as why: say(f"heartbeat: {why}")
        run = json.loads(ask(f"{panel}/runs/{id}?waitMs={seen[id]['leaseMs'] // 3}"))
    if run["state"] == "done": return report(id, run["outcome"])
    if run["state"] == "never-started": return report(id, never("the instrument never began it"))
    say(f"nobody knows what {id} did: a person has to look")
    note(id, open=False)

def report(id, outcome):
    global jobs
    at, token = f"{api}/v1/dispatches/{id}", seen[id]["token"]
    for sha256 in [file["sha256"] for file in outcome["files"]]:
        while not os.path.exists(kept(sha256)) or hashlib.sha256(open(kept(sha256), "rb").read()).hexdigest() != sha256:
            write(sha256, ask(f"{panel}/files/{sha256}"))
    note(id, outcome=outcome)
    while True:
        try:
            for file in outcome["files"]: upload(f"{at}/uploads/{file['sha256']}", open(kept(file["sha256"]), "rb").read())
            answer = ask(f"{at}/outcome", {"token": token, "outcome": outcome}).decode()
        except Refused as refusal:
            if refusal.problem["type"] == "upload-incomplete": continue
            if refusal.status != 409: raise
            answer = str(refusal)  # superseded, or settled by others: nobody waits for this report
        break
    note(id, open=False)
    for file in outcome["files"]: os.remove(kept(file["sha256"]))
    print(seen[id].get("summary", id), answer, flush=True)
    jobs -= 1

def upload(url, content):
    try: missing = json.loads(ask(url))["missing"]
    except Refused: missing = range(-(-len(content) // chunk))  # not begun
    for n in missing: ask(f"{url}/chunks/{n}?bytes={len(content)}", content[n * chunk : (n + 1) * chunk], "PUT")

def resume(id):  # after a crash: what was triggered is asked for and reported, never done again
    if "outcome" in seen[id]: report(id, seen[id]["outcome"])
    elif "triggered" in seen[id]: find_out(id)
    else: give_back(id, "the robot was restarted")

def owes(problem):  # the api says what stands between the device and work
    if problem.get("selfTest"):
        ask(f"{api}/v1/devices/{device}/self-test", {"result": "passed", "message": panel and ask(panel).decode() or "pretends"})
    elif "dispatchId" in problem and (id := problem["dispatchId"]) not in seen:  # the journal is gone: the instrument knows
        note(id, token=problem["fencingToken"], leaseMs=15000, triggered=True, open=True)
        find_out(id)
    time.sleep(0.5)

jobs = int(jobs)
try:
    headers["authorization"] = f"Bearer {enrol()}"
    for id in [id for id, entry in seen.items() if entry["open"]]: resume(id)
    while jobs:
        try:
            if answer := ask(f"{api}/v1/devices/{device}/leases", {"waitMs": 20000, "protocolVersion": 1}): work(json.loads(answer))
        except Refused as refusal:
            if refusal.status != 409: raise
            say(refusal)
            owes(refusal.problem)
except Refused as refusal:  # wrong token, unknown device, malformed report: a person has to act
    say(refusal)
    sys.exit(1)
