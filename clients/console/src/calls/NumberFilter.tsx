import { texts } from "../texts";
import { e164 } from "../ui/e164";
import { Field } from "../ui/Field";
import { useFragment } from "../ui/fragment_state";

/** Returns the number of a filter in E.164. `""` as long as it is not complete. */
export function useNumberFilter(name: string): string {
  const [params] = useFragment();
  return e164(params.get(name) ?? "") ?? "";
}

/** A filter by a phone number, whose text is the parameter `name` of the fragment. */
export function NumberFilter({ name, label }: { name: string; label: string }) {
  const [params, set] = useFragment();
  const value = params.get(name) ?? "";
  return (
    <Field
      label={label}
      type="search"
      inputMode="tel"
      placeholder={texts.filter.anyNumber}
      value={value}
      error={value === "" || e164(value) !== undefined ? undefined : texts.filter.incomplete}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  );
}
