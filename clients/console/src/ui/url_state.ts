/** State that lives in the URL, so that a reload, a bookmark and the back button keep it. */

import { useCallback } from "react";
import { useSearchParams } from "wouter";

/**
 * Returns a parameter of the URL and a function that sets it. The default is not written. Each change replaces the
 * entry of the browser's history: typing in a filter does not fill it.
 */
export function useUrlState(name: string, defaultValue = ""): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (value: string) =>
      setParams((before) => changed(before, { [name]: value }, { [name]: defaultValue }), { replace: true }),
    [name, defaultValue, setParams],
  );
  return [params.get(name) ?? defaultValue, set];
}

/** Returns the parameters with these changes. A value that is its default, or empty without one, is left out. */
export function changed(
  params: URLSearchParams,
  changes: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>> = {},
): URLSearchParams {
  const after = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === (defaults[name] ?? "")) after.delete(name);
    else after.set(name, value);
  }
  return after;
}
