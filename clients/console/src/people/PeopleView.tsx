import type { User } from "#gen/localdial/v1/directory_pb";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { useOrganization } from "../shell/use_organization";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { DataTable } from "../ui/DataTable";
import { Figure, Figures } from "../ui/Figure";
import { count, phoneNumber } from "../ui/format";
import { Head } from "../ui/Head";
import { Loaded } from "../ui/Loaded";
import { SearchField } from "../ui/SearchField";
import { Empty } from "../ui/States";
import { useUrlTable } from "../ui/table_state";
import { useUrlState } from "../ui/url_state";
import { ACTIONS, COLUMNS, searchable } from "./columns";
import { DeleteUserDialog } from "./DeleteUserDialog";
import { ImportUsersDialog } from "./importing/ImportUsersDialog";
import { type Lack, lackCounts } from "./lacks";
import { OrganizationDialog } from "./OrganizationDialog";
import styles from "./PeopleView.module.css";
import { useUsers } from "./queries";
import { UserDialog } from "./UserDialog";
import { useUserDialog } from "./use_user_dialog";

/** The organization and its users. */
export function PeopleView() {
  const { mayChange } = useSession();
  const { open } = useUserDialog();
  const users = useUsers();
  return (
    <>
      <Head title={texts.people.title}>
        {mayChange ? (
          <>
            <Button kind="primary" onClick={() => open("add")}>
              {texts.people.add}
            </Button>
            <Button onClick={() => open("import")}>{texts.people.importCsv}</Button>
            <Button onClick={() => open("organization")}>{texts.organization.edit}</Button>
          </>
        ) : (
          <p>{texts.people.readOnly}</p>
        )}
      </Head>
      <OrganizationLine />
      <Loaded query={users}>
        {(found) => (
          <>
            {found.length === 0 ? (
              <Empty title={texts.people.none}>{mayChange && <p>{texts.people.howToBegin}</p>}</Empty>
            ) : (
              <Users users={found} />
            )}
            {mayChange && <OpenDialog users={found} />}
          </>
        )}
      </Loaded>
    </>
  );
}

/** The number to which what reaches no agent goes. */
function OrganizationLine() {
  const { data } = useOrganization(useOrganizationId());
  if (data === undefined) return null;
  const { organizationNumber } = data;
  return (
    <p className={organizationNumber ? styles.organization : styles.noNumber}>
      {organizationNumber ? texts.organization.number(phoneNumber(organizationNumber)) : texts.organization.noNumber}
    </p>
  );
}

function Users({ users }: { users: User[] }) {
  const { mayChange } = useSession();
  const table = useUrlTable({
    rows: users,
    columns: mayChange ? WITH_ACTIONS : COLUMNS,
    idOf: ({ userId }) => userId,
    sort: "name",
    searchText,
  });
  return (
    <>
      <Summary users={users} />
      <div className={styles.tools}>
        <SearchField label={texts.people.search} />
        <output>{texts.people.shown(table.getRowModel().rows.length, users.length)}</output>
      </div>
      <DataTable table={table} caption={texts.people.caption} />
    </>
  );
}

const WITH_ACTIONS = [...COLUMNS, ACTIONS];

function searchText({ userId, displayName, callerId, workPhone }: User): string {
  return [userId, displayName, searchable(callerId), searchable(workPhone)].join(" ");
}

/** How many users there are, and how many lack a phone. */
function Summary({ users }: { users: readonly User[] }) {
  const [filter, setFilter] = useUrlState("lacks");
  const counts = lackCounts(users);
  const toggle = (lack: Lack) =>
    counts[lack] > 0 && (
      <Button
        kind="quiet"
        className={styles.show}
        aria-pressed={filter === lack}
        aria-label={texts.people.figure.showLabel(texts.people.lacks[lack], filter === lack)}
        onClick={() => setFilter(filter === lack ? "" : lack)}
      >
        {filter === lack ? texts.people.figure.showAll : texts.people.figure.showThem}
      </Button>
    );
  return (
    <Figures>
      <Figure name={texts.people.figure.users} value={count(users.length)} />
      <Figure name={texts.people.figure.withoutWorkPhone} value={count(counts.workPhone)} note={toggle("workPhone")} />
      <Figure name={texts.people.figure.withoutCallerId} value={count(counts.callerId)} note={toggle("callerId")} />
    </Figures>
  );
}

/** The dialog that is open, as the URL says. */
function OpenDialog({ users }: { users: readonly User[] }) {
  const organization = useOrganization(useOrganizationId());
  const { name, userId, close } = useUserDialog();
  const user = users.find((each) => each.userId === userId);
  if (name === "add") return <UserDialog users={users} onClose={close} />;
  if (name === "import") return <ImportUsersDialog users={users} onClose={close} />;
  if (name === "edit" && user !== undefined) return <UserDialog user={user} users={users} onClose={close} />;
  if (name === "delete" && user !== undefined) return <DeleteUserDialog user={user} onClose={close} />;
  if (name === "organization" && organization.data !== undefined) {
    return <OrganizationDialog organization={organization.data} onClose={close} />;
  }
  return null;
}
