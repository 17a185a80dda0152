package org.localdial.client;

/** The service cannot be reached or is not ready, even after the client's own retries. */
public final class UnavailableException extends LocaldialException {
    private static final long serialVersionUID = 1;

    UnavailableException(Errors.Details details) {
        super(details);
    }
}
