/** The version of this package, which is that of the contract. */
export const version = "0.1.0";
