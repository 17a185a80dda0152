package org.localdial.client;

/** The call has no valid key. */
public final class UnauthenticatedException extends LocaldialException {
    private static final long serialVersionUID = 1;

    UnauthenticatedException(Errors.Details details) {
        super(details);
    }
}
