package org.localdial.client;

/** The request breaks a rule of the contract; see {@link #getFieldViolations}. */
public final class InvalidArgumentException extends LocaldialException {
    private static final long serialVersionUID = 1;

    InvalidArgumentException(Errors.Details details) {
        super(details);
    }
}
