/** The version of this package, which is the version of the contract. */
export const version = "0.1.0";
