// Verifies that an entry stands in the ledger, by WebCrypto alone: RFC 9162 (2.1.3.2), C2SP signed-note and tlog-checkpoint.
// What an entry says is read out of the very bytes that are proved, never out of what the broker says beside them.

export const bytesOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const hex = bytes => [...bytes].map(b => b.toString(16).padStart(2, "0")).join("");
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", {fatal: true});
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const join = (...parts) => Uint8Array.from(parts.flatMap(p => [...p]));

async function sha256(bytes) { return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)); }
const node = (left, right) => sha256(join([1], left, right));

/// The root to which a path leads; null where the path does not fit the tree.
async function rootOf(hash, index, size, path) {
  if (index >= size) return null;
  let at = index, last = size - 1;
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = await node(sibling, hash);
      while (at % 2 === 0 && at !== 0) { at = Math.floor(at / 2); last = Math.floor(last / 2); }
    } else {
      hash = await node(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/// A verifier key, NAME+ID+KEY.
export function parseKey(line) {
  const trimmed = line.trim(), first = trimmed.indexOf("+"), second = trimmed.indexOf("+", first + 1);
  const blob = bytesOf(trimmed.slice(second + 1));
  return {name: trimmed.slice(0, first), id: trimmed.slice(first + 1, second), type: blob[0], bytes: blob.slice(1), text: trimmed};
}

/// A checkpoint's facts, once its signature by the key is verified.
export async function openCheckpoint(note, key) {
  const blank = note.lastIndexOf("\n\n");
  const signed = note.slice(0, blank + 1);
  const [origin, size, root] = signed.split("\n");
  if (origin !== key.name) throw new Error(`the checkpoint is of ${origin}, wanted ${key.name}`);
  const id = (await sha256(join(utf8.encode(key.name + "\n"), [key.type], key.bytes))).slice(0, 4);
  if (key.type !== 1 || hex(id) !== key.id) throw new Error("the log's key is no Ed25519 key of that ID");
  const mark = `\u2014 ${key.name} `;
  const blobs = note.slice(blank + 2).split("\n").filter(l => l.startsWith(mark)).map(l => bytesOf(l.slice(mark.length)));
  const ours = blobs.find(b => same(b.slice(0, 4), id));
  if (!ours) throw new Error("the checkpoint has no signature by the log's key");
  const verifier = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
  const good = await crypto.subtle.verify("Ed25519", verifier, ours.slice(4), utf8.encode(signed));
  if (!good) throw new Error("the checkpoint’s signature is not good");
  return {origin, size: Number(size), root: bytesOf(root), witnesses: blobs.length};
}

const fields = {1: "trace", 2: "run", 3: "principal", 4: "address", 5: "issuer", 6: "kid", 7: "audience", 8: "jti", 9: "expires_at",
  10: "token_sha256", 11: "claims", 12: "target", 13: "context", 14: "secret", 15: "version", 16: "credential", 17: "session",
  18: "rule", 19: "reason", 20: "cause", 21: "covered"};

/// By their numbers in an entry’s bytes, less one (EntryKind.swift).
export const kinds = ["run.registered", "run.ended", "token.issued", "token.denied", "exchange.succeeded", "exchange.denied", "exchange.refused",
  "exchange.failed", "fallback.used", "secret.read", "secret.denied", "secret.changed", "key.changed", "config.loaded",
  "federation.accepted", "federation.denied", "admin.denied", "output.unmasked", "credential.revoked", "ledger.pruned",
  "probe.sent", "probe.refused", "probe.accepted", "probe.failed", "revocation.made", "revocation.lifted"];
const outcomes = ["succeeded", "denied", "refused", "failed"];

/// The facts in a leaf's bytes, which stand in the source at Leaf.swift.
export function readLeaf(leaf) {
  const view = new DataView(leaf.buffer, leaf.byteOffset, leaf.length);
  if (leaf[0] !== 1) throw new Error(`an entry of layout ${leaf[0]}`);
  const time = Number(view.getBigUint64(17));
  const kind = view.getUint16(25);
  const facts = {kind: kinds[kind - 1] ?? `kind ${kind}`, outcome: outcomes[leaf[27] - 1] ?? `outcome ${leaf[27]}`, time: new Date(time).toISOString()};
  let claims = null;
  for (let at = 28; at < leaf.length;) {
    const tag = leaf[at], length = view.getUint16(at + 1), value = leaf.slice(at + 3, at + 3 + length);
    const name = fields[tag] ?? `field ${tag}`;
    if (tag === 11) claims = JSON.parse(text.decode(value));
    else if (tag === 9) facts[name] = new Date(Number(new DataView(value.buffer).getBigUint64(0))).toISOString();
    else if (tag === 10) facts[name] = hex(value);
    else if (tag === 15 || tag === 21) facts[name] = String(new DataView(value.buffer).getBigUint64(0));
    else facts[name] = text.decode(value);
    at += 3 + length;
  }
  return {facts, claims};
}

/// Verifies the broker's answer about an entry; answers the steps that were done, and throws at the one that fails.
export async function prove(answer, index, key, steps) {
  const pruned = answer.leaf === undefined;
  const hash = pruned ? Uint8Array.from(answer.entry.leaf_hash.match(/../g), d => parseInt(d, 16)) : await sha256(join([0], bytesOf(answer.leaf)));
  steps.push(pruned ? `the contents were pruned; the hash that was kept is ${hex(hash)}` : `SHA-256 of the entry’s ${bytesOf(answer.leaf).length} bytes is ${hex(hash)}`);
  const checkpoint = await openCheckpoint(answer.checkpoint, key);
  steps.push(`the checkpoint of ${checkpoint.origin} over ${checkpoint.size} entries is signed by key ${key.id}`);
  const root = await rootOf(hash, index, checkpoint.size, answer.proof.map(bytesOf));
  if (!root || !same(root, checkpoint.root)) throw new Error(`the entry’s hash leads to ${root ? hex(root) : "no root"}, and the checkpoint has ${hex(checkpoint.root)}`);
  steps.push(`${answer.proof.length} hashes lead from it to the signed root ${hex(root)}`);
  return checkpoint;
}
