#!/usr/bin/env node
// Verify a receipt of Hutong without a line of Hutong's code: only Node.js and its own crypto.
//
//     node scripts/verify_receipt.mjs RECEIPT.json [--key HEX]...
//
// A line for each step; exit code 0 where the receipt holds, 1 where it does not, 2 for misuse.
// The public keys are those that stand in the file. They prove that one and the same city signed all
// of it, not which city: compare the key ids that are printed with those that the city publishes, or
// give its keys with --key (then no other key of the home city counts). What is signed in protobuf is
// not read here: whether the keys are those of the trust bundles, their windows and revocations,
// and what the statement says; `hutong receipt verify` looks at these too.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const TYPE = (kind) => `application/vnd.hutong.${kind}.v1+protobuf`;
const LOGGED_AS = { attestation: "issued", consent: "consented" };
const sha256 = (...parts) => parts.reduce((h, part) => h.update(part), createHash("sha256")).digest();
const base64 = (text) => Buffer.from(text, "base64");
const need = (holds, problem) => { if (!holds) throw new Error(problem); return holds; };

// Ed25519 (RFC 8032); the prefix makes a raw key a SubjectPublicKeyInfo.
const signed = (raw, signature, covered) => verify(null, covered, createPublicKey({
  key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]), format: "der", type: "spki",
}), signature);
const keyId = (raw) => sha256("ed25519\0", raw).toString("hex");

// RFC 9162, 2.1.3.2: climb from a leaf to the root.
function rootFrom(leaf, index, size, proof) {
  let [here, last, found] = [BigInt(index), BigInt(size) - 1n, leaf];
  need(here >= 0n && here <= last, "there is no such entry");
  for (const hash of proof.map(base64)) {
    need(last > 0n && hash.length === 32, "the proof has hashes left over, or of another length");
    const left = here & 1n || here === last;
    found = left ? sha256("\x01", hash, found) : sha256("\x01", found, hash);
    while (left && here && !(here & 1n)) [here, last] = [here >> 1n, last >> 1n];
    [here, last] = [here >> 1n, last >> 1n];
  }
  need(last === 0n, "the proof ends before the root");
  return found;
}

// DSSE: what a signature over an envelope covers.
function pae(envelope, kind) {
  const payload = base64(envelope.payload);
  need(envelope.payloadType === TYPE(kind), `this is no ${kind}`);
  return Buffer.concat([Buffer.from(`DSSEv1 ${TYPE(kind).length} ${TYPE(kind)} ${payload.length} `), payload]);
}
function checkEnvelope(envelope, kind, keys) {
  need(envelope.signatures.length > 0, "nobody signed");
  for (const { keyid, sig } of envelope.signatures) {
    const key = keys.find((raw) => keyId(raw) === keyid);
    need(key && signed(key, base64(sig), pae(envelope, kind)), "a signature is not by the home city");
  }
}

// The fields of a protobuf message, of the two kinds that ours have: numbers, and bytes.
function fields(data) {
  const found = {};
  let at = 0;
  const number = (shift = 0) => (data[at] & 127) * 2 ** shift + (data[at++] & 128 ? number(shift + 7) : 0);
  while (at < data.length) {
    const [tag, value] = [number(), number()];
    found[tag >> 3] = tag & 2 ? data.subarray(at, (at += value)) : value;
  }
  return found;
}

// C2SP signed notes: a line names its key by four bytes of SHA-256(name LF kind key).
function noteLine(line) {
  const [, name, blob] = need(/^— (\S+) (\S+)$/.exec(line), "a signature line is malformed");
  return { name, hash: base64(blob).subarray(0, 4), rest: base64(blob).subarray(4) };
}
const keyOf = ({ name, hash }, kind, keys) =>
  keys.find((raw) => sha256(name, "\n", kind, raw).subarray(0, 4).equals(hash));

