import { texts } from "../texts";
import { Field } from "../ui/Field";
import { useFragment } from "../ui/fragment_state";
import styles from "./Filters.module.css";
import { isBackwards, type PeriodName, periodOf } from "./period";

/** Returns the period that the URL says, and the names of its parameters. */
export function usePeriod(defaultName: PeriodName) {
  const [params] = useFragment();
  const name = (params.get("period") ?? defaultName) as PeriodName;
  const from = params.get("from") ?? "";
  const to = params.get("to") ?? "";
  return { name, from, to, period: periodOf(name, from, to) };
}

/** The choice of a period. */
export function PeriodField({ defaultName }: { defaultName: PeriodName }) {
  const [, set] = useFragment();
  const { name, from, to } = usePeriod(defaultName);
  return (
    <>
      <label className={styles.choice}>
        {texts.period.label}
        <select
          value={name}
          onChange={({ target: { value } }) =>
            set({ period: value === defaultName ? "" : value, ...(value !== "days" && { from: "", to: "" }) })
          }
        >
          {Object.entries(texts.period.choices).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {name === "days" && (
        <>
          <Field
            label={texts.period.from}
            type="date"
            value={from}
            max={to || undefined}
            onChange={(event) => set({ from: event.target.value })}
          />
          <Field
            label={texts.period.to}
            type="date"
            value={to}
            min={from || undefined}
            error={isBackwards(from, to) ? texts.period.backwards : undefined}
            onChange={(event) => set({ to: event.target.value })}
          />
        </>
      )}
    </>
  );
}
