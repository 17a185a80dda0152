/**
 * State that lives in the fragment of the URL, as `#number=%2B14155550100&agent=ann`. Browsers do not send the fragment to
 * the server, so borrowers' numbers do not get into the logs of proxies.
 */

import { useCallback, useMemo } from "react";
import { navigate, useLocationProperty } from "wouter/use-browser-location";
import { changed } from "./url_state";

type Changes = Readonly<Record<string, string>>;

interface Options {
  /** Whether the back button returns to the state before. Without it, the state before is replaced. */
  isStep?: boolean;
}

/** Returns the parameters of the fragment, and a function that changes some of them. */
export function useFragment(): [URLSearchParams, (changes: Changes, options?: Options) => void] {
  const fragment = useLocationProperty(() => window.location.hash);
  const params = useMemo(() => new URLSearchParams(fragment.slice(1)), [fragment]);
  const set = useCallback((changes: Changes, { isStep = false }: Options = {}) => {
    const before = new URLSearchParams(window.location.hash.slice(1));
    const { pathname, search } = window.location;
    navigate(pathname + search + fragmentOf(changed(before, changes)), { replace: !isStep });
  }, []);
  return [params, set];
}

/** Returns the fragment with these parameters, such as `#number=%2B14155550100`. `""` without any. */
export function fragmentOf(params: URLSearchParams | Changes): string {
  const text = new URLSearchParams(params as Record<string, string>).toString();
  return text && `#${text}`;
}
