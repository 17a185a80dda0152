import type { RowSelectionState } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { Loaded } from "../ui/Loaded";
import { Empty } from "../ui/States";
import { DeleteDialog } from "./deletion/DeleteDialog";
import { ImportDialog } from "./importing/ImportDialog";
import { MapDialog } from "./mapping/MapDialog";
import { MappingFileDialog } from "./mapping/MappingFileDialog";
import { NumbersTable } from "./NumbersTable";
import styles from "./NumbersView.module.css";
import { PurchaseDialog } from "./purchase/PurchaseDialog";
import { useNumbers, useUsage } from "./queries";
import { rowsOf } from "./rows";
import { Summary } from "./Summary";
import { useDialog } from "./use_dialog";

/** The numbers of the organization: the page that the service is named for. */
export function NumbersView() {
  const { mayChange } = useSession();
  const { open } = useDialog();
  const numbers = useNumbers();
  return (
    <>
      <div className={styles.head}>
        <h1>{texts.numbers.title}</h1>
        <div className={styles.actions}>
          {mayChange ? (
            <>
              <Button kind="primary" onClick={() => open("purchase")}>
                {texts.purchase.title}
              </Button>
              <Button onClick={() => open("import")}>{texts.importing.open}</Button>
            </>
          ) : (
            <p className={styles.quiet}>{texts.numbers.readOnly}</p>
          )}
          <Button onClick={() => open("mappings")}>{texts.mappingFile.open}</Button>
        </div>
      </div>
      <Loaded query={numbers}>{(found) => <Numbers numbers={found} />}</Loaded>
    </>
  );
}

function Numbers({ numbers }: { numbers: LocalPresenceNumber[] }) {
  const { mayChange } = useSession();
  const { open } = useDialog();
  const usage = useUsage();
  const rows = useMemo(() => rowsOf(numbers, usage.data), [numbers, usage.data]);
  const [selected, setSelected] = useState<RowSelectionState>({});
  const ticked = rows.filter(({ number }) => selected[number.phoneNumber]);
  return (
    <>
      {numbers.length === 0 ? (
        <Empty title={texts.numbers.none}>
          {mayChange && (
            <>
              <p>{texts.numbers.howToBegin}</p>
              <Button kind="primary" onClick={() => open("purchase")}>
                {texts.purchase.title}
              </Button>
            </>
          )}
        </Empty>
      ) : (
        <>
          <Summary numbers={numbers} usage={usage} />
          <NumbersTable rows={rows} selected={selected} onSelect={setSelected}>
            {mayChange && (
              <>
                <Button
                  aria-disabled={ticked.length !== 1}
                  title={ticked.length === 1 ? undefined : texts.mapping.tickOne}
                  onClick={() => ticked.length === 1 && open("map", { about: ticked[0]?.number.phoneNumber ?? "" })}
                >
                  {texts.mapping.open}
                </Button>
                <Button
                  kind={ticked.length > 0 ? "danger" : "secondary"}
                  aria-disabled={ticked.length === 0}
                  title={ticked.length > 0 ? undefined : texts.deletion.tickSome}
                  onClick={() => ticked.length > 0 && open("delete")}
                >
                  {texts.deletion.open(ticked.length)}
                </Button>
              </>
            )}
          </NumbersTable>
        </>
      )}
      <OpenDialog
        numbers={numbers}
        ticked={ticked}
        onDeleted={(deleted) => setSelected((before) => without(before, deleted))}
      />
    </>
  );
}

interface OpenDialogProps {
  numbers: readonly LocalPresenceNumber[];
  ticked: ReturnType<typeof rowsOf>;
  onDeleted: (phoneNumbers: readonly string[]) => void;
}

/** The dialog that is open, as the URL says. */
function OpenDialog({ numbers, ticked, onDeleted }: OpenDialogProps) {
  const { mayChange } = useSession();
  const organizationId = useOrganizationId();
  const { name, about, quantity, close } = useDialog();
  if (name === "mappings") {
    return <MappingFileDialog numbers={numbers} organizationId={organizationId} onClose={close} />;
  }
  if (!mayChange) return null;
  if (name === "purchase") {
    return <PurchaseDialog key={`${about} ${quantity}`} areaCode={about} quantity={quantity} onClose={close} />;
  }
  if (name === "import") return <ImportDialog onClose={close} />;
  const number = numbers.find(({ phoneNumber }) => phoneNumber === about);
  if (name === "map" && number !== undefined) return <MapDialog number={number} owned={numbers} onClose={close} />;
  if (name === "delete" && ticked.length > 0) {
    return <DeleteDialog rows={ticked} onDeleted={onDeleted} onClose={close} />;
  }
  return null;
}

/** Returns the selection without some of its rows. */
function without(selection: RowSelectionState, rows: readonly string[]): RowSelectionState {
  return Object.fromEntries(Object.entries(selection).filter(([row]) => !rows.includes(row)));
}
