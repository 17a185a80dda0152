import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb";
import { StatusSchema } from "#gen/google/rpc/status_pb";
import { failureOf, failureOfStatus } from "../src/api/failure";

const info = { reason: "NO_NUMBERS_AVAILABLE", metadata: { area_code: "212" } };

describe("failureOf", () => {
  test("takes the reason, the metadata and the delay from the details of the error", () => {
    const error = new ConnectError("none left", Code.NotFound, undefined, [
      { desc: ErrorInfoSchema, value: info },
      { desc: RetryInfoSchema, value: { retryDelay: { seconds: 2n } } },
    ]);
    expect(failureOf(error)).toMatchObject({ ...info, message: "none left", retryAfterMs: 2000 });
  });

  test("lists every wrong field", () => {
    const error = new ConnectError("2 fields are invalid", Code.InvalidArgument, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "INVALID_FIELDS" } },
      { desc: BadRequestSchema, value: { fieldViolations: [{ field: "area_code", description: "must exist" }] } },
    ]);
    expect(failureOf(error).violations).toMatchObject([{ field: "area_code", description: "must exist" }]);
  });

  test("says that the server is offline if nothing of ours answered", () => {
    expect(failureOf(new TypeError("Failed to fetch")).reason).toBe("OFFLINE");
    expect(failureOf(new ConnectError("502 Bad Gateway", Code.Unavailable)).reason).toBe("OFFLINE");
  });

  test("does not take an answer of the server for being offline", () => {
    const error = new ConnectError("busy", Code.Unavailable, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "STORAGE_UNAVAILABLE" } },
    ]);
    expect(failureOf(error).reason).toBe("STORAGE_UNAVAILABLE");
  });
});

test("failureOfStatus takes the reason from the details of an item's status", () => {
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, info))];
  expect(failureOfStatus(create(StatusSchema, { message: "none left", details }))).toMatchObject(info);
});
