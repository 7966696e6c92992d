"""The client of bench/recovery.sh.

usage: recovery.py fill <edge> <key> <contacts> <documents>   submits contacts and uploads documents, and waits until each is processed
       recovery.py tell <edge> <key>                          prints one line for each contact and each document, with the digest of its bytes
       recovery.py backup <edge> <key>                        takes a backup, and prints its name, bytes and seconds
"""
import concurrent.futures, hashlib, http.client, json, random, sys, threading, time, urllib.parse

command, edge, key = sys.argv[1:4]
address = urllib.parse.urlsplit(edge).netloc
local = threading.local()
words = ["ledger", "harbour", "invoice", "meadow", "signal", "orchard", "velvet", "granite", "compass", "lantern", "quarry", "thicket"]


def ask(method, path, body=None, headers=None, expect=(200,)):
    """One request, asked again while the platform says that it is busy; what it is asked twice carries an Idempotency-Key."""
    for attempt in range(60):
        try:
            connection = getattr(local, "connection", None) or http.client.HTTPConnection(address, timeout=30)
            local.connection = connection
            connection.request(method, path, body, {"X-API-Key": key, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status in expect:
                return content
            if answer.status not in (429, 502, 503, 504):
                raise SystemExit(f"{method} {path}: {answer.status} {content[:300]}")
            time.sleep(float(answer.headers.get("Retry-After") or 1))
        except (OSError, http.client.HTTPException):
            local.connection = None
            time.sleep(1)
    raise SystemExit(f"{method} {path}: no answer in {attempt + 1} attempts")


def read(path):
    return json.loads(ask("GET", path))


def pages(path, items):
    """Every item of a list that goes by cursors."""
    cursor = None
    while True:
        page = read(path + "?limit=100" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
        yield from page[items]
        cursor = page.get("next_cursor")
        if not cursor:
            return


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, items))


def submit(number):
    body = {"name": f"Person {number}", "email": f"person{number}@example.org", "message": f"Message {number}: {random.choice(words)}"}
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"recovery-contact-{number}"}
    return json.loads(ask("POST", "/contact", json.dumps(body), headers))["contactId"]


def upload(number, contact):
    kind, content = random.choice([
        ("txt", "\n".join(" ".join(random.choices(words, k=12)) for _ in range(random.randint(1, 400)))),
        ("csv", "word,count\n" + "\n".join(f"{random.choice(words)},{n}" for n in range(random.randint(1, 400)))),
        ("md", f"# Document {number}\n\n" + " ".join(random.choices(words, k=500))),
        ("json", json.dumps({"number": number, "words": random.choices(words, k=200)})),
    ])
    content = content.encode() + (b"" if kind != "txt" else b"\n" + b"x" * random.randint(0, 200_000))
    fields = {"contact_id": contact, "document_type": random.choice(["contract", "invoice", "report"])}
    body = b"".join(f"--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n".encode() for name, value in fields.items())
    body += f"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"document-{number}.{kind}\"\r\n\r\n".encode() + content + b"\r\n--b--\r\n"
    ask("POST", "/documents/upload", body, {
        "Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": f"recovery-document-{number}"})


def settle():
    """Waits until nothing is left to be processed: documents, or the index that a restore has built anew."""
    while any(count for state, count in read("/admin/api/system-info")["tasks"].items() if state in ("queued", "running")):
        time.sleep(0.5)


def tell(document):
    content = ask("GET", f"/documents/{document['document_id']}/content")
    return json.dumps(document, sort_keys=True) + " " + hashlib.sha256(content).hexdigest()


if command == "fill":
    contacts = in_parallel(submit, range(int(sys.argv[4])))
    in_parallel(lambda number: upload(number, random.choice(contacts)), range(int(sys.argv[5])))
    settle()
elif command == "tell":
    settle()
    contacts = sorted(json.dumps(contact, sort_keys=True) for contact in pages("/contacts", "contacts"))
    documents = sorted(in_parallel(tell, pages("/documents", "documents")))
    found = [sorted(hit["document_id"] for hit in read(f"/documents/search?q={word}&limit=100")["results"]) for word in words]
    print("\n".join(contacts + documents + [json.dumps(found), json.dumps(read("/stats")["visitor_count"])]))
    print(f"{len(contacts)} contacts, {len(documents)} documents", file=sys.stderr)
elif command == "backup":
    # One that is made by itself, a minute after the start, may be under way: it began before all was there.
    while "name" not in (asked := json.loads(ask("POST", "/admin/api/backups", expect=(202, 409)))):
        time.sleep(0.5)
    started = asked["name"]
    while True:
        backups = read("/admin/api/backups")
        done = [backup for backup in backups["items"] if backup["name"] == started and backup["verified_at"]]
        if done:
            print(done[0]["name"], done[0]["size"], done[0]["duration_seconds"])
            break
        if not backups["running"] and backups["last_failure"]:
            raise SystemExit(f"the backup failed: {backups['last_failure']}")
        time.sleep(0.2)
