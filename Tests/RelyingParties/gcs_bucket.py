"""A stand-in for Google Cloud Storage's XML API on loopback, in memory: objects with generations, and writes that depend on them.

    gcs_bucket.py PORT TOKEN

Reading is for everybody, as of a public bucket. A write needs the token and `x-goog-if-generation-match`.
"""

import http.server
import sys

port, token = int(sys.argv[1]), sys.argv[2]
objects = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.path not in objects:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        generation, kind, cache, body = objects[self.path]
        self.answer(200, body, {"x-goog-generation": str(generation), "Content-Type": kind, "Cache-Control": cache})

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {token}":
            return self.answer(401, b"<Error><Code>AuthenticationRequired</Code></Error>")
        present = objects.get(self.path, (0,))[0]
        if self.headers["x-goog-if-generation-match"] != str(present):
            return self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        objects[self.path] = (present + 1, self.headers["Content-Type"], self.headers["Cache-Control"], body)
        self.answer(200, b"", {"x-goog-generation": str(present + 1)})

    def answer(self, status, body, fields={}):
        self.send_response(status)
        for name, value in {**fields, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
