import { texts } from "../texts";
import { Loaded } from "../ui/Loaded";
import { Empty } from "../ui/States";
import { NumbersTable } from "./NumbersTable";
import styles from "./NumbersView.module.css";
import { useNumbers } from "./queries";

/** The numbers of the organization: the page that the service is named for. */
export function NumbersView() {
  const numbers = useNumbers();
  return (
    <>
      <div className={styles.head}>
        <h1>{texts.numbers.title}</h1>
      </div>
      <Loaded query={numbers}>
        {(found) => (found.length === 0 ? <Empty title={texts.numbers.none} /> : <NumbersTable numbers={found} />)}
      </Loaded>
    </>
  );
}
