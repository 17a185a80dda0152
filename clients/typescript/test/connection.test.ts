/** Connections that are closed while they are being made. */

import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { connect, startServer } from "./fixture.js";

test("a client can be closed at any moment while it connects", async () => {
  const server = await startServer();
  // The test runner fails this test for anything that is thrown outside of a call.
  for (let number = 0; number < 200; number += 1) {
    const client = connect(server);
    const call = client.directory.listUsers({ organizationId: "acme" }).catch(() => undefined);
    const moment = performance.now() + (number % 20) / 10;
    while (performance.now() < moment) await turn();
    await client.close();
    await call;
  }
});
