import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb";
import { Role } from "#gen/localdial/v1/administration_pb";
import {
  type DeleteUserRequest,
  Directory,
  type SetOrganizationRequest,
  type SetUserRequest,
} from "#gen/localdial/v1/directory_pb";
import { PeopleView } from "../src/people/PeopleView";
import { show } from "./support/render";

const ANN = {
  organizationId: "acme",
  userId: "ann",
  displayName: "Ann Lee",
  callerId: "+12065550191",
  workPhone: "+12065550192",
};
const BOB = { organizationId: "acme", userId: "bob", displayName: "Bob Ray", workPhone: "+12065550193" };
const EVE = { organizationId: "acme", userId: "eve" };

function serve(methods: Partial<ServiceImpl<typeof Directory>> = {}) {
  return (router: ConnectRouter) => {
    router.service(Directory, {
      listUsers: () => ({ users: [ANN, BOB, EVE] }),
      getOrganization: () => ({
        organization: { organizationId: "acme", displayName: "Acme", organizationNumber: "+12065550100" },
      }),
      ...methods,
    });
  };
}

function invalid(field: string, description: string) {
  return new ConnectError("invalid fields", Code.InvalidArgument, undefined, [
    { desc: ErrorInfoSchema, value: { reason: "INVALID_FIELDS", domain: "localdial" } },
    { desc: BadRequestSchema, value: { fieldViolations: [{ field, description }] } },
  ]);
}

function names(): (string | null)[] {
  const [, body] = within(screen.getByRole("table")).getAllByRole("rowgroup");
  return within(body as HTMLElement)
    .getAllByRole("row")
    .map((row) => (row as HTMLTableRowElement).cells[0]?.textContent ?? null);
}

describe("the users", () => {
  test("are counted and filtered by what they lack", async () => {
    show(<PeopleView />, serve());
    await screen.findByText("Ann Lee");
    await userEvent.click(screen.getByRole("button", { name: "No work phone: show them" }));
    await waitFor(() => expect(names()).toEqual(["eve"]));
    expect(window.location.search).toBe("?lacks=workPhone");
    await userEvent.click(screen.getByRole("button", { name: "No work phone: show all" }));
    await waitFor(() => expect(names()).toEqual(["Ann Lee", "Bob Ray", "eve"]));
  });

  test("are found by their phones as people write them", async () => {
    show(<PeopleView />, serve(), { search: "?search=(206)+555-0193" });
    await screen.findByText("Bob Ray");
    expect(names()).toEqual(["Bob Ray"]);
  });

  test("cannot be changed by viewers", async () => {
    show(<PeopleView />, serve(), { role: Role.VIEWER, search: "?dialog=add" });
    await screen.findByText("Ann Lee");
    expect(screen.getByText(/A manager can change them/)).toBeTruthy();
    for (const name of [/Add/, /Edit/, /Delete/, /Import/]) expect(screen.queryByRole("button", { name })).toBeNull();
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("are added with phones as people write them", async () => {
    const setUser = vi.fn((_request: SetUserRequest) => ({}));
    const user = show(<PeopleView />, serve({ setUser }));
    await user.click(await screen.findByRole("button", { name: "Add user" }));
    await user.type(screen.getByLabelText("ID"), "zoe");
    await user.type(screen.getByLabelText("Work phone"), "(206) 555-0199");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("zoe was added.")).toBeTruthy();
    expect(setUser.mock.calls[0]?.[0].user).toMatchObject({
      organizationId: "acme",
      userId: "zoe",
      displayName: "",
      callerId: "",
      workPhone: "+12065550199",
    });
  });

  test("are not replaced by one that is added with the same ID", async () => {
    const setUser = vi.fn(() => ({}));
    const user = show(<PeopleView />, serve({ setUser }));
    await user.click(await screen.findByRole("button", { name: "Add user" }));
    await user.type(screen.getByLabelText("ID"), "ann");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(screen.getByText(/There is already a user with the ID ann/)).toBeTruthy();
    expect(setUser).not.toHaveBeenCalled();
  });

  test("keep what was entered if the server refuses it, with the reason beside the field", async () => {
    const setUser = () => {
      throw invalid("user.work_phone", "is a premium-rate number");
    };
    const user = show(<PeopleView />, serve({ setUser }));
    await user.click(await screen.findByRole("button", { name: "Edit Bob Ray" }));
    const phone = screen.getByLabelText("Work phone");
    await user.clear(phone);
    await user.type(phone, "900 555 0100");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Is a premium-rate number.")).toBeTruthy();
    expect(phone.getAttribute("aria-invalid")).toBe("true");
    expect((phone as HTMLInputElement).value).toBe("900 555 0100");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  test("are deleted after a question that says what happens to call-backs", async () => {
    const deleteUser = vi.fn((_request: DeleteUserRequest) => ({}));
    const user = show(<PeopleView />, serve({ deleteUser }));
    await user.click(await screen.findByRole("button", { name: "Delete Bob Ray" }));
    expect(screen.getByText(/go to the organization number/)).toBeTruthy();
    expect(deleteUser).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Delete user" }));
    expect(await screen.findByText("Bob Ray was deleted.")).toBeTruthy();
    expect(deleteUser.mock.calls[0]?.[0].userId).toBe("bob");
  });
});

describe("the organization", () => {
  test("gets another name and keeps its number", async () => {
    const setOrganization = vi.fn((_request: SetOrganizationRequest) => ({}));
    const user = show(<PeopleView />, serve({ setOrganization }));
    await screen.findByText("Organization number (206) 555-0100");
    await user.click(await screen.findByRole("button", { name: "Edit organization" }));
    await user.clear(screen.getByLabelText("Name"));
    await user.type(screen.getByLabelText("Name"), "Acme Lending");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("The organization was changed.");
    expect(setOrganization.mock.calls[0]?.[0].organization).toMatchObject({
      organizationId: "acme",
      displayName: "Acme Lending",
      organizationNumber: "+12065550100",
    });
  });

  test("shows why its number is refused", async () => {
    const setOrganization = () => {
      throw new ConnectError("the number belongs to another organization", Code.AlreadyExists);
    };
    const user = show(<PeopleView />, serve({ setOrganization }), { search: "?dialog=organization" });
    await user.click(await screen.findByRole("button", { name: "Save" }));
    expect((await screen.findByRole("alert")).textContent).toBe("The number belongs to another organization.");
  });
});
