"""A small client for bench/upload.sh: sends prepared multipart bodies from memory over plain sockets, so that it costs next to nothing.

usage: upload.py <host> <port> <key> <contact> <bytes of a file> <uploads> <at a time>
Prints: seconds, uploads that were not answered 200, p50 and p99 in ms.
"""
import socket, sys, threading, time

host, port, key, contact, size, uploads, parallel = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], *map(int, sys.argv[5:8])
file = (b"The quick brown fox jumps over the lazy dog; 0123456789 times.\n" * (size // 63 + 1))[:size]
head = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bench.txt\"\r\nContent-Type: text/plain\r\n\r\n"
tail = b"".join(b"\r\n--b\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s" % field
                for field in ((b"contact_id", contact.encode()), (b"document_type", b"report"))) + b"\r\n--b--\r\n"
request = (f"POST /documents/upload HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {key}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
           f"Content-Length: {len(head) + size + len(tail)}\r\n\r\n").encode()
lock, left, failed, times = threading.Lock(), uploads, 0, []


def work():
    global left, failed
    with socket.create_connection((host, port)) as connection:
        answers = connection.makefile("rb")
        while True:
            with lock:
                if left == 0:
                    return
                left -= 1
            began = time.monotonic()
            for part in (request + head, file, tail):
                connection.sendall(part)
            status = answers.readline().split(b" ")[1]
            length = 0
            while (line := answers.readline().strip()):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            answers.read(length)
            with lock:
                times.append(time.monotonic() - began)
                failed += status != b"200"


start = time.monotonic()
threads = [threading.Thread(target=work) for _ in range(parallel)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
times.sort()
print(f"{time.monotonic() - start:.3f} {failed} {times[len(times) // 2] * 1000:.1f} {times[int(len(times) * 0.99)] * 1000:.1f}")
