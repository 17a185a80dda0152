/** Numbers and their use, and services that have them. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb";
import { type Status, StatusSchema } from "#gen/google/rpc/status_pb";
import { Directory } from "#gen/localdial/v1/directory_pb";
import { GetUsageResponseSchema, NumberInventory } from "#gen/localdial/v1/number_inventory_pb";
import {
  type LocalPresenceNumber,
  LocalPresenceNumberSchema,
  NumberState,
  PriceSchema,
} from "#gen/localdial/v1/number_pb";

export const PRICE = create(PriceSchema, { currencyCode: "USD", micros: 1_150_000n });

/** Returns an active number of the organization `acme`. */
export function aNumber(
  phoneNumber: string,
  fields: MessageInitShape<typeof LocalPresenceNumberSchema> = {},
): LocalPresenceNumber {
  return create(LocalPresenceNumberSchema, {
    organizationId: "acme",
    phoneNumber,
    areaCode: phoneNumber.slice(2, 5),
    state: NumberState.ACTIVE,
    monthlyPrice: PRICE,
    ...fields,
  });
}

/** Returns the error of a call that fails for a reason. */
export function failure(reason: string, message = "it failed", code = Code.Unavailable): ConnectError {
  return new ConnectError(message, code, undefined, [{ desc: ErrorInfoSchema, value: { reason } }]);
}

/** Returns the status of an item that fails for a reason. */
export function status(reason: string, message = "it failed"): Status {
  return create(StatusSchema, { message, details: [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason }))] });
}

/** Returns routes to an inventory with these numbers, whose other methods are `methods`. */
export function inventory(numbers: LocalPresenceNumber[], methods: Partial<ServiceImpl<typeof NumberInventory>> = {}) {
  return (router: ConnectRouter) => {
    router.service(NumberInventory, {
      listNumbers: () => ({ numbers }),
      getUsage: () => create(GetUsageResponseSchema, {}),
      searchAvailableNumbers: () => ({ available: [] }),
      ...methods,
    });
    router.service(Directory, {
      listUsers: () => ({}),
      getOrganization: () => ({ organization: { organizationId: "acme" } }),
    });
  };
}
