#!/usr/bin/env python3
"""Checks `distill generate ADDRESS` against a real server: llama-cpp-python's OpenAI-compatible one, on loopback.

Between them stands a proxy, which logs every completion and can misbehave: 429 with Retry-After, errors, resets, slow, malformed and
truncated answers, and a server that goes away and comes back. Checked are, from the logs of proxy and server:

    plain      records, usage and reuse of a finished run
    SIGTERM    ended twice and resumed: no prompt is asked twice, none is lost
    SIGKILL    killed twice and resumed: at most the requests in flight are asked again, and they are counted
    proxy      behind the misbehaving proxy each prompt has its answer, and every request is accounted for
    away       the server goes away and comes back
    budget     ends before it is exceeded, and is continued
    recipe     the same in a recipe, with a dry run that sends nothing
    key        a key from the environment is in no file and no output

    python3 -m venv .venv && .venv/bin/pip install 'llama-cpp-python[server]'
    .venv/bin/python Tests/API/check_endpoint.py .build/release/distill MODEL.gguf

Ends with status 1 where a check fails.
"""

import argparse, collections, http.client, http.server, json, os, pathlib, random, re, signal, socket, struct, subprocess, sys, tempfile
import threading, time

KEY = "sk-check-0123456789abcdefghij"
CONCURRENCY = 4
TOKENS = 24
FAILURES = []


def expect(condition, text):
    print(f"  {'ok  ' if condition else 'FAIL'}  {text}", flush=True)
    if not condition:
        FAILURES.append(text)


