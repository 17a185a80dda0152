package org.localdial.client;

/** The caller did not prove who it is. */
public final class UnauthenticatedException extends LocaldialException {
    private static final long serialVersionUID = 1;

    UnauthenticatedException(Errors.Details details) {
        super(details);
    }
}
