"""The load of bench/soak.sh: every kind of request at a steady rate of its own, for so many seconds.

usage: soak.py <host> <port> <key> <administrator's password> <seconds>
Prints a line a kind: name, requests, those that were not answered as they should be, p50 and p99 in ms. A request that is late because
the one before it was slow is measured from when it was due.
"""
import http.client, itertools, json, re, sys, threading, time, urllib.parse, uuid

host, port, key, password, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5])
words = "offer invoice garden river copper violin harbour window letter mountain autumn paper".split()
began, lock = time.monotonic(), threading.Lock()
documents, contacts, results = [], [], {}


class Client:
    """One connection; it is made again when it breaks, and what broke counts as a failure."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(host, port, timeout=30)

    def ask(self, method, path, body=None, headers=()):
        try:
            self.connection.request(method, path, body, {"X-API-Key": key, **dict(headers)})
            answer = self.connection.getresponse()
            return answer.status, answer.read(), answer.headers
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0, b"", {}


def contact(client, turn):
    body = json.dumps({"name": f"Person {turn}", "email": f"person{turn}@example.org", "message": f"Hello, this is message {turn}."})
    status, answer, _ = client.ask("POST", "/contact", body, {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())})
    if status == 200:
        with lock:
            contacts[:] = [*contacts[-99:], json.loads(answer)["contactId"]]
    return status == 200


def stats(client, turn):
    return client.ask("GET", "/stats")[0] == 200


def visit(client, turn):
    return client.ask("POST", "/visits", json.dumps({"page": f"/page{turn % 50}"}), {"Content-Type": "application/json"})[0] == 202


def upload(client, turn):
    if not contacts:
        return True
    text = " ".join(words[(turn + place * place) % len(words)] for place in range(2000)) + f" {uuid.uuid4()}"
    fields = {"contact_id": contacts[-1], "document_type": "report"}
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    body += f'--b\r\nContent-Disposition: form-data; name="file"; filename="soak.txt"\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b--\r\n'
    status, answer, _ = client.ask("POST", "/documents/upload", body, {"Content-Type": "multipart/form-data; boundary=b"})
    if status == 200:
        with lock:
            documents[:] = [*documents[-999:], json.loads(answer)["document_id"]]
    return status == 200


def search(client, turn):
    return client.ask("GET", f"/documents/search?q={words[turn % len(words)]}%20{words[turn * 7 % len(words)]}&limit=10")[0] == 200


def download(client, turn):
    return not documents or client.ask("GET", f"/documents/{documents[turn % len(documents)]}/content")[0] == 200


def login(client, turn):
    html = {"Accept": "text/html"}
    status, page, headers = client.ask("GET", "/auth/sign-in", None, html)
    token = re.search(rb'name="__RequestVerificationToken" value="([^"]+)', page)
    if status != 200 or token is None:
        return False
    cookies = "; ".join(cookie.split(";")[0] for cookie in headers.get_all("Set-Cookie"))
    form = urllib.parse.urlencode({"username": "admin", "password": password, "__RequestVerificationToken": token[1].decode()})
    status, _, headers = client.ask(
        "POST", "/auth/sign-in", form, {**html, "Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"})
    if status != 303:
        return False
    session = "; ".join(cookie.split(";")[0] for cookie in headers.get_all("Set-Cookie"))
    return client.ask("GET", "/auth/session", None, {"Accept": "application/json", "Cookie": session})[0] == 200


def run(kind, per_second, offset):
    client, times, failures = Client(), [], 0
    for turn in itertools.count():
        due = began + offset + turn / per_second
        if due > began + seconds:
            break
        time.sleep(max(0.0, due - time.monotonic()))
        failures += not kind(client, turn)
        times.append(time.monotonic() - due)
    with lock:
        before = results.get(kind.__name__, ([], 0))
        results[kind.__name__] = (before[0] + times, before[1] + failures)


# Each kind, its requests a second, and the connections that they come over.
mix = ((contact, 30, 4), (stats, 40, 2), (visit, 10, 1), (upload, 2, 1), (search, 10, 2), (download, 10, 1), (login, 0.25, 1))
threads = [threading.Thread(target=run, args=(kind, rate / connections, connection / rate))
           for kind, rate, connections in mix for connection in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for kind, *_ in mix:
    times, failures = results[kind.__name__]
    times.sort()
    print(kind.__name__, len(times), failures, f"{times[len(times) // 2] * 1000:.1f} {times[int(len(times) * 0.99)] * 1000:.1f}")