class Server:
    """llama-cpp-python's server."""

    def __init__(self, model, directory, *options):
        self.model, self.options, self.log = model, options, open(directory / "server.log", "wb")
        self.path = directory / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self):
        command = [sys.executable, "-m", "llama_cpp.server", "--model", str(self.model), "--host", "127.0.0.1", "--port", str(self.port),
                   "--api_key", KEY, "--n_ctx", "1024", "--model_alias", "smollm2", "--n_threads", "2", *self.options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        for _ in range(1200):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {KEY}"})
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit(f"the server does not start: see {self.path}")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def completions(self):
        """Completions with status 200 in the server's own log."""
        return len(re.findall(rb'"POST /v1/(?:chat/)?completions HTTP/1.1" 200', self.path.read_bytes()))


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on and logs them; `faults` is the fraction that goes wrong."""

    daemon_threads = True

    def __init__(self, server):
        super().__init__(("127.0.0.1", 0), Handler)
        self.server, self.lock = server, threading.Lock()
        self.reset(0)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reset(self, faults):
        with self.lock:
            self.faults, self.random = faults, random.Random(5)
            self.asked, self.delivered, self.injected = [], collections.Counter(), collections.Counter()
            self.flying = self.most = self.other = 0

    def handle_error(self, *_):
        pass  # a client that was killed

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, cut=None, **fields):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **fields}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def break_off(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def forward(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server.port, timeout=600)
        headers = {"Content-Type": "application/json", "Authorization": self.headers.get("Authorization", "")}
        connection.request(self.command, self.path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()

    def do_GET(self):
        self.server.other += 1
        self.reply(*self.forward(None))

    def do_POST(self):
        proxy = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = json.loads(body)
        question = request["messages"][-1]["content"] if "messages" in request else request["prompt"]
        is_probe = request["max_tokens"] == 1
        kinds = ["429", "500", "503", "reset", "slow", "malformed", "truncated", "page", "empty"]
        with proxy.lock:
            proxy.asked.append((question, is_probe))
            proxy.flying += 1
            proxy.most = max(proxy.most, proxy.flying)
            fault = proxy.random.choice(kinds) if not is_probe and proxy.random.random() < proxy.faults else None
            if fault:
                proxy.injected[fault] += 1
        try:
            self.answer(body, question, is_probe, fault)
        except OSError:
            self.close_connection = True
        finally:
            with proxy.lock:
                proxy.flying -= 1

    def answer(self, body, question, is_probe, fault):
        if fault == "429":
            return self.reply(429, b'{"error": {"message": "slow down"}}', Retry_After=random.choice(["0", "1"]))
        if fault in ("500", "503"):
            return self.reply(int(fault), f'{{"error": {{"message": "broken with {KEY}"}}}}'.encode())
        if fault == "page":
            return self.reply(200, b"<html>gateway</html>", Content_Type="text/html")
        if fault == "empty":
            return self.reply(200, b"")
        if fault == "reset":
            return self.break_off()
        try:
            status, answer = self.forward(body)
        except OSError:
            return self.reply(502, b"bad gateway")
        if fault == "slow":
            time.sleep(3)
        if fault == "malformed":
            return self.reply(status, answer[: len(answer) // 2])
        if fault == "truncated":
            return self.reply(status, answer, cut=len(answer) // 2)
        if not is_probe and status == 200:
            with self.server.lock:
                self.server.delivered[question] += 1
        self.reply(status, answer)


class Run:
    """The command in a directory of its own."""

    def __init__(self, distill, proxy, directory, name, prompts):
        self.distill, self.proxy, self.directory = distill, proxy, directory / name
        self.directory.mkdir()
        (self.directory / "prompts.txt").write_text("".join(f"{prompt}\n" for prompt in prompts))
        self.prompts, self.output = prompts, ""

    def command(self, *more):
        return [self.distill, "generate", self.proxy.address, "--model-name", "smollm2", "--key-variable", "CHECK_KEY", "--prompts",
                "prompts.txt", "--output", "out.jsonl", "--max-new-tokens", str(TOKENS), "--concurrency", str(CONCURRENCY),
                "--retry-delay", "0.1", *more]

    def environment(self):
        return {**os.environ, "CHECK_KEY": KEY}

    def whole(self, *more, command=None):
        done = subprocess.run(command or self.command(*more), cwd=self.directory, env=self.environment(), capture_output=True, text=True,
                              timeout=3600)
        self.output += done.stdout + done.stderr
        return done

    def ended(self, number, after):
        """Sends a signal once so many prompts were asked; the status."""
        process = subprocess.Popen(self.command(), cwd=self.directory, env=self.environment(), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        while process.poll() is None and len(self.asked()) < after:
            time.sleep(0.01)
        process.send_signal(number)
        self.output += process.communicate()[0]
        return process.returncode

    def asked(self):
        return [question for question, is_probe in self.proxy.asked if not is_probe]

    def records(self):
        path = self.directory / "out.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def expect_complete(self):
        expect([record["prompt"] for record in self.records()] == self.prompts, f"{len(self.prompts)} prompts have their records, in order")

    def expect_no_key(self):
        files = [path for path in self.directory.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
        expect(not files and KEY not in self.output, "the key is in no file and no output")


def journal(run, name="out.jsonl.answers"):
    return [json.loads(line) for line in (run.directory / name).read_text().splitlines()]


def wait_until_idle(proxy):
    while proxy.flying:
        time.sleep(0.05)


def check(distill, model, directory):
    server = Server(model, directory)
    proxy = Proxy(server)
    nouns = "river bread winter clock garden letter island mirror candle bridge forest hammer violin market shadow harbour".split()
    prompts = [f"Write one sentence about a {noun}." for noun in nouns]

    def run(name, faults=0):
        print(name, flush=True)
        proxy.reset(faults)
        return Run(distill, proxy, directory, name, prompts)

    try:
        one = run("plain")
        done = one.whole("--input-price", "1", "--output-price", "2")
        expect(done.returncode == 0, f"exit code {done.returncode}: {done.stdout.strip()} {done.stderr[-300:] if done.returncode else ''}")
        one.expect_complete()
        record = one.records()[0]
        expect(record["meta"]["endpoint"] == proxy.address and record["meta"]["tokens"] > 0 and record["completion"], f"a record: {record}")
        expect(server.completions() == len(prompts) + 1, f"the server's log has {server.completions()} completions, one of them the first request")
        expect(proxy.most <= CONCURRENCY, f"at most {proxy.most} in flight")
        done = one.whole()
        expect(done.returncode == 0 and len(one.asked()) == len(prompts), "run again, it asks nothing")
        one.expect_no_key()

        one = run("SIGTERM")
        before = server.completions()
        for after in (4, 10):
            status = one.ended(signal.SIGTERM, after)
            expect(status == 128 + signal.SIGTERM, f"ended with status {status} after {len(one.asked())} prompts were asked")
        expect(one.whole().returncode == 0, "resumed")
        one.expect_complete()
        expect(len(one.asked()) == len(prompts) and max(collections.Counter(one.asked()).values()) == 1, "no prompt was asked twice")
        probes = len(proxy.asked) - len(one.asked())
        expect(server.completions() - before == len(prompts) + probes, f"the server's log agrees: {len(prompts)} and {probes} first requests")

        one = run("SIGKILL")
        for after in (4, 10):
            status = one.ended(signal.SIGKILL, after)
            expect(status == -signal.SIGKILL, f"killed after {len(one.asked())} prompts were asked")
            wait_until_idle(proxy)
        done = one.whole()
        expect(done.returncode == 0, "resumed")
        one.expect_complete()
        twice = len(one.asked()) - len(prompts)
        expect(0 <= twice <= 2 * CONCURRENCY, f"{twice} prompts were asked twice, at most {2 * CONCURRENCY}")
        told = re.search(r"(\d+) requests were in flight", done.stderr)
        lines = journal(one)
        answered = {line["request"] for line in lines if line["event"] in ("answered", "probed", "refused", "unanswered") and "request" in line}
        open_requests = [line for line in lines if line["event"] == "sent" and line["request"] not in answered]
        expect(told and int(told[1]) == len(open_requests) and twice <= len(open_requests),
               f"{told and told[1]} requests in flight are counted")

        one = run("proxy", faults=0.4)
        done = one.whole("--retries", "12")
        expect(done.returncode == 0, f"exit code {done.returncode}: {done.stdout.strip()} {done.stderr[-300:] if done.returncode else ''}")
        print(f"        injected: {dict(proxy.injected)}")
        one.expect_complete()
        lines = journal(one)
        sent = sum(line["event"] == "sent" for line in lines)
        ends = collections.Counter(line["event"] for line in lines if "request" in line and line["event"] != "sent")
        expect(sent == len(proxy.asked) == sum(ends.values()), f"{sent} requests are accounted for: {dict(ends)}")
        faults = sum(count for kind, count in proxy.injected.items() if kind != "slow")
        expect(ends["unanswered"] == faults, f"{faults} faults are in the journal")
        expect(all(count == 1 for count in proxy.delivered.values()), "no answer was delivered twice")
        one.expect_no_key()

        one = run("away")
        process = subprocess.Popen(one.command(), cwd=one.directory, env=one.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        while len(one.asked()) < 6:
            time.sleep(0.01)
        server.stop()
        time.sleep(2)
        server.start()
        one.output += process.communicate(timeout=1800)[0]
        expect(process.returncode == 0, f"exit code {process.returncode}: {one.output.strip().splitlines()[-1]}")
        one.expect_complete()
        expect(all(count == 1 for count in proxy.delivered.values()), "no answer was delivered twice")

        one = run("budget")
        done = one.whole("--max-requests", "6")
        expect(done.returncode == 0 and len(proxy.asked) == 6 and len(one.records()) == 5, done.stdout.strip())
        done = one.whole("--max-cost", "0.001", "--input-price", "1", "--output-price", "2")
        cost = float(re.search(r"cost ([0-9.]+)", done.stdout)[1])
        expect(done.returncode == 0 and cost <= 0.001, done.stdout.strip())
        expect(one.whole().returncode == 0, "continued without a budget")
        one.expect_complete()
        expect(max(collections.Counter(one.asked()).values()) == 1, "no prompt was asked twice")

        one = run("recipe")
        (one.directory / "recipe.yaml").write_text(f"""name: api
endpoints:
  smol: {{url: {proxy.address}, model: smollm2, key: CHECK_KEY, concurrency: {CONCURRENCY}, retry_delay: 0.1, prices: {{input: 1, output: 2}}}}
stages:
  - generate: {{model: smol, prompts: prompts.txt, max_new_tokens: {TOKENS}, to: corpus}}
  - tokenizer: {{corpus: corpus, vocabulary: 400}}
""")
        done = one.whole(command=[distill, "run", "recipe.yaml", "--dry-run"])
        expect(done.returncode == 0 and not proxy.asked and not proxy.other, "a dry run sends nothing")
        print("        " + done.stdout.strip().replace("\n", "\n        "))
        done = one.whole(command=[distill, "run", "recipe.yaml"])
        corpus = one.directory / "runs/api/corpus.jsonl"
        expect(done.returncode == 0 and len(corpus.read_text().splitlines()) == len(prompts), f"exit code {done.returncode} {done.stderr[-300:]}")
        one.expect_no_key()
        (one.directory / "recipe.yaml").write_text((one.directory / "recipe.yaml").read_text().replace("retry_delay: 0.1", "max_requests: 100"))
        asked = len(one.asked())
        done = one.whole(command=[distill, "run", "recipe.yaml"])
        expect(done.returncode == 0 and len(one.asked()) == asked, "another budget asks nothing again")

        one = run("key")
        done = subprocess.run(one.command(), cwd=one.directory, env={**os.environ, "CHECK_KEY": "sk-wrong-9876543210zyxwv"}, capture_output=True,
                              text=True)
        expect(done.returncode == 77 and "CHECK_KEY" in done.stderr and "zyxwv" not in done.stderr, done.stderr.strip().splitlines()[-1])
    finally:
        server.stop()


def main(check, description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("distill", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        check(str(arguments.distill.resolve()), arguments.model.resolve(), pathlib.Path(directory))
    print(f"{len(FAILURES)} checks failed" if FAILURES else "all checks passed")
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main(check, __doc__)
