"""Holds a listening socket as systemd does, restarts the broker behind it, and asks all the while.

  hold_socket.py PORT RESTARTS COMMAND...

Prints how many requests were answered by each of the brokers; fails where a connection was refused, or where a broker answered none.
"""

import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

port, restarts, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
listening = socket.create_server(("127.0.0.1", port), backlog=1024)
answered, refused = [0], []
over = threading.Event()


def start():
    broker = os.fork()
    if broker == 0:
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)  # it may have been 3 before
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="jobpass")
        os.execvp(command[0], command)
    return broker


def ask():
    while not over.is_set():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
                if answer.read():
                    answered[-1] += 1
        except ConnectionRefusedError as error:
            refused.append(error)
        except urllib.error.URLError as error:
            # A broker that ends closes connections that have not asked yet; nothing else may go wrong.
            if isinstance(error.reason, ConnectionRefusedError):
                refused.append(error)
        except (ConnectionError, OSError):
            pass


def wait_for_answers():
    deadline = time.monotonic() + 60
    while answered[-1] < 20:
        assert time.monotonic() < deadline, "a broker answered nothing"
        time.sleep(0.01)


askers = [threading.Thread(target=ask) for _ in range(4)]
broker = start()
for asker in askers:
    asker.start()
try:
    for _ in range(restarts):
        wait_for_answers()
        os.kill(broker, signal.SIGTERM)
        status = os.waitpid(broker, 0)[1]
        assert status == 0, f"the broker ended with {status}"
        answered.append(0)
        broker = start()
    wait_for_answers()
finally:
    over.set()
    for asker in askers:
        asker.join()
    os.kill(broker, signal.SIGTERM)
    os.waitpid(broker, 0)
assert not refused, refused
print("answered", *answered)
