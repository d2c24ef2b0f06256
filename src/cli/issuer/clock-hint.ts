/** What an operator does about `clock_unconfirmed`: no command confirms a clock that another one contradicts. */
export const CLOCK_HINT =
  'Compare the clocks of the issuer and its database server, and set the wrong one right. ' +
  'Only where the message names it, and the clock is right: "licentia issuer confirm-clock".';
