package org.localdial.client;

/** The service cannot be reached or cannot work now, after the client's own repeats. */
public final class UnavailableException extends LocaldialException {
    private static final long serialVersionUID = 1;

    UnavailableException(Errors.Details details) {
        super(details);
    }
}
