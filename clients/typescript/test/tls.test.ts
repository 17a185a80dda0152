/** TLS: certificates of servers and clients. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client } from "@localdial/client";
import { addressOf, connect, failureOf, open, startServer } from "./fixture.js";

const certificate = (name: string) => readFileSync(new URL(`../../test/certificates/${name}`, import.meta.url));
const rootCertificate = certificate("root.pem");
const server = { cert: certificate("server.pem"), key: certificate("server.key") };
const client = { clientCertificate: certificate("client.pem"), clientKey: certificate("client.key") };

test("an encrypted call sends the key", async () => {
  const tls = await startServer(server);
  await connect(tls, { tls: { rootCertificate }, key: "secret" }).directory.getUser({});
  assert.equal(tls.received[0]?.header.get("authorization"), "Bearer secret");
});

test("a server is verified by its host name", async () => {
  const tls = await startServer(server);
  await open({ address: `localhost:${tls.port}`, tls: { rootCertificate } }).directory.getUser({});
});

for (const [what, cert, options, message] of [
  ["a server with an untrusted certificate", "server", true, /unable to verify|self.signed|unable to get/],
  [
    "a server with a certificate of another authority",
    "server",
    { rootCertificate: certificate("other-root.pem") },
    /verify/,
  ],
  ["a server with a certificate for another name", "elsewhere", { rootCertificate }, /does not match|not in the cert/],
] as const) {
  test(`${what} gets no call`, async () => {
    const tls = await startServer({ cert: certificate(`${cert}.pem`), key: certificate(`${cert}.key`) });
    const error = await failureOf(connect(tls, { tls: options, key: "secret" }).directory.getUser({}));
    assert.equal(error.code, "UNAVAILABLE");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /secret/);
    assert.equal(tls.received.length, 0);
  });
}

test("the client sends its certificate to a server that requires one", async () => {
  const tls = await startServer({ ...server, ca: rootCertificate, requestCert: true, rejectUnauthorized: true });
  await connect(tls, { tls: { rootCertificate, ...client } }).directory.getUser({});
  const error = await failureOf(connect(tls, { tls: { rootCertificate } }).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.equal(tls.received.length, 1);
});

test("a client and a server of which only one uses TLS cannot connect", async () => {
  const plain = await failureOf(connect(await startServer(server)).directory.getUser({}));
  assert.equal(plain.code, "UNAVAILABLE");
  const tls = await failureOf(connect(await startServer(), { tls: { rootCertificate } }).directory.getUser({}));
  assert.equal(tls.code, "UNAVAILABLE");
  assert.match(tls.message, /cannot connect to/);
});

for (const [what, tls] of [
  ["a key that belongs to another certificate", { ...client, clientKey: certificate("server.key") }],
  [
    "a malformed client certificate",
    { ...client, clientCertificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
  ],
  ["a malformed root certificate", { rootCertificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }],
] as const) {
  test(`the client refuses ${what}`, () => {
    assert.throws(() => new Client({ address: "127.0.0.1:1", tls }), /certificates cannot be used/);
  });
}

test("a certificate may be a string, with other text and several certificates", async () => {
  const tls = await startServer(server);
  const text = rootCertificate.toString("utf8");
  await open({ address: addressOf(tls), tls: { rootCertificate: `for tests\n${text}${text}` } }).directory.getUser({});
});
