import type { RowSelectionState } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { phoneNumber } from "../ui/format";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
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
        // What somebody else has deleted stays selected, so that the dialog stays and can say so.
        isSelected={Object.values(selected).some(Boolean)}
        onDeleted={(deleted) => setSelected((before) => without(before, deleted))}
      />
    </>
  );
}

interface OpenDialogProps {
  numbers: readonly LocalPresenceNumber[];
  ticked: ReturnType<typeof rowsOf>;
  /** Whether a number is ticked, or was when it disappeared. */
  isSelected: boolean;
  onDeleted: (phoneNumbers: readonly string[]) => void;
}

/** The dialog that is open, as the URL says. */
function OpenDialog({ numbers, ticked, isSelected, onDeleted }: OpenDialogProps) {
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
  if (name === "map") {
    return number === undefined ? (
      <GoneDialog phoneNumber={about} onClose={close} />
    ) : (
      <MapDialog number={number} owned={numbers} onClose={close} />
    );
  }
  if (name === "delete" && isSelected) {
    return <DeleteDialog rows={ticked} onDeleted={onDeleted} onClose={close} />;
  }
  return null;
}

/** Says that the number of a dialog is not in the inventory, as when somebody else deletes it meanwhile. */
function GoneDialog({ phoneNumber: number, onClose }: { phoneNumber: string; onClose: () => void }) {
  return (
    <Dialog
      title={texts.mapping.title(phoneNumber(number))}
      onClose={onClose}
      actions={<Button onClick={onClose}>{texts.dialog.close}</Button>}
    >
      <Notice kind="error">{texts.failure.numberIsGone}</Notice>
    </Dialog>
  );
}

/** Returns the selection without some of its rows. */
function without(selection: RowSelectionState, rows: readonly string[]): RowSelectionState {
  return Object.fromEntries(Object.entries(selection).filter(([row]) => !rows.includes(row)));
}
