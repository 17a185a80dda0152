/** The views of an organization, in the order of the navigation. */

import type { ComponentType } from "react";
import { CallBacksView } from "../call_backs/CallBacksView";
import { CallsView } from "../calls/CallsView";
import { HealthView } from "../health/HealthView";
import { NumbersView } from "../numbers/NumbersView";
import { PeopleView } from "../people/PeopleView";
import type { texts } from "../texts";
import { WhyView } from "../why/WhyView";

interface View {
  /** The path of the view behind that of the organization, and the key of its name in the texts. */
  readonly path: keyof typeof texts.shell.view;
  readonly component: ComponentType;
}

export const VIEWS: readonly [View, ...View[]] = [
  { path: "numbers", component: NumbersView },
  { path: "why", component: WhyView },
  { path: "calls", component: CallsView },
  { path: "call-backs", component: CallBacksView },
  { path: "people", component: PeopleView },
  { path: "health", component: HealthView },
];
