"""Checks a ledger with nothing of Jobpass: RFC 9162 hashes, the C2SP checkpoint's signature, and the tokens of a list.

    check_ledger.py STORE CHECKPOINT KEY LIST

STORE is the SQLite file or, read by psql, the connection string of a PostgreSQL database; CHECKPOINT and KEY are what /log/checkpoint and /log/key answered, LIST is what load.py kept.
Prints how many entries and tokens were checked; any fault ends it with exit code 1.
"""

import base64
import hashlib
import sqlite3
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

store, checkpoint_file, key_file, listing = sys.argv[1:]


def sha256(data):
    return hashlib.sha256(data).digest()


def root(hashes):
    """The Merkle tree hash of RFC 9162, section 2.1.1, over leaf hashes."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:]))


note = open(checkpoint_file, encoding="utf-8").read()
name, key_id, key = open(key_file, encoding="utf-8").read().strip().split("+", 2)
key = base64.b64decode(key)
if key[0] != 1:
    raise SystemExit("the verifier key is not Ed25519")
if bytes.fromhex(key_id) != sha256(f"{name}\n".encode() + key)[:4]:
    raise SystemExit("the verifier key's ID is not its hash")

text, signatures = note.split("\n\n")
text += "\n"
prefix = f"\u2014 {name} "
signature = base64.b64decode(next(line for line in signatures.splitlines() if line.startswith(prefix))[len(prefix):])
if signature[:4] != bytes.fromhex(key_id):
    raise SystemExit("the signature is of another key")
Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text.encode())

origin, size, tree = text.splitlines()[:3]
if origin != name:
    raise SystemExit(f"the checkpoint's origin is {origin}, its key's name {name}")

if store.startswith("postgresql:"):
    query = "SELECT position, encode(bytes, 'hex') FROM jobpass_ledger_entries ORDER BY position"
    said = subprocess.run(["psql", "-XAt", "-F", " ", "-c", query, store], check=True, capture_output=True, text=True).stdout
    rows = [(int(position), bytes.fromhex(leaf)) for position, leaf in (line.split() for line in said.splitlines())]
else:
    query = "SELECT position, bytes FROM ledger_entries ORDER BY position"
    rows = sqlite3.connect(f"file:{store}?mode=ro", uri=True).execute(query).fetchall()
if [index for index, _ in rows] != list(range(len(rows))):
    raise SystemExit("the entries' indexes have a gap")
leaves = [bytes(leaf) for _, leaf in rows]
if len(leaves) < int(size):
    raise SystemExit(f"the checkpoint covers {size} entries, the store has {len(leaves)}")
covered = root([sha256(b"\x00" + leaf) for leaf in leaves[: int(size)]])
if covered != base64.b64decode(tree):
    raise SystemExit(f"the tree of {size} entries has another root than the checkpoint")

# Where a token's digest stands in its leaf: of a second record of it, it would stand there too.
places = set()
tokens = [line.split() for line in open(listing, encoding="utf-8").read().splitlines()]
for index, token in tokens:
    if int(index) >= int(size):
        raise SystemExit(f"a token left with index {index}, which the checkpoint does not cover")
    if bytes.fromhex(token) not in leaves[int(index)]:
        raise SystemExit(f"a client has a token that entry {index} does not record: {token}")
    places.add(leaves[int(index)].index(bytes.fromhex(token)))
received = {bytes.fromhex(token) for _, token in tokens}
records = [leaf[place : place + 32] for leaf in leaves for place in places if leaf[place : place + 32] in received]
if len(received) != len(tokens) or len(records) != len(received):
    raise SystemExit(f"{len(received)} tokens were received {len(tokens)} times, and are recorded {len(records)} times")
print(f"{size} entries, {len(tokens)} tokens")
