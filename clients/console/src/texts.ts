/** Every text of the page, in one catalog. To translate the page, replace the files of `texts/`. */

import { callsTexts } from "./texts/calls";
import { healthTexts } from "./texts/health";
import { numbersTexts } from "./texts/numbers";
import { peopleTexts } from "./texts/people";
import { sharedTexts } from "./texts/shared";
import { whyTexts } from "./texts/why";

export { LOCALE, money } from "./texts/words";

export const texts = { ...sharedTexts, ...numbersTexts, ...callsTexts, ...whyTexts, ...peopleTexts, ...healthTexts };
