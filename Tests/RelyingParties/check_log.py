"""Verifies a served ledger by the texts alone: RFC 9162, C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature.

    check_log.py BASE KEY TOKEN WITNESS

BASE is the broker, KEY a file with its verifier key, TOKEN a file with an auditor's token, WITNESS a witness's verifier key. Every
tile of every level is fetched and computed from the entries; inclusion and consistency are verified with the proofs that the API gives.
"""

import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

base, key_file, token_file, witness = sys.argv[1:]
token = open(token_file, encoding="utf-8").read().strip()


def sha256(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha256(b"\x01" + left + right)


def get(path, authorized=False):
    headers = {"Authorization": f"Bearer {token}"} if authorized else {}
    with urllib.request.urlopen(urllib.request.Request(base + path, headers=headers)) as answer:
        return answer.read()


def require(holds, what):
    if not holds:
        raise SystemExit(what)


def parse_key(text, kind):
    name, key_id, blob = text.strip().split("+", 2)
    blob = base64.b64decode(blob, validate=True)
    require(blob[0] == kind and bytes.fromhex(key_id) == sha256(f"{name}\n".encode() + blob)[:4], f"{name}: not its key's ID")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(blob[1:])


def blobs(note, name, key_id):
    signatures = note.rpartition("\n\n")[2]
    found = [base64.b64decode(line.rpartition(" ")[2]) for line in signatures.splitlines() if line.startswith(f"\u2014 {name} ")]
    return [blob[4:] for blob in found if blob[:4] == key_id]


def open_note(note, key):
    name, key_id, public = key
    text = note.rpartition("\n\n")[0] + "\n"
    (signature,) = blobs(note, name, key_id)
    public.verify(signature, text.encode())
    origin, size, root = text.splitlines()[:3]
    require(origin == name and str(int(size)) == size, "the checkpoint is of another log")
    return text, int(size), base64.b64decode(root, validate=True)


def tile_path(level, number, width):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return f"/log/tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def subtree(hashes):
    """MTH over hashes (RFC 9162, 2.1.1)."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(subtree(hashes[:split]), subtree(hashes[split:]))


def check_inclusion(index, size, leaf, path, root):
    at, last, computed = index, size - 1, leaf
    for sibling in path:
        require(last != 0, "the path is too long")
        if at & 1 or at == last:
            computed = node(sibling, computed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            computed = node(computed, sibling)
        at, last = at >> 1, last >> 1
    require(last == 0 and computed == root, f"entry {index} is not proved")


def check_consistency(first, second, old, new, path):
    if first & (first - 1) == 0:
        path = [old] + path
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    left = right = path[0]
    for c in path[1:]:
        require(last != 0, "the path is too long")
        if at & 1 or at == last:
            left, right = node(c, left), node(c, right)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            right = node(right, c)
        at, last = at >> 1, last >> 1
    require(last == 0 and left == old and right == new, f"{first} is not the beginning of {second}")


key = parse_key(open(key_file, encoding="utf-8").read(), 1)
_, size, root = open_note(get("/log/checkpoint").decode(), key)
require(get("/log/key").decode().strip() == open(key_file, encoding="utf-8").read().strip(), "the served key is another")

# Entries, and from them every tile of every level.
leaves = []
for number in range((size + 255) // 256):
    width = min(256, size - number * 256)
    bundle = get(tile_path("entries", number, width), authorized=True)
    at = 0
    for _ in range(width):
        length = int.from_bytes(bundle[at : at + 2], "big")
        leaves.append(sha256(b"\x00" + bundle[at + 2 : at + 2 + length]))
        at += 2 + length
    require(at == len(bundle), f"bundle {number} has more than its entries")
require(subtree(leaves) == root, "the entries have another root than the checkpoint")
try:
    get(tile_path("entries", 0, 256))
    raise SystemExit("entries are given to strangers")
except urllib.error.HTTPError as error:
    require(error.code == 401, f"entries are refused with {error.code}")
row, level, tiles = leaves, 0, 0
while row:
    for number in range((len(row) + 255) // 256):
        hashes = row[number * 256 : number * 256 + 256]
        require(get(tile_path(level, number, len(hashes))) == b"".join(hashes), f"tile {level}/{number} is wrong")
        tiles += 1
    row = [subtree(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
    level += 1

for index in sorted({0, 1, 255, 256, size // 3, 65_535, 65_536, size - 1}):
    answer = json.loads(get(f"/v1/audit/entries/{index}", authorized=True))
    _, covered, head = open_note(answer["checkpoint"], key)
    leaf = sha256(b"\x00" + base64.b64decode(answer["leaf"], validate=True))
    require(covered < size or leaf == leaves[index], f"entry {index} is another than in its bundle")
    check_inclusion(index, covered, leaf, [base64.b64decode(h) for h in answer["proof"]], head)
for old in (1, 2, 255, 256, 65_536, size - 1):
    answer = json.loads(get(f"/v1/audit/consistency?from={old}&to={size}", authorized=True))
    check_consistency(old, size, subtree(leaves[:old]), root, [base64.b64decode(h) for h in answer["proof"]])

# The witness has signed the same text, with the time before it.
name, key_id, public = parse_key(witness, 4)
cosigned = get("/log/witnessed").decode()
text, _, _ = open_note(cosigned, key)
(blob,) = blobs(cosigned, name, key_id)
moment = int.from_bytes(blob[:8], "big")
public.verify(blob[8:], f"cosignature/v1\ntime {moment}\n{text}".encode())
print(f"{size} entries, {tiles} tiles on {level} levels, cosigned at {moment}")
