/** The machine and the user account, as the part's commands see them. */

import { describeAccount, describeMachine } from "buildout:recipe/system@0.2.0";

/** The properties of the machine, as in `system.wit`. */
export function machine() {
  return describeMachine();
}

/** The account under which commands run, as in `system.wit`. Other accounts are not visible. */
export function account() {
  return describeAccount();
}