function check(receipt, given, say) {
  need(receipt.hutong_receipt === 1 && Object.hasOwn(LOGGED_AS, receipt.kind), "this is no receipt");
  const keys = {};
  for (const { city, public_keys } of receipt.cities)
    keys[city] = (keys[city] ?? []).concat(public_keys.map((hex) => Buffer.from(hex, "hex")));
  const home = receipt.cities[0].city;
  if (given.length) keys[home] = keys[home].filter((raw) => given.includes(raw.toString("hex")));

  const [head, lines, ...more] = receipt.checkpoint.split("\n\n");
  const [, city, size, root] = /^hutong\/(\d{6})\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)$/.exec(head) ?? [];
  need(city === home && lines?.endsWith("\n") && !more.length, "the checkpoint is not one of the home city");
  const text = Buffer.from(head + "\n");
  const [own, ...others] = lines.slice(0, -1).split("\n").map(noteLine);
  for (const line of others) {
    const by = Object.keys(keys).find((code) => code !== home && `hutong/${code}` === line.name);
    if (!by) continue;
    const [time, key] = [line.rest.readBigUInt64BE(0), keyOf(line, "\x04", keys[by])];
    const covered = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${time}\n`), text]);
    need(key && signed(key, line.rest.subarray(8), covered), `the cosignature of ${by} does not fit`);
    say(`cosigned by ${by} at ${new Date(Number(time) * 1000).toISOString()} with key ${keyId(key)}`);
  }
  const key = own.name === `hutong/${home}` && keyOf(own, "\x01", keys[home]);
  need(key && signed(key, own.rest, text), "the checkpoint is not signed by the home city");
  say(`checkpoint of ${size} entries signed by ${home} with key ${keyId(key)}`);

  const { log: entry, statement, batch, kind } = receipt;
  const content = kind === "consent" ? Buffer.from(receipt.content) : base64((batch?.envelope ?? statement).payload);
  const commitment = sha256(base64(entry.salt), content).toString("hex");
  need(entry.kind === LOGGED_AS[kind], "the entry is of another kind");
  const leaf = sha256("\0", `hutong-log/v1\n${entry.kind}\n${entry.at_micros}\n${commitment}\n`);
  need(rootFrom(leaf, entry.leaf_index, size, entry.proof).equals(base64(root)), "the entry is not in the log");
  say(`entry ${entry.leaf_index} of the log commits to it, ${new Date(entry.at_micros / 1000).toISOString()}`);

  if (kind === "consent") return;
  const envelope = batch?.envelope ?? statement;
  checkEnvelope(envelope, batch ? "attestation-batch" : "attestation", keys[home]);
  say(`${batch ? "batch" : "statement"} signed by ${home}`);
  if (batch) {
    const { 4: many, 5: top } = fields(base64(envelope.payload));
    const leafOf = sha256("\0", pae(statement, "attestation"));
    need(rootFrom(leafOf, batch.leaf_index, many, batch.proof).equals(top), "it is not in the batch");
    say(`statement is number ${batch.leaf_index} of ${many} in the batch`);
  }
  const issuer = fields(fields(base64(statement.payload))[1])[2].toString();
  need(issuer === home, `it is issued by ${issuer}`);
}

const [file, ...options] = process.argv.slice(2);
const given = options.filter((_, i) => i % 2).map((hex) => hex.toLowerCase());
if (!file || file.startsWith("-") || options.length % 2 || options.some((word, i) => i % 2 === 0 && word !== "--key")) {
  console.error("usage: verify_receipt.mjs RECEIPT.json [--key HEX]...");
  process.exit(2);
}
try {
  check(JSON.parse(readFileSync(file, "utf8")), given, (line) => console.log(`ok  ${line}`));
  console.log(given.length ? "the receipt holds" : "the receipt holds, if these are the city's keys");
} catch (error) {
  console.log(`no  ${error.message}`);
  process.exitCode = 1;
}
